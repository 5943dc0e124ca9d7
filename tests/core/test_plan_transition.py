"""What becomes of a plan's status."""

from __future__ import annotations

import itertools
import typing

import pytest

from orchestrator.core.model import PlanStatus
from orchestrator.core.plan_transition import PLAN_TABLE, PlanEvent, plan_transition
from orchestrator.errors import IllegalTransitionError
from tests import factories

ACTIVE, PAUSED, COMPLETE = PlanStatus.ACTIVE, PlanStatus.PAUSED, PlanStatus.COMPLETE
ALL = tuple(itertools.product(PlanStatus, typing.get_args(PlanEvent)))


@pytest.mark.parametrize(
    ("before", "event", "after"),
    [
        (ACTIVE, "pause", PAUSED),
        (PAUSED, "resume", ACTIVE),
        (ACTIVE, "complete", COMPLETE),
        (PAUSED, "complete", COMPLETE),
        (COMPLETE, "reopen", ACTIVE),
    ],
)
def test_what_changes_a_plan(before: PlanStatus, event: PlanEvent, after: PlanStatus) -> None:
    assert plan_transition(factories.plan("T-1", status=before), event).status is after


@pytest.mark.parametrize(
    ("status", "event"),
    [
        (PAUSED, "pause"), (ACTIVE, "resume"), (COMPLETE, "complete"), (ACTIVE, "reopen"), (PAUSED, "reopen"),
    ],
)  # fmt: skip
def test_what_is_so_already_changes_nothing(status: PlanStatus, event: PlanEvent) -> None:
    plan = factories.plan("T-1", status=status)
    assert plan_transition(plan, event) is plan


@pytest.mark.parametrize(("status", "event"), [pair for pair in ALL if pair not in PLAN_TABLE])
def test_anything_else_is_refused_and_says_what_would_be_possible(status: PlanStatus, event: PlanEvent) -> None:
    with pytest.raises(IllegalTransitionError) as caught:
        plan_transition(factories.plan("T-1", status=status), event)
    message = str(caught.value)
    assert message.startswith(f"cannot {event} plan p1: it is {status}") and "(" in message


def test_a_complete_plan_is_reopened_by_what_is_done_to_its_tickets() -> None:
    with pytest.raises(IllegalTransitionError, match="retry or skip one of its tickets"):
        plan_transition(factories.plan("T-1", status=COMPLETE), "resume")
