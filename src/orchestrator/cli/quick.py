"""`status` without the parser of the command line: it is asked for often, by people and by scripts.

The law: only the plainest words are understood here, in the way the parser would; everything else, and every mistake,
is left to it.
"""

from __future__ import annotations

import gc
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, cast

from orchestrator.cli.opened import chosen


class Asked(NamedTuple):
    config: str | None = None
    plan: str | None = None
    as_json: bool = False
    states: tuple[str, ...] = ()
    every: bool = False


def status_asked(words: Sequence[str]) -> Asked | None:
    """What `status` is asked for; None when these words ask for something else."""
    asked, named = Asked(), False
    rest = iter(words)
    for word in rest:
        if word == "status" and not named:
            named = True
        elif word in ("-C", "--config") and (value := _value(rest)):
            asked = asked._replace(config=value)
        elif word in ("-p", "--plan") and named and (value := _value(rest)):
            asked = asked._replace(plan=value)
        elif word in ("-s", "--status") and named and (value := _value(rest)):
            asked = asked._replace(states=(*asked.states, value))
        elif word == "--json" and named:
            asked = asked._replace(as_json=True)
        elif word == "--all" and named:
            asked = asked._replace(every=True)
        else:
            return None
    return asked if named else None


def _value(rest: Any) -> str | None:
    value = next(rest, "")
    return value if value and not value.startswith("-") else None


def status(asked: Asked) -> int:
    gc.disable()  # everything that is loaded and read is kept until the end
    chosen.config_file = asked.config
    _load()
    from orchestrator.cli.look.overview import show

    return show(asked.plan, asked.as_json, asked.states, asked.every)


def _load() -> None:
    """What every `status` needs."""
    with _patterns_later():
        _load_msgspec()
    from orchestrator.formats import yaml_nodes

    with _patterns_later():
        yaml_nodes.parser()


def _load_msgspec() -> None:
    """msgspec asks for typing_extensions, which takes as long to load as msgspec itself, and does without it."""
    if "typing_extensions" not in sys.modules:
        modules = cast(dict[str, Any], sys.modules)
        modules["typing_extensions"] = None
        try:
            import msgspec  # noqa: F401
        finally:
            del modules["typing_extensions"]


class _Pattern:
    """A pattern that is compiled when it is used."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self._given = pattern, flags

    def __getattr__(self, name: str) -> Any:
        return getattr(re.compile(*self._given), name)


@contextmanager
def _patterns_later() -> Iterator[None]:
    """What is loaded meanwhile compiles patterns for the forty things that it can do, of which `status` needs none: a
    quarter of its time."""
    compile_now = re.compile
    re.compile = cast(Any, _Pattern)
    try:
        yield
    finally:
        re.compile = compile_now
