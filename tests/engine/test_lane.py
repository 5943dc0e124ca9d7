"""The lane, with real runners: one ticket of a repository and base at a time, whatever happens in between."""

from __future__ import annotations

import signal
from typing import Any

from orchestrator.core.model import Key, Status
from tests.engine.sites import Make, Site, assert_one_at_a_time, make
from tests.waiting import let_pass, wait_for

__all__ = ["make"]

LANE = """
name: w
phases:
  - {id: one, type: script, command: work.sh, onSuccess: merge}
  - {id: merge, type: script, command: work.sh, lane: true, onSuccess: check, onFailure: bad}
  - {id: check, type: script, command: work.sh, lane: true, onSuccess: after, onFailure: bad}
  - {id: after, type: script, command: work.sh, onSuccess: done, onFailure: bad}
  - {id: done, type: terminal}
  - {id: bad, type: terminal, notify: true}
"""
IN_LANE = ("merge", "check")


def tickets(n: int) -> dict[str, list[str]]:
    return {f"T{i}": [] for i in range(1, n + 1)}


def assert_one_in_lane(site: Site) -> None:
    """From the first begin in the lane to the last end there nobody else is in it."""
    inside: list[str] = []
    for line in site.lines("ran"):
        ticket, phase, _, word = line.split()
        if phase not in IN_LANE:
            continue
        if word == "start":
            assert set(inside) <= {ticket}, f"{ticket} entered while {inside} was there"
            inside = [ticket]
        elif phase == "check":
            inside = []


def all_complete(site: Site) -> bool:
    return all(site.ticket(key).status is Status.COMPLETE for key in site.every())


def test_only_one_ticket_is_in_the_lane_and_whoever_waits_follows_at_once(make: Make) -> None:
    site = make(LANE, tickets(5), max_concurrency=5)
    site.tick()
    assert all_complete(site)
    assert_one_in_lane(site)
    site.assert_sound()


def lane_of(site: Site, name: str) -> Any:
    return site.raw(Key("p1", name)).get("lane")


def test_who_waits_says_for_whom_and_holds_no_slot(make: Make) -> None:
    site = make(LANE, tickets(3), max_concurrency=2)
    site.hold("merge")
    site.daemon()
    wait_for(lambda: [run.phase for run in site.ran()].count("one") == 3, what="all three past their first phase")
    inside = wait_for(lambda: [k.ticket for k in site.every() if lane_of(site, k.ticket)], what="one in the lane")
    outside = [k for k in site.every() if k.ticket not in inside]
    reason = f"lane of {site.root}/repo: p1/{inside[0]} is there"
    wait_for(lambda: [site.raw(k).get("waitReason") for k in outside] == [reason] * 2, what=reason)
    assert [site.ticket(k).status for k in outside] == [Status.READY] * 2
    assert len(inside) == 1
    site.free("merge")
    wait_for(lambda: all_complete(site), what="all complete")
    assert_one_in_lane(site)
    assert not any("waitReason" in site.raw(key) or "lane" in site.raw(key) for key in site.every())


def test_a_ticket_that_is_paused_in_the_lane_makes_room(make: Make) -> None:
    site = make(LANE, tickets(2), max_concurrency=2)
    site.hold("merge")
    site.daemon()
    inside = wait_for(lambda: [k for k in site.every() if lane_of(site, k.ticket)], what="one in the lane")[0]
    other = next(k for k in site.every() if k != inside)
    site.pause(inside)
    wait_for(lambda: lane_of(site, other.ticket), what="the other one in the lane")
    assert lane_of(site, inside.ticket) is None
    site.resume(inside)
    site.free("merge")
    wait_for(lambda: all_complete(site), what="all complete")


def test_the_lane_survives_kill_9(make: Make) -> None:
    site = make(LANE, tickets(4), max_concurrency=4)
    hold = site.hold("check")
    daemon = site.daemon()
    inside = wait_for(lambda: [k.ticket for k in site.every() if lane_of(site, k.ticket)], what="one in the lane")
    wait_for(lambda: any(run.phase == "check" for run in site.ran()), what="its second phase there")
    daemon.signal(signal.SIGKILL)
    daemon.wait()
    site.daemon()
    let_pass(0.3)
    assert [k.ticket for k in site.every() if lane_of(site, k.ticket)] == inside
    hold.unlink()
    wait_for(lambda: all_complete(site), what="all complete")
    assert_one_in_lane(site)
    assert_one_at_a_time(site.lines("ran"))


def test_tickets_of_two_plans_share_the_lane_of_their_repository(make: Make) -> None:
    site = make(LANE, tickets(2), max_concurrency=4)
    (site.root / "link").symlink_to(site.root / "repo")
    site.plan({"A1": [], "A2": []}, plan="p2", repo=str(site.root / "link"))
    site.tick()
    assert all_complete(site)
    assert_one_in_lane(site)


def test_tickets_of_other_repositories_and_bases_have_lanes_of_their_own(make: Make) -> None:
    site = make(LANE, tickets(2), max_concurrency=4)
    (site.root / "other").mkdir()
    site.plan({"A1": []}, plan="p2", repo=str(site.root / "other"))
    site.edit(Key("p1", "T2"), context={"base_branch": "release/1"})
    site.hold("merge")
    site.daemon()
    wait_for(lambda: all(lane_of_key(site, key) for key in site.every()), what="all three in their lanes")
    site.free("merge")
    wait_for(lambda: all_complete(site), what="all complete")


def lane_of_key(site: Site, key: Key) -> Any:
    return site.raw(key).get("lane")


def test_two_runs_beside_each_other_share_the_lane(make: Make) -> None:
    site = make(LANE, tickets(4), max_concurrency=1)
    runs = [site.runner("run", "--key", f"p1/T{n}") for n in range(1, 5)]
    assert [run.wait() for run in runs] == [0] * 4
    assert all_complete(site)
    assert_one_in_lane(site)


def test_a_run_does_not_wait_for_a_ticket_that_nobody_walks(make: Make) -> None:
    site = make(LANE, tickets(2), max_concurrency=2)
    site.hold("merge")
    daemon = site.daemon()
    inside = wait_for(lambda: [k for k in site.every() if lane_of_key(site, k)], what="one in the lane")[0]
    daemon.signal(signal.SIGTERM)
    daemon.wait()
    assert lane_of_key(site, inside) is not None
    site.free("merge")
    other = next(k for k in site.every() if k != inside)
    assert site.runner("run", "--key", str(other)).wait() == 0
    assert site.ticket(other).status is Status.COMPLETE
    site.tick()
    assert all_complete(site)


POLL_IN_LANE = """
name: w
phases:
  - {id: merge, type: poll, command: work.sh, lane: true, intervalSeconds: 0.1, onSuccess: check, onFailure: bad}
  - {id: check, type: script, command: work.sh, lane: true, onSuccess: done, onFailure: bad}
  - {id: done, type: terminal}
  - {id: bad, type: terminal, notify: true}
"""


def test_a_poll_holds_the_lane_between_its_checks(make: Make) -> None:
    site = make(POLL_IN_LANE, tickets(3), max_concurrency=3)
    (site.root / "code-merge").write_text("1")
    site.daemon()
    wait_for(lambda: len(site.ran()) > 4, what="several checks")
    asking = {run.ticket for run in site.ran()}
    assert len(asking) == 1
    assert [k.ticket for k in site.every() if lane_of(site, k.ticket)] == sorted(asking)
    (site.root / "code-merge").write_text("0")
    wait_for(lambda: all_complete(site), what="all complete")
    assert_one_in_lane(site)


def test_a_ticket_that_is_deleted_in_the_lane_makes_room(make: Make) -> None:
    site = make(LANE, tickets(2), max_concurrency=2)
    site.hold("merge")
    site.daemon()
    inside = wait_for(lambda: [k for k in site.every() if lane_of(site, k.ticket)], what="one in the lane")[0]
    site.file(inside).unlink()
    other = site.every()[0]
    wait_for(lambda: lane_of(site, other.ticket), what="the other one in the lane")
    site.free("merge")
    wait_for(lambda: site.ticket(other).status is Status.COMPLETE, what="its end")


def test_a_ticket_that_is_skipped_out_of_the_lane_makes_room(make: Make) -> None:
    site = make(LANE, tickets(2), max_concurrency=2)
    site.hold("merge")
    site.daemon()
    inside = wait_for(lambda: [k for k in site.every() if lane_of(site, k.ticket)], what="one in the lane")[0]
    other = next(k for k in site.every() if k != inside)
    site.edit(inside, currentPhase="after")
    wait_for(lambda: lane_of(site, other.ticket), what="the other one in the lane")
    assert lane_of(site, inside.ticket) is None
    site.free("merge")
    wait_for(lambda: all_complete(site), what="all complete")
