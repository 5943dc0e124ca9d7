"""Nothing new starts on a disk that is nearly full."""

from __future__ import annotations

from tests.contract.kit import Box
from tests.waiting import wait_for

TOO_MUCH = 10_000_000
"""Gigabytes that no disk has."""


def test_a_new_ticket_waits_for_room_saying_where_and_how_much_and_what_is_under_way_goes_on(box: Box) -> None:
    box.plan("p", "A", "B", *(f"C{n}" for n in range(12)), workflow="holding")
    box.config({"maxConcurrency": 1, "grace": 0.2})
    box.daemon()
    box.held("A")
    box.config({"maxConcurrency": 2, "grace": 0.2, "worktree": {"minFreeGb": TOO_MUCH}})
    waiting = wait_for(lambda: box.read("p", "B").get("waitReason"), what="B to say what it waits for")
    assert waiting.startswith(f"not enough room for worktrees in {box.root / 'worktrees'}: ")
    assert " free, 1e+07 GB needed (minFreeGb)" in waiting
    box.mark("release.A")
    box.until("p", "A", "complete")
    assert "not enough room" in box.ok("status", "-p", "p").out
    told = [n for n in range(12) if box.read("p", f"C{n}").get("waitReason")]
    assert told == list(range(9)), "those whose turn is next, not the others"
    assert box.trace() == ["A work", "A after"]
    box.config({"maxConcurrency": 40, "grace": 0.2})
    box.mark("release")
    box.until_plan("p", "complete")
    assert "waitReason" not in box.read("p", "B")


def test_a_tick_does_not_wait_for_room(box: Box) -> None:
    box.plan("p", "A")
    box.config({"worktree": {"minFreeGb": TOO_MUCH}})
    box.ok("tick")
    assert box.status_of("p", "A") == "ready" and box.trace() == []
    box.config({"worktree": {"minFreeGb": 0}})
    box.ok("tick")
    assert box.status_of("p", "A") == "complete"
