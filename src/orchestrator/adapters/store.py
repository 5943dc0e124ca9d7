"""Whoever changes a ticket or plan does it through `Store.apply`: lock, re-read, transition, atomic replace, unlock.

Save first, act after: the decisions that `apply` returns are carried out by the caller when the lock is free again.
Nothing that somebody else wrote is lost: a foreign write is recognised by the journal, and one that was made from a
stale copy (an old `rev`) is merged: its planner's part is taken, of the runner's part only what differs from what we
wrote then.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from orchestrator.adapters import journal as journals
from orchestrator.adapters.files import locked, write_atomically
from orchestrator.adapters.journal import Doc, Entry, Journal
from orchestrator.adapters.places import Places
from orchestrator.core.decisions import Decision, Save, StartAttempt
from orchestrator.core.events import Event
from orchestrator.core.model import RUNNER_FIELDS, Key, Plan, Ticket
from orchestrator.core.plan_transition import PlanEvent, plan_transition
from orchestrator.core.rules import Rules
from orchestrator.core.times import iso
from orchestrator.core.transition import transition
from orchestrator.errors import NotFoundError, UnreadableError
from orchestrator.formats.plan_json import Loaded, decode_plan, decode_ticket, dump, patch

log = logging.getLogger(__name__)

PATIENCE = 1.0
"""Seconds during which a file that does not parse is read again: an editor may be writing."""


class Applied(msgspec.Struct, frozen=True):
    before: Ticket
    ticket: Ticket
    decisions: tuple[Decision, ...]
    """Without the Save, which is done. Empty: nothing changed, or nothing else is to be done."""
    changed: bool
    reports: tuple[str, ...] = ()
    """What of a stale foreign write was not taken."""


Decide = Callable[[Ticket], Event | None]


class Store:
    def __init__(self, places: Places, rules: Callable[[Ticket], Rules], now: Callable[[], float] = time.time) -> None:
        self.places = places
        self._rules = rules
        self._now = now
        self._journal = Journal()

    def apply(self, key: Key, decide: Decide, patience: float = PATIENCE) -> Applied:
        """Let `decide` name the event for the ticket as the file has it now (None: leave it), and save what follows.

        Raises NotFoundError, UnreadableError, IllegalTransitionError, StoreError.
        """
        if not self.places.ticket_file(key).exists():
            raise NotFoundError(self._absent(key))
        with locked(self.places.store_lock(key)):
            return self._apply(key, decide, patience)

    def _apply(self, key: Key, decide: Decide, patience: float) -> Applied:
        path = self.places.ticket_file(key)
        content, loaded = self._read(path, key, patience)
        raw, lines, reports = self._reconcile(key, path, content, loaded)
        before = loaded.record if raw is loaded.raw else decode_ticket(dump(raw), str(path)).record
        event = decide(before)
        decisions = transition(self._rules(before), before, event) if event is not None else ()
        if not decisions:
            if reports:
                before = self._write(key, path, raw, before, before, lines, None, ())
            return Applied(before, before, (), bool(reports), reports)
        save, *rest = decisions
        assert isinstance(save, Save)
        ticket = self._write(key, path, raw, before, save.ticket, lines, event, tuple(rest))
        return Applied(before, ticket, tuple(rest), True, reports)

    def _read(self, path: Path, key: Key, patience: float) -> tuple[bytes, Loaded[Ticket]]:
        deadline = time.monotonic() + patience
        while True:
            try:
                content = path.read_bytes()
                return content, decode_ticket(content, str(path))
            except FileNotFoundError:
                raise NotFoundError(self._absent(key)) from None
            except OSError as error:
                raise UnreadableError(f"cannot read {path}: {error.strerror}") from error
            except UnreadableError:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(0.05)

    def _absent(self, key: Key) -> str:
        if not self.places.plan_file(key.plan).exists():
            return f'there is no plan "{key.plan}" in {self.places.plans}; `orchestrator status` lists the plans'
        return (
            f'plan {key.plan} has no ticket "{key.ticket}"; `orchestrator status --plan {key.plan}` lists its tickets'
        )

    def _reconcile(
        self, key: Key, path: Path, content: bytes, loaded: Loaded[Ticket]
    ) -> tuple[Doc, list[Entry], tuple[str, ...]]:
        """Compare the file with what we wrote last: (what counts, journal lines to write first, what was refused)."""
        last = self._journal.last(self.places.journal(key))
        found = journals.digest(content)
        if last is not None and last.sum == found:
            return loaded.raw, [], ()
        rev = loaded.record.rev
        if last is None or rev >= last.rev:
            kind = "seen" if last is None else "edited" if rev == last.rev else "recovered"
            entry = Entry(iso(self._now()), kind, rev, found, set=loaded.raw, whole=True)
            return loaded.raw, [entry], ()
        return self._merge_stale(key, loaded, last)

    def _merge_stale(self, key: Key, loaded: Loaded[Ticket], last: Entry) -> tuple[Doc, list[Entry], tuple[str, ...]]:
        path = self.places.journal(key)
        rev, latest, base = loaded.record.rev, journals.fold(path), journals.fold(path, loaded.record.rev)
        if latest is None:
            entry = Entry(iso(self._now()), "edited", last.rev, "-", set=loaded.raw, whole=True)
            return {**loaded.raw, "rev": last.rev}, [entry], ()
        merged, refused = merge_stale(loaded.raw, base or {}, latest)
        report = f"ticket {key}: a write from an old copy (rev {rev}, now {last.rev}) was merged"
        if refused:
            report += f"; kept what the runner had written since: {', '.join(sorted(refused))}"
        log.warning("stale_write plan=%s ticket=%s rev=%d now=%d kept=%s", key.plan, key.ticket, rev, last.rev, refused)
        entry = Entry(iso(self._now()), "stale", last.rev, "-", set=merged, whole=True, note=report)
        return merged, [entry], (report,)

    def _write(
        self, key: Key, path: Path, raw: Doc, before: Ticket, after: Ticket,
        lines: list[Entry], event: Event | None, decisions: tuple[Decision, ...],
    ) -> Ticket:  # fmt: skip
        after = replace(after, rev=before.rev + 1)
        doc = patch(raw, before, after)
        content = dump(doc)
        write_atomically(path, content)
        changed, unset, history = journals.difference(raw, doc)
        entry = Entry(
            iso(self._now()), "event" if event is not None else "merged", after.rev, journals.digest(content),
            event, list(decisions), changed, unset, history,
        )  # fmt: skip
        try:
            self._journal.append(self.places.journal(key), [*lines, entry])
        except OSError as error:
            # the ticket is saved; the next save finds the journal behind and writes the whole file into it
            log.warning("journal_behind plan=%s ticket=%s reason=%r", key.plan, key.ticket, str(error))
            self._journal.forget(self.places.journal(key))
        return after

    def note(self, key: Key, kind: str, text: str) -> None:
        """A line in the journal that changes nothing (`notified`)."""
        with contextlib.suppress(OSError), locked(self.places.store_lock(key)):
            self._journal.append(self.places.journal(key), [Entry(iso(self._now()), kind, note=text)])

    def behind(self, key: Key, ticket: Ticket) -> bool:
        """Whether a crash came between the save and its line in the journal."""
        last = self._journal.last(self.places.journal(key))
        return ticket.rev > 0 and (last is None or last.rev < ticket.rev)

    def catch_up(self, key: Key) -> None:
        """Append the line that a crash left out."""
        with contextlib.suppress(NotFoundError, UnreadableError), locked(self.places.store_lock(key)):
            path = self.places.ticket_file(key)
            content, loaded = self._read(path, key, 0)
            _, lines, _ = self._reconcile(key, path, content, loaded)
            if lines and lines[0].kind in ("seen", "recovered"):
                with contextlib.suppress(OSError):
                    self._journal.append(self.places.journal(key), lines)

    # -- plans --------------------------------------------------------------------------------------------------------

    def apply_plan(self, plan_id: str, event: PlanEvent, only_if: Callable[[Plan], bool] = lambda _: True) -> Plan:
        """Change a plan's status. Raises like `apply`."""
        path = self.places.plan_file(plan_id)
        if not path.exists():
            raise NotFoundError(self._absent(Key(plan_id, "")))
        with locked(self.places.plan_lock(plan_id)):
            loaded = self.read_plan(plan_id)
            if not only_if(loaded.record):
                return loaded.record
            after = plan_transition(loaded.record, event)
            if after is not loaded.record:
                write_atomically(path, dump(patch(loaded.raw, loaded.record, after)))
                log.info("plan_%s plan=%s status=%s", event, plan_id, after.status)
            return after

    def read_plan(self, plan_id: str, patience: float = PATIENCE) -> Loaded[Plan]:
        path = self.places.plan_file(plan_id)
        deadline = time.monotonic() + patience
        while True:
            try:
                return decode_plan(path.read_bytes(), str(path))
            except FileNotFoundError:
                raise NotFoundError(self._absent(Key(plan_id, ""))) from None
            except OSError as error:
                raise UnreadableError(f"cannot read {path}: {error.strerror}") from error
            except UnreadableError:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(0.05)

    def read_ticket(self, key: Key, patience: float = PATIENCE) -> Loaded[Ticket]:
        return self._read(self.places.ticket_file(key), key, patience)[1]


def merge_stale(theirs: Doc, base: Doc, latest: Doc) -> tuple[Doc, list[str]]:
    """Their planner's part and unknown keys; of the runner's part what they changed against `base`; else `latest`.

    Returns the merged file and the runner's keys that they had stale.
    """
    merged: Doc = {key: value for key, value in theirs.items() if key not in RUNNER_FIELDS}
    refused = []
    for key in [*latest, *(key for key in theirs if key not in latest)]:
        if key not in RUNNER_FIELDS or key == "rev":
            continue
        if (
            key in theirs
            and theirs[key] != base.get(key, _MISSING)
            and not (key not in base and _is_default(key, theirs[key]))
        ):
            merged[key] = theirs[key]
        elif key in latest:
            merged[key] = latest[key]
            if key in theirs and theirs[key] != latest[key]:
                refused.append(key)
    merged["rev"] = latest.get("rev", 0)
    return merged, refused


_MISSING: Any = object()
_DEFAULTS = {
    field.encode_name: field.default if field.default is not msgspec.NODEFAULT else None
    for field in msgspec.structs.fields(Ticket)
}


def _is_default(key: str, value: Any) -> bool:
    return value in (None, [], {}, 0) or value == _DEFAULTS.get(key)


def starts(decisions: tuple[Decision, ...]) -> StartAttempt | None:
    return next((d for d in decisions if isinstance(d, StartAttempt)), None)
