"""What others wrote into a ticket's file, laid over what we wrote. Pure: documents in, a document out.

The law: a write from a stale copy changes what its author changed, and takes nothing back that was written since. What
is (`attempt`, the attempt numbers, `rev`) is a fact and no wish: nobody changes it by editing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from orchestrator.core.model import PLANNER_FIELDS, RUNNER_FIELDS, Ticket

Doc = dict[str, Any]

FACTS = ("rev", "attempt", "attempts")
DERIVED = frozenset({"workflow", "branch", "worktree"})
"""Of the planner's part what the runner fills in when it is left out."""

_ABSENT: Any = object()
_BLANK: Doc = msgspec.json.decode(msgspec.json.encode(Ticket(plan_id="", ticket_id="")))


class Merged(NamedTuple):
    doc: Doc
    kept: tuple[str, ...]
    """Keys in which the write was not followed."""


def restore_facts(theirs: Doc, ours: Doc) -> Merged:
    """A hand edit counts as it is, but for the facts."""
    lost = tuple(key for key in FACTS if _value(theirs, key) != _value(ours, key))
    if not lost:
        return Merged(theirs, ())
    doc = {key: value for key, value in theirs.items() if key not in lost or key in ours}
    return Merged(doc | {key: ours[key] for key in lost if key in ours}, lost)


def merge_stale(theirs: Doc, bases: Sequence[Doc], latest: Doc, anew: bool) -> Merged:
    """`bases`: the states that the copy may have been made of (none: unknown); `latest`: the file as it was before
    the write; `anew`: the write carries no `rev`, it was not copied but written from the beginning."""
    merged: Doc = {}
    kept: list[str] = []
    for key in [*theirs, *(key for key in latest if key not in theirs)]:
        if key in RUNNER_FIELDS:
            value = _runners(key, theirs, bases, latest)
        else:
            value = _others(key, theirs, bases, latest, anew)
        if value is not _ABSENT:
            merged[key] = value
        if key in theirs and key != "rev" and _differs(key, value, theirs[key]):
            kept.append(key)
    return Merged(merged, tuple(kept))


def _runners(key: str, theirs: Doc, bases: Sequence[Doc], latest: Doc) -> Any:
    """Of the runner's part what they changed; what is left out stands at its default."""
    said, now = _value(theirs, key), _value(latest, key)
    if key in FACTS or not bases or said == now or any(said == _value(base, key) for base in bases):
        return latest.get(key, _ABSENT)
    if key == "phaseHistory" and isinstance(said, list):
        return _history(said, [_value(base, key) for base in bases], now)
    if isinstance(said, dict) and isinstance(now, dict) and isinstance(_BLANK[key], dict):
        return _entries(said, [_value(base, key) for base in bases], now)
    return theirs.get(key, _ABSENT)


def _history(said: list[Any], bases: list[Any], now: Any) -> list[Any]:
    """Their lines, and those that were added since."""
    lengths = [len(base) for base in bases if isinstance(base, list) and now[: len(base)] == base]
    return [*said, *now[max(lengths) :]] if lengths else now


def _entries(said: Doc, bases: list[Any], now: Doc) -> Doc:
    merged: Doc = {}
    for key in [*said, *(key for key in now if key not in said)]:
        unchanged = any(base.get(key, _ABSENT) == said.get(key, _ABSENT) for base in bases if isinstance(base, dict))
        value = (now if unchanged else said).get(key, _ABSENT)
        if value is not _ABSENT:
            merged[key] = value
    return merged


def _others(key: str, theirs: Doc, bases: Sequence[Doc], latest: Doc, anew: bool) -> Any:
    """The planner's part and foreign keys are theirs; a copy gives back what somebody else changed meanwhile."""
    if key in theirs and (theirs[key] is not None or key not in DERIVED):
        copied = not anew and any(key in base and base[key] == theirs[key] for base in bases)
        return latest.get(key, _ABSENT) if copied else theirs[key]
    if key in DERIVED:
        return latest.get(key, theirs.get(key, _ABSENT))
    dropped = key in PLANNER_FIELDS if anew else bool(bases) and all(key in base for base in bases)
    return _ABSENT if dropped else latest[key]


def _value(doc: Doc, key: str) -> Any:
    value = doc.get(key)
    return _BLANK[key] if value is None else value


def _differs(key: str, value: Any, said: Any) -> bool:
    return bool(said != (_BLANK.get(key) if value is _ABSENT else value))
