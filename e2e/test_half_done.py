"""A ticket that the original left half done, in each of its phases, goes on here to the end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from e2e.forge import BRANCH, ForgeHome
from e2e.servers.github import Pull
from e2e.tickets import PLAN, TICKET, TITLE

BEFORE_IT = ("setup", "implement", "self_review", "simplify", "verify")
ANSWERS = ("route_review_failure", "route_review", "handle_review")
MERGES = ("await_merge", "route_merge_failure")
PHASES = {
    "standard": ("setup", "implement", "self_review", "simplify", "create_pr", "await_review", "route_review_failure",
                 "handle_review", "await_merge", "route_merge_failure", "cleanup"),
    "bugfix": ("setup", "implement", "verify", "create_pr", "await_review", "route_review_failure", "route_review",
               "handle_review", "await_merge", "route_merge_failure", "cleanup"),
}  # fmt: skip


@pytest.mark.parametrize(("workflow", "phase"), [(w, p) for w in PHASES for p in PHASES[w]])
def test_a_half_done_ticket_of_the_original_goes_on(forge: ForgeHome, workflow: str, phase: str) -> None:
    if phase != "setup":
        make_worktree(forge)
    pull = open_pull(forge) if phase not in (*BEFORE_IT, "create_pr") else None
    if pull and phase in ANSWERS:
        pull.review("ann", "CHANGES_REQUESTED", "Say it louder.")
    if pull and phase in (*MERGES, "cleanup"):
        pull.review("ann", "APPROVED")
    if pull and phase == "cleanup":
        pull.merge("ann")
    leave_half_done(forge, workflow, phase, pull)

    forge.start("run", PLAN, TICKET)
    if phase in ANSWERS:
        forge.wait_left("push_review")
    pull = pull or forge.pull()
    if phase not in (*MERGES, "cleanup"):
        pull.review("ann", "APPROVED")
    if phase != "cleanup":
        forge.wait_in("await_merge") if phase not in MERGES else forge.wait_polled()
        pull.merge("ann")
    forge.wait_status("complete")
    assert len(forge.world.pulls) == 1
    assert forge.phases()[:2] == ["setup", "setup"] if phase == "setup" else forge.phases()[0] == "setup"


def make_worktree(forge: ForgeHome) -> None:
    forge.git("worktree", "add", "--quiet", "-b", BRANCH, str(forge.worktree), "origin/main")
    (forge.worktree / "T-1.txt").write_text("made by the original\n")
    forge.git("add", "--all", cwd=forge.worktree)
    forge.git("commit", "--quiet", "--message", "T-1: Do it", cwd=forge.worktree)


def open_pull(forge: ForgeHome) -> Pull:
    """As an agent of the original did."""
    forge.git("push", "--quiet", "--set-upstream", "origin", BRANCH, cwd=forge.worktree)
    return forge.world.open(BRANCH, "main", TITLE)


def leave_half_done(forge: ForgeHome, workflow: str, phase: str, pull: Pull | None) -> None:
    """Plan and ticket as the original writes them: all of its keys, none of ours."""
    context = {"worktree": str(forge.worktree)}
    if pull:
        context |= {"pr_url": f"https://github.com/acme/demo/pull/{pull.number}", "pr_number": str(pull.number)}
        context["_pollStart_await_review"] = "1767225600000"
    past = {"phase": "setup", "status": "success", "startedAt": "2026-01-01T00:00:00.000Z"}
    ticket: dict[str, Any] = {
        "planId": PLAN, "ticketId": TICKET, "title": TITLE, "description": "Add goodbye(name) to greetings.py.",
        "acceptanceCriteria": ['goodbye("Ada") is "Goodbye, Ada!"'], "linearUrl": None, "repo": str(forge.repo),
        "workflow": workflow, "branch": BRANCH, "worktree": str(forge.worktree), "agent": None, "status": "ready",
        "currentPhase": phase, "context": context, "retries": {}, "error": None,
        "phaseHistory": [{**past, "completedAt": "2026-01-01T00:00:01.000Z", "output": "made"}],
    }  # fmt: skip
    write(forge.plans / f"tickets/{TICKET}.json", ticket)
    plan = json.loads((forge.plans / "plan.json").read_bytes())
    write(forge.plans / "plan.json", {**plan, "workflow": workflow})


def write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2))
