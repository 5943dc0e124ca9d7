"""What the listeners of JSON lines have in common; an adapter adds what its CLI's events mean, and a table of errors.

The law: success is a terminal event of the right kind, no error in it, and no exit code that contradicts it. An exit
code alone is never enough, for most agent CLIs exit with 0 after failures of one kind or another.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from orchestrator.agents.base import CREDIT, Ended, Report, Told
from orchestrator.agents.kit import jsonl
from orchestrator.agents.kit.phrases import first_line, last_line
from orchestrator.agents.kit.resets import reset_time
from orchestrator.core.outcome import Usage


class Sign(NamedTuple):
    """What words of an error mean."""

    words: re.Pattern[str]
    ended: Ended
    hint: str = ""
    """What to do, for a person."""
    limit: str = ""
    """RATE_LIMITED: which one, where the words name none."""


def sign(words: str, ended: Ended, hint: str = "", limit: str = "") -> Sign:
    """`words` is a regular expression, whatever the case."""
    return Sign(re.compile(words, re.IGNORECASE), ended, hint, limit)


def credit_used_up(words: str) -> Sign:
    """Nothing of the account can go on until somebody has paid: that is no fault of the ticket."""
    return sign(words, Ended.RATE_LIMITED, "add credit to the account", CREDIT)


class JsonListener:
    """`event` is the adapter's; the rest follows from what it notes in the attributes."""

    def __init__(
        self,
        name: str,
        signs: tuple[Sign, ...],
        event: Callable[[JsonListener, dict[str, Any]], None],
        errors: Callable[[JsonListener, str], None] = lambda heard, stderr: None,
    ) -> None:
        self.name, self._signs, self._event, self._errors = name, signs, event, errors
        self.session: str | None = None
        self.model: str | None = None
        self.text = ""
        """The last message of the model."""
        self.ended_well = False
        """A terminal event said that all is well; whatever goes on after it takes that back."""
        self.error = ""
        """What a terminal event, or an error that nothing followed, said."""
        self.excused: int | None = None
        """An exit code that says no more than what was told before, and overcome."""
        self.clock: float | None = None
        """When the last dated event was written."""
        self.until: float | None = None
        self.limit = ""
        self.structured: Any = None
        self.denied: list[str] = []
        self.tools_done = 0
        """Calls of tools that worked."""
        self.retrying = ""
        """Why the last request is being repeated; empty again when there is an answer."""
        self.begun = False
        """The model was asked: output that breaks off then was interrupted, whatever the exit code."""
        self.has_end = True
        """A terminal event is the end; else it is one only together with exit code 0."""
        self.own: dict[str, Any] = {}
        """What the adapter keeps for itself from one event to the next."""
        self._usage: dict[str, float] = {}

    def hear(self, line: bytes) -> None:
        for event in jsonl.objects((line,)):
            self._event(self, event)

    def count(self, **counters: float | None) -> None:
        """Adds to the fields of `Usage`."""
        for field, n in counters.items():
            if n is not None:
                self._usage[field] = self._usage.get(field, 0) + n

    def set(self, **counters: float | None) -> None:
        """Takes the place of what was counted: a total."""
        self._usage.update({field: n for field, n in counters.items() if n is not None})

    def usage(self) -> Usage | None:
        if not self._usage:
            return None
        told: dict[str, Any] = {field: n if field == "cost_usd" else int(n) for field, n in self._usage.items()}
        return Usage(**told)

    def report(self, stderr_tail: str, exit_code: int | None, at: float | None = None) -> Report:
        stderr_tail = _COLOURS.sub("", stderr_tail)
        self._errors(self, stderr_tail)
        ended, error = self._judge(stderr_tail, exit_code)
        until = self.until
        told = Told.STRUCTURED if until is not None else None
        if ended is Ended.RATE_LIMITED and until is None:
            until = reset_time(self.error or stderr_tail, self.clock if self.clock is not None else at)
            told = Told.TEXT if until is not None else None
        return Report(
            ended=ended,
            text=self.text,
            error=error,
            session=self.session,
            until=until if ended is Ended.RATE_LIMITED else None,
            limit=(self.limit or _limit_name(error)) if ended is Ended.RATE_LIMITED else "",
            told=told if ended is Ended.RATE_LIMITED else None,
            usage=None if ended is Ended.SESSION_GONE else self.usage(),
            model=self.model,
            structured=self.structured,
            denied=tuple(dict.fromkeys(self.denied)),
        )

    def _judge(self, stderr_tail: str, exit_code: int | None) -> tuple[Ended, str]:
        if self.ended_well and not self.error:
            return self._after_success(exit_code)
        if self.denied and exit_code == 0 and not self.error:
            return Ended.PERMISSION_REFUSED, f"{self.name} was not allowed to use {self.refusals}, and ended there"
        if self.error or _by_itself(exit_code):
            found, line = self._found(self.error or stderr_tail)
            if found is not None:
                said = first_line(self.error) or line
                self.limit = found.limit or self.limit
                return found.ended, f"{self.name}: {said}{f'; {found.hint}' if found.hint else ''}"
            said = first_line(self.error) or _last_words(stderr_tail)
            if said and (self.error or exit_code != 0) and not (self.begun and not self.error):
                return Ended.FAILURE, f"{self.name}: {said}"
        if exit_code is None or exit_code == 0 or not _by_itself(exit_code) or self.begun:
            why = f" while it repeated a request that had failed: {first_line(self.retrying)}" if self.retrying else ""
            return Ended.INTERRUPTED, f"{self.name} ended without a result{with_code(exit_code)}{why}"
        return Ended.FAILURE, f"{self.name} exited with code {exit_code} and said nothing"

    def _after_success(self, exit_code: int | None) -> tuple[Ended, str]:
        if exit_code is None and not self.has_end:
            return Ended.INTERRUPTED, f"{self.name} ended without leaving an exit code"
        if exit_code not in (0, None, self.excused):
            if not _by_itself(exit_code):
                ended = f"{self.name} gave an answer, but was ended before it had finished{with_code(exit_code)}"
                return Ended.INTERRUPTED, ended
            return Ended.FAILURE, f"{self.name} gave an answer, but exited with code {exit_code}"
        if self.denied and not self.tools_done:
            refused = f"{self.name} was not allowed to use any tool it tried: {self.refusals}"
            return Ended.PERMISSION_REFUSED, f"{refused}; see allowedTools of the phase and defaultArgs of this agent"
        return Ended.SUCCESS, ""

    @property
    def refusals(self) -> str:
        return ", ".join(dict.fromkeys(self.denied))

    def _found(self, said: str) -> tuple[Sign | None, str]:
        """The first sign in it, and the line in which it is."""
        lines = said.splitlines()
        for one in self._signs:
            for line in lines:
                if one.words.search(line):
                    return one, first_line(line)
        return None, ""


_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_ERROR = re.compile(r"\W*error\b", re.IGNORECASE)


def _last_words(stderr: str) -> str:
    """The first line that calls itself an error (advice and stack traces come after it), else the last one."""
    return first_line("\n".join(line for line in stderr.splitlines() if _ERROR.match(line))) or last_line(stderr)


def _limit_name(error: str) -> str:
    return "usage limit" if re.search(r"usage.?limit|quota", error, re.IGNORECASE) else "rate limit"


def _by_itself(exit_code: int | None) -> bool:
    """Not by a signal, nor together with its launcher."""
    return exit_code is not None and 0 <= exit_code <= 128


def with_code(exit_code: int | None) -> str:
    return "" if exit_code is None else f" (exit code {exit_code})"
