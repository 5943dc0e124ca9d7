"""The planning session from outside: it is put together, and afterwards it is told what came of it.

The law: what the planner wrote is read from the disk; nobody is asked, and nothing is changed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from orchestrator.adapters.planning.private_folder import PrivateFolder
from orchestrator.control.checking import check_plans
from orchestrator.control.planning.judging import unwritable
from orchestrator.control.reading import plan_or_none
from orchestrator.core.model import Plan, PlanStatus
from orchestrator.engine import locks
from orchestrator.engine.home import Home
from orchestrator.errors import OrchestratorError
from orchestrator.planner.session import Session, Setting, session, setting
from orchestrator.planner.session import Wanted as Wanted


def looked_up(home: Home, wanted: Wanted) -> Setting:
    """Raises OrchestratorError: whatever is refused is refused before anything is made."""
    found = setting(home, wanted)
    why = unwritable(Path(found.worktree_root)) if found.worktree_root else None
    if why is not None:
        raise OrchestratorError(f"--worktree-root {found.worktree_root}: {why}; name a folder that can be written")
    return found


@contextlib.contextmanager
def started(home: Home, found: Setting) -> Iterator[Session]:
    """As long as it lasts its files are there. Raises OrchestratorError."""
    with PrivateFolder(home.environ, home.places.state) as folder:
        yield session(home, found, folder)


def plans(home: Home) -> dict[str, int]:
    """Those that there are, with how many tickets each has."""
    ids: list[str] = []
    with contextlib.suppress(OSError):
        ids = sorted(one.name for one in home.places.plans.iterdir() if (one / "plan.json").is_file())
    return {plan_id: len(plan.tickets) if (plan := plan_or_none(home.places, plan_id)) else 0 for plan_id in ids}


def afterwards(home: Home, before: Mapping[str, int]) -> tuple[str, ...]:
    """What was planned meanwhile, and what to do next, in sentences."""
    runner = locks.running(home.places)
    new = [plan_id for plan_id, count in plans(home).items() if count > before.get(plan_id, -1)]
    if not new:
        return ("no plan was written",)
    return tuple(line for plan_id in new for line in _plan(home, plan_id, runner))


def _plan(home: Home, plan_id: str, runner: str | None) -> Iterator[str]:
    yield _told(plan_id, plan_or_none(home.places, plan_id), runner)
    with contextlib.suppress(OrchestratorError):  # it is gone again
        problems = [one for checked in check_plans(home.config, plan_id) for one in checked.problems]
        errors = sum(one.severity == "error" for one in problems)
        if errors:
            yield f"plan {plan_id} has {errors} error{'' if errors == 1 else 's'}: `orchestrator plan check {plan_id}`"


def _told(plan_id: str, plan: Plan | None, runner: str | None) -> str:
    if plan is None:
        return f"plan {plan_id} cannot be read: `orchestrator plan check {plan_id}` says why"
    count = len(plan.tickets)
    what = f"plan {plan_id}: {count} ticket{'' if count == 1 else 's'}"
    if plan.status is PlanStatus.PAUSED:
        return f"{what}, paused; `orchestrator plan show {plan_id}`, then `orchestrator resume-plan {plan_id}`"
    if runner is not None:
        return f"{what}; {runner} and works on it: `orchestrator watch` looks on"
    return f"{what}; `orchestrator plan show {plan_id}`, then `orchestrator daemon` starts the work"
