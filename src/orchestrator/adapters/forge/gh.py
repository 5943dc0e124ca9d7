"""GitHub's own command line, run for one answer.

The law: it asks nobody, it is asked in the repository that is meant, and it has a time-out. An answer is an answer only
with exit code 0. What may be otherwise in a while (no network, a limit, a server's error) is told apart from what is
refused for good; in doubt it is the former, so that nobody takes silence for a no.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import msgspec

from orchestrator.adapters.environment import BOUND
from orchestrator.adapters.forge.heard import ALOUD, Heard, heard
from orchestrator.errors import OrchestratorError

TIMEOUT = 120.0
_FOR_TERMINALS = ("CLICOLOR_FORCE", "GH_FORCE_TTY")
"""They colour JSON and send it to a pager."""
_REFUSED = re.compile(
    r"not found|could not resolve to a|unprocessable|validation failed|\b(404|410|422)\b|no pull requests found"
    r"|no git remotes|known GitHub host|no commits between|already exists|not in an open state|has disabled issues",
    re.IGNORECASE,
)
_LIMIT = re.compile(r"rate limit", re.IGNORECASE)
_SECONDARY = re.compile(r"secondary rate limit|abuse detection", re.IGNORECASE)
_NOT_NOW = re.compile(
    r"rate limit|abuse|too quickly|timed? ?out|(?<!number of )(?<![/#])\b(429|50\d)\b|connection|dial |EOF|temporar",
    re.IGNORECASE,
)
"""An issue may have such a number."""


class ForgeUnreachableError(OrchestratorError):
    """The forge cannot be asked just now: nothing is known, and asking again may help."""


class ForgeNotSetUpError(ForgeUnreachableError):
    """The program is not there, or nobody is logged in: only a person can change that."""


class ForgeLimitedError(ForgeUnreachableError):
    """It was asked too often."""

    def __init__(self, text: str, said: str, wait: float | None) -> None:
        """`said`: by the program; `wait`: seconds, None: nobody says how long."""
        super().__init__(text)
        self.said, self.wait = said, wait


class ForgeRefusedError(OrchestratorError):
    """The forge has answered, and says no."""


class Gh(msgspec.Struct, frozen=True):
    command: str
    """`ghCommand`: a name or a path."""
    repo: str
    """A directory of the repository that is meant."""
    listens: bool = False
    """Whether somebody wants to know how long a limit lasts, as the headers of answers tell."""

    def text(self, *words: str, stdin: str | None = None, timeout: float = TIMEOUT) -> str:
        """What it prints. Raises ForgeUnreachableError, ForgeRefusedError."""
        try:
            done = subprocess.run(
                [self.command, *words],
                cwd=self.repo,
                env={**_environment(), **(ALOUD if self.listens else {})},
                input=(stdin or "").encode(),
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ForgeUnreachableError(f"{self.command} {words[0]} did not answer in {timeout:g} s") from error
        except OSError as error:
            place = f"{self.command} in {Path(self.repo)}"
            raise ForgeNotSetUpError(f"{place} cannot be started: {error.strerror or error}") from error
        if done.returncode != 0:
            raise self._failure(words, heard(done.stderr.decode(errors="replace"), time.time()))
        return done.stdout.decode(errors="replace")

    def json(self, *words: str, stdin: str | None = None) -> Any:
        """What it prints, as values. Raises as `text` does; what is no JSON is no answer."""
        said = self.text(*words, stdin=stdin)
        try:
            return msgspec.json.decode(said)
        except msgspec.DecodeError as error:
            raise ForgeUnreachableError(
                f"{self.command} {words[0]} answered what is no JSON: {said[:200]!r}"
            ) from error

    def graphql(self, query: str, **variables: str | int | None) -> Any:
        """`data` of the answer. A text goes as it is, a number as a number; None is left out; `{owner}` and `{repo}`
        are those of the repository."""
        words: list[str] = []
        for name, value in variables.items():
            if value is not None:
                filled_in = isinstance(value, int) or value in ("{owner}", "{repo}")
                words += ["-F" if filled_in else "-f", f"{name}={value}"]
        answer = self.json("api", "graphql", "-f", f"query={query}", *words)
        if not isinstance(answer, dict) or not isinstance(answer.get("data"), dict):
            raise ForgeUnreachableError(f"{self.command} api graphql answered without data")
        return answer["data"]

    def _failure(self, words: tuple[str, ...], told: Heard) -> OrchestratorError:
        said = told.said
        text = f"{self.command} {' '.join(words[:2])}: {said.strip()[-2000:] or 'failed without a word'}"
        if "gh auth login" in said:
            return ForgeNotSetUpError(text)
        is_refused = told.status in (403, 429) or (not told.status and bool(re.search(r"\b(403|429)\b", said)))
        if _SECONDARY.search(said) or (is_refused and told.retry_after is not None):
            more = "the forge asks to be asked less often; it is asked again later"
            return ForgeLimitedError(f"{text}\n{more}", text, told.retry_after)
        if _LIMIT.search(said) or told.status == 429:
            reset = told.reset if told.reset is not None else self._reset()
            until = time.strftime(" until %H:%M:%S UTC", time.gmtime(time.time() + reset)) if reset is not None else ""
            more = f"the forge's rate limit is used up{until}; it is asked again later"
            wait = told.retry_after if told.retry_after is not None else reset
            return ForgeLimitedError(f"{text}\n{more}", text, wait)
        if _REFUSED.search(said) and not _NOT_NOW.search(said):
            return ForgeRefusedError(text)
        return ForgeUnreachableError(text)

    def _reset(self) -> float | None:
        """Seconds until then, as far as the forge tells; the question itself counts for no limit."""
        try:
            done = subprocess.run(
                [self.command, "api", "rate_limit"],
                cwd=self.repo,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=20,
                check=False,
            )
            told = msgspec.json.decode(done.stdout).get("resources") or {}
            resets = [int(one["reset"]) for one in told.values() if one.get("remaining") == 0 and "reset" in one]
        except (OSError, subprocess.TimeoutExpired, msgspec.DecodeError, AttributeError, TypeError, ValueError):
            return None
        return max(resets) - time.time() if resets else None


def _environment() -> dict[str, str]:
    free = {name: value for name, value in os.environ.items() if name not in BOUND and name not in _FOR_TERMINALS}
    return {
        **free,
        "GH_PROMPT_DISABLED": "1",
        "GH_NO_UPDATE_NOTIFIER": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "NO_COLOR": "1",
    }
