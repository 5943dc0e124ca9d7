"""Command-line arguments that a person configured, beside those that an adapter gives."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Literal

from orchestrator.agents.base import Call, Option
from orchestrator.core.settings import AgentSettings

Values = Literal["none", "one", "maybe", "many"]
"""What follows a flag; `maybe` and `many` end at the next flag."""


def without(args: Iterable[str], flags: Mapping[str, Values]) -> list[str]:
    """`args` without these flags and their values, so that what the adapter gives is not given twice."""
    return parted(args, flags)[0]


def parted(args: Iterable[str], flags: Mapping[str, Values]) -> tuple[list[str], list[str]]:
    """`args` without these flags and their values, and those."""
    kept: list[str] = []
    gone: list[str] = []
    swallow: Values = "none"
    for arg in args:
        if swallow == "one" or (swallow != "none" and not arg.startswith("-")):
            gone.append(arg)
            swallow = "many" if swallow == "many" else "none"
            continue
        flag, equals, _ = arg.partition("=")
        known = flag in flags and flag.startswith("-")
        swallow = flags[flag] if known and not equals else "none"
        (gone if known else kept).append(arg)
    return kept, gone


def merged(call: Call, ours: Mapping[str, Values], flags: Mapping[Option, str]) -> list[str]:
    """`defaultArgs` and after them what the phase and the agent's settings ask for, which takes the place of the same
    flag there. `ours` are those that the adapter gives itself; `flags` are the CLI's for each option: of several
    (`--model -m`) the first is used."""
    chosen = [(option, flags[option].split(), text) for option, text in _wanted(call).items() if option in flags]
    replaced = {flag: _follows(option) for option, spellings, _ in chosen for flag in spellings}
    argv = without(call.settings.default_args, {**ours, **replaced})
    for _, spellings, text in chosen:
        argv += [spellings[0], text]
    return argv


def chosen_model(settings: AgentSettings) -> tuple[str, ...]:
    """What chooses the model, for a person who goes on with a session: another one would be a surprise."""
    if settings.model is not None:
        return "--model", settings.model
    return tuple(parted(settings.default_args, {"--model": "one", "-m": "one"})[1])


def for_a_person(settings: AgentSettings, headless: Mapping[str, Values]) -> list[str]:
    """`defaultArgs` without what is for headless runs, and with the model that is configured."""
    if settings.model is None:
        return without(settings.default_args, headless)
    model: dict[str, Values] = {"--model": "one", "-m": "one"}
    return [*without(settings.default_args, {**headless, **model}), "--model", settings.model]


def _follows(option: Option) -> Values:
    return "many" if option is Option.ALLOWED_TOOLS else "one"


def renamed(tools: Iterable[str], names: Mapping[str, str], patterns: bool = False) -> tuple[str, ...]:
    """What workflows call a tool (`Read`, `Bash(git log:*)`) in the CLI's own names; unknown ones stay as they are, so
    that a list never becomes empty, which would allow everything. Without `patterns` the whole tool is meant."""
    found = []
    for tool in tools:
        name, bracket, pattern = tool.partition("(")
        inside = pattern.rstrip(")").removesuffix("*").removesuffix(":").strip()
        rest = f"({inside})" if bracket and patterns and inside else ""
        found += [own + rest for own in names.get(name, name).split()]
    return tuple(dict.fromkeys(found))


def _wanted(call: Call) -> dict[Option, str]:
    wanted = {
        Option.MODEL: call.settings.model,
        Option.MAX_TURNS: call.max_turns,
        Option.MAX_COST_USD: call.max_cost_usd,
        Option.OUTPUT_SCHEMA: json.dumps(call.output_schema) if call.output_schema else None,
        Option.ALLOWED_TOOLS: ",".join(call.allowed_tools) or None,
    }
    return {option: str(value) for option, value in wanted.items() if value is not None}
