"""What reading and writing plan files both need: times, budgets, whole characters, and what a path is called."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from orchestrator.core.model import Plan, Ticket
from orchestrator.core.times import epoch

PATH = re.compile(r"(?:^|/)([^/]+)/(?:tickets/([^/]+)\.json|plan\.json)$")


def whole(value: Any) -> Any:
    """Half characters, left by cutting text at some length, become U+FFFD: no UTF-8 file can hold them."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list | tuple):
        return [whole(element) for element in value]
    if isinstance(value, dict):
        return {whole(key): whole(element) for key, element in value.items()}
    return value


def times(record: Ticket) -> list[tuple[tuple[str, ...], str]]:
    """The times that the runner computes with, by their path in the file."""
    found: list[tuple[tuple[str, ...], str]] = []
    if record.wake_at is not None:
        found.append((("wakeAt",), record.wake_at))
    if record.attempt:
        found.append((("attempt", "startedAt"), record.attempt.started_at))
    if record.visit:
        found.append((("visit", "startedAt"), record.visit.started_at))
    return found


def empty_budgets(record: Plan | Ticket) -> list[tuple[tuple[str, ...], float]]:
    """Budgets of nothing or less: with those nothing would ever begin, and nobody means that."""
    if record.budgets is None:
        return []
    amounts = msgspec.structs.asdict(record.budgets)
    names = zip(record.budgets.__struct_encode_fields__, amounts.values(), strict=True)
    return [(("budgets", name), amount) for name, amount in names if amount is not None and not amount > 0]


def bad_globs(record: Plan | Ticket) -> list[tuple[tuple[str | int, ...], str]]:
    """What is wrong with what a ticket touches. They would match nothing, and keep nobody apart."""
    if not isinstance(record, Ticket) or not record.touches:
        return []
    from orchestrator.core.turns.globs import flaw  # not at the top: few tickets need it

    flaws = ((i, glob, flaw(glob)) for i, glob in enumerate(record.touches))
    return [(("touches", i), f'"{glob}" {wrong}') for i, glob, wrong in flaws if wrong is not None]


def is_time(text: str) -> bool:
    try:
        epoch(text)
    except (ValueError, OverflowError):
        return False
    return True


def where_of(file: str) -> str:
    """`ticket p1/T-1` or `plan p1`, from the path."""
    match = PATH.search(file)
    if match is None:
        return "file"
    return f"ticket {match[1]}/{match[2]}" if match[2] else f"plan {match[1]}"
