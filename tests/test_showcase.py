"""What the demo's table counts."""

from __future__ import annotations

from orchestrator.control.showcase import _row
from orchestrator.core.model import PhaseEntry, PhaseStatus
from tests.factories import script, terminal, ticket, workflow


def test_an_exit_that_the_workflow_routes_is_no_failure() -> None:
    flow = workflow(
        script("verify", "merge", on_failure="verify"),
        script("merge", "done", on_exit={4: "verify"}, on_failure="done"),
        terminal(),
    )
    good, bad = PhaseStatus.SUCCESS, PhaseStatus.FAILURE
    steps = [("verify", bad), ("verify", good), ("merge", bad), ("verify", good), ("merge", bad), ("done", good)]
    row = _row(ticket(phase_history=tuple(PhaseEntry(phase, status) for phase, status in steps)), flow)
    assert row.failures == 2, "the first verify, and the merge that led to its onFailure"
