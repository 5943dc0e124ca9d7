"""`status` explains where every ticket stands, and its JSON is what the files say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orchestrator.core.views import MANY
from tests.cli.kit import Site

LATER = "2999-01-01T00:00:00.000Z"


def line(site: Site, ticket: str, *words: str) -> str:
    """The line of `status` about a ticket."""
    out = site.call("status", *words).out
    return next(row for row in out.splitlines() if row.split()[:1] == [ticket])


def test_without_plans_it_says_so(site: Site) -> None:
    assert site.call("status") == (0, "No plans found.\n", "")
    assert site.call("status", "--json").json == []


def test_a_ticket_is_shown_with_state_phase_and_position(site: Site) -> None:
    site.plan({"id": "T-1", "status": "ready", "currentPhase": "ask"})
    assert line(site, "T-1").split()[:4] == ["T-1", "ready", "ask", "(2/3)"]


def test_a_ticket_that_has_not_begun_stands_before_the_first_phase(site: Site) -> None:
    site.plan({"id": "T-1"})
    assert "queued  work (1/3)" in line(site, "T-1")


def test_a_plan_begins_with_a_summary(site: Site) -> None:
    site.plan({"id": "T-1", "status": "complete"}, {"id": "T-2"}, {"id": "T-3", "status": "failed"})
    head = site.call("status").out.splitlines()[:2]
    assert head == ["p — Plan p", "  active, workflow w: 1 of 3 complete, 1 failed, 1 queued"]


@pytest.mark.parametrize("state", ["failed", "needs_attention", "ready", "paused"])
def test_a_queued_ticket_names_its_blockers_with_their_state(site: Site, state: str) -> None:
    site.plan({"id": "T-1", "status": state}, {"id": "T-2"}, blockers={"T-2": ["T-1"]})
    assert f"waits for T-1 ({state})" in line(site, "T-2")


def test_a_blocker_of_another_plan_and_one_that_is_missing_are_named(site: Site) -> None:
    site.plan({"id": "A"}, plan="q")
    site.plan({"id": "T-1"}, blockers={"T-1": ["q/A", "T-9"]})
    assert "waits for q/A (queued), T-9 (missing)" in line(site, "T-1")


def test_what_a_ticket_waits_for_is_shown_with_the_time(site: Site) -> None:
    site.plan({"id": "T-1", "status": "ready", "wakeAt": LATER, "waitReason": "usage limit of claude"})
    assert "usage limit of claude, until 2999-01-01" in line(site, "T-1")


def test_error_pull_request_and_session_are_shown(site: Site) -> None:
    session = {"phase": "work", "status": "failure", "startedAt": "", "sessionId": "abc-123"}
    pr = {"pr_url": "https://github.com/acme/shop/pull/7"}
    site.plan({"id": "T-1", "status": "failed", "error": "work: no", "context": pr, "phaseHistory": [session]})
    shown = line(site, "T-1")
    assert "work: no; PR https://github.com/acme/shop/pull/7; session abc-123" in shown


def test_a_running_ticket_says_since_when_which_attempt_runs(site: Site) -> None:
    attempt = {
        "n": 4,
        "id": "x",
        "phase": "work",
        "startedAt": "2026-01-01T00:00:00Z",
        "agent": "claude",
        "stop": "pause",
    }
    site.plan({"id": "T-1", "status": "running", "currentPhase": "work", "attempt": attempt})
    assert "attempt 4 (claude) for " in line(site, "T-1")
    assert "stopping: pause" in line(site, "T-1")


def test_a_file_that_cannot_be_read_is_shown_by_name_and_line_and_hides_nothing(site: Site) -> None:
    site.plan({"id": "T-1"}, {"id": "T-2"}, blockers={"T-2": ["T-1"]})
    site.file("T-1").write_text('{"planId": "p",\n "ticketId": ')
    called = site.call("status")
    assert called.code == 0
    assert "T-1  unreadable" in called.out
    assert "waits for T-1 (unreadable)" in called.out
    assert f"error: {site.file('T-1')}:2:" in called.out


def test_a_plan_that_cannot_be_read_is_a_problem_and_not_absent(site: Site) -> None:
    site.plan({"id": "T-1"})
    (site.root / "state/plans/bad").mkdir()
    (site.root / "state/plans/bad/plan.json").write_text("[]")
    called = site.call("status")
    assert "p — Plan p" in called.out and "state/plans/bad/plan.json" in called.out
    assert site.call("status", "--json").json[1]["plan"] is None
    failed = site.call("status", "--plan", "bad")
    assert failed.code == 1 and "state/plans/bad/plan.json" in failed.err


def test_cycles_unknown_names_and_broken_workflows_are_told_at_the_end(site: Site) -> None:
    site.plan(
        {"id": "T-1", "workflow": "nope"}, {"id": "T-2"}, blockers={"T-1": ["T-2"], "T-2": ["T-1"]}, agent="robot"
    )
    site.workflow("bad", "name: bad\nphases:\n  - {id: a, type: script, command: x, onSuccess: zzz}\n")
    out = site.call("status").out
    for words in ("T-1 → T-2 → T-1", 'unknown workflow "nope"', 'unknown agent "robot"', "bad.yaml:3:"):
        assert words in out.partition("problems")[2]


def test_warnings_of_the_configuration_are_told(site: Site) -> None:
    site.config(maxConcurency=3)
    assert "warning: " in site.call("status").out
    assert "did you mean maxConcurrency?" in site.call("status").out


def test_an_unknown_plan_is_an_error(site: Site) -> None:
    site.plan({"id": "T-1"})
    for words in (["--plan", "pp"], ["-p", "pp", "--json"]):
        called = site.call("status", *words)
        assert (called.code, called.out) == (1, "")
        assert 'no plan "pp"' in called.err


def test_json_is_what_the_files_say_with_every_key_and_value(site: Site) -> None:
    foreign: dict[str, Any] = {"theirs": {"deep": [1.0, None, "ü"]}, "big": 12345678901234567890, "estimate": 2.50}
    site.plan({"id": "T-2", **foreign}, {"id": "T-1", "status": "running"}, goal="x", later=None)
    (found,) = site.call("status", "--json").json
    plan = json.loads((site.root / "state/plans/p/plan.json").read_text())
    assert found == {"plan": plan, "tickets": [site.ticket("T-2"), site.ticket("T-1")], "problems": []}
    assert site.call("status", "--plan", "p", "--json").json == found


def test_problems_in_json_always_have_all_their_keys(site: Site) -> None:
    site.plan({"id": "T-1"}, blockers={"T-1": ["T-7"]})
    (problem,) = site.call("status", "--plan", "p", "--json").json["problems"]
    assert list(problem) == ["where", "what", "severity", "hint", "file", "line", "column"]
    assert (problem["where"], problem["severity"]) == ("ticket p/T-1", "error")


def test_a_large_plan_is_shown_by_what_matters_and_whole_when_asked_for(site: Site) -> None:
    site.plan(*({"id": f"T-{i}", "status": "failed" if i == 7 else "complete"} for i in range(MANY + 1)))
    out = site.call("status").out
    assert "T-7" in out and "T-8" not in out
    assert "orchestrator status --plan p" in out
    assert (
        len([row for row in site.call("status", "--plan", "p").out.splitlines() if row.startswith("  T-")]) == MANY + 1
    )


def test_what_a_file_says_cannot_steer_the_terminal(site: Site) -> None:
    site.plan({"id": "T-1", "title": "evil \x1b[2J\x07 title\nsecond line"})
    out = site.call("status").out
    assert "\x1b" not in out and "\x07" not in out
    assert "second line" in line(site, "T-1")


def test_a_ticket_that_its_plan_does_not_list_says_so(site: Site) -> None:
    site.plan({"id": "T-1"})
    site.write("T-2", "p", {"planId": "p", "ticketId": "T-2"})
    assert "not listed in plan.json" in line(site, "T-2")
