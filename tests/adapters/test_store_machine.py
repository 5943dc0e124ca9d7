"""Random days of a ticket's file: events, hand edits, old copies, crashes. The journal always adds up to the file."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from orchestrator.core.events import CheckEnded, CheckStarted, Event, RetryRequested, SkipRequested, StopRequested
from orchestrator.core.outcome import Outcome, OutcomeKind
from orchestrator.errors import IllegalTransitionError
from orchestrator.formats.plan_json import decode_ticket
from tests.adapters.shelf import KEY, Shelf, assert_loads_in_the_original
from tests.factories import AT

KINDS = st.sampled_from([kind for kind in OutcomeKind if kind is not OutcomeKind.NOT_YET])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
WISHES: dict[str, st.SearchStrategy[Any]] = {
    "title": st.text(max_size=9),
    "description": st.text(max_size=9),
    "status": st.sampled_from(["queued", "ready", "running", "paused", "complete", "failed"]),
    "currentPhase": st.sampled_from(["one", "two", "three", "nowhere"]),
    "error": st.none() | st.text(max_size=5),
    "context": st.dictionaries(st.sampled_from(["said", "x", "y"]), st.text(max_size=5)),
    "retries": st.just({}),
    "storyPoints": VALUES,
    "notes": VALUES,
}
CHANGES = st.fixed_dictionaries({}, optional=WISHES)


class Days(RuleBasedStateMachine):
    @initialize(first=CHANGES)
    def begin(self, first: dict[str, Any]) -> None:
        self.root = Path(tempfile.mkdtemp())
        self.shelf = Shelf(self.root, **first)
        self.copies: list[dict[str, Any]] = [self.shelf.copy()]
        self.saved = False
        self.theirs: dict[str, Any] = {k: first[k] for k in ("storyPoints", "notes") if k in first}

    def teardown(self) -> None:
        if hasattr(self, "root"):
            shutil.rmtree(self.root)

    def _act(self, event: Event) -> None:
        before = self.shelf.raw().get("rev", 0)
        try:
            applied = self.shelf.apply(event)
        except IllegalTransitionError:
            return
        self.saved = applied.changed
        assert applied.ticket.rev >= before
        if applied.changed:
            assert self.shelf.raw()["rev"] == applied.ticket.rev > before

    @rule()
    def dispatched(self) -> None:
        try:
            self.saved = self.shelf.dispatch().changed
        except IllegalTransitionError:
            pass

    @rule(kind=KINDS, go_on=st.booleans(), captured=st.dictionaries(st.sampled_from(["said", "x"]), st.text()))
    def ended(self, kind: OutcomeKind, go_on: bool, captured: dict[str, str]) -> None:
        if self.shelf.merge().ticket.attempt is not None:
            self.saved = self.shelf.end(kind, go_on, captured=captured).changed

    @rule(phase=st.sampled_from(["one", "two", "three", "done"]))
    def skipped(self, phase: str) -> None:
        self._act(SkipRequested(at=AT, phase=phase))

    @rule()
    def retried(self) -> None:
        self._act(RetryRequested(at=AT))

    @rule()
    def stopped(self) -> None:
        self._act(StopRequested(at=AT, reason="shutdown"))

    @rule(kind=st.sampled_from([OutcomeKind.SUCCESS, OutcomeKind.NOT_YET, OutcomeKind.FAILURE]))
    def checked(self, kind: OutcomeKind) -> None:
        self._act(CheckStarted(at=AT))
        self._act(CheckEnded(at=AT, phase="three", outcome=Outcome(kind=kind)))

    @rule()
    def copied(self) -> None:
        self.copies.append(self.shelf.copy())

    @rule(changes=CHANGES)
    def edited(self, changes: dict[str, Any]) -> None:
        self.shelf.merge()
        self.shelf.edit(**changes)
        self.saved = False
        self._theirs(changes)

    @rule(changes=CHANGES, which=st.integers(0, 100), drop=st.sampled_from(["", "attempt", "attempts", "visit"]))
    def stale(self, changes: dict[str, Any], which: int, drop: str) -> None:
        """Somebody writes back what was read long ago; the open attempt is as before."""
        before = self.shelf.merge().ticket
        if before.rev and (not self.shelf.journal.exists() or self.shelf.store.behind(KEY, before)):
            return  # nobody can know what the file was
        copy = self.copies[which % len(self.copies)]
        self.shelf.write({key: value for key, value in {**copy, **changes}.items() if key != drop})
        after = self.shelf.merge().ticket
        assert (after.attempt, after.attempts) == (before.attempt, before.attempts)
        assert {entry.phase for entry in before.phase_history} <= {entry.phase for entry in after.phase_history}
        if after.rev > 0:
            for key in changes.keys() & {"title", "description"}:
                assert self.shelf.raw()[key] == changes[key] or copy.get(key) == changes[key]
        raw, wrote = self.shelf.raw(), {**copy, **changes}
        for key in self.theirs.keys() | (wrote.keys() & {"storyPoints", "notes"}):
            if copy.get("rev", 0) == before.rev or key not in self.theirs or raw.get(key) == wrote.get(key):
                self.theirs.pop(key, None)
                self.theirs |= {key: wrote[key]} if key in wrote else {}
        self.saved = False

    @rule(cut=st.integers(1, 40))
    def torn(self, cut: int) -> None:
        """A crash in the middle of the last line."""
        if self.shelf.journal.exists() and self.saved:
            content = self.shelf.journal.read_bytes()
            self.shelf.journal.write_bytes(content[: -min(cut, len(content.splitlines()[-1]))])
            self.saved = False

    @rule()
    def journal_deleted(self) -> None:
        self.shelf.journal.unlink(missing_ok=True)
        self.saved = False

    def _theirs(self, changes: dict[str, Any]) -> None:
        self.theirs |= {key: value for key, value in changes.items() if key in ("storyPoints", "notes")}

    @invariant()
    def the_journal_adds_up(self) -> None:
        if hasattr(self, "shelf") and self.saved:
            self.shelf.assert_told()

    @invariant()
    def what_is_remembered_is_what_the_file_says(self) -> None:
        if hasattr(self, "shelf"):
            fresh = decode_ticket(self.shelf.file.read_bytes(), str(self.shelf.file))
            assert self.shelf.store.read_ticket(KEY) == fresh

    @invariant()
    def the_original_could_go_on_with_it(self) -> None:
        if hasattr(self, "shelf") and self.saved and self.shelf.raw().get("attempts"):
            assert_loads_in_the_original(self.shelf.raw())

    @invariant()
    def what_others_wrote_is_there(self) -> None:
        if hasattr(self, "shelf"):
            raw = self.shelf.raw()
            assert {key: raw.get(key) for key in self.theirs} == self.theirs


TestDays = Days.TestCase
TestDays.settings = settings(max_examples=25, stateful_step_count=25)
