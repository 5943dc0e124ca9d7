"""The journal is append-only, survives torn lines, and tells what the file was at any `rev`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.adapters.state import journal
from orchestrator.adapters.state.journal import Entry, Journal, Last, difference, digest, entries, fold, tell
from orchestrator.formats.plan_json import dump


def saved(rev: int, before: dict[str, Any], after: dict[str, Any], whole: bool = False) -> Entry:
    changed, unset, history = (after, [], []) if whole else difference(before, after)
    return Entry("2026-11-01", "seen" if whole else "event", rev, digest(dump(after)), None, [], changed, unset, history, whole)  # fmt: skip # noqa: E501


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "logs/p1/T-1/journal.jsonl"


DOCS = st.dictionaries(
    st.sampled_from(["title", "status", "phaseHistory", "x"]),
    st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=4),
    max_size=4,
)


@given(docs=st.lists(DOCS, min_size=1, max_size=8))
def test_folding_the_differences_gives_each_document_back(docs: list[dict[str, Any]]) -> None:
    path = Path("journal.jsonl")
    path.unlink(missing_ok=True)
    lines = [saved(0, {}, docs[0], whole=True)]
    # as a file is patched: what stays keeps its place, what is new comes after it
    kept = [docs[0]]
    for doc in docs[1:]:
        kept.append({k: doc[k] for k in kept[-1] if k in doc} | doc)
        lines.append(saved(len(kept) - 1, kept[-2], kept[-1]))
    Journal().append(path, lines)
    assert fold(path) == kept[-1]
    for rev, doc in enumerate(kept):
        assert tell(path, rev).at_rev == (doc,)


def test_a_history_that_grew_is_told_by_what_was_added() -> None:
    changed, unset, history = difference(
        {"phaseHistory": [1], "a": 1, "b": 2}, {"phaseHistory": [1, 2], "a": 1, "c": 3}
    )
    assert (changed, unset, history) == ({"c": 3}, ["b"], [2])
    assert difference({"phaseHistory": [1, 2]}, {"phaseHistory": [2]}) == ({"phaseHistory": [2]}, [], [])


def test_the_last_state_is_found_behind_notes_torn_lines_and_long_ones(path: Path) -> None:
    shelf = Journal()
    assert shelf.last(path) is None
    doc = {"context": {"long": "x" * 300_000}}
    shelf.append(path, [saved(3, {}, doc, whole=True)])
    shelf.append(path, [Entry("2026", "notified", note="failed")])
    with path.open("ab") as stream:
        stream.write(b'{"at": "20')
    for reader in (shelf, Journal()):
        assert reader.last(path) == Last(3, digest(dump(doc)))
    shelf.append(path, [Entry("2026", "deleted")])
    assert Journal().last(path) == shelf.last(path) == Last(3, digest(dump(doc)), deleted=True)
    assert [entry.kind for entry in entries(path)] == ["seen", "notified", "deleted"]


def test_what_another_process_appended_is_seen(path: Path) -> None:
    one, other = Journal(), Journal()
    one.append(path, [saved(1, {}, {"a": 1}, whole=True)])
    other.append(path, [saved(2, {"a": 1}, {"a": 2})])
    last = one.last(path)
    assert last is not None
    assert last.rev == 2


def test_the_journals_of_tickets_that_come_and_go_do_not_pile_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "REMEMBERED", 3)
    kept = Journal()
    for i in range(10):
        kept.append(tmp_path / str(i), [Entry("", "event", i, "sum")])
    assert len(kept._last) <= 3
    assert [last.rev for i in range(10) if (last := kept.last(tmp_path / str(i)))] == list(range(10))


def test_the_states_of_one_rev_are_ours_and_the_edits(path: Path) -> None:
    Journal().append(
        path,
        [
            saved(0, {}, {"a": 0}, whole=True),
            saved(1, {"a": 0}, {"a": 1}),
            Entry("2026", "edited", 1, "by hand", set={"a": "hand"}, whole=True),
            saved(2, {"a": "hand"}, {"a": 2}),
        ],
    )
    assert tell(path, 1).at_rev == ({"a": 1}, {"a": "hand"})
    assert tell(path, 7) == journal.Told({"a": 2}, ())


def test_a_journal_with_a_line_missing_tells_nothing_wrong(path: Path) -> None:
    lines = [saved(0, {}, {"a": 0}, whole=True), saved(1, {"a": 0}, {"a": 0, "b": 1}), saved(2, {"a": 0, "b": 1}, {"b": 1, "a": 5})]  # fmt: skip # noqa: E501
    Journal().append(path, [lines[0], lines[2]])
    assert tell(path, 2) == journal.Told(None, ())


def test_lines_that_are_none_are_left_out(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b'\xff\xfe\n[]\n{"at": 1}\nnull\n\n' + json.dumps({"at": "2026", "kind": "notified"}).encode())
    assert [entry.kind for entry in entries(path)] == ["notified"]


def test_a_line_that_did_not_fit_on_the_disk_is_an_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Journal().append(path, [saved(0, {}, {"a": 0}, whole=True)])
    monkeypatch.setattr(os, "write", lambda fd, content: 3)
    with pytest.raises(OSError, match="No space left"):
        Journal().append(path, [saved(1, {"a": 0}, {"a": 1})])
