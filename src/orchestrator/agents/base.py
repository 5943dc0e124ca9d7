"""What every agent CLI looks like from here: how it is called, and what its output says. Nothing is started here."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol

import msgspec

from orchestrator.core.outcome import Usage
from orchestrator.core.settings import AgentSettings


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One headless run that is wanted."""

    settings: AgentSettings
    prompt: str
    prompt_file: str
    """Absolute path under which the prompt will lie when the program starts."""
    session: str | None = None
    resume: bool = False
    """Continue `session`; otherwise it is the id that the new session shall get."""
    allowed_tools: tuple[str, ...] = ()
    max_turns: int | None = None
    max_cost_usd: float | None = None


class Command(msgspec.Struct, frozen=True):
    argv: tuple[str, ...]
    stdin: str = ""
    """Text on standard input; standard input is always a file, never a terminal."""


class Ended(StrEnum):
    SUCCESS = "success"
    FAILURE = "failure"
    INTERRUPTED = "interrupted"
    """It was told to stop and says so, or its output breaks off without a terminal event."""
    RATE_LIMITED = "rate_limited"
    SESSION_GONE = "session_gone"
    """The session that was to be continued does not exist (any more)."""
    SESSION_EXISTS = "session_exists"
    """The session that was to be begun exists already: an attempt got that far, so it is to be continued."""
    NEEDS_LOGIN = "needs_login"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What the output says, in the same words for every agent."""

    ended: Ended
    text: str = ""
    """The final message."""
    error: str = ""
    """One line, when it did not succeed."""
    session: str | None = None
    until: float | None = None
    """RATE_LIMITED: epoch seconds of the reset; None when the CLI did not say."""
    usage: Usage | None = None


class Kind(StrEnum):
    """What a line of an agent's output is about."""

    TEXT = "text"
    THINKING = "thinking"
    TOOL = "tool"
    """A tool is called; the first word is its name."""
    EDIT = "edit"
    """A tool that changes a file: its name, the path, and how much."""
    RESULT = "result"
    """What a tool gave back."""
    ERROR = "error"
    NOTE = "note"
    DONE = "done"
    """The end of the run, if it went well; else it is an ERROR."""


class Said(msgspec.Struct, frozen=True):
    """Something that an agent's output tells a person. Both texts are short, and not cleaned of control characters."""

    kind: Kind
    text: str
    """One line, never empty."""
    detail: str = ""
    """What follows it, of one or more lines: the rest of a text, a short diff, the next lines of a result. Of what is
    DONE the final message, which has usually been said already."""
    inner: bool = False
    """It is about an agent that this agent has started."""


class Agent(Protocol):
    name: str
    chooses_session: bool
    """Its CLI takes a session id of our choice."""
    login_env: tuple[str, ...]
    """Names (globs) of environment variables that its CLI needs to log in or to be configured."""

    def command(self, call: Call) -> Command: ...

    def session_of(self, lines: Iterable[bytes]) -> str | None:
        """The session id as soon as the output tells it; for CLIs that do not let us choose."""
        ...

    def report(self, lines: Iterable[bytes], stderr_tail: str, exit_code: int | None) -> Report:
        """`lines` is stdout, read lazily and once: it may be 1 GB long, with lines cut off at a limit.

        With or without their ends. `exit_code` is 128 + n (or -n) after signal n, and None when nobody knows it.
        """
        ...

    def said(self, line: bytes) -> tuple[Said, ...]:
        """What one line of stdout says to a person; empty when it says nothing. Never raises, whatever the line is, and
        costs no more for a huge one."""
        ...

    def resume_command(self, settings: AgentSettings, session: str) -> tuple[str, ...] | None:
        """argv of the agent's own interactive program in that session; None when it has none."""
        ...
