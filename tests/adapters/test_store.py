"""Whoever changes a ticket does it through the store: nothing that somebody wrote is lost."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters import files
from orchestrator.adapters.places import Places
from orchestrator.adapters.state import journal
from orchestrator.adapters.state.store import Store
from orchestrator.core.events import Dispatched, Grant, PauseRequested, ResumeRequested
from orchestrator.core.model import Key, Status
from orchestrator.core.outcome import OutcomeKind
from orchestrator.errors import IllegalTransitionError, NotFoundError, StoreError, UnreadableError
from tests.adapters.shelf import KEY, Shelf, config_of, rules
from tests.factories import AT


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


FORKS = multiprocessing.get_context("forkserver")


# -- one change -------------------------------------------------------------------------------------------------------


def test_every_save_counts_rev_and_tells_the_journal_what_it_changed(shelf: Shelf) -> None:
    for rev, act in enumerate((shelf.dispatch, shelf.end, shelf.dispatch, shelf.pause, shelf.end), 1):
        assert act().ticket.rev == rev == shelf.raw()["rev"]
        shelf.assert_told()
    assert shelf.kinds() == ["seen", "event", "event", "event", "event", "event"]


def test_the_decisions_that_remain_are_the_callers_and_the_save_is_done(shelf: Shelf) -> None:
    applied = shelf.dispatch()
    assert [type(decision).__name__ for decision in applied.decisions] == ["StartAttempt"]
    assert shelf.raw()["attempt"]["id"] == "a1"


def test_the_event_is_decided_on_the_file_as_it_is_now(shelf: Shelf) -> None:
    shelf.edit(title="Another")
    seen: list[str] = []
    shelf.store.apply(KEY, lambda t: seen.append(t.title))  # type: ignore[func-returns-value]
    assert seen == ["Another"]


def test_nothing_is_written_when_nothing_changes(shelf: Shelf) -> None:
    shelf.pause()
    before = shelf.file.stat()
    assert not shelf.pause().changed
    assert not shelf.merge().changed
    assert shelf.file.stat() == before


def test_an_illegal_event_changes_nothing_and_says_what_would_be_possible(shelf: Shelf) -> None:
    before = shelf.file.read_bytes()
    with pytest.raises(IllegalTransitionError, match="possible"):
        shelf.resume()
    assert shelf.file.read_bytes() == before


def test_foreign_keys_survive_at_every_depth_and_keys_stay_in_their_order(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, zeta={"deep": [{"er": None}]}, context={"n": 5, "t": "x"}, acceptanceCriteria=["é"])
    begun = shelf.copy()
    shelf.dispatch()
    shelf.edit(attempt=shelf.raw()["attempt"] | {"noted": [1]}, visit=shelf.raw()["visit"] | {"seen": {"by": "me"}})
    shelf.end(go_on=True)
    shelf.edit(phaseHistory=[entry | {"comment": "fine"} for entry in shelf.raw()["phaseHistory"]])
    shelf.end()
    raw = shelf.raw()
    assert raw["zeta"] == {"deep": [{"er": None}]}
    assert raw["context"]["n"] == 5
    assert raw["phaseHistory"][0]["comment"] == "fine"
    assert [key for key in raw if key in begun] == list(begun)
    shelf.assert_told()


def test_every_key_of_the_original_is_there_with_its_type_after_the_first_save(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.dispatch()
    raw = shelf.raw()
    text = ("planId", "ticketId", "title", "description", "workflow", "branch", "worktree", "status", "currentPhase")
    assert {key: type(raw[key]) for key in text} == dict.fromkeys(text, str)
    assert (raw["acceptanceCriteria"], raw["phaseHistory"], raw["context"], raw["retries"]) == ([], [], {}, {})
    assert [raw[key] for key in ("linearUrl", "repo", "agent", "error")] == [None, None, None, None]


def test_what_may_not_be_null_in_the_original_is_left_out_rather_than_null(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.pause()
    assert None not in [shelf.raw().get(key, "") for key in ("branch", "worktree", "currentPhase", "description")]
    shelf.resume()
    shelf.dispatch()
    shelf.end(OutcomeKind.FAILURE)
    for entry in shelf.raw()["phaseHistory"]:
        assert None not in entry.values()


def test_the_permissions_of_a_file_stay(shelf: Shelf) -> None:
    shelf.file.chmod(0o660)
    shelf.dispatch()
    assert stat.S_IMODE(shelf.file.stat().st_mode) == 0o660


def test_a_link_stays_a_link(shelf: Shelf, tmp_path: Path) -> None:
    shelf.file.rename(tmp_path / "elsewhere.json")
    shelf.file.symlink_to(tmp_path / "elsewhere.json")
    shelf.dispatch()
    assert shelf.file.is_symlink()
    assert json.loads((tmp_path / "elsewhere.json").read_bytes())["status"] == "running"


# -- what cannot be used ----------------------------------------------------------------------------------------------


def test_what_does_not_exist_is_named_with_what_to_do(shelf: Shelf) -> None:
    with pytest.raises(NotFoundError, match=r'plan p1 has no ticket "T-9"; `orchestrator status'):
        shelf.store.apply(Key("p1", "T-9"), lambda _: None)
    with pytest.raises(NotFoundError, match='there is no plan "p9"'):
        shelf.store.apply(Key("p9", "T-9"), lambda _: None)


BROKEN = {
    "truncated": lambda f: f.write_bytes(f.read_bytes()[:40]),
    "empty": lambda f: f.write_bytes(b""),
    "not UTF-8": lambda f: f.write_bytes(f.read_bytes().replace(b"Title", b"\xff\xfe")),
    "wrong type": lambda f: f.write_text(json.dumps(json.loads(f.read_bytes()) | {"retries": []})),
    "another ticket": lambda f: f.write_text(json.dumps(json.loads(f.read_bytes()) | {"ticketId": "T-2"})),
    "a folder": lambda f: (f.unlink(), f.mkdir()),
    "a link to itself": lambda f: (f.unlink(), f.symlink_to(f)),
    "a link to nothing": lambda f: (f.unlink(), f.symlink_to(f.with_name("none.json"))),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_file_that_cannot_be_used_is_left_as_it_is_and_is_never_absent(shelf: Shelf, how: str) -> None:
    BROKEN[how](shelf.file)
    before = shelf.file.read_bytes() if shelf.file.is_file() else None
    with pytest.raises(UnreadableError) as raised:
        shelf.dispatch()
    assert str(shelf.file) in str(raised.value)
    assert before is None or shelf.file.read_bytes() == before


def test_a_broken_file_is_read_again_while_its_editor_may_be_writing(shelf: Shelf) -> None:
    whole = shelf.file.read_bytes()
    shelf.file.write_bytes(whole[:30])

    def mend(*_: object) -> None:
        shelf.file.write_bytes(whole)

    import orchestrator.adapters.state.store as stores

    sleep, stores.time.sleep = stores.time.sleep, mend  # type: ignore[misc]
    try:
        applied = shelf.store.apply(KEY, lambda _: PauseRequested(at=AT))
    finally:
        stores.time.sleep = sleep
    assert applied.ticket.status is Status.PAUSED


def test_a_full_disk_is_said_in_words_and_the_old_content_stays(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.dispatch()
    before = shelf.file.read_bytes()

    def full(fd: int, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as m:
        m.setattr(files.os, "write", full)
        with pytest.raises(StoreError, match="No space left on device; the old content is still there"):
            shelf.end()
    assert shelf.file.read_bytes() == before
    assert [p.name for p in shelf.file.parent.iterdir()] == ["T-1.json"], "no temporary file stays"
    assert shelf.end().ticket.rev == 2
    shelf.assert_told()


def test_a_disk_that_is_full_for_the_journal_only_does_not_stop_the_work(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.dispatch()

    def short(fd: int, content: bytes) -> int:
        return real(fd, content[: len(content) // 2])

    real = os.write
    with monkeypatch.context() as m:
        m.setattr(os, "write", lambda fd, c: short(fd, c) if b'"event":' in bytes(c[:400]) else real(fd, c))
        shelf.end()
    assert shelf.raw()["rev"] == 2
    shelf.dispatch()
    shelf.assert_told()
    assert shelf.kinds()[-2:] == ["recovered", "event"]


# -- hand edits -------------------------------------------------------------------------------------------------------


def test_an_edit_of_the_newest_file_counts_and_is_recorded(shelf: Shelf) -> None:
    shelf.dispatch()
    shelf.edit(status="paused", title="New", error="by hand", extra=1)
    applied = shelf.end()
    assert (applied.before.status, applied.before.title, applied.ticket.status) == ("paused", "New", "paused")
    assert shelf.kinds() == ["seen", "event", "edited", "event"]
    shelf.assert_told()


def test_a_file_that_is_only_formatted_anew_counts_as_the_same(shelf: Shelf) -> None:
    shelf.dispatch()
    shelf.file.write_text(json.dumps(shelf.raw()))
    assert shelf.end().ticket.rev == 2
    shelf.assert_told()


@pytest.mark.parametrize("change", [{"attempt": None}, {"attempts": 0}, {"attempt": {"n": 7, "id": "x", "phase": "one", "startedAt": "2026-01-01"}}])  # fmt: skip # noqa: E501
def test_facts_cannot_be_edited(shelf: Shelf, change: dict[str, Any]) -> None:
    shelf.dispatch()
    shelf.edit(**change, title="New")
    applied = shelf.merge()
    assert applied.reports
    assert applied.ticket.attempt is not None
    assert (applied.ticket.attempt.id, applied.ticket.attempts, applied.ticket.title) == ("a1", 1, "New")
    shelf.assert_told()


def test_an_attempt_that_was_removed_by_hand_is_still_open(shelf: Shelf) -> None:
    shelf.dispatch()
    raw = shelf.copy()
    del raw["attempt"], raw["attempts"]
    shelf.write(raw)
    with pytest.raises(IllegalTransitionError, match="it is running with an open attempt"):
        shelf.apply(Dispatched(at=AT, grant=Grant(attempt_id="second", session="s")))


# -- writes from old copies -------------------------------------------------------------------------------------------


def rewritten(**fields: Any) -> dict[str, Any]:
    """A planner's file from scratch."""
    return {"planId": "p1", "ticketId": "T-1", "title": "Title", "workflow": "w", **fields}


def in_phase_two(shelf: Shelf) -> dict[str, Any]:
    """Two is running; gives the copy that somebody took before it was dispatched."""
    shelf.dispatch()
    old = shelf.copy()
    shelf.end(go_on=True, captured={"said": "hello"})
    return old


def test_a_planner_who_writes_the_file_from_scratch_changes_only_the_planners_part(shelf: Shelf) -> None:
    in_phase_two(shelf)
    ours = shelf.copy()
    shelf.write(rewritten(title="New", description="More", status="queued", currentPhase="one", context={}, retries={}))
    applied = shelf.merge()
    merged = shelf.raw()
    assert (merged["title"], merged["description"]) == ("New", "More")
    runner = ("status", "currentPhase", "phaseHistory", "context", "attempt", "visit", "attempts", "branch", "worktree")
    assert [merged[key] for key in runner] == [ours[key] for key in runner]
    assert merged["rev"] == ours["rev"] + 1
    assert "status" in applied.reports[0]
    assert "currentPhase" in applied.reports[0]
    shelf.assert_told()


def test_what_a_planner_leaves_out_of_its_part_is_gone_but_not_what_we_derived_or_others_added(shelf: Shelf) -> None:
    shelf.edit(description="old", acceptanceCriteria=["x"], storyPoints=3)
    in_phase_two(shelf)
    shelf.write(rewritten())
    shelf.merge()
    raw = shelf.raw()
    assert (raw["description"], raw["acceptanceCriteria"]) == ("", [])
    assert raw["storyPoints"] == 3
    assert raw["worktree"] == "/wt/T-1"


def test_a_status_that_was_set_on_purpose_in_an_old_copy_counts(shelf: Shelf) -> None:
    old = in_phase_two(shelf)
    shelf.write(old | {"status": "paused"})
    applied = shelf.merge()
    assert (applied.ticket.status, applied.ticket.current_phase) == ("paused", "two")
    assert applied.ticket.attempt is not None
    assert applied.ticket.attempt.id == "a2"


def test_from_scratch_a_status_that_says_something_counts_too(shelf: Shelf) -> None:
    in_phase_two(shelf)
    shelf.write(rewritten(status="paused"))
    assert shelf.merge().ticket.status is Status.PAUSED


def test_a_phase_that_was_set_in_an_old_copy_counts(shelf: Shelf) -> None:
    old = in_phase_two(shelf)
    shelf.write(old | {"currentPhase": "three"})
    applied = shelf.merge()
    assert applied.ticket.current_phase == "three"
    assert applied.ticket.attempt is not None


def test_an_old_copy_never_brings_back_an_attempt_nor_takes_one_away(shelf: Shelf) -> None:
    old = in_phase_two(shelf)
    assert old["attempt"]["id"] == "a1"
    for stale in (old, {k: v for k, v in old.items() if k != "attempt"}, old | {"attempt": None, "attempts": 0}):
        shelf.write(stale)
        merged = shelf.merge().ticket
        assert merged.attempt is not None
        assert (merged.attempt.id, merged.attempts) == ("a2", 2)


def test_what_was_written_since_stays_and_what_they_added_too(shelf: Shelf) -> None:
    shelf.edit(context={"theirs": "1", "gone": "x"})
    old = in_phase_two(shelf)
    old["context"] |= {"theirs": "2", "new": "3"}
    del old["context"]["gone"]
    old["phaseHistory"].append({"phase": "by hand", "status": "skipped", "startedAt": "", "completedAt": None})
    shelf.write(old)
    merged = shelf.merge().ticket
    assert merged.context == {"theirs": "2", "new": "3", "said": "hello"}
    assert [entry.phase for entry in merged.phase_history] == ["by hand", "one"]


def test_what_an_old_copy_deletes_is_deleted_unless_it_is_a_fact(shelf: Shelf) -> None:
    shelf.edit(error="e", linearUrl="https://x", mine=1)
    shelf.dispatch()
    shelf.edit(error="by hand")
    shelf.pause()
    old = shelf.copy()
    shelf.end()
    for key in ("error", "linearUrl", "mine", "steered"):
        shelf.write({k: v for k, v in old.items() if k != key})
        merged = shelf.merge()
        assert shelf.raw().get(key) is None, key
        old = shelf.copy()
        shelf.resume() if merged.ticket.status is Status.PAUSED else shelf.pause()
    shelf.assert_told()


def test_an_old_copy_does_not_take_back_what_a_third_one_wrote(shelf: Shelf) -> None:
    shelf.dispatch()
    old = shelf.copy()
    shelf.edit(title="By another", mark={"by": "another"})
    shelf.end()
    shelf.write(old | {"description": "By the first"})
    applied = shelf.merge()
    assert (shelf.raw()["title"], shelf.raw()["description"]) == ("By another", "By the first")
    assert shelf.raw()["mark"] == {"by": "another"}
    assert "title" in applied.reports[0]


def test_an_edit_that_was_seen_survives_an_old_copy_although_nothing_followed_from_it(shelf: Shelf) -> None:
    shelf.dispatch()
    old = shelf.copy()
    shelf.end()
    shelf.edit(mark="theirs", error="by hand")
    assert not shelf.merge().changed
    shelf.write(old | {"title": "New"})
    assert shelf.merge().ticket.error == "by hand"
    assert (shelf.raw()["mark"], shelf.raw()["title"]) == ("theirs", "New")


def test_a_copy_of_an_edited_file_is_no_edit_of_its_own(shelf: Shelf) -> None:
    """Somebody sets a phase by hand; a copy that was made then does not set it again."""
    shelf.dispatch()
    shelf.edit(status="paused")
    old = shelf.copy()
    shelf.end()
    shelf.resume()
    shelf.write(old | {"title": "New"})
    applied = shelf.merge()
    assert (applied.ticket.title, applied.ticket.status) == ("New", "ready")


def test_an_old_copy_from_before_the_journal_takes_nothing_from_the_runner(shelf: Shelf) -> None:
    old = in_phase_two(shelf)
    shelf.journal.unlink()
    shelf.end()
    shelf.write(old | {"status": "paused", "title": "New"})
    applied = shelf.merge()
    assert (applied.ticket.title, applied.ticket.status, applied.ticket.current_phase) == ("New", "ready", "three")
    assert "status" in applied.reports[0]


def test_a_stale_write_is_merged_and_the_event_applied_in_one_save(shelf: Shelf) -> None:
    old = in_phase_two(shelf)
    shelf.write(old | {"title": "New"})
    applied = shelf.end()
    assert (applied.ticket.rev, applied.ticket.title, applied.ticket.current_phase) == (3, "New", "three")
    assert shelf.kinds()[-2:] == ["stale", "event"]
    shelf.assert_told()


def test_a_file_that_is_made_anew_after_its_deletion_begins_anew_but_for_the_attempt_numbers(shelf: Shelf) -> None:
    in_phase_two(shelf)
    kept = shelf.copy()
    shelf.file.unlink()
    shelf.store.note_deleted(KEY)
    shelf.write(rewritten(status="ready"))
    applied = shelf.dispatch()
    assert applied.ticket.current_phase == "one"
    assert applied.ticket.attempt is not None
    assert (applied.ticket.attempt.n, applied.ticket.phase_history) == (3, ())
    shelf.assert_told()
    shelf.file.unlink()
    shelf.store.note_deleted(KEY)
    shelf.write(kept)
    assert shelf.merge().ticket.attempts == 3, "one that was kept and put back is an old copy"


def test_a_file_that_is_there_is_not_noted_as_deleted(shelf: Shelf) -> None:
    shelf.dispatch()
    shelf.store.note_deleted(KEY)
    assert shelf.kinds() == ["seen", "event"]


# -- the journal behind, torn or gone ---------------------------------------------------------------------------------


def test_a_journal_that_a_crash_left_behind_catches_up(shelf: Shelf) -> None:
    shelf.dispatch()
    lines = shelf.journal.read_bytes().splitlines(keepends=True)
    shelf.end()
    shelf.journal.write_bytes(b"".join(lines))
    assert shelf.store.behind(KEY, shelf.store.read_ticket(KEY).record)
    shelf.store.catch_up(KEY)
    assert shelf.kinds() == ["seen", "event", "recovered"]
    assert not shelf.store.behind(KEY, shelf.store.read_ticket(KEY).record)
    shelf.assert_told()
    shelf.dispatch()
    shelf.assert_told()


def test_a_torn_last_line_is_closed_and_left_out(shelf: Shelf) -> None:
    shelf.dispatch()
    shelf.end()
    shelf.journal.write_bytes(shelf.journal.read_bytes()[:-25])
    shelf.dispatch()
    shelf.assert_told()
    shelf.journal.write_bytes(shelf.journal.read_bytes() + b'{"at":"2026')
    shelf.end()
    shelf.assert_told()
    assert shelf.kinds() == ["seen", "event", "recovered", "event", "event"]


def test_a_missing_or_deleted_journal_begins_anew(shelf: Shelf) -> None:
    shelf.dispatch()
    shelf.journal.unlink()
    shelf.end()
    shelf.assert_told()
    assert shelf.kinds() == ["seen", "event"]
    assert shelf.raw()["rev"] == 2


def test_a_journal_that_lost_a_line_is_not_believed(shelf: Shelf) -> None:
    in_phase_two(shelf)
    lines = shelf.journal.read_bytes().splitlines(keepends=True)
    shelf.journal.write_bytes(lines[0] + lines[2])
    assert journal.fold(shelf.journal) is None
    shelf.edit(title="New")
    assert shelf.end().ticket.title == "New"
    shelf.assert_told()


# -- many at once -----------------------------------------------------------------------------------------------------


def steer(root: str, n: int) -> None:
    store = Store(Places(config_of(Path(root))), rules)
    for _ in range(n):
        store.apply(KEY, lambda t: (ResumeRequested if t.status is Status.PAUSED else PauseRequested)(at=AT))


def test_no_update_is_lost_when_processes_write_at_once_and_every_read_is_whole(shelf: Shelf, tmp_path: Path) -> None:
    steerers = [FORKS.Process(target=steer, args=(str(tmp_path), 25)) for _ in range(4)]
    for one in steerers:
        one.start()
    while any(one.is_alive() for one in steerers):
        json.loads(shelf.file.read_bytes())
    for one in steerers:
        one.join()
        assert one.exitcode == 0
    assert shelf.raw()["rev"] == 100
    shelf.assert_told()


# -- plans ------------------------------------------------------------------------------------------------------------


def test_a_plan_keeps_foreign_keys_and_order_when_its_status_changes(shelf: Shelf) -> None:
    file = shelf.places.plan_file("p1")
    written = {"sprintGoal": "x", "id": "p1", "status": "active", "tickets": [{"ticketId": "T-1", "note": {"a": 1}}]}
    file.write_text(json.dumps(written))
    shelf.store.apply_plan("p1", "pause")
    raw = json.loads(file.read_bytes())
    assert raw == written | {"status": "paused"}
    assert list(raw) == list(written)


def test_a_plan_that_says_another_id_is_held(shelf: Shelf) -> None:
    shelf.places.plan_file("p1").write_text('{"id": "p2"}')
    with pytest.raises(UnreadableError, match='id "p2" disagrees with the folder "p1"'):
        shelf.store.apply_plan("p1", "pause", patience=0)


def test_a_lock_file_is_never_unlinked(shelf: Shelf) -> None:
    shelf.dispatch()
    before = shelf.places.store_lock(KEY).stat().st_ino
    shelf.end()
    assert shelf.places.store_lock(KEY).stat().st_ino == before
