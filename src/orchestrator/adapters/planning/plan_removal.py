"""Plans that leave their place, and come back.

The law: a plan goes and comes in one step, plan.json at the latest with its tickets, so that nobody who looks ever sees
half of one. Journals and logs stay where they are.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from pathlib import Path

from msgspec.structs import replace

from orchestrator.adapters.files import locked, make_folder, write_atomically
from orchestrator.adapters.places import Places
from orchestrator.adapters.planning import import_files
from orchestrator.core.model import PlanStatus
from orchestrator.errors import NotFoundError, OrchestratorError, StoreError, UnreadableError
from orchestrator.formats.plan_json import decode_plan, dump, patch

PLAN = "plan.json"


def archived(places: Places) -> dict[str, str]:
    """The folders of archived plans → what their plans are called."""
    try:
        names = sorted(one.name for one in places.archive.iterdir() if (one / PLAN).is_file())
    except OSError:
        return {}
    return {name: _id_of(places.archive / name) or name for name in names}


def archive(places: Places, plan_id: str, status: PlanStatus) -> Path:
    """Where it is now. `status`: what it was before it came to rest, and is again. Raises NotFoundError, StoreError."""
    make_folder(places.archive)
    with locked(places.plan_lock(plan_id)):
        _must_be_there(places, plan_id)
        target = places.archive / plan_id
        if os.path.lexists(target):
            target = places.archive / f"{plan_id}-{time.strftime('%Y%m%d-%H%M%S')}"
        _rename(places.plans / plan_id, target)
        loaded = decode_plan((target / PLAN).read_bytes(), str(target / PLAN))
        if loaded.record.status is not status:
            after = replace(loaded.record, status=status)
            write_atomically(target / PLAN, dump(patch(loaded.raw, loaded.record, after)))
        return target


def restore(places: Places, name: str) -> str:
    """The id of the plan that is back. Raises NotFoundError, OrchestratorError, StoreError."""
    folder = places.archive / name
    if not (folder / PLAN).is_file():
        known = ", ".join(archived(places)) or "none"
        raise NotFoundError(f'there is no archived plan "{name}" in {places.archive} (there are: {known})')
    plan_id = _id_of(folder)
    if plan_id is None:
        raise UnreadableError(f"{folder / PLAN} cannot be read: mend it, then restore again")
    make_folder(places.plans)
    with locked(places.plan_lock(plan_id)):
        target = places.plans / plan_id
        if os.path.lexists(target):
            hint = f"`orchestrator plan archive {plan_id}` or `plan remove` takes that one away first"
            raise OrchestratorError(f'there is a plan "{plan_id}" already ({hint})')
        _rename(folder, target)
    return plan_id


def remove(places: Places, plan_id: str) -> None:
    """Raises NotFoundError, StoreError."""
    make_folder(places.archive)
    with locked(places.plan_lock(plan_id)):
        _must_be_there(places, plan_id)
        folder = places.plans / plan_id
        away = places.archive / f".removed-{plan_id}-{os.getpid()}-{time.monotonic_ns()}"
        try:
            _rename(folder, away)
        except StoreError:
            _unlink(folder / PLAN)  # first: what is left is no plan
            away = folder
        for gone in [away, *places.archive.glob(f".removed-{plan_id}-*")]:  # also what a crash has left
            shutil.rmtree(gone, ignore_errors=True)
        if os.path.lexists(folder / PLAN):
            raise StoreError(f"cannot remove {folder}: is it writable?")
        import_files.forget(places, plan_id)


def _must_be_there(places: Places, plan_id: str) -> None:
    if not os.path.lexists(places.plan_file(plan_id)):
        hint = "`orchestrator status` lists the plans"
        raise NotFoundError(f'there is no plan "{plan_id}" in {places.plans}; {hint}')


def _rename(folder: Path, target: Path) -> None:
    try:
        folder.rename(target)
    except OSError as error:
        why = error.strerror
        if error.errno == errno.EXDEV:
            why = "they are on different file systems, and it would not go in one step"
        raise StoreError(f"cannot move {folder} to {target}: {why}") from error


def _unlink(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        raise StoreError(f"cannot remove {path}: {error.strerror}") from error


def _id_of(folder: Path) -> str | None:
    try:
        return decode_plan((folder / PLAN).read_bytes(), str(folder / PLAN)).record.id
    except (OSError, UnreadableError):
        return None
