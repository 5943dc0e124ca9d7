"""Results as a file: every run as it was measured, and the rows made from them, so that others need not count again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.rounds import Measured
from benchmarks.rows import Row, rows
from benchmarks.scenarios import SCENARIOS
from benchmarks.scenarios.scenario import Scenario

FORMAT = 1


class Results(NamedTuple):
    machine: dict[str, str]
    commands: dict[str, list[str]]
    """The programs by name, the one that it is about first."""
    quick: bool
    measured: list[Measured]

    @property
    def own(self) -> str:
        return next(iter(self.commands))

    @property
    def peer(self) -> str | None:
        return next(iter(list(self.commands)[1:]), None)

    def blocks(self) -> list[tuple[Scenario, Measured, list[Row]]]:
        """What is known of each scenario that was measured and still exists."""
        known = {scenario.name: scenario for scenario in SCENARIOS}
        found = [(known[one.scenario], one) for one in self.measured if one.scenario in known]
        return [(scenario, one, list(rows(scenario, one, self.own, self.peer))) for scenario, one in found]


def save(results: Results, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "format": FORMAT, "machine": results.machine, "commands": _names(results.commands), "quick": results.quick,
        "figures": [_row(row) for _, _, found in results.blocks() for row in found],
        "measured": [one._asdict() for one in results.measured],
    }  # fmt: skip
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _names(commands: dict[str, list[str]]) -> dict[str, list[str]]:
    """Without the folders, which are nobody else's business."""
    return {name: [Path(word).name or word for word in words] for name, words in commands.items()}


def load(file: Path) -> Results:
    content: dict[str, Any] = json.loads(file.read_text())
    measured = [Measured(**one) for one in content["measured"]]
    return Results(content["machine"], content["commands"], content["quick"], measured)


def _row(row: Row) -> dict[str, Any]:
    flat = {name: _plain(value) for name, value in row._asdict().items() if name != "figure"}
    return {name: _plain(value) for name, value in row.figure._asdict().items()} | flat


def _plain(value: Any) -> Any:
    """Named tuples by their names."""
    return value._asdict() if hasattr(value, "_asdict") else value
