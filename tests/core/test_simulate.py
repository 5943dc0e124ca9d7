"""Walking a workflow with made-up outcomes: as a real ticket would go, to an end, and told step by step."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.model import ENDED, Plan
from orchestrator.core.rules import Rules
from orchestrator.core.trial.sayings import POSSIBLE, sayings
from orchestrator.core.trial.simulate import MAX_STEPS, simulate
from orchestrator.core.trial.steps import Walked
from orchestrator.core.workflow import Phase, TerminalPhase, Workflow
from orchestrator.errors import UsageError
from tests import factories
from tests.factories import agent, poll, script, terminal


def walked(*phases: Phase, said: str = "", **fields: Any) -> Walked:
    workflow = factories.workflow(*phases, **fields)
    rules = Rules(workflow=workflow, plan=Plan(id="p"))
    return simulate(rules, sayings(workflow, [said] if said else []))


def path(found: Walked) -> list[str]:
    return [step.phase for step in found.steps]


def bounds(found: Walked) -> list[tuple[str, str, float]]:
    return [(one.kind, one.phase, one.limit) for one in found.bounds]


def test_without_outcomes_every_phase_succeeds_and_every_poll_says_yes() -> None:
    found = walked(script("a", "p"), poll("p", "b"), agent("b", "done"), terminal())
    assert path(found) == ["a", "p", "b", "done"]
    assert (found.ticket.status, found.attempts, found.checks) == ("complete", 2, 1)
    assert [step.why for step in found.steps[:3]] == ["onSuccess"] * 3
    assert [step.to for step in found.steps] == ["p", "b", "done", None]


def test_the_last_outcome_of_a_phase_stays() -> None:
    phases = script("a", "done", max_retries=9, on_failure="end"), terminal(), terminal("end", notify=True)
    assert walked(*phases, said="a=failure,a=success").attempts == 2
    assert walked(*phases, said="a=failure,success").attempts == 2
    assert walked(*phases, said="a=failure*3,success").attempts == 4
    assert walked(*phases, said="a=failure").attempts == 10
    assert walked(*phases, said="a=failure*").attempts == 10


def test_retries_are_told_and_so_is_that_they_are_used_up() -> None:
    found = walked(script("a", "done", max_retries=2), terminal(), said="a=failure")
    assert [step.why for step in found.steps] == [
        "retry 1 of 2", "retry 2 of 2", "no retry left, no onFailure: the ticket has failed",
    ]  # fmt: skip
    assert [(step.retries, step.max_retries) for step in found.steps] == [(0, 2), (1, 2), (2, 2)]
    assert (found.ticket.status, bounds(found)) == ("failed", [("maxRetries", "a", 2)])


def test_a_loop_ends_at_the_bound_of_visits() -> None:
    found = walked(
        script("work", "check"),
        script("check", "done", on_failure="work"),
        terminal(),
        said="check=failure",
        max_visits=3,
    )
    assert path(found) == ["work", "check"] * 3
    assert (found.ticket.status, found.visits) == ("needs_attention", {"work": 3, "check": 3})
    assert bounds(found) == [("maxVisits", "work", 3)]
    assert found.steps[-1].to is None and "work may be entered 3 times only" in found.steps[-1].why


def test_an_exit_code_takes_its_route_and_spends_no_retry() -> None:
    found = walked(script("a", "done", max_retries=1, on_exit={3: "b"}), script("b", "done"), terminal(), said="a=3")
    assert path(found) == ["a", "b", "done"]
    assert (found.steps[0].why, found.steps[0].exit_code, bounds(found)) == ("onExit 3", 3, [])


def test_a_plain_failure_takes_no_route() -> None:
    phases = script("a", "done", on_exit={1: "b"}, on_failure="c"), script("b"), script("c"), terminal()
    assert path(walked(*phases, said="a=failure")) == ["a", "c"]


def test_the_end_by_a_signal_takes_no_route_either() -> None:
    phases = script("a", "done", on_exit={137: "b"}, on_failure="c"), script("b"), script("c"), terminal()
    assert path(walked(*phases, said="a=137")) == ["a", "c"]


def test_an_error_is_not_retried() -> None:
    found = walked(script("a", "done", max_retries=5, on_failure="done"), terminal(), said="a=error")
    assert (path(found), found.ticket.status) == (["a"], "failed")


def test_more_losses_than_there_may_be_need_a_person() -> None:
    found = walked(script("a", "done"), terminal(), said="a=lost")
    assert (found.ticket.status, found.attempts, bounds(found)) == ("needs_attention", 6, [("losses", "a", 5)])


def test_a_usage_limit_spends_nothing_and_is_waited_for() -> None:
    found = walked(agent("a", "done"), terminal(), said="a=rate_limited*3,success")
    assert (found.ticket.status, found.attempts) == ("complete", 4)
    assert found.seconds > 3 * 3600


def test_a_poll_that_never_says_yes_ends_when_its_time_is_up() -> None:
    found = walked(
        poll("p", "done", on_failure="late", timeout_seconds=50),
        terminal(),
        terminal("late", notify=True),
        said="p=not_yet",
    )
    assert path(found) == ["p", "late"]
    assert (bounds(found), found.ticket.status) == ([("timeoutSeconds", "p", 50)], "needs_attention")


def test_a_poll_can_say_not_yet_for_a_while() -> None:
    found = walked(poll("p", "done", interval_seconds=60), terminal(), said="p=not_yet*2,success")
    assert (path(found), found.checks) == (["p", "p", "p", "done"], 3)
    assert found.seconds > 120


def test_a_walk_that_would_go_on_for_ever_is_ended_and_says_so() -> None:
    found = walked(agent("a", "done"), terminal(), said="a=rate_limited")
    assert (len(found.steps), found.ticket.status) == (MAX_STEPS, "ready")
    assert bounds(found) == [("steps", "a", MAX_STEPS)]


def test_a_workflow_of_nothing_but_an_end_ends() -> None:
    found = walked(terminal("done", notify=True))
    assert (path(found), found.ticket.status, found.attempts) == (["done"], "needs_attention", 0)


def test_an_old_id_can_be_named() -> None:
    found = walked(script("new", "done"), terminal(), said="old=failure", aliases={"old": "new"})
    assert found.ticket.status == "failed"


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_every_walk_ends_and_every_step_begins_where_the_one_before_led(data: st.DataObject) -> None:
    from tests.core.workflows import phases_of

    workflow = Workflow(name="w", phases=data.draw(phases_of(sound=True)))
    said = []
    for phase in workflow.phases:
        if not isinstance(phase, TerminalPhase):
            kinds = st.sampled_from([kind.value for kind in POSSIBLE[type(phase)]])
            said += [f"{phase.id}={word}" for word in data.draw(st.lists(kinds, max_size=3))]
    found = simulate(Rules(workflow=workflow, plan=Plan(id="p")), sayings(workflow, said), max_steps=200)
    assert found.ticket.status in ENDED or found.bounds[-1].kind == "steps"
    for step, following in zip(found.steps, found.steps[1:], strict=False):
        assert step.to == following.phase


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("a", "write PHASE=OUTCOME"), ("", "write PHASE=OUTCOME"), ("a11=failure", "did you mean a1?"),
        ("a1=falure", "did you mean failure?"), ("a1=", "a script phase ends with"), ("a1=not_yet", "a script"),
        ("b=stalled,stalled*0", "at least once"), ("b=1", "says nothing"), ("a1=256", "end at 255"),
        ("done=success", "terminal phase"), ("p=lost", "a poll phase ends with"), ("a1=failure**2", "unknown"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_refused_with_what_could_be_meant(said: str, hint: str) -> None:
    workflow = factories.workflow(script("a1", "b"), agent("b", "p"), poll("p", "done"), terminal())
    with pytest.raises(UsageError, match="(?s)" + hint.replace("?", "\\?")):
        sayings(workflow, [said])
