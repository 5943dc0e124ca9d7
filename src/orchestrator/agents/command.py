"""The generic agent: any command that no adapter knows. Its exit code is its verdict, what it prints is its answer.

The prompt is the first argument, before `defaultArgs`; `promptVia` changes that. A prompt that cannot be an argument
(longer than the kernel takes, or with a NUL in it) goes by standard input instead.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable

from orchestrator.agents.base import Call, Command, Ended, Report
from orchestrator.agents.line_said import said as said
from orchestrator.agents.phrases import last_line
from orchestrator.core.settings import AgentSettings

name = "command"
chooses_session = False
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


def session_of(lines: Iterable[bytes]) -> str | None:
    return None


def resume_command(settings: AgentSettings, session: str) -> tuple[str, ...] | None:
    return None


def report(lines: Iterable[bytes], stderr_tail: str, exit_code: int | None) -> Report:
    text = answer(lines)
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


def answer(lines: Iterable[bytes]) -> str:
    """Everything, or the first and the last part with a note of what lies between. Holds twice that at most."""
    half = TEXT_LIMIT // 2
    head, tail, dropped = bytearray(), bytearray(), 0
    for line in lines:
        line = line.rstrip(b"\r\n") + b"\n"
        room = half - len(head)
        head += line[:room]
        tail += line[room:]
        if len(tail) > 2 * half:
            dropped += len(tail) - half
            del tail[:-half]
    dropped += max(0, len(tail) - half)
    if not dropped:
        return _decoded(head + tail)
    return f"{_decoded(head)}\n[… {dropped} bytes left out …]\n{_decoded(tail[-half:])}"


def _decoded(content: bytearray) -> str:
    return content.decode("utf-8", "replace")
