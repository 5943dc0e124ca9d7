"""What tickets have cost, read from the outcomes in their logs: for those whose files do not say it.

The law: an outcome tells what its attempt has cost. Only those of earlier versions (they do not tell how it ended) have
the running total of the session; of each such session the highest counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import msgspec

from orchestrator.adapters.places import Places
from orchestrator.core.model import Key
from orchestrator.core.outcome import Usage

MANY = 5_000
"""Outcomes of a plan that are read; of a larger one nobody knows."""


class _Outcome(msgspec.Struct):
    session: str | None = None
    usage: Usage | None = None
    ended: str = ""


_DECODER = msgspec.json.Decoder(_Outcome)


def of_ticket(places: Places, key: Key) -> float | None:
    """In dollars; None: nobody said anything."""
    return _sum(_outcomes(places.ticket_logs(key)))


def of_plan(places: Places, plan_id: str) -> float | None:
    tickets = (folder for folder in _folders(places.logs / plan_id) if folder.is_dir())
    found = list(islice((path for folder in tickets for path in _outcomes(folder)), MANY + 1))
    return _sum(found) if len(found) <= MANY else None


def _outcomes(folder: Path) -> Iterator[Path]:
    for directory in _folders(folder):
        if (path := directory / "outcome.json").exists():
            yield path


def _folders(folder: Path) -> list[Path]:
    with suppress(OSError):
        return list(folder.iterdir())
    return []


def _sum(paths: list[Path] | Iterator[Path]) -> float | None:
    totals: dict[str, float] = {}
    for path in paths:
        with suppress(OSError, msgspec.DecodeError, msgspec.ValidationError):
            outcome = _DECODER.decode(path.read_bytes())
            if outcome.usage is not None and outcome.usage.cost_usd is not None:
                owner = str(path) if outcome.ended or not outcome.session else outcome.session
                totals[owner] = max(totals.get(owner, 0), outcome.usage.cost_usd)
    return round(sum(totals.values()), 6) if totals else None
