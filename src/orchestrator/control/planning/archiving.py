"""Plans that are put away, brought back, or removed.

The law: a plan goes as a whole and at rest: nothing of it is under way, and nothing more is started meanwhile.
"""

from __future__ import annotations

import os
import time

from orchestrator.adapters.files import is_locked
from orchestrator.adapters.paths import expanded
from orchestrator.adapters.planning import plan_removal
from orchestrator.control import steering
from orchestrator.control.reading import checked_id, one_plan, unusable
from orchestrator.control.showing import Scene
from orchestrator.control.steering import Said
from orchestrator.core.board import Board
from orchestrator.core.model import Key, Plan, PlanStatus, Status
from orchestrator.engine import locks
from orchestrator.engine.home import Home
from orchestrator.errors import IllegalTransitionError, OrchestratorError

LOOK_SECONDS = 0.05
QUIET_SECONDS = 0.3
"""After a pause: a runner that was about to start something has started it, or has seen the pause."""
PATIENCE = 15.0
"""Seconds beside all graces in which attempts that are stopped must be over."""
MAX_NAMED = 5


def archive(home: Home, plan_id: str) -> Said:
    """Refused while a ticket is under way, unless the plan is paused and nothing runs."""
    plan, board = _read(home, plan_id)
    busy = sorted({*board.open, *(_begun(board) if plan.status is PlanStatus.ACTIVE else ())})
    if busy:
        raise OrchestratorError(
            f"cannot archive plan {plan_id}: {_named(busy)} under way; "
            f"`orchestrator pause-plan {plan_id}` stops that, then archive it"
        )
    stranded = _stranded(home, plan_id)
    target = plan_removal.archive(home.places, plan_id, _rest(home, plan, board))
    home.logs.event("plan_archived", None, plan=plan_id, to=str(target))
    back = f"`orchestrator plan restore {target.name}` brings it back"
    return Said("; ".join([f"Archived plan {plan_id} to {target}", back, *stranded]), True)


def restore(home: Home, name: str) -> Said:
    if not name or name.startswith(".") or "/" in name:
        checked_id("plan", name)
    plan_id = plan_removal.restore(home.places, name)
    home.logs.event("plan_restored", None, plan=plan_id)
    plan = home.store.read_plan(plan_id).record
    then = f"it is {plan.status}; `orchestrator status --plan {plan_id}` shows it"
    if plan.status is PlanStatus.PAUSED:
        then = f"it is paused; `orchestrator resume-plan {plan_id}` lets it go on"
    return Said(f"Restored plan {plan_id}: {then}", True)


def archived(home: Home) -> dict[str, str]:
    """The names that `restore` takes → the ids of their plans."""
    return plan_removal.archived(home.places)


def size(home: Home, plan_id: str) -> int:
    """How many tickets a plan has. Raises NotFoundError, UnreadableError."""
    return len(_read(home, plan_id, broken=True)[1].tickets)


def remove(home: Home, plan_id: str, force: bool = False) -> Said:
    """Refused while an attempt is open. `force`: the plan is paused, its attempts are stopped and waited for."""
    places = home.places
    plan, board = _read(home, plan_id, broken=True)
    if board.open and not force:
        raise OrchestratorError(
            f"cannot remove plan {plan_id}: {_named(sorted(board.open))} under way; "
            f"`orchestrator pause-plan {plan_id}` stops that; `orchestrator plan remove {plan_id} --force` does both"
        )
    worktrees, stranded = _worktrees(home, plan, board), _stranded(home, plan_id)
    _rest(home, plan, board)
    keys = list(board.tickets)
    plan_removal.remove(places, plan_id)
    for key in keys:
        if os.path.lexists(places.journal_name(key)):
            home.store.note_deleted(key)
    home.logs.event("plan_removed", None, plan=plan_id, tickets=len(keys))
    left = [f"its logs are in {places.logs / plan_id}"] if (places.logs / plan_id).is_dir() else []
    left += [f"{worktrees} of its worktrees stay: `orchestrator gc` shows what can go"] if worktrees else []
    return Said("; ".join([f"Removed plan {plan_id}", *left, *stranded]), True)


def _stranded(home: Home, plan_id: str) -> list[str]:
    """In words: tickets of other plans that wait for tickets of this one, and would for ever."""
    board = Scene(home.config).index.board
    waiting = {one for key in board.tickets if key.plan == plan_id for one in board.dependents.get(key, ())}
    others = [one for one in sorted(waiting) if one.plan != plan_id and one in board.tickets]
    names = [str(one) for one in others if board.tickets[one].status is Status.QUEUED]
    if not names:
        return []
    more = f" and {len(names) - MAX_NAMED:,} more" if len(names) > MAX_NAMED else ""
    waits = "waits" if len(names) == 1 else "wait"
    return [
        f"{', '.join(names[:MAX_NAMED])}{more} {waits} for tickets of it: `orchestrator plan edit` changes blockedBy"
    ]


# -- coming to rest ---------------------------------------------------------------------------------------------------


def _read(home: Home, plan_id: str, broken: bool = False) -> tuple[Plan, Board]:
    """`broken`: one whose plan.json cannot be used, of which nothing is started, may go, too.

    Raises NotFoundError, UnreadableError, UsageError."""
    index = one_plan(home.places, checked_id("plan", plan_id))
    plan = index.board.plans.get(plan_id)
    if plan is None:
        if broken and str(home.places.plan_file(plan_id)) in index.problems and not index.board.open:
            return Plan(id=plan_id, status=PlanStatus.PAUSED), index.board
        absent = f'there is no plan "{plan_id}" in {home.places.plans}'
        raise unusable(index, str(home.places.plan_file(plan_id)), absent)
    return plan, index.board


def _begun(board: Board) -> set[Key]:
    """Tickets between their start and their end, also where nothing runs just now."""
    going = (Status.READY, Status.RUNNING)
    return {key for key, one in board.tickets.items() if one.status in going and (one.phase_history or one.attempts)}


def _named(keys: list[Key]) -> str:
    more = f" and {len(keys) - MAX_NAMED:,} more" if len(keys) > MAX_NAMED else ""
    return f"{', '.join(key.ticket for key in keys[:MAX_NAMED])}{more} {'is' if len(keys) == 1 else 'are'}"


def _rest(home: Home, plan: Plan, board: Board) -> PlanStatus:
    """Wait until nothing of the plan is under way, and keep a runner from starting more. What is put away is then as
    it was before, which is returned: the pause is taken back in the file, in which nobody looks any more."""
    was = plan.status
    if was is not PlanStatus.ACTIVE and not board.open:
        return was
    if locks.running(home.places) is None and not board.open and not _walked(home, board):
        return was
    try:
        steering.pause_plan(home, plan.id)
    except IllegalTransitionError:
        was = home.store.read_plan(plan.id).record.status  # it has just completed: nothing of it starts any more
    quiet = time.monotonic() + QUIET_SECONDS
    deadline = time.monotonic() + PATIENCE + 3 * home.settings.grace
    while True:
        board = _read(home, plan.id)[1]
        busy = sorted({*board.open, *_walked(home, board)})
        if not busy and time.monotonic() >= quiet:
            return was
        if time.monotonic() >= deadline:
            raise OrchestratorError(
                f"plan {plan.id} is paused, but {_named(busy)} still under way; "
                f"`orchestrator status --plan {plan.id}` shows it; try again"
            )
        time.sleep(LOOK_SECONDS)


def _walked(home: Home, board: Board) -> list[Key]:
    return [key for key in board.tickets if is_locked(home.places.walk_lock(key))]


def _worktrees(home: Home, plan: Plan, board: Board) -> int:
    from orchestrator.core.rules import derive

    home.plans = {**home.plans, plan.id: plan}
    found = (derive(home.rules(one), one).worktree for one in board.tickets.values())
    return sum(expanded(path).is_dir() for path in found if path)
