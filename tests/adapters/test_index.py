"""The board equals the files, and only what changed is read again. What cannot be used is held, never absent."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.places import Places
from orchestrator.adapters.state import index
from orchestrator.adapters.state.index import GONE_PATIENCE, Index
from orchestrator.adapters.watching import folders
from orchestrator.core.model import Key
from tests.adapters.shelf import config_of

T1, T2 = Key("p1", "T-1"), Key("p1", "T-2")


class Desk:
    """An index of a home, with the reads counted."""

    def __init__(self, root: Path) -> None:
        self.places = Places(config_of(root))
        self.index = Index(self.places)
        self.board = self.index.board
        self.reads: Counter[str] = Counter()
        for name in ("T-1", "T-2"):
            self.write(Key("p1", name))
        self.plan("p1", "T-1", "T-2")

    def write(self, key: Key, **fields: Any) -> Path:
        path = self.places.ticket_file(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"planId": key.plan, "ticketId": key.ticket, "title": "T", **fields}))
        return path

    def plan(self, plan_id: str, *tickets: str, **fields: Any) -> Path:
        path = self.places.plan_file(plan_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        entries = [{"ticketId": name} for name in tickets]
        path.write_text(json.dumps({"id": plan_id, "tickets": entries, **fields}))
        return path

    def scan(self, every: bool = True) -> list[str]:
        """Gives the files that were read."""
        self.reads.clear()
        self.index.scan(every)
        return sorted(str(Path(path).relative_to(self.places.plans)) for path in self.reads)

    def settle(self, now: float = 1e12) -> None:
        self.index.settle(now)

    def changes(self) -> tuple[set[Key], set[str]]:
        return self.index.take_changes()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk, read = Desk(tmp_path), index.read_whole

    def counting(path: str) -> bytes:
        desk.reads[path] += 1
        return read(path)

    monkeypatch.setattr(index, "read_whole", counting)
    return desk


# -- what is read -----------------------------------------------------------------------------------------------------


def test_only_what_changed_is_read_again(desk: Desk) -> None:
    assert desk.scan() == ["p1/plan.json", "p1/tickets/T-1.json", "p1/tickets/T-2.json"]
    assert desk.changes() == ({T1, T2}, {"p1"})
    assert desk.scan() == []
    desk.write(T2, title="New")
    assert desk.scan() == ["p1/tickets/T-2.json"]
    assert desk.board.tickets[T2].title == "New"
    assert desk.changes() == ({T2}, set())


def test_folders_are_listed_again_only_when_something_came_or_went(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.scan()
    looked: list[str] = []
    real = index.files
    monkeypatch.setattr(index, "files", lambda folder: looked.append(folder) or real(folder))
    assert desk.scan(every=False) == []
    assert looked == []
    desk.write(Key("p1", "T-3"))
    desk.plan("p2")
    assert desk.scan(every=False) == ["p1/tickets/T-3.json", "p2/plan.json"]
    desk.write(T1, title="in place: the folder does not tell")
    assert desk.scan(every=False) == []
    assert desk.scan() == ["p1/tickets/T-1.json"]


def test_a_change_that_keeps_size_and_time_is_seen(desk: Desk) -> None:
    path = desk.write(T1, title="one")
    stat = path.stat()
    desk.scan()
    desk.write(T1, title="two")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert desk.scan() == ["p1/tickets/T-1.json"]


def test_what_was_told_is_looked_at_and_nothing_else(desk: Desk) -> None:
    desk.scan()
    path = desk.write(T1, title="New")
    desk.write(T2, title="New")
    desk.reads.clear()
    other = [path.with_name(n) for n in ("T-1.json~", ".T-1.json.swp", "4913", ".T-1.json.tmp", "#T-1.json#")]
    desk.index.touch([str(path), "/elsewhere/p1/plan.json", *map(str, other)])
    assert list(desk.reads) == [str(path)]
    assert desk.board.tickets[T2].title == "T"
    assert set(desk.board.tickets) == {T1, T2}


def test_a_folder_that_is_told_is_scanned_and_the_root_is_everything(desk: Desk, tmp_path: Path) -> None:
    desk.index.touch([str(desk.places.tickets("p1"))])
    assert set(desk.board.tickets) == {T1, T2}
    desk.plan("p2")
    desk.index.touch([str(desk.places.plans)])
    assert set(desk.board.plans) == {"p1", "p2"}
    desk.plan("p3")
    (tmp_path / "link").symlink_to(tmp_path / "state")
    aliased = Index(Places(config_of(tmp_path)))
    aliased._root = str(tmp_path / "link/plans")
    aliased.touch([str(tmp_path / "state/plans/p3/plan.json")])
    assert set(aliased.board.plans) == {"p3"}, "some watches tell the real path"
    (desk.places.plans / "up").symlink_to("..")
    desk.write(T1, title="New")
    desk.index.touch([str(desk.places.plans / "up/plans/p1/tickets/T-1.json")])
    assert desk.board.tickets[T1].title == "New", "and some the path by way of a link"


# -- what is and what is not there ------------------------------------------------------------------------------------


def test_a_folder_without_plan_json_is_no_plan_yet(desk: Desk) -> None:
    desk.write(Key("p2", "T-1"))
    desk.scan()
    assert set(desk.board.plans) == {"p1"}
    assert not desk.index.problems
    desk.plan("p2", "T-1")
    desk.scan(every=False)
    assert desk.board.is_live(Key("p2", "T-1"))


def test_hidden_folders_and_files_are_nobodys(desk: Desk) -> None:
    (desk.places.plans / ".git").mkdir()
    (desk.places.plans / ".git/plan.json").write_text("{}")
    (desk.places.plans / "README.md").touch()
    desk.scan()
    desk.index.touch([str(desk.places.plans / ".git/plan.json")])
    assert set(desk.board.plans) == {"p1"}
    assert not desk.index.problems


def test_a_file_that_is_gone_is_absent_after_a_moment(desk: Desk) -> None:
    desk.scan()
    path = desk.places.ticket_file(T1)
    path.unlink()
    desk.index.look(str(path), now=100)
    assert T1 not in desk.board.tickets
    assert desk.index.is_held(T1), "an editor may be putting another in its place"
    desk.settle(100 + GONE_PATIENCE / 2)
    assert desk.index.is_held(T1)
    desk.settle(100 + GONE_PATIENCE)
    assert not desk.index.is_held(T1)
    assert not desk.index.doubtful
    assert desk.changes()[0] >= {T1}


def test_a_file_that_comes_back_in_a_moment_was_never_gone(desk: Desk) -> None:
    desk.scan()
    path = desk.places.ticket_file(T1)
    aside = path.rename(path.with_name("T-1.json~"))
    desk.index.look(str(path), now=100)
    aside.rename(path)
    desk.settle(100.1)
    assert T1 in desk.board.tickets
    assert not desk.index.doubtful


def test_a_plan_that_is_removed_goes_with_its_tickets(desk: Desk) -> None:
    desk.scan()
    shutil.rmtree(desk.places.plans / "p1")
    desk.index.touch([str(desk.places.plans / "p1")])
    desk.settle()
    assert (desk.board.plans, desk.board.tickets) == ({}, {})
    assert not desk.index.doubtful
    assert desk.index.saved_at() == []


@pytest.mark.parametrize("what", ["folders", "files"])
def test_a_folder_that_cannot_be_listed_now_makes_nothing_absent(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    desk.scan()
    monkeypatch.setattr(folders.os, "scandir" if what == "folders" else "listdir", too_many)
    desk.scan()
    desk.settle()
    assert set(desk.board.tickets) == {T1, T2}
    assert set(desk.board.plans) == {"p1"}


def too_many(*_: object) -> Any:
    raise OSError(24, "Too many open files")


def test_a_file_that_cannot_be_opened_now_is_held_and_read_as_soon_as_it_can_be(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.scan()
    desk.write(T1, title="New")
    with monkeypatch.context() as m:
        m.setattr(index, "read_whole", lambda path: (_ for _ in ()).throw(index.UnreadableError("Too many open files")))
        desk.scan()
        desk.settle()
    assert "Too many open files" in str(desk.index.problems[str(desk.places.ticket_file(T1))][0])
    assert desk.index.is_held(T1)
    desk.scan()
    assert desk.board.tickets[T1].title == "New"


def test_links_that_lead_to_themselves_hide_nothing(desk: Desk) -> None:
    (desk.places.plans / "loop").symlink_to("loop")
    (desk.places.tickets("p1") / "T-3.json").symlink_to("T-3.json")
    (desk.places.tickets("p1") / "inner").symlink_to("..")
    desk.scan()
    desk.settle()
    assert set(desk.board.tickets) == {T1, T2}
    assert [Path(path).name for path in desk.index.problems] == ["T-3.json"]


# -- what cannot be used ----------------------------------------------------------------------------------------------


def test_a_file_that_does_not_parse_is_in_doubt_for_a_second_and_then_a_problem(desk: Desk) -> None:
    desk.scan()
    desk.index.take_findings()
    path = desk.places.ticket_file(T1)
    path.write_text('{\n  "planId": "p1",\n  "ticketId" "T-1"\n}')
    desk.index.look(str(path), now=100)
    assert desk.index.is_held(T1)
    assert not desk.index.problems
    desk.settle(100.9)
    assert not desk.index.problems
    desk.settle(101)
    (problem,) = desk.index.problems[str(path)]
    assert (problem.where, problem.line, problem.file) == ("ticket p1/T-1", 3, str(path))
    assert desk.index.take_findings() == [(str(path), T1, (problem,))]
    desk.scan()
    assert desk.index.take_findings() == [], "told once"
    desk.write(T1)
    desk.scan()
    assert T1 in desk.board.tickets
    assert desk.index.take_findings() == [(str(path), T1, ())]


def test_an_editor_that_writes_in_two_parts_is_never_seen_as_broken(desk: Desk) -> None:
    desk.scan()
    desk.index.take_findings()
    path = desk.places.ticket_file(T1)
    whole = path.read_text().replace('"T"', '"New"')
    for part, now in (("", 100.0), (whole[:20], 100.4), (whole[:-1], 100.8)):
        path.write_text(part)
        desk.index.look(str(path), now=now)
    path.write_text(whole)
    desk.settle(101.5)
    assert desk.board.tickets[T1].title == "New"
    assert desk.index.take_findings() == []


def test_gone_first_and_then_half_written_has_a_second_again(desk: Desk) -> None:
    desk.scan()
    path = desk.places.ticket_file(T1)
    path.unlink()
    desk.index.look(str(path), now=100)
    path.write_text("{")
    desk.index.look(str(path), now=100.2)
    desk.settle(100.9)
    assert not desk.index.problems
    assert desk.index.is_held(T1)
    path.unlink()
    desk.settle(101)
    desk.settle(101 + GONE_PATIENCE)
    assert not desk.index.is_held(T1)


BROKEN = {
    "truncated": '{"planId": "p1", "tic',
    "wrong type": '{"planId": "p1", "ticketId": "T-1", "title": []}',
    "a list": "[]",
    "empty": "",
    "not UTF-8": b'{"planId": "p1", "title": "\xff"}',
    "another plan": '{"planId": "p2", "ticketId": "T-1"}',
    "another ticket": '{"planId": "p1", "ticketId": "T-9"}',
    "not a time": '{"planId": "p1", "ticketId": "T-1", "wakeAt": "soon"}',
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_ticket_that_cannot_be_used_is_off_the_board_and_not_absent(desk: Desk, how: str) -> None:
    desk.write(T1, status="complete")
    desk.plan("p1", "T-1")
    desk.plan("p2", "T-3")
    desk.places.plan_file("p2").write_text('{"id": "p2", "tickets": [{"ticketId": "T-3", "blockedBy": ["p1/T-1"]}]}')
    desk.scan()
    assert desk.board.all_complete("p1")
    content, path = BROKEN[how], desk.places.ticket_file(T1)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    desk.scan()
    desk.settle()
    assert desk.index.problems[str(path)]
    assert desk.index.is_held(T1)
    assert not desk.board.all_complete("p1")
    assert desk.board.waits_for(Key("p2", "T-3")) == [T1]
    assert T2 in desk.board.tickets


@pytest.mark.parametrize("content", ['{"id": "p2"}', '{"id": "p1"', '{"id": "p1", "tickets": {}}', ""])
def test_a_plan_that_cannot_be_used_is_held_alone(desk: Desk, content: str) -> None:
    desk.plan("p2")
    desk.scan()
    desk.places.plan_file("p1").write_text(content)
    desk.scan()
    desk.settle()
    assert set(desk.board.plans) == {"p2"}
    assert desk.index.is_plan_held("p1")
    assert not desk.board.is_live(T1)
    assert T1 in desk.board.tickets


@pytest.mark.parametrize("name", ["T 1", "-T", "Ünï", "x" * 129])
def test_an_id_that_cannot_be_one_is_a_problem_of_its_file(desk: Desk, name: str) -> None:
    path = desk.write(Key("p1", name))
    desk.scan()
    assert "cannot be an id" in desk.index.problems[str(path)][0].what
    assert set(desk.board.tickets) == {T1, T2}


def test_a_folder_named_like_a_ticket_is_a_problem(desk: Desk) -> None:
    path = desk.places.ticket_file(Key("p1", "T-3"))
    path.mkdir()
    desk.scan()
    desk.settle()
    assert "Is a directory" in str(desk.index.problems[str(path)][0])


# -- what others wrote ------------------------------------------------------------------------------------------------

OPEN = {"attempt": {"n": 3, "id": "a3", "phase": "one", "startedAt": "2026-01-01T00:00:00Z"}, "attempts": 3}


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"rev": 4, **OPEN},
        {"rev": 5},
        {"rev": 5, **OPEN, "attempts": 1},
        {"rev": 5, "status": "ready", "attempts": 3},
    ],
)
def test_what_was_written_from_an_old_copy_is_not_on_the_board_before_it_is_merged(
    desk: Desk, written: dict[str, Any]
) -> None:
    desk.write(T1, rev=5, status="running", **OPEN)
    desk.scan()
    desk.write(T1, title="New", **written)
    desk.scan()
    assert desk.board.open == {T1}
    assert desk.board.tickets[T1].title == "T"
    assert desk.index.rewritten == {T1}


@pytest.mark.parametrize("then", ["mended", "broken", "gone"])
def test_a_half_written_file_lets_nobody_else_into_the_lane(desk: Desk, then: str) -> None:
    fields: dict[str, Any] = {"rev": 5, "status": "running", "lane": "/r main", **OPEN}
    path = desk.write(T1, **fields)
    desk.scan()
    assert desk.board.claims.in_lane("/r main") == [T1]
    path.write_text("{")
    desk.scan()
    assert T1 not in desk.board.tickets
    assert desk.board.claims.in_lane("/r main") == [T1]
    if then == "mended":
        desk.write(T1, **{**fields, "rev": 6, "status": "ready", "attempt": None, "lane": None})
        desk.scan()
    elif then == "gone":
        path.unlink()
        desk.scan()
        desk.settle()
    else:
        desk.settle()
        assert path.name in str(desk.index.problems)
    assert desk.board.claims.in_lane("/r main") == ([T1] if then == "broken" else [])


def test_an_old_copy_after_a_broken_file_is_still_old(desk: Desk) -> None:
    path = desk.write(T1, rev=5, status="running", **OPEN)
    desk.scan()
    path.write_text("{")
    desk.scan()
    desk.settle()
    desk.write(T1, rev=2)
    desk.scan()
    assert desk.board.open == {T1}


def test_nothing_is_remembered_of_a_plan_that_is_gone_however_often_it_is_told(desk: Desk) -> None:
    desk.scan()
    folder = desk.places.plans / "p1"
    shutil.rmtree(folder)
    desk.index.touch([str(folder)])
    desk.settle()
    desk.index.touch([str(folder), str(folder / "tickets")])
    assert (desk.index._marks, desk.index._folders) == ({}, {})


def test_an_edit_of_the_newest_counts_at_once(desk: Desk) -> None:
    desk.write(T1, rev=5, status="running", **OPEN)
    desk.scan()
    desk.write(T1, rev=5, status="paused", **OPEN)
    desk.scan()
    assert desk.board.tickets[T1].status == "paused"
