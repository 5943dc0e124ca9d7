"""What a scenario gets besides the program: where it may write, and how much it shall do."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, TypeVar

from benchmarks.home import Home

Sample = dict[str, list[float]]
"""What one run measured, by the figure's key. Several values when one run meets the same thing several times."""

T = TypeVar("T")


class Room(NamedTuple):
    folder: Path
    """Fresh; removed when all is measured."""
    quick: bool = False

    def home(self, concurrency: int, poll_interval: float | None = None) -> Home:
        return Home(self.folder / "home", concurrency, poll_interval)

    def of(self, full: T, quick: T) -> T:
        return quick if self.quick else full
