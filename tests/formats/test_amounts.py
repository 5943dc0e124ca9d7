"""Amounts as people write and read them."""

from __future__ import annotations

import pytest

from orchestrator.formats.amounts import seconds, shown, size


@pytest.mark.parametrize(
    ("text", "meant"),
    [("14d", 14 * 86400), ("36h", 36 * 3600), ("2w", 14 * 86400), ("90m", 5400), ("5s", 5), ("3", 3 * 86400),
     ("0.5 days", 43200), ("2 weeks", 14 * 86400), ("10min", 600)],
)  # fmt: skip
def test_a_length_of_time(text: str, meant: float) -> None:
    assert seconds(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [("1gb", 1 << 30), ("1G", 1 << 30), ("1.5GiB", 3 << 29), ("500 MB", 500 << 20), ("20k", 20 << 10), ("7", 7),
     ("7b", 7), ("1tb", 1 << 40)],
)  # fmt: skip
def test_a_size(text: str, meant: int) -> None:
    assert size(text) == meant


@pytest.mark.parametrize("text", ["", "x", "-3d", "1gbb", "d", "1y", "nan", "1e9", "b"])
def test_what_is_neither_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write it like 1gb or 500mb"):
        size(text)
    with pytest.raises(ValueError, match="write it like 14d, 36h or 2w"):
        seconds(text)


def test_sizes_for_people() -> None:
    assert [shown(n) for n in (0, 999, 2048, 150 << 20, 3 << 29)] == ["0 B", "999 B", "2.0 kB", "150 MB", "1.5 GB"]
