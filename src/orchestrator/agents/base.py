"""What every agent CLI looks like from here: how it is called, and what its output says. Nothing is started here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

import msgspec

from orchestrator.agents.kit.planning import Planning as Planning
from orchestrator.agents.kit.planning import Start as Start
from orchestrator.agents.kit.said import Kind as Kind
from orchestrator.agents.kit.said import Said as Said
from orchestrator.core.outcome import Usage
from orchestrator.core.prices import Price
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
    output_schema: Mapping[str, Any] | None = None
    """JSON Schema of what the final answer must be."""
    folder: str = ""
    """Absolute path of the attempt's directory, where `Command.files` will lie."""


class Command(msgspec.Struct, frozen=True):
    argv: tuple[str, ...]
    stdin: str = ""
    """Text on standard input; standard input is always a file, never a terminal."""
    env: Mapping[str, str] = {}
    """What this CLI needs to run headless; a person's `env` in the config goes before it."""
    files: Mapping[str, str] = {}
    """Written into the attempt's directory before it starts: name → text."""
    hides_git_config: bool = False
    """Its shell does not see the user's git configuration: it is told who commits, or no commit would be possible."""


class Option(StrEnum):
    """What a phase or an agent's settings may ask for, and not every CLI has. By its key in the files."""

    MODEL = "model"
    ALLOWED_TOOLS = "allowedTools"
    MAX_TURNS = "maxTurns"
    MAX_COST_USD = "maxCostUsd"
    """The CLI ends itself; the runner enforces it anyway as far as usage is streamed."""
    OUTPUT_SCHEMA = "outputSchema"


class Versions(NamedTuple):
    """The range for which the adapter was made, as `least` ≤ version < `below`."""

    least: str
    tested: str
    """The one that the tests run."""
    below: str


class Login(NamedTuple):
    known: bool | None
    """None: it cannot be known without a call of the model."""
    how: str
    """What was found, or how to log in."""


Reader = Callable[[str], str | None]
"""The text of a file (`~` is the home of the agent's environment), None when there is none."""


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
    PERMISSION_REFUSED = "permission_refused"
    """It could do nothing of what it tried, or was not allowed to run at all."""
    CONTEXT_TOO_LONG = "context_too_long"
    """The session is used up: only a new one can go on."""
    OVERLOADED = "overloaded"
    """The vendor says that it cannot serve now, whoever asks. A stream that broke off, a connection that was refused
    and an error 500 by itself say no such thing: they are failures."""
    BUDGET_REACHED = "budget_reached"
    """The CLI ended itself at the limit that it was given."""


CREDIT = "credit used up"
"""A limit like others, but that nobody knows its end: somebody must pay."""


class Told(StrEnum):
    """How the end of a limit is known, the surest first."""

    STRUCTURED = "structured"
    FILE = "file"
    """From a file that the vendor's CLI writes."""
    TEXT = "text"


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
    limit: str = ""
    """RATE_LIMITED: which one, for a person: `five-hour limit`."""
    told: Told | None = None
    """How `until` is known."""
    usage: Usage | None = None
    """Of this run, except for the counters that are `cumulative`."""
    model: str | None = None
    structured: Any = None
    """The answer to `outputSchema` from the CLI's own option, as JSON values; None when there is none."""
    denied: tuple[str, ...] = ()
    """Tools that it was not allowed to use."""


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What a CLI's own file tells of a session, where its output does not."""

    until: float | None = None
    """Epoch seconds of the reset of the limit that was reached."""
    limit: str = ""
    """Which one: `weekly limit`."""
    usage: Usage | None = None
    """As in `Report`."""
    model: str | None = None


class Listener(Protocol):
    """Hears one run, line by line, while it goes on or afterwards; holds no more for a long output than a short one.

    `hear` never raises, whatever the line is.
    """

    @property
    def session(self) -> str | None:
        """As soon as the output tells it."""
        ...

    def hear(self, line: bytes) -> None:
        """One line of stdout, with or without its end; a huge one may be cut off."""
        ...

    def usage(self) -> Usage | None:
        """So far; None while nothing is known. Of CLIs that tell it only at the end None until then."""
        ...

    @property
    def model(self) -> str | None: ...

    def report(self, stderr_tail: str, exit_code: int | None, at: float | None = None) -> Report:
        """What it came to. `exit_code` is 128 + n (or -n) after signal n, and None when nobody knows it; `at` is when
        it ended (epoch seconds), for words like `try again at 2:33 PM`."""
        ...


class Agent(Protocol):
    """One file for each CLI. Most of it is data."""

    @property
    def name(self) -> str: ...

    @property
    def chooses_session(self) -> bool:
        """Its CLI takes a session id of our choice."""
        ...

    @property
    def has_sessions(self) -> bool:
        """A run can be continued by its session id."""
        ...

    @property
    def login_env(self) -> tuple[str, ...]:
        """Names (globs) of environment variables that its CLI needs to log in or to be configured."""
        ...

    @property
    def options(self) -> frozenset[Option]:
        """What the CLI can be told."""
        ...

    @property
    def cumulative(self) -> frozenset[str]:
        """Fields of `Usage` that tell the running total of the session, also over resumed runs."""
        ...

    @property
    def streams_usage(self) -> bool:
        """Tokens are told while it runs, so that a budget can end it."""
        ...

    @property
    def versions(self) -> Versions | None: ...

    @property
    def help_calls(self) -> tuple[tuple[str, ...], ...]:
        """Arguments that print the help in which `flags` are looked for."""
        ...

    @property
    def flags(self) -> tuple[str, ...]:
        """What we call it with, as far as its help tells them."""
        ...

    @property
    def prices(self) -> Mapping[str, Price]:
        """Model (glob) → price, of `core.prices.DATE`; empty where the CLI tells the cost itself."""
        ...

    def command(self, call: Call) -> Command: ...

    def adjusted(self, settings: AgentSettings) -> str | None:
        """Says which of `defaultArgs` are replaced because the CLI refuses them; None: they are used as written."""
        ...

    def listen(self) -> Listener: ...

    def remarks(self, settings: AgentSettings) -> tuple[str, ...]:
        """What a person should know about these settings, though nothing is wrong with them."""
        ...

    def session_files(self, environ: Mapping[str, str], session: str | None) -> tuple[str, ...]:
        """Globs of files that the CLI keeps of a session, which tell more than its output. The last one counts."""
        ...

    def told_in(self, lines: Iterable[bytes]) -> Written:
        """What such a file tells, which may be long."""
        ...

    def login(self, environ: Mapping[str, str], read: Reader) -> Login:
        """Whether it is logged in, from the environment it would get and its files."""
        ...

    def said(self, line: bytes) -> tuple[Said, ...]:
        """What one line of stdout says to a person; empty when it says nothing. Never raises, whatever the line is, and
        costs no more for a huge one."""
        ...

    def resume_command(self, settings: AgentSettings, session: str) -> tuple[str, ...] | None:
        """argv of its own interactive program in that session, with the model that is configured; None: it has none."""
        ...

    def plan_command(self, planning: Planning) -> Start | None:
        """How its interactive program is started to plan with; None: it cannot be."""
        ...


def heard(agent: Agent, lines: Iterable[bytes]) -> Listener:
    """A listener that has heard all of them. `lines` is read lazily and once: it may be 1 GB long."""
    listener = agent.listen()
    for line in lines:
        listener.hear(line)
    return listener
