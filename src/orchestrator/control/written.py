"""What `status --json` shows: each plan and ticket exactly as its file is written, and what is known beside them.

The law: no key and no value is changed on the way, and what cannot be read is told, never left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from orchestrator.adapters.places import Places
from orchestrator.control.reviews import documents as reviews_of
from orchestrator.control.showing import Scene
from orchestrator.core.model import Key, Plan, Ticket, should_be
from orchestrator.core.problems import Problem
from orchestrator.core.settings import Config
from orchestrator.core.show.views import fits
from orchestrator.formats.plan_json import Loaded, Malformed, decode_plan, decode_ticket


class Documents(NamedTuple):
    """One plan as its files are written."""

    plan: Any
    """None: plan.json cannot be used."""
    tickets: list[Any]
    problems: list[Problem]
    reviews: dict[str, Any]
    """What is known of the pull requests of its tickets, by their ids."""


def documents(config: Config, plan_id: str | None = None, states: frozenset[str] = frozenset()) -> list[Documents]:
    """Each plan and ticket with every key and value of its file; if `states` are named, only tickets that fit.

    Raises like `status`.
    """
    contents: dict[str, bytes] = {}
    scene = Scene(config, contents)
    if plan_id is not None and plan_id not in scene.held_plans():
        return [_documents(scene, scene.plan(plan_id), contents, states)]
    held = [name for name in scene.held_plans() if plan_id in (None, name)]
    found = [] if plan_id is not None else [_documents(scene, plan, contents, states) for plan in scene.plans()]
    return found + [
        Documents(None, _tickets(scene, name, contents, states), scene.file_problems(name), {}) for name in held
    ]


def document(config: Config, key: Key) -> Any:
    """One ticket with every key and value of its file; None: it cannot be read just now."""
    return _raw(str(Places(config).ticket_file(key)), {}, decode_ticket)


def _documents(scene: Scene, plan: Plan, contents: dict[str, bytes], states: frozenset[str]) -> Documents:
    raw = _raw(str(scene.places.plan_file(plan.id)), contents, decode_plan)
    reviews = reviews_of(scene.places, _chosen(scene, plan.id, states))
    return Documents(raw, _tickets(scene, plan.id, contents, states), scene.problems_of(plan), reviews)


def _tickets(scene: Scene, plan_id: str, contents: dict[str, bytes], states: frozenset[str]) -> list[Any]:
    folder = scene.places.tickets(plan_id)
    chosen = _chosen(scene, plan_id, states)
    found = (_raw(f"{folder}/{ticket.ticket_id}.json", contents, decode_ticket) for ticket in chosen)
    return [raw for raw in found if raw is not None]


def _chosen(scene: Scene, plan_id: str, states: frozenset[str]) -> Iterator[Ticket]:
    return (ticket for ticket in scene.index.board.of_plan(plan_id) if fits(ticket, should_be(ticket), states))


_JSON = msgspec.json.Decoder(msgspec.Raw)


def _raw(file: str, contents: dict[str, bytes], decode: Callable[[bytes, str], Loaded[Any]]) -> Any:
    """The file as it is written, copied without being understood where that is possible."""
    try:
        content = contents.get(file) or Path(file).read_bytes()
    except OSError:
        return None  # it went away while we looked
    try:
        return _JSON.decode(content)
    except msgspec.DecodeError:
        pass
    try:
        return decode(content, file).raw
    except Malformed:
        return None
