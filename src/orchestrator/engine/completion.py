"""Completing plans: when every entry's ticket is complete, so is the plan."""

from __future__ import annotations

import time

from orchestrator.core.model import Key, Plan
from orchestrator.engine.desk import FOREIGN_SECONDS, Desk
from orchestrator.engine.telling import notices
from orchestrator.errors import IllegalTransitionError, NotFoundError, StoreError, UnreadableError


class Completion:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._uncompleted: dict[str, float] = {}
        """Plans whose completion could not be saved, and when to try again (monotonic)."""

    def dues(self) -> list[float]:
        return list(self._uncompleted.values())

    def late(self) -> set[str]:
        """Plans to be tried again."""
        return {plan_id for plan_id, due in self._uncompleted.items() if due <= time.monotonic()}

    def complete(self, plan_id: str) -> None:
        plan = self._desk.board.plans.get(plan_id)
        if plan is None or plan.status == "complete" or not self._desk.board.all_complete(plan_id):
            self._uncompleted.pop(plan_id, None)
            return
        try:
            after = self._desk.home.store.apply_plan(plan_id, "complete", self._is_complete, patience=0)
        except (IllegalTransitionError, NotFoundError, UnreadableError, StoreError) as error:
            if plan_id not in self._uncompleted:
                self._desk.home.logs.event("plan_not_completed", None, "warning", plan=plan_id, reason=str(error))
            self._uncompleted[plan_id] = time.monotonic() + FOREIGN_SECONDS
            notices.plan_not_completed(self._desk.home, plan_id)
            return
        self._uncompleted.pop(plan_id, None)
        if after.status == "complete":
            self._desk.board.put_plan(after)
            self._desk.home.logs.event("plan_complete", None, plan=plan_id)
            notices.plan_completed(self._desk.home, plan_id)

    def _is_complete(self, plan: Plan) -> bool:
        """Asked under the plan's lock, after another look at the files. A retry saves the ticket and then reopens the
        plan: either it is seen here, or it finds the plan complete and reopens it."""
        for entry in plan.tickets:
            self._desk.index.look(str(self._desk.home.places.ticket_file(Key(plan.id, entry.ticket_id))))
        known = self._desk.board.plans.get(plan.id)
        complete = known is not None and known.tickets == plan.tickets and self._desk.board.all_complete(plan.id)
        if complete and plan.status != "complete":
            notices.intend_plan(self._desk.home, plan)
        return complete
