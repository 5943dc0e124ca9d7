"""`status` explains where every ticket stands, and its JSON is what the files say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orchestrator.cli.columns import cells
from orchestrator.core.show.overview import SMALL, SOME
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


def large(site: Site) -> None:
    """A home of more tickets than are shown whole: most are complete, one is stuck, and one waits for it."""
    states = {7: "failed", 8: "queued"}
    tickets = [{"id": f"T-{i}", "status": states.get(i, "complete")} for i in range(SMALL + 1)]
    site.plan(*tickets, blockers={"T-8": ["T-7"]})


def shown(site: Site, *words: str) -> list[str]:
    """The tickets that `status` has a line for."""
    rows = site.call("status", *words).out.splitlines()
    return [row.split()[0] for row in rows if row.startswith("  T-")]


def test_a_large_home_is_shown_by_sums_and_by_what_matters(site: Site) -> None:
    large(site)
    out = site.call("status").out
    assert out.splitlines()[0] == "51 tickets in 1 plan: 1 failed, 1 queued, 49 complete"
    assert "  p  active  █████████░  49/51  1 failed, 1 queued" in out
    assert shown(site) == ["T-7", "T-8"]
    assert out.index("failed (1)") < out.index("queued (1) · wait for a ticket that does not move by itself: 1")
    assert "waits for T-7 (failed)" in line(site, "T-8")


@pytest.mark.parametrize("words", [["--plan", "p"], ["--all"], ["-s", "complete,failed,queued"]])
def test_a_large_home_is_shown_whole_when_it_is_asked_for(site: Site, words: list[str]) -> None:
    large(site)
    assert len(shown(site, *words)) == SMALL + 1


def test_of_each_state_a_few_are_shown_and_the_others_counted(site: Site) -> None:
    site.plan(*({"id": f"T-{i}", "status": "paused"} for i in range(SMALL + 1)))
    out = site.call("status").out
    assert f"  … and {SMALL + 1 - SOME} more (orchestrator status --status paused)" in out
    assert len(shown(site)) == SOME


def test_only_tickets_of_some_states_are_shown(site: Site) -> None:
    site.plan({"id": "T-1", "status": "failed"}, {"id": "T-2"}, {"id": "T-3", "status": "needs_attention"})
    site.plan({"id": "U-1"}, plan="q")
    assert shown(site, "--status", "failed") == ["T-1"]
    assert shown(site, "-s", "failed", "--status", "needs-attention", "-p", "p") == ["T-1", "T-3"]
    assert "U-1" not in site.call("status", "-s", "failed").out
    assert site.call("status", "-s", "paused").out == "No ticket is paused.\n"
    found = site.call("status", "-s", "failed", "--json").json
    assert [[ticket["ticketId"] for ticket in one["tickets"]] for one in found] == [["T-1"], []]
    assert [
        ticket["ticketId"] for ticket in site.call("status", "-p", "p", "-s", "queued", "--json").json["tickets"]
    ] == ["T-2"]


def test_an_unknown_status_is_wrong_usage(site: Site) -> None:
    site.plan({"id": "T-1"})
    for words in (["-s", "faild"], ["--status", "ready,faild", "--json"], ["--status=faild"]):
        called = site.call("status", *words)
        assert (called.code, called.out) == (2, "")
        assert '"faild" (did you mean failed?); known are needs_attention, failed, ' in called.err


def test_several_plans_begin_with_sums(site: Site) -> None:
    site.plan({"id": "T-1", "status": "complete"}, {"id": "T-2"})
    site.plan({"id": "T-1"}, plan="q")
    assert site.call("status").out.startswith("3 tickets in 2 plans: 2 queued, 1 complete\n\np — Plan p\n")


@pytest.mark.parametrize("columns", [24, 40, 80, 200])
def test_on_a_terminal_every_line_fits(site: Site, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.cli.output.is_terminal", lambda stream=None: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    titles = ["合計をカートに表示する", "word " * 40, "x" * 300, "Größe 🚀"]
    for number in (4, SMALL + 1):
        tickets = [
            {
                "id": f"{'LONG' * (i % 3 + 1)}-{i}",
                "title": titles[i % 4],
                "status": "failed",
                "error": "why " * 30 + "y" * 90,
            }
            for i in range(number)
        ]
        site.plan(*tickets, workflow="nope", name="合計" * 60)
        for words in ([], ["-p", "p"]):
            wide = [row for row in site.call("status", *words).out.splitlines() if cells(row) > columns]
            assert wide == []


def test_what_a_file_says_cannot_steer_the_terminal(site: Site) -> None:
    site.plan({"id": "T-1", "title": "evil \x1b[2J\x07 title\nsecond line"})
    out = site.call("status").out
    assert "\x1b" not in out and "\x07" not in out
    assert "second line" in line(site, "T-1")


def test_a_ticket_that_its_plan_does_not_list_says_so(site: Site) -> None:
    site.plan({"id": "T-1"})
    site.write("T-2", "p", {"planId": "p", "ticketId": "T-2"})
    assert "not listed in plan.json" in line(site, "T-2")


def test_nothing_is_left_of_colours_that_a_program_printed(site: Site) -> None:
    site.plan(
        {"id": "T-1", "title": "a \x1b[1mbold\x1b[0m one", "status": "failed", "error": "\x1b[31mFAILED\x1b[0m x"}
    )
    assert line(site, "T-1").endswith("a bold one · FAILED x")


def test_a_queued_ticket_of_a_paused_plan_says_so_as_in_watch(site: Site) -> None:
    site.plan({"id": "T-1"}, status="paused")
    assert line(site, "T-1").endswith("its plan is paused")
