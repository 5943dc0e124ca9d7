"""Stacked tickets and their bases, with real git: what scripts are told, and when a ticket has to move."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from orchestrator.core.model import Key, Ticket
from orchestrator.core.outcome import Outcome, OutcomeKind
from orchestrator.engine.home import Home
from orchestrator.engine.turns import stacks
from tests.builtin.scripts import commit, git, repo_with_origin, run
from tests.engine.sites import Make, Site, make
from tests.waiting import wait_for

pytestmark = pytest.mark.thorough(every=2)

__all__ = ["make"]
ASK = """
name: w
phases:
  - {id: ask, type: poll, command: work.sh, onSuccess: merge, onExit: {3: update}, onFailure: bad}
  - {id: update, type: script, command: work.sh, onSuccess: ask, onFailure: bad}
  - {id: merge, type: script, command: work.sh, lane: true, onSuccess: done, onFailure: bad}
  - {id: done, type: terminal}
  - {id: bad, type: terminal, notify: true}
"""
BELOW, ABOVE = Key("p1", "T1"), Key("p1", "T2")


@pytest.fixture
def site(make: Make) -> Site:
    """T2 works on T1's branch, which has its pull request."""
    site = make(ASK, {"T1": [], "T2": ["T1"]})
    repo = repo_with_origin(site.root / "real")
    for name, base in (("T1", "main"), ("T2", "T1")):
        assert run("setup-worktree.sh", repo, name, site.root / f"trees/{name}", base).code == 0
        commit(site.root / f"trees/{name}", **{name: "1\n"})
        git(site.root / f"trees/{name}", "push", "--quiet", "origin", name)
    for key in (BELOW, ABOVE):
        change(site, key, repo=str(repo), branch=key.ticket, worktree=str(site.root / f"trees/{key.ticket}"))
    change(site, BELOW, status="paused", context={"pr_number": "1", "base_branch": "main"})
    change(site, ABOVE, stackedOn="p1/T1", status="ready", currentPhase="ask", attempts=1)
    return site


def change(site: Site, key: Key, **fields: Any) -> None:
    site.edit(key, **fields)


def above(site: Site) -> tuple[Home, Ticket]:
    return Home(site.config), site.ticket(ABOVE)


def test_its_base_is_the_blockers_branch_until_that_is_complete_and_then_the_blockers_base(site: Site) -> None:
    assert stacks.base_of(*above(site)) == ("T1", True)
    change(site, BELOW, status="complete")
    assert stacks.base_of(*above(site)) == ("main", False)
    site.plan({"T1": [], "T2": ["T1"]}, base="release/1")
    assert stacks.base_of(*above(site)) == ("release/1", False)


def test_a_stack_of_three_goes_down_one_by_one(site: Site) -> None:
    change(site, BELOW, stackedOn="p1/T0", status="complete", context={"pr_number": "1", "base_branch": "T0"})
    lowest = {"planId": "p1", "ticketId": "T0", "branch": "T0", "status": "ready", "context": {"base_branch": "next"}}
    site.file(Key("p1", "T0")).write_text(json.dumps(lowest))
    assert stacks.base_of(*above(site)) == ("T0", True)
    change(site, Key("p1", "T0"), status="complete")
    assert stacks.base_of(*above(site)) == ("next", False)


def test_it_has_to_move_when_its_blockers_branch_has_moved_or_is_merged(site: Site) -> None:
    assert stacks.restack(*above(site)) is None
    below = site.root / "trees/T1"
    commit(below, fix="1\n")
    git(below, "push", "--quiet", "origin", "T1")
    assert stacks.restack(*above(site)) == "T1 has moved"
    change(site, BELOW, status="complete")
    assert stacks.restack(*above(site)) == "T1 is merged: main is the base now"


def test_a_poll_leads_to_the_update_without_asking_when_it_has_to_move(site: Site) -> None:
    change(site, BELOW, status="complete")
    site.hold("update")
    site.daemon()
    wait_for(lambda: site.ran() and site.ran()[0].phase == "update", what="the update")
    assert [entry.phase for entry in site.ticket(ABOVE).phase_history] == ["ask"]
    assert "main is the base now" in (site.ticket(ABOVE).phase_history[0].output or "")


def test_no_poll_leads_it_to_be_merged_before_its_blocker(site: Site) -> None:
    home, ticket = above(site)
    good = Outcome(kind=OutcomeKind.SUCCESS, exit_code=0)
    why = stacks.not_before(home, home.rules(ticket), ticket, good)
    assert why == "is stacked on T1, which is merged first"
    change(site, BELOW, status="complete")
    assert stacks.not_before(*above(site)[:1], home.rules(ticket), ticket, good) is None


def test_a_base_that_lacks_the_work_of_a_blocker_is_told_of(site: Site) -> None:
    home, ticket = above(site)
    repo, tree = Path(ticket.repo or ""), site.root / "trees/T9"
    assert run("setup-worktree.sh", repo, "T9", tree, "main").code == 0
    fresh = replace(ticket, stacked_on=None, worktree=str(tree))
    work = stacks.Work(BELOW, str(repo), "T1")
    stacks.tell_missing(home, fresh, [work])
    told = site.events("work_missing")
    assert [line["blocker"] for line in told] == ["p1/T1"]
    assert "main does not contain T1" in told[0]["reason"]
    git(tree, "merge", "--quiet", "--no-edit", "origin/T1")
    git(tree, "push", "--quiet", "origin", "T9:main")
    git(tree, "fetch", "--quiet", "origin")
    stacks.tell_missing(home, fresh, [work])
    assert len(site.events("work_missing")) == 1


def test_the_runner_looks_for_the_work_of_blockers_when_the_worktree_is_made(site: Site) -> None:
    """(Where the first phase has ended well.)"""
    repo, tree = Path(site.raw(ABOVE)["repo"]), site.root / "trees/T9"
    assert run("setup-worktree.sh", repo, "T9", tree, "main").code == 0
    flow = "name: plain\nphases:\n  - {id: one, type: script, command: work.sh}\n"
    (site.root / "workflows/plain.yaml").write_text(flow)
    change(site, BELOW, status="complete")
    fields = {"stackedOn": None, "currentPhase": "one", "attempts": None, "branch": "T9", "workflow": "plain"}
    change(site, ABOVE, worktree=str(tree), status="queued", **fields)
    site.daemon()
    wait_for(lambda: site.events("work_missing"), what="the warning")
    assert site.events("work_missing")[0]["ticket"] == "T2"
