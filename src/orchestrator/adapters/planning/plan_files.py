"""Plans as files, written whole.

The law: tickets first, plan.json last, each atomically: a folder without plan.json is not yet a plan, so nobody ever
sees half of one. What a crash leaves of a plan that was being written says so, and whoever writes it next clears it
away; what somebody else left there is theirs.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec.structs import replace

from orchestrator.adapters.files import again_if_changed, locked, make_folder, write_atomically
from orchestrator.adapters.places import Places
from orchestrator.adapters.planning import import_files
from orchestrator.adapters.state.store import Store
from orchestrator.core.model import Plan, PlanEntry, Ticket
from orchestrator.core.plan_transition import plan_transition
from orchestrator.core.planning.imported import Imported
from orchestrator.errors import NotFoundError, OrchestratorError, StoreError, TakenError, UnreadableError
from orchestrator.formats.plan_json import decode_plan, dump, encode, patch

PLAN = "plan.json"
BEGUN = ".being-written"
"""Lies in the folder of a plan while it is being written for the first time."""


class PlanFiles:
    """Writes plans. Raises StoreError for what the disk refuses, OrchestratorError for what is there already."""

    def __init__(self, places: Places, store: Store) -> None:
        """`store`: knows what a ticket of that name was before."""
        self._places, self._store = places, store

    def write(self, plan: Plan, tickets: Sequence[Ticket], imported: Imported | None = None) -> None:
        """A new plan. Whatever fails leaves nothing that counts as one. `imported`: where it was brought from; it is
        there before the plan, so that the next import finds a plan whose import was ended by a crash."""
        make_folder(self._places.plans)
        with locked(self._places.plan_lock(plan.id)):
            folder = self._folder(plan.id)
            written: list[Path] = []
            try:
                make_folder(self._places.tickets(plan.id))
                (folder / BEGUN).touch()
                for ticket in tickets:
                    written.append(self._write_ticket(ticket))
                if imported is not None:
                    import_files.write(self._places, plan.id, imported)
                else:
                    import_files.forget(self._places, plan.id)
                write_atomically(self._places.plan_file(plan.id), dump(encode(plan)))
            except BaseException as error:
                self._take_back(folder, written)
                if isinstance(error, OSError):
                    raise StoreError(f"cannot write {folder}: {error.strerror}") from error
                raise
            with contextlib.suppress(OSError):
                (folder / BEGUN).unlink()

    def _folder(self, plan_id: str) -> Path:
        """An empty one, or none yet."""
        folder = self._places.plans / plan_id
        for there in self._places.plans.iterdir():
            if there.name != plan_id and there.name.lower() == plan_id.lower() and any(there.glob("*")):
                raise TakenError(f'there is a plan "{there.name}" already; choose an id that differs by more')
        if os.path.lexists(self._places.plan_file(plan_id)):
            hint = f"choose another id, or `orchestrator plan add {plan_id}` adds to it"
            raise TakenError(f'there is a plan "{plan_id}" already; {hint}')
        if not folder.exists():
            return folder
        if (folder / BEGUN).exists():
            self._clear(folder)
        elif folder.is_dir() and any(one.is_file() for one in folder.rglob("*")):
            what = f"{folder} has files, but no plan.json: somebody else's plan that is not whole yet"
            raise OrchestratorError(f"{what}; finish it, remove it, or choose another id")
        return folder

    def _clear(self, folder: Path) -> None:
        """What a crash left."""
        for one in [*(folder / "tickets").glob("*.json"), *folder.rglob(".*.tmp")]:
            with contextlib.suppress(OSError):
                one.unlink()

    def _take_back(self, folder: Path, written: Sequence[Path]) -> None:
        if os.path.lexists(folder / PLAN):
            return  # it is whole: what ended us came a moment too late
        with contextlib.suppress(OSError):
            for one in written:
                one.unlink(missing_ok=True)
            (folder / BEGUN).unlink(missing_ok=True)
            (folder / "tickets").rmdir()
            folder.rmdir()

    def _write_ticket(self, ticket: Ticket) -> Path:
        """One of that name that was there before is over: nothing of it comes back."""
        path, content = self._places.ticket_file(ticket.key), dump(encode(ticket))
        if os.path.lexists(path):
            if _has(path, content):
                return path  # whoever wrote it before was ended before it was listed
            raise TakenError(f"there is {path} already; choose another id for the ticket")
        if os.path.lexists(self._places.journal_name(ticket.key)):
            self._store.note_deleted(ticket.key)
        write_atomically(path, content)
        return path

    def add(self, plan_id: str, entries: Sequence[PlanEntry], tickets: Sequence[Ticket], reopen: bool = True) -> Plan:
        """More tickets for a plan; the files of the tickets first. `reopen`: a complete plan goes on, also one that was
        completed a moment ago."""
        written: list[Path] = []

        def change(plan: Plan) -> Plan:
            there = {one.ticket_id.lower() for one in plan.tickets}
            for ticket in tickets if not written else ():
                if ticket.ticket_id.lower() in there:
                    raise TakenError(f'plan {plan_id} has a ticket "{ticket.ticket_id}" already')
                written.append(self._write_ticket(ticket))
            grown = _with(plan, entries)
            return plan_transition(grown, "reopen") if reopen else grown

        try:
            return self.change(plan_id, change)
        except BaseException:
            listed = self._listed(plan_id) if written else set()
            for path in written:
                with contextlib.suppress(OSError):
                    if listed is not None and path.stem not in listed:
                        path.unlink(missing_ok=True)
            raise

    def _listed(self, plan_id: str) -> set[str] | None:
        """Tickets that plan.json lists, since what ended us may have come a moment too late; None: nobody knows."""
        try:
            file = self._places.plan_file(plan_id)
            return {one.ticket_id for one in decode_plan(file.read_bytes(), str(file)).record.tickets}
        except FileNotFoundError:
            return set()
        except (OSError, UnreadableError):
            return None

    def change(self, plan_id: str, decide: Callable[[Plan], Plan]) -> Plan:
        """Let `decide` say what plan.json is to say, from what it says now; what it does not know stays."""
        path = self._places.plan_file(plan_id)

        def once() -> Plan:
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                raise NotFoundError(f'there is no plan "{plan_id}"; `orchestrator status` lists the plans') from None
            except OSError as error:
                raise StoreError(f"cannot read {path}: {error.strerror}") from error
            loaded = decode_plan(content, str(path))
            after = decide(loaded.record)
            if after != loaded.record:
                write_atomically(path, dump(patch(loaded.raw, loaded.record, after)), expected=content)
            return after

        with locked(self._places.plan_lock(plan_id)):
            return again_if_changed(once)


def _with(plan: Plan, entries: Sequence[PlanEntry]) -> Plan:
    return replace(plan, tickets=(*plan.tickets, *entries))


def _has(path: Path, content: bytes) -> bool:
    with contextlib.suppress(OSError):
        return path.read_bytes() == content
    return False
