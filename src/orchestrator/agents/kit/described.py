"""An agent CLI that prints JSON lines, as a record: what a file of its own has to say, and what most have in common.

The law: what is not said is not claimed. A CLI of which nothing is told has no sessions, no options, no prices and no
known way to log in; what its output says is shown as any program's is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from orchestrator.agents.base import (
    Agent,
    Call,
    Command,
    Login,
    Option,
    Planning,
    Reader,
    Said,
    Start,
    Versions,
    Written,
)
from orchestrator.agents.kit import line_said
from orchestrator.agents.kit.arguments import chosen_model
from orchestrator.agents.kit.listening import JsonListener, Sign
from orchestrator.core.prices import Price
from orchestrator.core.settings import AgentSettings

UNKNOWN = Login(None, "no credentials in its environment; whether it is logged in only the program itself knows")


def as_written(settings: AgentSettings) -> str | None:
    return None


def no_files(environ: Mapping[str, str], session: str | None) -> tuple[str, ...]:
    return ()


def nothing_in(lines: Iterable[bytes]) -> Written:
    return Written()


def no_remarks(settings: AgentSettings) -> tuple[str, ...]:
    return ()


def no_planning(planning: Planning) -> Start | None:
    return None


def no_errors(heard: JsonListener, stderr: str) -> None:
    return None


def logged_in(
    environ: Mapping[str, str], read: Reader, keys: Iterable[str], files: Iterable[str], otherwise: str
) -> Login:
    """By the first of the variables that is set, or of the files that have something in them."""
    for key in keys:
        if environ.get(key):
            return Login(True, f"{key} is set")
    for file in files:
        if (read(file) or "").strip() not in ("", "{}"):
            return Login(True, f"logged in ({file})")
    return Login(None, otherwise)


class JsonAgent(msgspec.Struct, frozen=True, kw_only=True):
    """Satisfies `base.Agent`, which says what each field means."""

    name: str
    command: Callable[[Call], Command]
    event: Callable[[JsonListener, dict[str, Any]], None]
    """Notes in the listener what one event of the output means."""
    signs: tuple[Sign, ...] = ()
    """What words of an error mean, the most certain first."""
    chooses_session: bool = False
    session_flags: tuple[str, ...] | None = None
    """What stands before a session's id to continue it interactively; None: it has no sessions."""
    login_env: tuple[str, ...] = ()
    options: frozenset[Option] = frozenset()
    cumulative: frozenset[str] = frozenset()
    streams_usage: bool = False
    versions: Versions | None = None
    help_calls: tuple[tuple[str, ...], ...] = ()
    flags: tuple[str, ...] = ()
    prices: Mapping[str, Price] = {}
    adjusted: Callable[[AgentSettings], str | None] = as_written
    remarks: Callable[[AgentSettings], tuple[str, ...]] = no_remarks
    errors: Callable[[JsonListener, str], None] = no_errors
    """Notes in the listener what the end of stderr tells besides; called once, before the report."""
    session_files: Callable[[Mapping[str, str], str | None], tuple[str, ...]] = no_files
    told_in: Callable[[Iterable[bytes]], Written] = nothing_in
    login: Callable[[Mapping[str, str], Reader], Login] = lambda environ, read: UNKNOWN
    said: Callable[[bytes], tuple[Said, ...]] = line_said.said
    plan_command: Callable[[Planning], Start | None] = no_planning

    @property
    def has_sessions(self) -> bool:
        return self.session_flags is not None

    def listen(self) -> JsonListener:
        return JsonListener(self.name, self.signs, self.event, self.errors)

    def resume_command(self, settings: AgentSettings, session: str) -> tuple[str, ...] | None:
        if self.session_flags is None:
            return None
        model = chosen_model(settings) if Option.MODEL in self.options else ()
        return (settings.command, *self.session_flags, session, *model)


def _satisfies(described: JsonAgent) -> Agent:
    """For the type checker: the registry finds adapters by name."""
    return described
