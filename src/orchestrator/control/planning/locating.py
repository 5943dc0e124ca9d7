"""The file, line and column of a plan's problems.

The law: a problem that has a place keeps it; the file is read only when there is something to be placed in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from orchestrator.adapters.files import read_given
from orchestrator.adapters.places import Places
from orchestrator.core.checks.check_entries import ENTRY
from orchestrator.core.model import ID_PATTERN, Key, Plan, Ticket
from orchestrator.core.problems import Problem
from orchestrator.formats.drafts import draft, json_places
from orchestrator.formats.drafts.json_as_yaml import as_yaml
from orchestrator.formats.drafts.json_places import Path as Way
from orchestrator.formats.yaml_nodes import Place

IN_PLAN = frozenset({ENTRY, "blockedBy", "order"})
"""What plan.json says of a ticket."""
ALIASES: dict[str, list[str]] = defaultdict(list)
"""Other names that keys have in drafts."""
for _alias, _name in {**draft.TICKET_NAMES, **draft.PLAN_NAMES}.items():
    ALIASES[_name].append(_alias)
LONGEST_TITLE = 60
NOWHERE: Way = ("",)
"""Of a ticket that was named beside the draft."""


def in_files(places: Places, plan: Plan, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """For a plan that is written."""
    known: dict[str, dict[Way, Place]] = {}
    positions = {entry.ticket_id: i for i, entry in reversed(list(enumerate(plan.tickets)))}
    return tuple(_in_file(places, plan.id, one, positions, known) for one in problems)


def _in_file(
    places: Places, plan_id: str, problem: Problem, positions: dict[str, int], known: dict[str, dict[Way, Place]]
) -> Problem:
    name = problem.where.removeprefix(f"ticket {plan_id}/")
    if problem.file is not None or (name == problem.where and problem.where != f"plan {plan_id}"):
        return problem
    steps = _steps(problem.key)
    if name == problem.where:
        file = places.plan_file(plan_id)
    elif problem.key in IN_PLAN or not ID_PATTERN.match(name):
        at = positions.get(name)
        steps = () if at is None else ("tickets", at) if problem.key == ENTRY else ("tickets", at, *steps)
        file = places.plan_file(plan_id)
    else:
        file = places.ticket_file(Key(plan_id, name))
    place = json_places.nearest(_places(str(file), known), steps)
    return replace(problem, file=str(file), line=place.line, column=place.column)


def _steps(key: str | None) -> Way:
    return tuple(int(step) if step.isdecimal() else step for step in key.split(".")) if key else ()


def _places(file: str, known: dict[str, dict[Way, Place]]) -> dict[Way, Place]:
    if file not in known:
        try:
            known[file] = dict(json_places.places(Path(file).read_text(encoding="utf-8-sig", errors="replace")))
        except OSError:
            known[file] = {}
    return known[file]


# -- drafts -----------------------------------------------------------------------------------------------------------


class Source(NamedTuple):
    """Where a draft is written."""

    text: str
    file: str
    """What messages call it."""


def source_of(file: Path) -> bytes:
    """Raises UnreadableError."""
    return read_given(file)


def in_draft(source: Source, plan: Plan, tickets: Sequence[Ticket], problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """For a plan that was made of a draft, whose tickets are in its order. Each is named by its title, too, as its
    author may not know the id that it was given."""
    from orchestrator.formats.yaml_tree import read_yaml

    found = tuple(problems)
    at = {f"ticket {plan.id}/{ticket.ticket_id}": i for i, ticket in enumerate(tickets)}
    if not found:
        return found
    tree = read_yaml(as_yaml(source.text))
    known = {**tree.values, **tree.keys}
    ways = draft.ways(tree)

    def placed(one: Problem) -> Problem:
        if one.file is not None or (one.where not in at and one.where != f"plan {plan.id}"):
            return one
        around: Way = next(iter(ways[at[one.where] :]), NOWHERE) if one.where in at else ()
        title = tickets[at[one.where]].title if one.where in at else ""
        where = f'{one.where} "{title[:LONGEST_TITLE]}"' if title else one.where
        if around not in known:
            return replace(one, where=where)
        place = next(known[way] for way in _ways(around, one.key) if way in known)
        return replace(one, where=where, file=source.file, line=place.line, column=place.column)

    return tuple(placed(one) for one in found)


def _ways(around: Way, key: str | None) -> Iterator[Way]:
    """To the value, or to what is nearest to it; by all names that a key has in drafts."""
    steps = () if key == ENTRY else _steps(key)
    for size in range(len(steps), 0, -1):
        for name in (steps[0], *ALIASES.get(str(steps[0]), ())):
            yield (*around, name, *steps[1:size])
    yield around
