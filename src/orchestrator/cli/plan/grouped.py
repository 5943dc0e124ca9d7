"""The same said of many tickets, as one: an import may bring hundreds of them.

The law: nothing is left out that is told only here; who wants each by itself asks for JSON, or `plan check`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from orchestrator.core.problems import Problem

FEW = 3
"""So many are told one by one, and of more so many are named."""
_TICKET = "ticket "


def grouped(problems: Iterable[Problem]) -> list[Problem]:
    """Warnings of the same words, hint and kind about more than a few tickets become one."""
    alike: dict[tuple[object, ...], list[Problem]] = {}
    for i, one in enumerate(problems):
        is_alone = one.severity != "warning" or not one.where.startswith(_TICKET)
        same = (i,) if is_alone else (one.what, one.hint)
        alike.setdefault(same, []).append(one)
    return [one for many in alike.values() for one in (many if len(many) <= FEW else [_as_one(many)])]


def _as_one(many: list[Problem]) -> Problem:
    first, *others = (one.where.removeprefix(_TICKET) for one in many)
    plan = first.rpartition("/")[0]
    named = [first, *(one.removeprefix(f"{plan}/") for one in others[: FEW - 1])]
    where = f"{len(many)} tickets ({', '.join(named)}, …)"
    what = f"each {many[0].what}" if many[0].what.startswith(("has ", "is ")) else many[0].what
    return replace(many[0], where=where, what=what, file=None, line=None, column=None)
