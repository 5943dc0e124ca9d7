"""Plan and ticket files: bytes → records, and the differences between two records → the file as somebody wrote it.

The law: what the runner does not know or did not change stays exactly as it was written, at every depth.
"""

from __future__ import annotations

from operator import is_not
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from orchestrator.core.model import ID_PATTERN, PhaseEntry, Plan, Ticket
from orchestrator.core.problems import Problem
from orchestrator.errors import UnreadableError
from orchestrator.formats.plan_terms import bad_globs, empty_budgets, is_time, times, whole

Record = TypeVar("Record", Plan, Ticket)

_TICKETS = msgspec.json.Decoder(Ticket)
_PLANS = msgspec.json.Decoder(Plan)
_RAW = msgspec.json.Decoder()
_BOM = b"\xef\xbb\xbf"

OPTIONAL_FIELDS = frozenset(
    {
        "rev", "attempt", "attempts", "visit", "visits", "wakeAt", "waitReason", "steered", "usage", "budgets",
        "slot", "base", "touches", "stack", "lane", "claim", "stackedOn",
    }
)  # fmt: skip
"""Keys of a ticket that the original does not know: written only when they say something."""

_BLANK = msgspec.to_builtins(Ticket(plan_id="", ticket_id=""))
_BLANK_PLAN = msgspec.to_builtins(Plan(id=""))
_SILENT = {key: _BLANK[key] for key in OPTIONAL_FIELDS}

_REQUIRED = tuple(key for key in _BLANK if key not in OPTIONAL_FIELDS)
_NULLABLE = frozenset({"linearUrl", "repo", "agent", "error"})
"""Of the original's keys those that may be null; the others are text, lists or objects."""

_NEW_IN_PLANS = (
    *("budgets", "reviewAgent", "base", "pullRequest", "stack", "allowOverlap", "autoMerge", "mergeMethod"),
)
"""Keys of plans that the original does not know; written when they say something."""

_IDENTITY = {
    "attempt": ("id",),
    "visit": ("phase", "startedAt"),
    "phaseHistory": ("phase", "startedAt"),
    "tickets": ("ticketId",),
}
"""What makes two objects under a key the same thing: another attempt is not the old one with changes."""


class Loaded(NamedTuple, Generic[Record]):
    record: Record
    raw: dict[str, Any]
    """The file as it is written, foreign keys included."""


class Malformed(UnreadableError):
    """A plan or ticket file that cannot be used, with everything that is wrong in it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def decode_ticket(content: bytes, file: str) -> Loaded[Ticket]:
    try:
        content = content.removeprefix(_BOM)
        record = _TICKETS.decode(content)
        if _is_sound(record):
            return Loaded(record, _RAW.decode(content))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    return _decode_slowly(content, file, Ticket)


def decode_ticket_record(content: bytes, file: str = "") -> Ticket:
    """Like `decode_ticket`, without the raw form: half the time."""
    try:
        record = _TICKETS.decode(content)
        if _is_sound(record):
            return record
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    return decode_ticket(content, file).record


def decode_plan(content: bytes, file: str) -> Loaded[Plan]:
    try:
        content = content.removeprefix(_BOM)
        record = _PLANS.decode(content)
        if not empty_budgets(record):
            return Loaded(record, _RAW.decode(content))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    return _decode_slowly(content, file, Plan)


def check_ticket_path(record: Ticket, plan_dir_name: str, file_stem: str, file: str | None = None) -> list[Problem]:
    """An id that is not one, or that disagrees with its place: the path is what commands and blockers name."""
    where = f"ticket {plan_dir_name}/{file_stem}"
    return [
        *_check_id(where, "planId", record.plan_id, "the folder", plan_dir_name, file),
        *_check_id(where, "ticketId", record.ticket_id, "the file", file_stem, file),
    ]


def check_plan_path(record: Plan, plan_dir_name: str, file: str | None = None) -> list[Problem]:
    return _check_id(f"plan {plan_dir_name}", "id", record.id, "the folder", plan_dir_name, file)


def encode(record: Plan | Ticket) -> dict[str, Any]:
    """The record as a new file: every key of the original, of the new ones only those that say something."""
    raw: dict[str, Any] = msgspec.to_builtins(record)
    if isinstance(record, Plan):
        raw["tickets"] = [_encode_entry(entry) for entry in raw["tickets"]]
        return {key: value for key, value in raw.items() if key not in _NEW_IN_PLANS or value != _BLANK_PLAN[key]}
    for key, default in _SILENT.items():
        if raw[key] == default:
            del raw[key]
    for key in ("acceptanceCriteria", "touches"):
        if key in raw:
            raw[key] = list(raw[key])
    raw["phaseHistory"] = [_encode_phase(entry) for entry in raw["phaseHistory"]]
    return raw


def patch(raw: dict[str, Any], old: Record, new: Record) -> dict[str, Any]:
    """`raw`, which decoded to `old`, with just the differences between `old` and `new` applied."""
    if isinstance(old, Ticket) and isinstance(new, Ticket) and old.phase_history:
        appended = _appended(old.phase_history, new.phase_history)
        if appended is not None and len(raw.get("phaseHistory") or ()) == len(old.phase_history):
            return _patch_and_append(raw, old, new, appended)
    merged: dict[str, Any] = _merge(raw, encode(old), encode(new))
    return merged


def _appended(old: tuple[PhaseEntry, ...], new: tuple[PhaseEntry, ...]) -> tuple[PhaseEntry, ...] | None:
    """What follows the old entries; None when one of those is no longer the same."""
    if len(new) < len(old) or any(map(is_not, old, new)):
        return None
    return new[len(old) :]


def _patch_and_append(
    raw: dict[str, Any], old: Ticket, new: Ticket, appended: tuple[PhaseEntry, ...]
) -> dict[str, Any]:
    """As `patch`, without looking at a history that only grew: it is the longest part, and grows with every step."""
    before, after = encode(replace(old, phase_history=())), encode(replace(new, phase_history=()))
    merged: dict[str, Any] = _merge(raw, before, after)
    if appended:
        entries = [_encode_phase(msgspec.to_builtins(entry)) for entry in appended]
        merged = {**merged, "phaseHistory": [*raw["phaseHistory"], *entries]}
    return merged


def complete(raw: dict[str, Any], record: Ticket) -> dict[str, Any]:
    """With every key that the original asks for; what its planner left out stands at its default."""
    missing = [key for key in _REQUIRED if key not in raw]
    if not missing:
        return raw
    whole_record = encode(record)
    return raw | {key: whole_record[key] for key in missing if whole_record[key] is not None or key in _NULLABLE}


def dump(raw: dict[str, Any]) -> bytes:
    """As the original writes it: two spaces, UTF-8 as it is, a line break at the end."""
    try:
        content = msgspec.json.encode(raw)
    except UnicodeEncodeError:
        content = msgspec.json.encode(whole(raw))
    return msgspec.json.format(content, indent=2) + b"\n"


def _is_sound(record: Ticket) -> bool:
    return all(is_time(text) for _, text in times(record)) and not empty_budgets(record) and not bad_globs(record)


def _decode_slowly(content: bytes, file: str, kind: type[Record]) -> Loaded[Record]:
    """For files that are wrong in some way: forgives what is harmless, else names everything that is not."""
    from orchestrator.formats import plan_problems

    record, raw, problems = plan_problems.read(content, file, kind)
    if record is None:
        raise Malformed(tuple(problems))
    return Loaded(record, raw)


def _check_id(where: str, key: str, id_: str, what: str, name: str, file: str | None) -> list[Problem]:
    if id_ != name:
        hint = f"rename one of them; {what} counts"
        return [Problem(where, f'{key} "{id_}" disagrees with {what} "{name}"', hint=hint, file=file)]
    if not ID_PATTERN.match(id_):
        rule = "letters, digits, dot, dash and underscore, at most 128, the first a letter or digit"
        return [Problem(where, f'{key} "{id_}" cannot be an id', hint=rule, file=file)]
    return []


def _encode_entry(entry: dict[str, Any]) -> dict[str, Any]:
    order = entry.get("order", 0)
    order = int(order) if float(order).is_integer() else order
    return {"ticketId": entry["ticketId"], "order": order, "blockedBy": list(entry.get("blockedBy", ()))}


def _encode_phase(entry: dict[str, Any]) -> dict[str, Any]:
    start = {"phase": entry["phase"], "status": entry["status"], "startedAt": "", "completedAt": None}
    return start | entry


def _merge(raw: Any, old: Any, new: Any, name: str = "") -> Any:
    if old == new:
        return raw
    if isinstance(raw, dict) and isinstance(old, dict) and isinstance(new, dict) and _same(old, new, name):
        return _merge_objects(raw, old, new)
    if isinstance(raw, list) and isinstance(old, list) and isinstance(new, list) and len(raw) == len(old):
        return _merge_lists(raw, old, new, name)
    return new


def _same(old: dict[str, Any], new: dict[str, Any], name: str) -> bool:
    return all(old[key] == new[key] for key in _IDENTITY.get(name, ()))


def _merge_objects(raw: dict[str, Any], old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    merged = dict(raw)
    for key in old.keys() - new.keys():
        merged.pop(key, None)
    for key, value in new.items():
        if key not in old or old[key] != value:
            merged[key] = _merge(raw.get(key), old.get(key), value, key)
    return merged


def _merge_lists(raw: list[Any], old: list[Any], new: list[Any], name: str) -> list[Any]:
    """Elements that stayed keep their raw form; between the common ends, what is the same thing is merged."""
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    before = list(zip(raw, old, strict=True))[head : len(old) - tail]
    middle = [_merge_element(before, value, name) for value in new[head : len(new) - tail]]
    return [*raw[:head], *middle, *raw[len(raw) - tail :]]


def _merge_element(before: list[tuple[Any, Any]], value: Any, name: str) -> Any:
    """An object of the list that was the same thing gives its foreign keys, each to one successor."""
    if not isinstance(value, dict):
        return value
    for i, (raw, old) in enumerate(before):
        if _same(old, value, name):
            del before[i]
            return _merge(raw, old, value, name)
    return value


def _common(one: list[Any], other: list[Any]) -> int:
    """Length of the common beginning."""
    pairs = zip(one, other, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
