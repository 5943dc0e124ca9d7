"""A draft as text, YAML or JSON → a Draft, with every problem at once.

The law: what cannot be meant is told with its place and left out, and everything else is read, so that whoever judges
the draft tells the rest of its faults in the same report.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

import msgspec

from orchestrator.core.budgets import Budgets
from orchestrator.core.model import ID_PATTERN, RUNNER_FIELDS
from orchestrator.core.planning.draft import Draft, DraftTicket
from orchestrator.core.problems import Problem
from orchestrator.formats.drafts.json_as_yaml import as_yaml
from orchestrator.formats.fields import is_mapping, read_fields, said
from orchestrator.formats.problem_list import POSITIVE, Reading, Where
from orchestrator.formats.yaml_tree import INVALID, Path, Tree, read_yaml

WHERE = Where("draft")
RANGES = dict.fromkeys((field.encode_name for field in msgspec.structs.fields(Budgets)), POSITIVE)
TICKET_NAMES = {
    "id": "ticketId", "ticket_id": "ticketId", "criteria": "acceptanceCriteria", "description_md": "description",
    "acceptance_criteria": "acceptanceCriteria", "url": "linearUrl", "linear_url": "linearUrl", "body": "description",
    "dependsOn": "blockedBy", "depends_on": "blockedBy", "blocked_by": "blockedBy",
}  # fmt: skip
PLAN_NAMES = {"worktree_root": "worktreeRoot", "title": "name"}
STATUS = {"paused": True, "active": False}
OF_RUNNER = "it is the runner's"
INSTEAD = "leave it out, or write what `orchestrator schema draft` says"
TITLED = "say in a few words what shall be done"
LISTS = ("acceptanceCriteria", "blockedBy", "touches")

_Value = TypeVar("_Value")


class ReadDraft(NamedTuple):
    draft: Draft | None
    """None: it is no draft at all."""
    problems: tuple[Problem, ...]


def read_draft(text: str, file: str) -> ReadDraft:
    """Never raises. `file`: what messages call it."""
    tree = read_yaml(as_yaml(text))
    at: Path = () if isinstance(tree.value, list) else ("tickets",)  # a list of tickets is all that some have to say
    reading = Reading(_called_alike(tree, len(at)), file)
    reading.report_faults(WHERE)
    if tree.value is INVALID or not isinstance(tree.value, dict | list):
        if tree.value is not INVALID:
            hint = "write `tickets:` and below it a list of them, each with a title"
            reading.report(WHERE, (), "a draft must be a mapping with tickets, or a list of tickets", hint)
        return ReadDraft(None, reading.in_order())
    value = {"tickets": tree.value} if isinstance(tree.value, list) else _renamed(tree.value, PLAN_NAMES)
    return ReadDraft(_draft(reading, value, at), tuple(_hinted(one) for one in reading.in_order()))


def ways(tree: Tree) -> list[Path]:
    """To those of its elements that are read as tickets, in their order."""
    root: Path = () if isinstance(tree.value, list) else ("tickets",)
    listed = tree.value.get("tickets") if isinstance(tree.value, dict) else tree.value
    if not isinstance(listed, list):
        return []
    return [(*root, i) for i, one in enumerate(listed) if isinstance(one, dict | str)]


def _hinted(problem: Problem) -> Problem:
    """Whoever mends a draft from the report alone is told what to write, always."""
    hint = problem.hint or (TITLED if problem.what.startswith("title ") else None)
    hint = hint or ("leave it out" if problem.what.endswith(OF_RUNNER) else INSTEAD)
    return msgspec.structs.replace(problem, hint=hint)


def _draft(reading: Reading, value: dict[str, Any], at: Path) -> Draft:
    plain = {key: one for key, one in value.items() if key not in ("tickets", "status")}
    known = ("tickets", "status")
    fields = read_fields(reading, WHERE, (), Draft, RANGES, also_known=known, explain=_of_runner, value=plain)
    if "id" in fields and not _is_id(reading, WHERE, ("id",), fields["id"]):
        del fields["id"]
    status = value.get("status")
    if isinstance(status, str) and status in STATUS:
        fields["paused"] = STATUS[status] or fields.get("paused", False)
    elif status is not None and status is not INVALID:
        reading.report(WHERE, ("status",), f"status must be active or paused, not {said(status)}", "leave it out")
    fields["tickets"] = _tickets(reading, value.get("tickets"), at)
    return Draft(**fields)


def _of_runner(key: str) -> str | None:
    return OF_RUNNER if key in RUNNER_FIELDS or key == "createdAt" else None


def _is_id(reading: Reading, where: Where, path: Path, id_: str) -> bool:
    if ID_PATTERN.match(id_):
        return True
    hint = "an id has letters, digits, `.`, `_` and `-`, begins with a letter or digit, and has at most 128 of them"
    reading.report(where, path, f'"{id_}" is no id', hint)
    return False


def _tickets(reading: Reading, value: Any, at: Path) -> tuple[DraftTicket, ...]:
    if value is None or value is INVALID:
        return ()
    if not isinstance(value, list):
        reading.report(WHERE, at, "tickets must be a list", "begin each ticket with `- title: …`")
        return ()
    read = [_ticket(reading, (*at, i), one) for i, one in enumerate(value) if one is not INVALID]
    return tuple(one for one in read if one is not None)


def _ticket(reading: Reading, path: Path, value: Any) -> DraftTicket | None:
    where = Where(f"draft: ticket {int(path[-1]) + 1}", len(path))
    if isinstance(value, str):
        return DraftTicket(title=value)
    if not is_mapping(reading, where, path, value):
        return None
    plain = _renamed(value, TICKET_NAMES)
    for key in value:
        if key in TICKET_NAMES and TICKET_NAMES[key] in value:
            what = f"{key} and {TICKET_NAMES[key]} mean the same"
            reading.report(where, (*path, key), what, f"leave out {key}", at_key=True)
            plain.pop(key, None)
    plain = {key: [one] if key in LISTS and isinstance(one, str) else one for key, one in plain.items()}
    names = tuple(TICKET_NAMES)  # also to be suggested
    fields = read_fields(reading, where, path, DraftTicket, RANGES, also_known=names, explain=_of_runner, value=plain)
    if "ticket_id" in fields and not _is_id(reading, where, (*path, "ticketId"), fields["ticket_id"]):
        del fields["ticket_id"]
    return DraftTicket(**fields)


# -- what a key may also be called ------------------------------------------------------------------------------------


def _renamed(value: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Nothing takes the place of what goes by its own name."""
    return {key if names.get(key, key) in value else names[key]: one for key, one in value.items()}


def _called_alike(tree: Tree, depth: int) -> Tree:
    """The places under the names that count."""

    def moved(places: dict[Path, _Value]) -> dict[Path, _Value]:
        return {
            _step(_step(path, 0, PLAN_NAMES), depth + 1, TICKET_NAMES): one for path, one in places.items()
        } | places

    return tree._replace(keys=moved(tree.keys), values=moved(tree.values), typed=moved(tree.typed))


def _step(path: Path, at: int, names: Mapping[str, str]) -> Path:
    if len(path) <= at or path[at] not in names:
        return path
    return (*path[:at], names[str(path[at])], *path[at + 1 :])
