"""Amounts as people write them: `14d`, `1gb`; and as they read them."""

from __future__ import annotations

import re

_WRITTEN = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)", re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_BYTES = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_SHOWN = (("TB", 1 << 40), ("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10))


def seconds(text: str) -> float:
    """`14d`, `36h`; a number alone is days. Raises ValueError."""
    number, unit = _read(text)
    known = unit.removesuffix("s") if len(unit) > 1 else unit
    factor = _SECONDS.get({"": "d", "sec": "s", "min": "m", "hour": "h", "day": "d", "week": "w"}.get(known, known))
    if factor is None:
        raise ValueError(f'"{text}" is no length of time; write it like 14d, 36h or 2w')
    return number * factor


def size(text: str) -> int:
    """`1gb`, `500M`; a number alone is bytes. Raises ValueError."""
    number, unit = _read(text)
    factor = _BYTES.get((unit or "b").removesuffix("ib").removesuffix("b") or "b")
    if factor is None:
        raise ValueError(f'"{text}" is no size; write it like 1gb or 500mb')
    return int(number * factor)


def _read(text: str) -> tuple[float, str]:
    found = _WRITTEN.fullmatch(text.strip())
    return (float(found[1]), found[2].lower()) if found else (0.0, "?")


def shown(count: int) -> str:
    for unit, factor in _SHOWN:
        if count >= factor:
            value = count / factor
            return f"{value:.1f} {unit}" if value < 100 else f"{value:,.0f} {unit}"
    return f"{count} B"
