"""The runner's verdict on agents that misbehave: what became of the ticket, why, and what is left of them: nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.bad import BRANCH, Yard, git
from tests.waiting import let_pass

pytestmark = pytest.mark.thorough(every=2)

SILENT = {"hang": "hang", "loop": "loop", "tool": "tool", "busy": "silent_tests", "once": "hang,good"}
CUES = {
    name: name
    for name in (
        "good", "lie", "no_change", "chatter", "crash", "broken_json", "half_character", "deaf", "daemons", "outside",
        "delete", "no_git", "other_branch", "there_and_back", "detached", "echo",
    )
}  # fmt: skip
GENERIC, CLAUDE = "command", "claude"


PROMPT = "Do it. If nothing has to change, say\n\nNO_CHANGE_NEEDED: <reason>\n"


@pytest.fixture(scope="module", params=[GENERIC, CLAUDE])
def yard(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """All of them, at once."""
    base = tmp_path_factory.getbasetemp()
    cues = {**CUES, **SILENT, **({"denied": "denied"} if request.param == CLAUDE else {})}
    limits = {"timeoutSeconds": 6, "idleTimeoutSeconds": 1.5}
    yard = Yard.walked(
        base.parent if "PYTEST_XDIST_WORKER" in os.environ else base,
        request.param, cues, PROMPT, evidence="commit", **limits,
    )  # fmt: skip
    yield yard
    yard.kill_all()


def is_claude(yard: Yard) -> bool:
    return yard.config.settings.agents["good"].type == CLAUDE


def failed(yard: Yard, name: str) -> str:
    """Why; the attempt has failed, and the ticket with it."""
    ticket = yard.came_to(name)
    assert (ticket.status, [str(e.status) for e in ticket.phase_history]) == ("failed", ["failure"])
    return ticket.error or ""


@pytest.mark.thorough(every=2)
def test_nothing_of_any_of_them_is_left(yard: Yard) -> None:
    assert yard.left() == []
    yard.assert_sound()


@pytest.mark.parametrize("name", ["good", "no_change", "daemons", "half_character", "busy"])
def test_who_did_the_work_has_succeeded_whatever_else_he_did(yard: Yard, name: str) -> None:
    assert yard.came_to(name).status == "complete"
    assert [str(outcome.kind) for outcome in yard.outcomes(name)] == ["success"]


@pytest.mark.parametrize("name", ["lie", "outside", "echo"])
def test_who_did_nothing_in_the_worktree_has_failed_whatever_he_says(yard: Yard, name: str) -> None:
    assert "no evidence: no commit since" in failed(yard, name)
    assert "NO_CHANGE_NEEDED" in failed(yard, name)


def test_denied_tools_are_named(yard: Yard) -> None:
    if is_claude(yard):
        assert "not allowed to use any tool it tried: Bash, Edit" in failed(yard, "denied")


@pytest.mark.parametrize("name", ["hang", "loop", "tool"])
def test_who_hangs_silently_has_stalled_after_going_on_in_his_session_once(yard: Yard, name: str) -> None:
    assert "nothing written and idle for 1.5 s (idleTimeoutSeconds)" in failed(yard, name)
    outcomes = yard.outcomes(name)
    assert [str(outcome.kind) for outcome in outcomes] == ["stalled"] * (2 if is_claude(yard) else 1)
    if is_claude(yard):
        first, second = yard.argv(name, 1), yard.argv(name, 2)
        assert second[second.index("--resume") + 1] == first[first.index("--session-id") + 1] == outcomes[0].session
        assert "If a command hangs" in yard.prompt(name, 2)


def test_who_hangs_once_has_not_failed_if_he_goes_on_in_his_session(yard: Yard) -> None:
    ticket = yard.came_to("once")
    if is_claude(yard):
        assert (ticket.status, yard.history(ticket.key)) == ("complete", [("work", "success"), ("done", "success")])
        assert ticket.retries == {}
        [asked] = [line for line in yard.events("ended") if line["ticket"] == "once" and line.get("again")]
        assert (asked["outcome"], asked["again"]) == ("stalled", "asked again in its session")
    else:
        assert failed(yard, "once")


@pytest.mark.parametrize("name", ["chatter", "deaf"])
def test_who_talks_and_gets_nothing_done_is_ended_by_the_time_limit_though_he_does_not_listen(
    yard: Yard, name: str
) -> None:
    assert "timed out after 6 s (timeoutSeconds)" in failed(yard, name)
    assert [str(outcome.kind) for outcome in yard.outcomes(name)] == ["timeout"]


def test_who_crashes_has_failed_though_he_had_committed(yard: Yard) -> None:
    reason = failed(yard, "crash")
    assert ("claude ended without a result (exit code 139)" if is_claude(yard) else "SIGSEGV") in reason


def test_broken_json_is_no_result(yard: Yard) -> None:
    if is_claude(yard):
        assert "claude ended without a result" in failed(yard, "broken_json")


def test_half_a_character_harms_nothing(yard: Yard) -> None:
    assert "naïvely" in (yard.came_to("half_character").phase_history[0].output or "")


def test_who_deletes_his_worktree_has_failed_and_his_commits_are_kept(yard: Yard) -> None:
    assert failed(yard, "delete") == f"work: the agent has deleted its worktree {yard.worktree('delete')}"
    assert git(yard.root / "repo", "rev-parse", f"{BRANCH}-delete")


def test_who_makes_it_no_worktree_has_failed(yard: Yard) -> None:
    assert failed(yard, "no_git") == f"work: no evidence: {yard.worktree('no_git')} is no git worktree"


def test_who_commits_on_another_branch_has_failed_and_both_are_named(yard: Yard) -> None:
    where = f"on branch mine; 1 commit since the start, kept there, and its work belongs on {BRANCH}-other_branch"
    assert where in failed(yard, "other_branch")
    assert git(yard.worktree("other_branch"), "log", "--format=%s", "-1", "mine") == "work"


def test_a_commit_that_was_left_on_another_branch_is_named(yard: Yard) -> None:
    sha = git(yard.root / "repo", "rev-parse", "--short=10", "aside")
    assert f"; commit {sha} is on aside" in failed(yard, "there_and_back")


def test_who_leaves_no_branch_checked_out_has_failed(yard: Yard) -> None:
    reason = failed(yard, "detached")
    assert (
        f"no branch (detached HEAD); 1 commit since the start, kept there, and its work belongs on {BRANCH}" in reason
    )


@pytest.mark.parametrize("kind", [GENERIC, CLAUDE])
@pytest.mark.thorough(every=2)
def test_a_line_of_a_gibibyte_costs_no_memory(tmp_path: Path, kind: str) -> None:
    yard = Yard(tmp_path, kind, {"huge": "huge_line"}, evidence="commit", timeoutSeconds=60)
    runner = yard.runner("tick")
    peak = 0
    while runner.running():
        peak = max(peak, high_water(runner.pid))
        let_pass(0.02)
    assert runner.wait() == 0
    assert yard.came_to("huge").status == "complete"
    assert (yard.directory("001-", yard.came_to("huge").key) / "stdout.log").stat().st_size > 1 << 30
    assert 0 < peak < 200_000, "kB at most"
    yard.kill_all()


def high_water(pid: int) -> int:
    try:
        rows = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(row.split()[1]) for row in rows if row.startswith("VmHWM")), 0)
