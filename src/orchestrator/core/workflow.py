"""Workflows as records: one class per phase type, because a poll phase has no prompt."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

import msgspec

DEFAULT_MAX_VISITS = 10
DEFAULT_POLL_TIMEOUT = 86_400.0
DEFAULT_AGENT_TIMEOUT = 3_600.0
MAX_CHECK_SECONDS = 300.0
"""One poll check lasts at most this long."""
RETRY = "retry"
"""`onFailure: retry`: when the retries are used up the ticket has failed."""


class PhaseBase(msgspec.Struct, frozen=True, rename="camel", kw_only=True, tag_field="type"):
    id: str
    on_success: str | None = None
    on_failure: str | None = None
    max_retries: int = 0
    max_visits: int | None = None
    retry_delay_seconds: float = 0
    capture: dict[str, str] = {}
    timeout_seconds: float | None = None
    lane: bool = False
    """One ticket of a repository and base at a time is in such phases."""


class ScriptPhase(PhaseBase, frozen=True, rename="camel", kw_only=True, tag_field="type", tag="script"):
    command: str
    args: tuple[str, ...] = ()
    on_exit: dict[int, str] = {}


class AgentPhase(PhaseBase, frozen=True, rename="camel", kw_only=True, tag_field="type", tag="agent"):
    prompt_template: str
    allowed_tools: tuple[str, ...] = ()
    max_turns: int | None = None
    agent: str | None = None
    idle_timeout_seconds: float | None = None
    verdict: bool = False
    evidence: Literal["commit", "diff", "none"] = "none"
    max_cost_usd: float | None = None
    output_schema: dict[str, Any] | str | None = None
    """JSON Schema of its final answer, an object; its properties are captured. A text: the file of that name was not
    found."""
    reviewer: bool = False
    """`reviewAgent` does it, where there is one. (So it is with a phase called self_review.)"""


class PollPhase(PhaseBase, frozen=True, rename="camel", kw_only=True, tag_field="type", tag="poll"):
    command: str
    args: tuple[str, ...] = ()
    interval_seconds: float | None = None
    on_exit: dict[int, str] = {}


class TerminalPhase(PhaseBase, frozen=True, rename="camel", kw_only=True, tag_field="type", tag="terminal"):
    notify: bool = False


Phase = ScriptPhase | AgentPhase | PollPhase | TerminalPhase


class Workflow(msgspec.Struct, frozen=True, rename="camel", kw_only=True, dict=True):
    name: str
    description: str = ""
    tags: tuple[str, ...] = ()
    phases: tuple[Phase, ...]
    max_visits: int = DEFAULT_MAX_VISITS
    aliases: dict[str, str] = {}

    @property
    def first(self) -> str | None:
        """Where a ticket begins; None for the empty workflow that stands for one that cannot be read."""
        return self.phases[0].id if self.phases else None

    @cached_property
    def _places(self) -> dict[str, int]:
        """Asked for many times per attempt, and a workflow may have hundreds of phases. Of two of a name the first."""
        return {phase.id: i for i, phase in reversed(list(enumerate(self.phases)))}

    def resolve(self, phase_id: str) -> str:
        """The phase id of today for an id that a ticket in flight may still carry."""
        return phase_id if phase_id in self._places else self.aliases.get(phase_id, phase_id)

    def phase(self, phase_id: str) -> Phase | None:
        place = self._places.get(self.resolve(phase_id))
        return self.phases[place] if place is not None else None

    def position(self, phase_id: str) -> int | None:
        """1-based place of a phase, for `implement (2/7)`."""
        place = self._places.get(self.resolve(phase_id))
        return place + 1 if place is not None else None

    def captured_names(self) -> frozenset[str]:
        return self._captured_names

    @cached_property
    def _captured_names(self) -> frozenset[str]:
        return frozenset(name for phase in self.phases for name in (*phase.capture, *answers(phase)))


def answers(phase: Phase) -> tuple[str, ...]:
    """The names that a structured answer of the phase gives."""
    schema = phase.output_schema if isinstance(phase, AgentPhase) else None
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return tuple(properties) if isinstance(properties, dict) else ()


def targets(phase: Phase) -> dict[str, str]:
    """Every phase id that this phase names, by the key that names it (`onSuccess`, `onExit 3`, …)."""
    found = {"onSuccess": phase.on_success, "onFailure": phase.on_failure}
    if isinstance(phase, ScriptPhase | PollPhase):
        found |= {f"onExit {code}": target for code, target in phase.on_exit.items()}
    if found["onFailure"] == RETRY:
        found["onFailure"] = None
    return {key: target for key, target in found.items() if target is not None}
