"""GitHub's own command line, run for one answer.

The law: it asks nobody, it is asked in the repository that is meant, and it has a time-out. An answer is an answer only
with exit code 0. What may be otherwise in a while (no network, a limit, a server's error) is told apart from what is
refused for good; in doubt it is the former, so that nobody takes silence for a no.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import msgspec

from orchestrator.adapters.environment import BOUND
from orchestrator.errors import OrchestratorError

TIMEOUT = 120.0
_REFUSED = re.compile(
    r"not found|could not resolve to a|unprocessable|validation failed|\b(404|410|422)\b|no pull requests found"
    r"|no git remotes",
    re.IGNORECASE,
)
_NOT_NOW = re.compile(r"rate limit|abuse|timed? ?out|\b(429|50\d)\b|connection|dial |EOF|temporar", re.IGNORECASE)


class ForgeUnreachableError(OrchestratorError):
    """The forge cannot be asked just now: nothing is known, and asking again may help."""


class ForgeRefusedError(OrchestratorError):
    """The forge has answered, and says no."""


class Gh(msgspec.Struct, frozen=True):
    command: str
    """`ghCommand`: a name or a path."""
    repo: str
    """A directory of the repository that is meant."""

    def text(self, *words: str, stdin: str | None = None, timeout: float = TIMEOUT) -> str:
        """What it prints. Raises ForgeUnreachableError, ForgeRefusedError."""
        try:
            done = subprocess.run(
                [self.command, *words],
                cwd=self.repo,
                env=_environment(),
                input=(stdin or "").encode(),
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ForgeUnreachableError(f"{self.command} {words[0]} did not answer in {timeout:g} s") from error
        except OSError as error:
            place = f"{self.command} in {Path(self.repo)}"
            raise ForgeUnreachableError(f"{place} cannot be started: {error.strerror or error}") from error
        if done.returncode != 0:
            raise _failure(f"{self.command} {' '.join(words[:2])}", done.stderr.decode(errors="replace"))
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
        """`data` of the answer. A text goes as it is, a number as a number; None is left out."""
        words: list[str] = []
        for name, value in variables.items():
            if value is not None:
                words += ["-F" if isinstance(value, int) else "-f", f"{name}={value}"]
        answer = self.json("api", "graphql", "-f", f"query={query}", *words)
        if not isinstance(answer, dict) or not isinstance(answer.get("data"), dict):
            raise ForgeUnreachableError(f"{self.command} api graphql answered without data")
        return answer["data"]


def _failure(what: str, said: str) -> OrchestratorError:
    words = f"{what}: {said.strip()[-2000:] or 'failed without a word'}"
    if _REFUSED.search(said) and not _NOT_NOW.search(said):
        return ForgeRefusedError(words)
    return ForgeUnreachableError(words)


def _environment() -> dict[str, str]:
    free = {name: value for name, value in os.environ.items() if name not in BOUND}
    return {
        **free,
        "GH_PROMPT_DISABLED": "1",
        "GH_NO_UPDATE_NOTIFIER": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "NO_COLOR": "1",
    }
