"""The generic agent: any command that no adapter knows. Its exit code is its verdict, what it prints is its answer.

The prompt is the first argument, before `defaultArgs`; `promptVia` changes that. A prompt that cannot be an argument
(longer than the kernel takes, or with a NUL in it) goes by standard input instead.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable, Mapping

from orchestrator.agents.base import Call, Command, Ended, Login, Option, Reader, Report, Versions
from orchestrator.agents.kit.described import as_written, no_files, no_planning, no_remarks, nothing_in
from orchestrator.agents.kit.line_said import said as said
from orchestrator.agents.kit.phrases import last_line
from orchestrator.core.outcome import Usage
from orchestrator.core.prices import Price
from orchestrator.core.settings import AgentSettings

name = "command"
chooses_session = False
has_sessions = False
options: frozenset[Option] = frozenset()
cumulative: frozenset[str] = frozenset()
streams_usage = False
versions: Versions | None = None
help_calls: tuple[tuple[str, ...], ...] = ()
flags: tuple[str, ...] = ()
prices: Mapping[str, Price] = {}
adjusted, remarks, session_files, told_in = as_written, no_remarks, no_files, nothing_in
plan_command = no_planning
login_env: tuple[str, ...] = ()

ARGUMENT_LIMIT = 128_000
"""Bytes. Linux takes 131,071 in one argument."""
TEXT_LIMIT = 1024 * 1024
"""Bytes of the answer that are kept; of a longer one the first and the last half."""


def command(call: Call) -> Command:
    program, args = call.settings.command, call.settings.default_args
    match call.settings.prompt_via:
        case "file":
            return Command((program, call.prompt_file, *args))
        case "arg" if _fits(call.prompt):
            return Command((program, call.prompt, *args))
        case _:
            return Command((program, *args), stdin=call.prompt)


def _fits(prompt: str) -> bool:
    return "\0" not in prompt and len(prompt.encode("utf-8", "replace")) <= ARGUMENT_LIMIT


def resume_command(settings: AgentSettings, session: str) -> tuple[str, ...] | None:
    return None


def login(environ: Mapping[str, str], read: Reader) -> Login:
    return Login(None, "only the program itself knows")


class Listener:
    session: str | None = None
    model: str | None = None

    def __init__(self) -> None:
        self._answer = _Answer()

    def hear(self, line: bytes) -> None:
        self._answer.add(line)

    def usage(self) -> Usage | None:
        return None

    def report(self, stderr_tail: str, exit_code: int | None, at: float | None = None) -> Report:
        return _report(self._answer.text(), stderr_tail, exit_code)


listen = Listener


def report(lines: Iterable[bytes], stderr_tail: str, exit_code: int | None) -> Report:
    return _report(answer(lines), stderr_tail, exit_code)


def _report(text: str, stderr_tail: str, exit_code: int | None) -> Report:
    if exit_code == 0:
        return Report(ended=Ended.SUCCESS, text=text)
    if exit_code is None:
        return Report(ended=Ended.INTERRUPTED, text=text, error="it ended without leaving an exit code")
    return Report(ended=Ended.FAILURE, text=text, error=_error(stderr_tail, exit_code))


def _error(stderr_tail: str, exit_code: int) -> str:
    how = _how(exit_code)
    last = last_line(stderr_tail)
    return f"{how}: {last}" if last else how


def _how(exit_code: int) -> str:
    number = -exit_code if exit_code < 0 else exit_code - 128
    try:
        return f"ended by {signal.Signals(number).name}"
    except ValueError:
        return f"exit code {exit_code}"


class _Answer:
    """Everything, or the first and the last part with a note of what lies between. Holds twice that at most."""

    def __init__(self) -> None:
        self._half = TEXT_LIMIT // 2
        self._head, self._tail, self._dropped = bytearray(), bytearray(), 0

    def add(self, line: bytes) -> None:
        line = line.rstrip(b"\r\n") + b"\n"
        room = self._half - len(self._head)
        self._head += line[:room]
        self._tail += line[room:]
        if len(self._tail) > 2 * self._half:
            self._dropped += len(self._tail) - self._half
            del self._tail[: -self._half]

    def text(self) -> str:
        dropped = self._dropped + max(0, len(self._tail) - self._half)
        if not dropped:
            return _decoded(self._head + self._tail)
        return f"{_decoded(self._head)}\n[… {dropped} bytes left out …]\n{_decoded(self._tail[-self._half :])}"


def answer(lines: Iterable[bytes]) -> str:
    found = _Answer()
    for line in lines:
        found.add(line)
    return found.text()


def _decoded(content: bytearray) -> str:
    return content.decode("utf-8", "replace")
