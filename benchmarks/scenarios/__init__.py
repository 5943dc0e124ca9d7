"""The table of scenarios, in the order in which they run. Each is a module with a few functions."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.scenarios import latency, load, many, output, phase, recovery, slots, start
from benchmarks.scenarios.scenario import Scenario

SCENARIOS: tuple[Scenario, ...] = (
    *start.SCENARIOS,
    *phase.SCENARIOS,
    *load.SCENARIOS,
    *latency.SCENARIOS,
    *slots.SCENARIOS,
    *many.SCENARIOS,
    *output.SCENARIOS,
    *recovery.SCENARIOS,
)


def chosen(names: Iterable[str]) -> tuple[Scenario, ...]:
    """By name (`load-8`) or by family (`load`); all of them without any. Raises KeyError with an unknown name."""
    wanted = [name for name in names if name]
    for name in wanted:
        if not any(matches(scenario, name) for scenario in SCENARIOS):
            raise KeyError(name)
    return tuple(one for one in SCENARIOS if not wanted or any(matches(one, name) for name in wanted))


def matches(scenario: Scenario, name: str) -> bool:
    return name in (scenario.name, scenario.name.partition("-")[0])
