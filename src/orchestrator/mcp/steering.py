"""The tools that steer: pause, resume, retry, skip; and the same for plans. What they do is what the commands do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orchestrator.mcp.answers import Answer
from orchestrator.mcp.fields import Values
from orchestrator.mcp.looking import Open


def of_ticket(name: str) -> Callable[[Open, Values], Answer]:
    """`name`: pause, resume or retry."""

    def call(open_: Open, values: Values) -> Answer:
        from orchestrator.control import reading, steering

        key = reading.ticket_key(values["plan"], values["ticket"])
        return _said(getattr(steering, name)(open_(True).home, key))

    return call


def skip(open_: Open, values: Values) -> Answer:
    from orchestrator.control import reading, steering

    key = reading.ticket_key(values["plan"], values["ticket"])
    return _said(steering.skip(open_(True).home, key, values["phase"]))


def of_plan(name: str) -> Callable[[Open, Values], Answer]:
    """`name`: pause_plan or resume_plan."""

    def call(open_: Open, values: Values) -> Answer:
        from orchestrator.control import reading, steering

        plan_id = reading.checked_id("plan", values["plan"])
        return _said(getattr(steering, name)(open_(True).home, plan_id))

    return call


def _said(said: Any) -> Answer:
    return Answer(said.text, {"said": said.text, "changed": said.changed})
