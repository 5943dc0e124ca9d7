"""`plan create`, `plan add` and `add`: what they write, refuse and say, alone and beside a daemon."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.kit import Site, finish
from tests.waiting import wait_for

DRAFT = """
name: Right totals
repo: repo
workflow: w
tickets:
  - title: "Round prices\\n🎉"
    criteria: [the total of 1.005 is 1.01]
  - title: Show {{ 7*7 }} $(touch x)
    criteria: [the total is below the list]
    blockedBy: [Round prices 🎉]
"""


@pytest.fixture
def repo(site: Site) -> str:
    (site.root / "repo/.git").mkdir()
    return str(site.root / "repo")


def draft(site: Site, text: str = DRAFT) -> str:
    (site.root / "d.yaml").write_text(text)
    return str(site.root / "d.yaml")


def plan(site: Site, id_: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((site.root / f"state/plans/{id_}/plan.json").read_bytes())
    return found


def plans(site: Site) -> list[str]:
    return sorted(one.name for one in (site.root / "state/plans").iterdir())


# -- plan create ------------------------------------------------------------------------------------------------------


def test_a_draft_becomes_a_plan_that_the_check_passes(site: Site, repo: str) -> None:
    called = site.call("plan", "create", draft(site))
    assert called.code == 0, called.err
    assert "wrote plan right-totals with 2 tickets" in called.out
    assert "`orchestrator daemon` starts it" in called.out
    found = plan(site, "right-totals")
    assert (found["repo"], found["status"]) == (repo, "active")
    assert [(one["ticketId"], one["blockedBy"]) for one in found["tickets"]] == [("T-1", []), ("T-2", ["T-1"])]
    ticket = site.ticket("T-2", "right-totals")
    assert (ticket["title"], ticket["status"], ticket["currentPhase"]) == (
        "Show {{ 7*7 }} $(touch x)", "queued", "work",
    )  # fmt: skip
    assert ticket["worktree"] == str(site.root / "worktrees/right-totals/T-2")
    assert site.call("plan", "check", "right-totals").code == 0


def test_with_an_error_all_is_told_and_nothing_is_written(site: Site, repo: str) -> None:
    text = DRAFT.replace("workflow: w", "workflow: w\nnmae: x").replace("[Round prices 🎉]", "[nobody]\n    order: a")
    called = site.call("plan", "create", draft(site, text))
    assert (called.code, called.out, plans(site)) == (1, "", [])
    for words in ("nobody", "order must be a number", "did you mean name?", "nothing was written"):
        assert words in called.err
    told = site.call("plan", "create", draft(site, text), "--json").json
    assert (told["written"], told["plan"]) == (False, None)
    assert {one["line"] for one in told["problems"] if one["severity"] == "error"} == {11, 12}


def test_json_is_json_also_of_what_is_no_draft(site: Site) -> None:
    called = site.call("plan", "create", draft(site, "name: [x"), "--json")
    assert called.code == 1
    assert called.json["problems"][0]["severity"] == "error"


def test_options_count_before_the_draft_and_paused_is_paused(site: Site, repo: str) -> None:
    called = site.call("plan", "create", draft(site), "--id", "mine", "--name", "Mine", "--paused", "--json")
    assert called.json["plan"] == "mine"
    assert called.json["paused"]
    assert (plan(site, "mine")["name"], plan(site, "mine")["status"]) == ("Mine", "paused")


def test_titles_make_a_plan_in_the_repository_of_the_current_directory(
    site: Site, repo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site.root / "repo/deep").mkdir()
    monkeypatch.chdir(site.root / "repo/deep")
    assert site.call("plan", "create", "-t", "One", "-t", "Two", "-w", "w", "--name", "n").code == 0
    assert plan(site, "n")["repo"] == repo
    monkeypatch.chdir(site.root)
    assert "has no repo" in site.call("plan", "create", "-t", "One", "-w", "w").err


def test_a_dry_run_writes_nothing(site: Site, repo: str) -> None:
    assert "would be written" in site.call("plan", "create", draft(site), "--dry-run").out
    assert plans(site) == []


def test_an_id_that_is_taken_is_refused_but_a_name_is_not(site: Site, repo: str) -> None:
    site.call("plan", "create", draft(site))
    refused = site.call("plan", "create", draft(site), "--id", "RIGHT-totals")
    assert refused.code == 1
    assert "orchestrator plan add right-totals" in refused.err
    again = DRAFT.replace("Round prices", "Round all")  # branches of their own
    assert site.call("plan", "create", draft(site, again)).code == 0
    assert plans(site) == ["right-totals", "right-totals-2"]


def test_without_file_or_title_the_usage_is_wrong(site: Site) -> None:
    assert site.call("plan", "create").code == 2
    assert site.call("plan", "create", str(site.root / "no.yaml")).code == 1


# -- plan add ---------------------------------------------------------------------------------------------------------


def test_tickets_are_added_behind_the_others(site: Site, repo: str) -> None:
    site.call("plan", "create", draft(site))
    words = ("-t", "Third", "--blocked-by", "T-2", "--criterion", "it is there", "--description", "All")
    assert "wrote 1 ticket in plan right-totals" in site.call("plan", "add", "right-totals", *words).out
    assert plan(site, "right-totals")["tickets"][2] == {"ticketId": "T-3", "order": 3, "blockedBy": ["T-2"]}
    assert site.ticket("T-3", "right-totals")["acceptanceCriteria"] == ["it is there"]


def test_what_is_wrong_with_added_tickets_is_told_at_once(site: Site, repo: str) -> None:
    site.call("plan", "create", draft(site))
    more = draft(site, "- {title: a, order: x}\n- {title: b, blockedBy: [nobody]}\n- {title: c, id: t-1}\n")
    called = site.call("plan", "add", "right-totals", more)
    assert called.code == 1
    for words in ("order must be a number", "nobody", 'there is a ticket "T-1" already'):
        assert words in called.err
    assert len(plan(site, "right-totals")["tickets"]) == 2


def test_a_complete_plan_is_reopened_and_that_is_said(site: Site) -> None:
    site.plan({"id": "T-1", "status": "complete", "currentPhase": "done"}, status="complete")
    assert "which was complete and goes on" in site.call("plan", "add", "p", "-t", "More").out
    assert site.plan_status() == "active"


def test_no_plan_no_ticket(site: Site) -> None:
    assert "there is no plan" in site.call("plan", "add", "nobody", "-t", "x").err
    assert site.call("plan", "add", "../p", "-t", "x").code == 2


# -- one ticket -------------------------------------------------------------------------------------------------------


def test_single_tickets_of_a_repository_share_its_inbox(site: Site, repo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    site.call("add", "Fix the login loop", "--repo", repo, "-w", "w")
    monkeypatch.chdir(repo)
    assert site.call("add", "Another", "-w", "w", "--json").json["tickets"] == ["T-2"]
    other = site.root / "other/repo"
    (other / ".git").mkdir(parents=True)
    assert site.call("add", "Elsewhere", "--repo", str(other), "-w", "w", "--json").json["plan"] == "inbox-repo-2"
    assert site.call("add", "Named", "--plan", "mine", "-w", "w", "--json").json["plan"] == "mine"
    assert plans(site) == ["inbox-repo", "inbox-repo-2", "mine"]


@pytest.mark.parametrize("words", [("",), ("x", "-w", "nobody"), ("x", "--agent", "nobody"), ("x", "--plan", "a b")])
def test_what_cannot_be_a_ticket_is_refused(site: Site, repo: str, words: tuple[str, ...]) -> None:
    called = site.call("add", *words, "--repo", repo)
    assert called.code == 1
    assert plans(site) == []


def test_outside_of_a_repository_one_must_be_named(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(site.root)
    assert (
        "has no repo (set repo in the ticket, or in the plan for all: --repo"
        in site.call("plan", "create", "-t", "x").err
    )
    monkeypatch.chdir(site.root)
    assert "name one with --repo" in site.call("add", "x").err


def test_many_at_once_all_get_an_id(site: Site, repo: str) -> None:
    started = [site.start("add", f"Number {i}", "--repo", repo, "-w", "w") for i in range(3)]
    assert [finish(one).code for one in started] == [0, 0, 0]
    assert [one["ticketId"] for one in plan(site, "inbox-repo")["tickets"]] == ["T-1", "T-2", "T-3"]


def test_with_run_it_is_walked_to_its_end(site: Site, repo: str) -> None:
    called = site.call("add", "Now", "--repo", repo, "-w", "w", "--run")
    assert called.code == 0
    assert "ticket T-1 is complete" in called.out
    site.fail_with(1)
    assert site.call("add", "Fails", "--repo", repo, "-w", "w", "--run").code == 1


# -- beside a daemon --------------------------------------------------------------------------------------------------


def test_a_daemon_begins_at_once_and_goes_on_with_what_is_added(site: Site, repo: str) -> None:
    site.daemon()
    told = site.call("plan", "create", draft(site)).out
    assert "begins at once" in told
    assert "orchestrator daemon" not in told
    wait_for(lambda: plan(site, "right-totals")["status"] == "complete", what="a complete plan")
    assert "goes on" in site.call("plan", "add", "right-totals", "-t", "More").out
    wait_for(lambda: plan(site, "right-totals")["status"] == "complete", what="complete again")
    assert site.ticket("T-3", "right-totals")["status"] == "complete"
    assert site.call("add", "Beside", "--repo", repo, "-w", "w", "--run").code == 0
    assert site.ticket("T-1", "inbox-repo")["status"] == "complete"


def test_paused_plans_do_not_begin_beside_a_daemon(site: Site, repo: str) -> None:
    site.daemon()
    site.call("plan", "create", draft(site), "--paused")
    site.call("add", "Not yet", "--repo", repo, "-w", "w", "--paused")
    site.call("add", "This", "--repo", repo, "-w", "w")
    wait_for(lambda: site.ticket("T-2", "inbox-repo")["status"] == "complete", what="the ticket that may")
    assert site.ticket("T-1", "inbox-repo")["status"] == "paused"
    waiting = site.ticket("T-1", "right-totals")
    assert (waiting["status"] in ("queued", "ready"), waiting["phaseHistory"], "attempt" in waiting) == (
        True,
        [],
        False,
    )


def test_paths_count_from_the_draft_and_tilde_is_the_home(
    site: Site, repo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(site.root))
    text = DRAFT.replace("repo: repo", "repo: ~/repo\nworktreeRoot: trees")
    site.call("plan", "create", draft(site, text))
    assert plan(site, "right-totals")["repo"] == repo
    assert plan(site, "right-totals")["worktreeRoot"] == str(Path(site.root) / "trees")


def test_an_option_that_is_empty_is_told_and_not_taken_for_absent(site: Site) -> None:
    called = site.call("plan", "create", "-t", "x", "--id", "")
    assert called.code == 2 and "--id is empty" in called.err
    assert site.call("plan", "create", "-t", "x", "--worktree-root", "").code == 2
    assert not list((site.root / "state/plans").iterdir())


def test_what_a_draft_says_for_all_its_tickets_counts_for_those_that_are_added(site: Site, repo: str) -> None:
    site.plan({"id": "T-1"}, repo=repo)
    own = {"title": "Own", "workflow": "w", "agent": "worker"}
    draft = {"name": "x", "repo": repo + "2", "workflow": "minimal", "paused": True, "worktreeRoot": "/x"}
    (site.root / "repo2/.git").mkdir(parents=True)
    (site.root / "d.json").write_text(json.dumps({**draft, "tickets": [{"title": "All"}, own]}))
    called = site.call("plan", "add", "p", str(site.root / "d.json"), "--json")
    assert called.code == 0, called
    told = [one["what"] for one in called.json["problems"]]
    assert "worktreeRoot of the draft is not taken over: the plan is there, with its own" in told
    added = [site.ticket(name) for name in called.json["tickets"]]
    assert [one["workflow"] for one in added] == ["minimal", "w"]
    assert {one["repo"] for one in added} == {repo + "2"} and {one["status"] for one in added} == {"paused"}
    assert site.plan_status() == "active"
