"""A plan as a whole: what can run side by side, what must come one after the other, and how far it is.

The law: every ticket that the plan lists or that has a file is somewhere in it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from orchestrator.control.describing import PlanText, text_of
from orchestrator.control.showing import Scene
from orchestrator.core.board import Board
from orchestrator.core.model import Key, Plan, Status, Ticket, should_be
from orchestrator.core.problems import Problem
from orchestrator.core.settings import Config
from orchestrator.core.show.tiers import Tiers, tiers
from orchestrator.core.show.views import MISSING, UNREADABLE, states_of
from orchestrator.core.times import epoch_or
from orchestrator.formats.plan_json import encode


class Outline(NamedTuple):
    plan: Plan
    tiers: Tiers
    states: dict[Key, str]
    """Of each ticket of the plan, and of everything that one of them waits for."""
    tickets: dict[Key, Ticket]
    blockers: dict[Key, tuple[Key, ...]]
    unlisted: tuple[Key, ...]
    """With a file, but plan.json does not list them: they never start."""
    seconds: dict[Key, float]
    """How long finished tickets took, from the first start to the end."""


class Described(NamedTuple):
    text: PlanText
    outline: Outline


def describe(config: Config, plan_id: str) -> Described:
    """Raises NotFoundError, UnreadableError."""
    scene = Scene(config)
    plan = scene.plan(plan_id)
    return Described(text_of(scene, plan), _outline(scene, plan))


def drawn(scene: Scene, plan: Plan, problems: tuple[Problem, ...]) -> Described:
    """The same of a plan that is not written, but laid on the scene."""
    return Described(text_of(scene, plan, problems), _outline(scene, plan))


def document(record: Plan | Ticket) -> dict[str, Any]:
    """As its file would be."""
    return encode(record)


def outline(config: Config, plan_id: str) -> Outline:
    """Raises NotFoundError, UnreadableError."""
    scene = Scene(config)
    return _outline(scene, scene.plan(plan_id))


def _outline(scene: Scene, plan: Plan) -> Outline:
    board = scene.index.board
    named = {Key(plan.id, name): state for name, state in states_of(board, plan, scene.index.is_held).items()}
    listed = [key for key in named if key in board.places]
    listed.sort(key=lambda key: (board.places[key].order, board.places[key].position))
    blockers = {key: board.places[key].blockers for key in listed}
    others = {one for found in blockers.values() for one in found} - named.keys()
    states = {**named, **{key: _state(scene, key) for key in others}}
    complete = {key for key, state in states.items() if state == Status.COMPLETE}
    took = {key: _took(board.tickets[key]) for key in complete if key in named}
    return Outline(
        plan=plan,
        tiers=tiers(listed, lambda key: _blockers(board, key), complete),
        states=states,
        tickets={key: board.tickets[key] for key in named if key in board.tickets},
        blockers=blockers,
        unlisted=tuple(key for key in named if key not in board.places),
        seconds={key: seconds for key, seconds in took.items() if seconds is not None},
    )


def _blockers(board: Board, key: Key) -> tuple[Key, ...]:
    place = board.places.get(key)
    return place.blockers if place else ()


def _state(scene: Scene, key: Key) -> str:
    ticket = scene.index.board.tickets.get(key)
    if ticket is not None:
        return should_be(ticket)
    return UNREADABLE if scene.index.is_held(key) else MISSING


def _took(ticket: Ticket) -> float | None:
    starts = [entry.started_at for entry in ticket.phase_history if entry.started_at]
    ends = [entry.completed_at for entry in ticket.phase_history if entry.completed_at]
    if not starts or not ends:
        return None
    begun, ended = epoch_or(starts[0], 0), epoch_or(ends[-1], 0)
    return ended - begun if 0 < begun <= ended else None
