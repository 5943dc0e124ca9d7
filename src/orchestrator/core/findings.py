"""What an examination of this machine finds: one line each, with what to do. Pure.

The law: `broken` is what keeps work from being done; `warning` what may, or will once it is needed; all else is `ok`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Literal

import msgspec

State = Literal["ok", "warning", "broken"]
STATES: tuple[State, ...] = ("broken", "warning", "ok")

_VERSION = re.compile(r"(?<![\w.])v?(\d+(?:\.\d+)+)")


class Finding(msgspec.Struct, frozen=True):
    group: str
    """config, agents, git, forge, disk, locks, state or notify."""
    name: str
    status: State
    text: str
    hint: str | None = None
    """What to do; None: nothing."""


def is_broken(findings: Iterable[Finding]) -> bool:
    return any(one.status == "broken" for one in findings)


def counts(findings: Collection[Finding]) -> dict[State, int]:
    return {state: sum(one.status == state for one in findings) for state in STATES}


# -- what programs say of themselves ----------------------------------------------------------------------------------


def version_in(text: str) -> str | None:
    """The first thing that looks like one: `2.1.330 (Claude Code)`, `codex-cli 0.169.0`, `git version 2.39.5`."""
    found = _VERSION.search(text)
    return found[1] if found else None


def is_before(version: str, other: str) -> bool:
    """By numbers: `2.9` is before `2.10`, `2` is the same as `2.0`."""
    ours, theirs = _numbers(version), _numbers(other)
    size = max(len(ours), len(theirs))
    return ours + (0,) * (size - len(ours)) < theirs + (0,) * (size - len(theirs))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def not_in(help_text: str, flags: Iterable[str]) -> list[str]:
    """The flags that a help does not tell of; `--json` is not told of by `--json-schema`."""
    return [one for one in flags if not re.search(rf"(?<![\w-]){re.escape(one)}(?![\w-])", help_text)]
