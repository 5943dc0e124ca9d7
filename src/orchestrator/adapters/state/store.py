"""Whoever changes a ticket or plan does it through `Store.apply`: lock, re-read, transition, atomic replace, unlock.

Save first, act after: the decisions that `apply` returns are carried out by the caller when the lock is free again.
Nothing that somebody else wrote is lost: a foreign write is recognised by the journal, and one that was made from a
stale copy (an old `rev`) is merged (`foreign`).
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from orchestrator.adapters.files import (
    LOCK_PATIENCE,
    LOOK_SECONDS,
    PATIENCE,
    again_if_changed,
    locked,
    patiently,
    read_whole,
    write_atomically,
)
from orchestrator.adapters.foreign import Doc, merge_stale, restore_facts
from orchestrator.adapters.places import Places
from orchestrator.adapters.state import journal as journals
from orchestrator.adapters.state.journal import Entry, Journal, Last
from orchestrator.adapters.state.ticket_files import TicketFile, TicketFiles
from orchestrator.adapters.watching.folders import Mark
from orchestrator.core.decisions import Decision, Save, StartAttempt
from orchestrator.core.events import Event
from orchestrator.core.model import Key, Plan, Ticket
from orchestrator.core.plan_transition import PlanEvent, plan_transition
from orchestrator.core.rules import Rules
from orchestrator.core.times import iso
from orchestrator.core.transition import transition
from orchestrator.errors import NotFoundError, StoreError, UnreadableError
from orchestrator.formats.plan_json import (
    Loaded,
    Malformed,
    check_plan_path,
    complete,
    decode_plan,
    decode_ticket,
    dump,
    patch,
)

LOOP_LOCK_PATIENCE = 0.5
"""Seconds for which a loop, which has others to look after and asks again, waits for a lock."""


class Applied(msgspec.Struct, frozen=True):
    before: Ticket
    ticket: Ticket
    decisions: tuple[Decision, ...]
    """Without the Save, which is done. Empty: nothing changed, or nothing else is to be done."""
    changed: bool
    reports: tuple[str, ...] = ()
    """What of a stale foreign write was not taken."""
    mark: Mark | None = None
    """How the file is that was written; None: nothing was, or somebody has changed it since."""


Decide = Callable[[Ticket], Event | None]


class Store:
    """`warn(event, ticket, reason)` hears what went wrong beside a save and does not undo it."""

    def __init__(
        self,
        places: Places,
        rules: Callable[[Ticket], Rules],
        now: Callable[[], float] = time.time,
        warn: Callable[[str, Key, str], None] = lambda *_: None,
    ) -> None:
        self.places = places
        self._rules, self._now, self._warn = rules, now, warn
        self._journal = Journal()
        self._files = TicketFiles(places)

    def apply(self, key: Key, decide: Decide, patience: float = PATIENCE) -> Applied:
        """Let `decide` name the event for the ticket as the file has it now (None: leave it), and save what follows.

        Raises NotFoundError, UnreadableError, IllegalTransitionError, StoreError, and what `decide` raises.
        """
        deadline = time.monotonic() + patience
        while True:
            if not os.path.lexists(self.places.ticket_file(key)):
                raise NotFoundError(self._absent(key))
            with locked(self.places.store_lock(key), LOCK_PATIENCE if patience else LOOP_LOCK_PATIENCE):
                found = again_if_changed(lambda: self._read_and_apply(key, decide))
            if not isinstance(found, UnreadableError):
                return found
            if time.monotonic() >= deadline:
                raise found
            time.sleep(LOOK_SECONDS)

    def _read_and_apply(self, key: Key, decide: Decide) -> Applied | UnreadableError:
        read = self._try_to_read(key)
        return read if isinstance(read, UnreadableError) else self._apply(key, decide, read)

    def _apply(self, key: Key, decide: Decide, file: TicketFile) -> Applied:
        raw, lines, reports = self._reconcile(key, file)
        path, known = str(self.places.ticket_file(key)), file.loaded
        before = known.record if raw is known.raw else decode_ticket(dump(raw), path).record
        event = decide(before)
        decisions = transition(self._rules(before), before, event) if event is not None else ()
        if not decisions:
            mark = None
            if reports:
                before, mark = self._write(key, file.content, raw, before, before, lines, None, ())
            else:
                self._remember(key, lines)
            return Applied(before, before, (), bool(reports), reports, mark)
        save, *rest = decisions
        assert isinstance(save, Save)
        ticket, mark = self._write(key, file.content, raw, before, save.ticket, lines, event, tuple(rest))
        return Applied(before, ticket, tuple(rest), True, reports, mark)

    def _try_to_read(self, key: Key) -> TicketFile | UnreadableError:
        """Raises NotFoundError."""
        try:
            return self._files.read(key)
        except FileNotFoundError:
            raise NotFoundError(self._absent(key)) from None

    def _absent(self, key: Key) -> str:
        if not self.places.plan_file(key.plan).exists():
            return f'there is no plan "{key.plan}" in {self.places.plans}; `orchestrator status` lists the plans'
        return (
            f'plan {key.plan} has no ticket "{key.ticket}"; `orchestrator status --plan {key.plan}` lists its tickets'
        )

    def _reconcile(self, key: Key, file: TicketFile) -> tuple[Doc, list[Entry], tuple[str, ...]]:
        """Compare the file with what was known last: (what counts, lines to write first, what is to be reported)."""
        path, raw, rev = self.places.journal(key), file.loaded.raw, file.loaded.record.rev
        last, found = self._journal.last(path), file.sum
        if last is None or rev > last.rev:
            return raw, [self._whole("seen" if last is None else "recovered", rev, found, raw)], ()
        if last.deleted and rev == 0:
            told = journals.fold(path) or {}
            raw = {**raw, "rev": last.rev, "attempts": told.get("attempts", 0)}
            return raw, [self._whole("seen", last.rev, found, raw)], ()
        if last.sum == found:
            return raw, [], ()
        if rev == last.rev:
            return self._take_edit(key, raw, last, found)
        return self._take_stale(key, file.loaded, last)

    def _take_edit(self, key: Key, raw: Doc, last: Last, found: str) -> tuple[Doc, list[Entry], tuple[str, ...]]:
        latest = journals.fold(self.places.journal(key))
        raw, kept = restore_facts(raw, raw if latest is None else latest)
        if not kept:
            return raw, [self._whole("edited", last.rev, found, raw)], ()
        report = f"ticket {key}: {', '.join(kept)} cannot be edited, it says what is; it was put back"
        return raw, [self._whole("edited", last.rev, "-", raw, report)], (report,)

    def _take_stale(self, key: Key, loaded: Loaded[Ticket], last: Last) -> tuple[Doc, list[Entry], tuple[str, ...]]:
        rev = loaded.record.rev
        latest, at_rev = journals.tell(self.places.journal(key), rev)
        report = (
            f"ticket {key}: what was written from {'an old copy' if rev else 'scratch'} (rev {rev}, now {last.rev})"
        )
        if latest is None:
            merged = {**loaded.raw, "rev": last.rev}
            report += " counts as it is: its journal has lost what it was before"
        else:
            bases = [*at_rev, *(self._blanks(loaded.record) if rev == 0 else ())]
            merged, kept = merge_stale(loaded.raw, bases, latest, anew=rev == 0)
            report += f" was merged; not taken from it: {', '.join(kept) or 'nothing'}"
        return merged, [self._whole("stale", last.rev, "-", merged, report)], (report,)

    def _blanks(self, ticket: Ticket) -> tuple[Doc, ...]:
        """What a planner who begins from nothing says of the runner's part, if anything."""
        return ({}, {"currentPhase": self._rules(ticket).workflow.first})

    def _whole(self, kind: str, rev: int, found: str, doc: Doc, note: str = "") -> Entry:
        return Entry(iso(self._now()), kind, rev, found, set=doc, whole=True, note=note)

    def _write(
        self, key: Key, read: bytes, raw: Doc, before: Ticket, after: Ticket,
        lines: list[Entry], event: Event | None, decisions: tuple[Decision, ...],
    ) -> tuple[Ticket, Mark | None]:  # fmt: skip
        after = replace(after, rev=before.rev + 1)
        doc = complete(patch(raw, before, after), after)
        content = dump(doc)
        file = TicketFile(content, journals.digest(content), Loaded(after, doc))
        mark = self._files.write(key, file, expected=read)
        changed, unset, history = journals.difference(raw, doc)
        entry = Entry(
            iso(self._now()), "event" if event is not None else "merged", after.rev, file.sum,
            event, list(decisions), changed, unset, history,
        )  # fmt: skip
        try:
            self._journal.append(self.places.journal(key), [*lines, entry])
        except OSError as error:
            # the ticket is saved; the next save finds the journal behind and writes the whole file into it
            self._warn("journal_behind", key, str(error))
            self._journal.forget(self.places.journal(key))
        return after, mark

    def note(self, key: Key, kind: str, text: str) -> None:
        """A line in the journal that changes nothing (`notified`)."""
        with contextlib.suppress(OSError, StoreError), locked(self.places.store_lock(key)):
            self._journal.append(self.places.journal(key), [Entry(iso(self._now()), kind, note=text)])

    def note_deleted(self, key: Key) -> None:
        """Somebody deleted the file: one that is made anew under its name begins anew."""
        path = self.places.journal(key)
        last = self._journal.last(path)
        if last is not None and not last.deleted:
            with contextlib.suppress(StoreError), locked(self.places.store_lock(key)):
                if not os.path.lexists(self.places.ticket_file(key)):
                    with contextlib.suppress(OSError):
                        self._journal.append(path, [Entry(iso(self._now()), "deleted")])

    def behind(self, key: Key, ticket: Ticket) -> bool:
        """Whether a crash came between the save and its line in the journal. (A journal that is not there at all was
        taken away, unless the save was the first; it begins anew with the next.)"""
        if ticket.rev == 0 or not os.path.lexists(self.places.journal_name(key)):
            return ticket.rev == 1
        last = self._journal.last(self.places.journal(key))
        return last.rev < ticket.rev if last is not None else ticket.rev == 1

    def edited_since(self, key: Key, changed_ns: int) -> bool:
        """Whether its file, changed at that time, was changed by somebody else than us; as far as times tell."""
        try:
            return os.stat(self.places.journal_name(key)).st_mtime_ns < changed_ns  # noqa: PTH116 - asked for all
        except OSError:
            return False

    def catch_up(self, key: Key) -> None:
        """Append the line that a crash left out."""
        with contextlib.suppress(NotFoundError, StoreError), locked(self.places.store_lock(key)):
            read = self._try_to_read(key)
            if not isinstance(read, UnreadableError):
                self._remember(key, self._reconcile(key, read)[1], seen=True)

    def _remember(self, key: Key, lines: list[Entry], seen: bool = False) -> None:
        """Write down what others changed although nothing follows from it: the next old copy may overwrite it."""
        if lines and (seen or lines[0].kind != "seen") and lines[0].sum != "-":
            with contextlib.suppress(OSError):
                self._journal.append(self.places.journal(key), lines)

    # -- plans --------------------------------------------------------------------------------------------------------

    def apply_plan(
        self,
        plan_id: str,
        event: PlanEvent,
        only_if: Callable[[Plan], bool] = lambda _: True,
        patience: float = PATIENCE,
    ) -> Plan:
        """Change a plan's status. Raises like `apply`."""
        path = self.places.plan_file(plan_id)
        if not os.path.lexists(path):
            raise NotFoundError(self._absent(Key(plan_id, "")))
        with locked(self.places.plan_lock(plan_id)):
            return again_if_changed(lambda: self._apply_plan(plan_id, event, only_if, patience))

    def _apply_plan(self, plan_id: str, event: PlanEvent, only_if: Callable[[Plan], bool], patience: float) -> Plan:
        content, loaded = patiently(lambda: self._try_to_read_plan(plan_id), patience)
        if not only_if(loaded.record):
            return loaded.record
        after = plan_transition(loaded.record, event)
        if after is not loaded.record:
            changed = dump(patch(loaded.raw, loaded.record, after))
            write_atomically(self.places.plan_file(plan_id), changed, expected=content)
        return after

    def read_plan(self, plan_id: str, patience: float = PATIENCE) -> Loaded[Plan]:
        """Raises NotFoundError, UnreadableError."""
        return patiently(lambda: self._try_to_read_plan(plan_id), patience)[1]

    def _try_to_read_plan(self, plan_id: str) -> tuple[bytes, Loaded[Plan]] | UnreadableError:
        path = self.places.plan_file(plan_id)
        try:
            content = read_whole(path)
            loaded = decode_plan(content, str(path))
        except FileNotFoundError:
            raise NotFoundError(self._absent(Key(plan_id, ""))) from None
        except UnreadableError as error:
            return error
        problems = check_plan_path(loaded.record, plan_id, str(path))
        return Malformed(tuple(problems)) if problems else (content, loaded)

    def read_ticket(self, key: Key, patience: float = PATIENCE) -> Loaded[Ticket]:
        """Raises NotFoundError, UnreadableError."""
        found = patiently(lambda: self._try_to_read(key), patience)
        return found.loaded


def starts(decisions: tuple[Decision, ...]) -> StartAttempt | None:
    return next((d for d in decisions if isinstance(d, StartAttempt)), None)
