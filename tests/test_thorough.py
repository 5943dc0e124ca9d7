"""What `make test` leaves out is what `make chaos` runs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.thorough import chosen


def item(name: str, own: Any = None, of_file: Any = None) -> Any:
    mark = own.mark if own else of_file.mark if of_file else None
    return SimpleNamespace(
        nodeid=f"tests/test_x.py::{name}", own_markers=[mark] if own else [], get_closest_marker=lambda _: mark
    )


THOROUGH = pytest.mark.thorough
ITEMS = [
    item("plain"),
    item("never", THOROUGH),
    *(item(f"third[{n}]", THOROUGH(every=3)) for n in range(4)),
    *(item(f"both[{n}]", THOROUGH(every=2, more=True)) for n in range(2)),
    *(item(f"test_{n}", of_file=THOROUGH(every=2)) for n in range(3)),
]


def names(chaos: bool) -> list[str]:
    return [one.nodeid.partition("::")[2] for one in chosen(ITEMS, chaos)[0]]


def test_together_they_run_everything_and_twice_only_what_does_more() -> None:
    assert names(chaos=False) == ["plain", "third[0]", "third[3]", "both[0]", "test_0", "test_2"]
    assert names(chaos=True) == ["never", "third[1]", "third[2]", "both[0]", "both[1]", "test_1"]
