"""What a ticket's and a plan's status mean: blockers, order, slots, retries, bounds, polls, endings."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.contract.kit import Box, agent, poll, script, terminal
from tests.waiting import wait_for

pytestmark = pytest.mark.thorough(every=2)


def ago(**kind: float) -> str:
    return (datetime.now(UTC) - timedelta(**kind)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


# --- blockers


def test_blockers_within_and_across_plans_are_waited_for(box: Box) -> None:
    box.plan("a", {"ticketId": "T-1", "blockedBy": ["b/T-1"]}, {"ticketId": "T-2", "blockedBy": ["T-1", "a/T-1"]})
    box.plan("b", "T-1")
    box.daemon()
    box.until_plan("a", "complete")
    box.until_plan("b", "complete")
    assert box.trace() == ["T-1 work", "T-1 work", "T-2 work"]


def test_only_complete_unblocks_and_status_names_the_blocker(box: Box) -> None:
    states = ("failed", "needs_attention", "paused")
    entries: list[Any] = [{"ticketId": f"AFTER-{one}", "blockedBy": [f"T-{one}"]} for one in states]
    box.plan("p", *(f"T-{one}" for one in states), *entries)
    for one in states:
        box.ticket("p", f"T-{one}", status=one, currentPhase="work")
    box.ok("tick")
    lines = box.ok("status").out.splitlines()
    for one in states:
        assert box.status_of("p", f"AFTER-{one}") == "queued"
        line = next(line for line in lines if line.lstrip().startswith(f"AFTER-{one}"))
        assert f"T-{one} ({one})" in line
    assert "T-failed" in box.refused("run", "p", "AFTER-failed")


def test_cycles_and_unknown_and_missing_blockers_are_problems_and_nothing_else_waits(box: Box) -> None:
    box.plan(
        "p", {"ticketId": "A", "blockedBy": ["B"]}, {"ticketId": "B", "blockedBy": ["A"]},
        {"ticketId": "SELF", "blockedBy": ["SELF"]}, {"ticketId": "C", "blockedBy": ["NOBODY"]},
        {"ticketId": "D", "blockedBy": ["q/X"]}, {"ticketId": "E", "blockedBy": ["GONE"]}, "GONE", "FREE",
    )  # fmt: skip
    box.ticket("p", "UNLISTED")
    box.ticket_file("p", "GONE").unlink()
    box.ok("tick")
    assert box.trace() == ["FREE work"]
    problems = box.ok("status", "-p", "p", "--json").json["problems"]
    said = json.dumps(problems)
    for name in ("A", "SELF", "NOBODY", "q/X", "GONE", "UNLISTED"):
        assert name in said
    assert [one for one in problems if "cycle" in one["what"] or "circle" in one["what"]]
    assert box.run("plan", "check", "p").code == 1


def test_an_unlisted_ticket_never_starts_and_its_run_is_refused(box: Box) -> None:
    box.plan("p", "T-1")
    box.ticket("p", "T-2", status="ready")
    box.ok("tick")
    assert "T-2" in box.refused("run", "p", "T-2")
    assert box.trace() == ["T-1 work"]
    assert box.read_plan("p")["status"] == "complete"


# --- plans


def test_a_plan_is_complete_when_every_entry_is_and_an_empty_one_never(box: Box) -> None:
    box.plan("p", "T-1", "T-2")
    box.plan("empty")
    box.ticket("p", "T-1", status="complete")
    box.ok("run", "p", "T-2")
    assert box.read_plan("p")["status"] == "complete"
    box.ok("tick")
    assert box.read_plan("empty").get("status", "active") == "active"


def test_only_a_command_reopens_a_plan(box: Box) -> None:
    box.plan("p", "T-1")
    box.ok("tick")
    assert box.read_plan("p")["status"] == "complete"
    box.edit("p", "T-1", status="ready", currentPhase="work")
    box.ok("tick")
    assert box.read_plan("p")["status"] == "complete"
    assert box.trace() == ["T-1 work"]
    box.ok("skip", "p", "T-1", "work")
    assert box.read_plan("p")["status"] == "active"
    box.ok("tick")
    assert box.trace() == ["T-1 work", "T-1 work"]
    assert box.read_plan("p")["status"] == "complete"


def test_retry_reopens_too(box: Box) -> None:
    box.plan("p", "T-1", status="complete")
    box.ticket("p", "T-1", status="failed", currentPhase="work")
    box.ok("retry", "p", "T-1")
    assert box.read_plan("p")["status"] == "active"


def test_a_complete_or_paused_plan_starts_nothing(box: Box) -> None:
    box.plan("p", "T-1", status="paused")
    box.plan("q", "T-1", status="complete")
    box.ok("tick")
    assert box.trace() == []
    assert [box.status_of(plan, "T-1") in ("queued", "ready") for plan in "pq"] == [True, True]


# --- order and slots


def test_order_then_position_decide_within_a_plan(box: Box) -> None:
    box.config({"maxConcurrency": 1})
    box.plan(
        "p", {"ticketId": "C", "order": 2}, {"ticketId": "A", "order": 0.5}, {"ticketId": "D", "order": 2},
        {"ticketId": "B", "order": 1}, {"ticketId": "Z", "order": -1}, workflow="two",
    )  # fmt: skip
    box.daemon()
    box.until_plan("p", "complete")
    assert [line.split()[0] for line in box.trace()] == [id for id in "ZABCD" for _ in range(2)]


def test_the_older_plan_goes_first_and_then_the_one_with_fewer_under_way(box: Box) -> None:
    box.config({"maxConcurrency": 3, "grace": 0})
    box.plan("new", "N-1", "N-2", "N-3", workflow="holding", createdAt="2026-03-02T00:00:00Z")
    box.plan("old", "O-1", "O-2", "O-3", workflow="holding", createdAt="2026-03-01T00:00:00Z")
    box.daemon()
    wait_for(lambda: len(box.trace()) >= 3)
    assert sorted(box.trace()) == ["N-1 work", "O-1 work", "O-2 work"]
    box.mark("release.O-1")  # it is under way, so its second phase goes before all that wait
    wait_for(lambda: len(box.trace()) >= 5)
    assert box.trace()[3:5] == ["O-1 after", "O-3 work"]  # one each: the older
    box.mark("release.N-1")
    wait_for(lambda: len(box.trace()) >= 7)
    assert box.trace()[5:7] == ["N-1 after", "N-2 work"]


def test_max_concurrency_counts_attempts_over_all_plans(box: Box) -> None:
    box.config({"maxConcurrency": 2, "grace": 0})
    for plan in "pqr":
        box.plan(plan, f"{plan}-1", f"{plan}-2", workflow="holding")
    box.daemon()
    for done in range(6):
        begun = min(done + 2, 6)
        wait_for(lambda begun=begun: sum(line.endswith("work") for line in box.trace()) >= begun)  # type: ignore[misc]
        names = {line.split()[0] for line in box.trace()} - {path.suffix[1:] for path in box.marks.glob("release.*")}
        assert sum(line.endswith("work") for line in box.trace()) <= begun
        box.mark(f"release.{min(names)}")
    box.until_plan("r", "complete")


def test_an_agent_s_own_limit_leaves_slots_to_others(box: Box) -> None:
    busy = box.agent("busy", 'echo x >> "$HOME/busy"; until [ -e "$HOME/go" ]; do sleep 0.02; done; echo done')
    free = box.agent("free", "echo done")
    box.config(
        {"defaultAgent": "busy", "maxConcurrency": 3, "grace": 0,
         "agents": {"busy": {"command": busy, "maxConcurrency": 1}, "free": {"command": free}}}
    )  # fmt: skip
    box.prompt("prompt.md", "do {{ ticketId }}")
    box.workflow("w", agent("work", "done"), terminal())
    box.plan("p", "T-1", "T-2", "T-3", workflow="w")
    for one in ("T-1", "T-2"):
        box.ticket("p", one, worktree=str(box.repo))
    box.ticket("p", "T-3", worktree=str(box.repo), agent="free")
    home = Path(box.env["HOME"])
    box.daemon()
    box.until("p", "T-3", "complete")
    assert (home / "busy").read_text() == "x\n"
    assert box.read("p", "T-2").get("attempt") is None
    (home / "go").touch()
    box.until_plan("p", "complete")
    assert (home / "busy").read_text() == "x\nx\n"


def test_what_is_under_way_is_in_the_file_while_it_is(box: Box) -> None:
    box.plan("p", "T-1", workflow="holding")
    box.daemon()
    box.held("T-1")
    ticket = box.read("p", "T-1")
    attempt = ticket["attempt"]
    assert (ticket["status"], attempt["n"], attempt["phase"]) == ("running", 1, "work")
    assert attempt["id"] and attempt["startedAt"]
    box.mark("release")
    assert box.until("p", "T-1", "complete").get("attempt") is None


def test_running_without_an_attempt_means_ready(box: Box) -> None:
    box.plan("p", "T-1", "T-2", workflow="two")
    box.ticket("p", "T-1", status="running", currentPhase="second")
    box.ticket("p", "T-2", status="running")
    box.ok("tick")
    assert sorted(box.trace()) == ["T-1 second", "T-2 first", "T-2 second"]
    box.plan("q", "T-3", workflow="two")
    box.ticket("q", "T-3", status="running", currentPhase="second")
    box.ok("run", "q", "T-3")


# --- failures, retries, bounds


def retried(box: Box, **keys: Any) -> dict[str, Any]:
    box.workflow("w", script("work", "done", "fail.sh", **keys), terminal("alarm", notify=True), terminal())
    box.plan("p", "T-1", workflow="w")
    assert "T-1" in box.refused("run", "p", "T-1")
    return box.read("p", "T-1")


def test_a_failure_is_retried_max_retries_times_and_then_follows_on_failure(box: Box) -> None:
    ticket = retried(box, maxRetries=2, onFailure="alarm")
    assert (ticket["status"], ticket["currentPhase"], ticket["retries"]) == ("needs_attention", "alarm", {"work": 2})
    assert box.history("p", "T-1") == [("work", "failure")] * 3 + [("alarm", "success")]


def test_with_nowhere_to_go_the_ticket_has_failed(box: Box) -> None:
    ways: dict[str, Any] = {"none": {}, "retry": {"onFailure": "retry"}, "itself": {"onFailure": "work"}}
    for name, way in ways.items():
        box.workflow(name, script("work", "done", "fail.sh", maxRetries=1, **way), terminal())
    box.plan("p", *ways)
    for name in ways:
        box.ticket("p", name, workflow=name)
    box.ok("tick")
    found = [box.read("p", name) for name in ways]
    assert [(ticket["status"], ticket["currentPhase"]) for ticket in found] == [("failed", "work")] * 3
    assert all("it broke" in ticket["phaseHistory"][1]["output"] and ticket["error"] for ticket in found)
    assert len(box.trace()) == 6


def test_the_retries_of_a_visit_begin_anew_in_the_next(box: Box) -> None:
    """`retries` counts failures within the visit; a loop is ended by `maxVisits` and named."""
    box.workflow(
        "w", script("a", "b"), script("b", "done", "fail.sh", maxRetries=1, onFailure="a"), terminal(), maxVisits=3,
    )  # fmt: skip
    box.plan("p", "T-1", workflow="w")
    said = box.refused("run", "p", "T-1")
    ticket = box.read("p", "T-1")
    assert (ticket["status"], ticket["currentPhase"]) == ("needs_attention", "a")
    assert box.trace() == ["T-1 a", "T-1 b", "T-1 b"] * 3
    for words in (said, ticket["error"]):
        assert "a" in words and "b" in words and "3" in words


def test_on_success_to_itself_is_a_visit_and_a_phase_has_a_bound_of_its_own(box: Box) -> None:
    box.workflow("w", script("again", "again", maxVisits=4), terminal())
    box.plan("p", "T-1", workflow="w")
    box.refused("run", "p", "T-1")
    assert (box.status_of("p", "T-1"), len(box.trace())) == ("needs_attention", 4)


def test_the_default_bound_is_ten(box: Box) -> None:
    box.workflow("w", script("again", "again"), terminal())
    box.plan("p", "T-1", workflow="w")
    box.refused("run", "p", "T-1")
    assert len(box.trace()) == 10


def test_no_on_success_completes_the_ticket(box: Box) -> None:
    box.workflow("w", script("only"))
    box.plan("p", "T-1", workflow="w")
    box.ok("run", "p", "T-1")
    assert (box.status_of("p", "T-1"), box.history("p", "T-1")) == ("complete", [("only", "success")])


def test_on_exit_is_a_route_that_spends_no_retry_and_captures(box: Box) -> None:
    box.workflow(
        "w",
        script("ask", "done", "exit.sh", args=["3"], maxRetries=3, capture={"s": "echo caught"}, onExit={"3": "other"}),
        script("other", "done", args=["{{ s }}"]), terminal(),
    )  # fmt: skip
    box.plan("p", "T-1", workflow="w")
    box.ok("run", "p", "T-1")
    ticket = box.read("p", "T-1")
    assert box.history("p", "T-1") == [("ask", "failure"), ("other", "success"), ("done", "success")]
    assert ticket["retries"].get("ask", 0) == 0
    assert ticket["phaseHistory"][1]["output"] == "noted caught\n"


def test_what_cannot_be_run_fails_saying_why_and_holds_no_slot(box: Box) -> None:
    box.config({"maxConcurrency": 1, "defaultAgent": "a", "agents": {"a": {"command": box.agent("a", "echo ok")}}})
    box.prompt("prompt.md", "hello")
    box.prompt("bad.md", "{{ nothing_defines_this }}")
    box.workflow(
        "w", script("missing", "done", "gone.sh"), agent("prompt", "done", "gone.md"), agent("bad", "done", "bad.md"),
        agent("ask", "done"), terminal(),
    )  # fmt: skip
    here: dict[str, Any] = {"workflow": "w", "worktree": str(box.repo)}
    wrong: dict[str, tuple[str, dict[str, Any]]] = {
        "workflow": ("nowhere", {"workflow": "nowhere"}),
        "phase": ("elsewhere", {"currentPhase": "elsewhere"}),
        "agent": ("nobody", {**here, "currentPhase": "ask", "agent": "nobody"}),
        "script": ("gone.sh", {**here, "currentPhase": "missing"}),
        "prompt": ("gone.md", {**here, "currentPhase": "prompt"}),
        "template": ("nothing_defines_this", {**here, "currentPhase": "bad"}),
        "repo": ("repo", {}),
    }
    box.plan("p", *wrong, "GOOD", repo=None)
    for name, (_, keys) in wrong.items():
        box.ticket("p", name, **keys)
    box.ticket("p", "GOOD", repo=str(box.repo))
    box.daemon()
    box.until("p", "GOOD", "complete")
    shown = box.ok("status").out
    for name, (says, _) in wrong.items():
        ticket = box.until("p", name, "failed")
        assert says in ticket["error"]
        assert says in shown
    assert "nowhere" in box.refused("run", "p", "workflow")


# --- polls


def test_a_poll_waits_as_ready_without_a_slot_and_says_for_what(box: Box) -> None:
    box.config({"maxConcurrency": 1, "grace": 0, "pollInterval": 0.1})
    box.workflow("w", poll("wait", "work"), script("work", "done"), terminal())
    box.plan("p", "T-1", "T-2", workflow="w")
    box.plan("q", "T-9", workflow="holding")
    box.daemon()
    box.held("T-9")
    wait_for(lambda: len(box.trace("asked")) >= 6)
    ticket = wait_for(lambda: box.read("p", "T-1") if box.read("p", "T-1").get("waitReason") else None)
    assert (ticket["status"], ticket.get("attempt")) == ("ready", None)
    assert ticket["wakeAt"]
    assert "wait" in ticket["waitReason"]
    box.mark("open")
    box.mark("release")
    box.until_plan("p", "complete")
    folders = sorted(path.name for path in (box.logs / "p/T-1").iterdir() if path.is_dir())
    assert folders == ["001-wait", "002-work"]
    assert box.history("p", "T-1") == [("wait", "success"), ("work", "success"), ("done", "success")]


def test_the_exit_code_of_a_check_decides(box: Box) -> None:
    cases: dict[str, tuple[int, dict[str, Any], str]] = {
        "yes": (0, {}, "done"), "no": (2, {}, "alarm"), "odd": (7, {}, "alarm"),
        "route": (7, {"onExit": {"7": "work"}}, "work"), "late": (1, {"timeoutSeconds": 0.3}, "alarm"),
    }  # fmt: skip
    box.plan("p", *cases)
    for name, (code, keys, _) in cases.items():
        wait = poll("wait", "done", "exit.sh", args=[str(code)], onFailure="alarm", intervalSeconds=0.1, **keys)
        box.workflow(name, wait, script("work", "done"), terminal("alarm", notify=True), terminal())
        box.ticket("p", name, workflow=name)
    box.daemon()
    for name, (_, _, ends) in cases.items():
        ticket = box.until("p", name, "needs_attention" if ends == "alarm" else "complete")
        assert ends in [phase for phase, _ in box.history("p", name)]
        assert ticket["retries"].get("wait", 0) == 0


def test_the_original_s_clock_of_a_poll_goes_on(box: Box) -> None:
    wait = poll("wait", "done", onFailure="late", intervalSeconds=60, timeoutSeconds=3600)
    box.workflow("w", wait, terminal("late", notify=True), terminal())
    box.plan("p", "OLD", "NEW", workflow="w")
    box.ticket("p", "OLD", status="ready", currentPhase="wait", context={"_pollStart_wait": ago(hours=2)})
    box.ticket("p", "NEW", status="ready", currentPhase="wait", context={"_pollStart_wait": ago(minutes=5)})
    box.ok("tick")
    assert box.status_of("p", "OLD") == "needs_attention"
    new = box.read("p", "NEW")
    assert (new["status"], new["currentPhase"]) == ("ready", "wait")
    assert new["wakeAt"]


# --- endings


def test_a_terminal_phase_ends_the_ticket_with_one_entry(box: Box) -> None:
    box.workflow("w", script("work", "alarm"), terminal("alarm", notify=True))
    box.plan("p", "T-1", workflow="w")
    box.refused("run", "p", "T-1")
    assert (box.status_of("p", "T-1"), box.history("p", "T-1")) == (
        "needs_attention",
        [("work", "success"), ("alarm", "success")],
    )


def test_a_ticket_that_begins_in_a_terminal_phase_is_complete(box: Box) -> None:
    box.plan("p", "T-1")
    box.ticket("p", "T-1", currentPhase="done")
    box.ok("run", "p", "T-1")
    assert box.history("p", "T-1") == [("done", "success")]


def test_aliases_let_a_ticket_go_on_in_a_renamed_phase(box: Box) -> None:
    box.workflow("w", script("build", "done"), terminal(), aliases={"compile": "build"})
    box.plan("p", "T-1", workflow="w")
    box.ticket("p", "T-1", status="ready", currentPhase="compile")
    box.ok("run", "p", "T-1")
    assert box.trace() == ["T-1 build"]


def test_a_captured_value_is_kept_on_failure_too_and_shadows_no_ticket_field(box: Box) -> None:
    box.workflow(
        "w", script("work", "done", "fail.sh", capture={"said": "stdout", "worktree": "stdout"}, onFailure="next"),
        script("next", "done", args=["{{ said }}", "{{ context.said }}", "{{ worktree }}"]), terminal(),
    )  # fmt: skip
    box.plan("p", "T-1", workflow="w")
    box.ticket("p", "T-1", worktree=str(box.root))
    box.ok("run", "p", "T-1")
    ticket = box.read("p", "T-1")
    assert ticket["context"]["said"] == "it broke"
    assert ticket["phaseHistory"][1]["output"] == f"noted it broke it broke {box.root}\n"


def test_a_plan_may_say_almost_nothing(box: Box) -> None:
    box.write(box.plans / "p/plan.json", '{"id": "p"}')
    assert box.ok("status", "-p", "p", "--json").json == {"plan": {"id": "p"}, "tickets": [], "problems": []}
    box.ok("tick")


def test_a_time_to_wait_for_is_waited_for_whoever_wrote_it(box: Box) -> None:
    box.plan("p", "LATER", "NOW")
    box.ticket("p", "LATER", status="ready", wakeAt=ago(hours=-1), waitReason="because of the moon")
    box.ticket("p", "NOW", status="ready", wakeAt=ago(hours=1))
    box.ok("tick")
    assert [box.status_of("p", one) for one in ("LATER", "NOW")] == ["ready", "complete"]
    assert "because of the moon" in box.ok("status").out


def test_a_workflow_that_came_too_late_is_enough_for_a_retry(box: Box) -> None:
    box.plan("p", "T-1", workflow="late")
    box.ok("tick")
    assert "late" in box.refused("skip", "p", "T-1", "work")
    box.workflow("late", script("work", "done"), terminal())
    box.ok("retry", "p", "T-1")
    box.ok("run", "p", "T-1")


def test_a_ticket_added_by_hand_to_a_complete_plan_is_told_and_not_started(box: Box) -> None:
    box.plan("p", "T-1")
    box.ok("tick")
    box.plan("p", "T-1", "T-2", status="complete")
    box.ok("tick")
    assert box.trace() == ["T-1 work"]
    assert "T-2" in json.dumps(box.ok("status", "-p", "p", "--json").json["problems"])
    box.ok("skip", "p", "T-2", "work")
    box.ok("tick")
    assert box.read_plan("p")["status"] == "complete"
    assert len(box.trace()) == 2


def test_more_than_five_losses_of_a_visit_need_a_person_and_spend_no_retry(box: Box) -> None:
    box.script("dies.sh", 'echo x >> "$MARKS/trace"; kill -KILL 0')  # its launcher too, so nothing tells how it ended
    box.workflow("w", script("work", "done", "dies.sh", maxRetries=3), terminal())
    box.plan("p", "T-1", workflow="w")
    box.refused("run", "p", "T-1")
    ticket = box.read("p", "T-1")
    assert (ticket["status"], len(box.trace())) == ("needs_attention", 6)
    assert (ticket["phaseHistory"], ticket["retries"].get("work", 0)) == ([], 0)
    box.ok("retry", "p", "T-1")
    box.refused("run", "p", "T-1")
    assert len(box.trace()) == 12


def test_at_most_eight_checks_are_under_way_at_once(box: Box) -> None:
    box.workflow("w", poll("wait", "done", "hold.sh"), terminal())
    box.plan("p", *(f"T-{n}" for n in range(10)), workflow="w")
    box.plan("q", "LAST")
    box.daemon()
    box.until("q", "LAST", "complete")
    wait_for(lambda: len(box.trace()) >= 9)
    assert len(box.trace()) == 9
    box.mark("release")
    box.until_plan("p", "complete")
