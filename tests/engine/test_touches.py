"""Tickets that touch the same files, with real runners: not at the same time, and nobody waits for nobody."""

from __future__ import annotations

import json

from orchestrator.core.model import Key, Status
from tests.engine.sites import Make, Site, make, overlaps
from tests.engine.test_lane import all_complete
from tests.waiting import let_pass, wait_for

__all__ = ["make"]
WORK = """
name: w
phases:
  - {id: one, type: script, command: work.sh, onSuccess: two, onFailure: bad}
  - {id: two, type: script, command: work.sh, onSuccess: done, onFailure: bad}
  - {id: done, type: terminal}
  - {id: bad, type: terminal, notify: true}
"""


def site_of(make: Make, *globs: str) -> Site:
    site = make(WORK, {f"T{n}": [] for n in range(1, len(globs) + 1)}, max_concurrency=8)
    for n, glob in enumerate(globs, 1):
        site.edit(Key("p1", f"T{n}"), touches=[glob])
    return site


def began(site: Site) -> list[str]:
    return [run.ticket for run in site.ran() if run.phase == "one"]


def test_two_that_overlap_never_run_at_the_same_time(make: Make) -> None:
    site = site_of(make, "src/**", "src/a.py", "src/b.py", "src/*.py")
    site.daemon()
    wait_for(lambda: all_complete(site), what="all complete")
    others = [line for line in site.lines("ran") if line.split()[0] in ("T1", "T4")]
    assert overlaps(others) == 1
    assert began(site)[0] == "T1"
    assert not any({"claim", "waitReason"} & site.raw(key).keys() for key in site.every())


def test_who_waits_says_for_whom_and_starts_as_soon_as_that_one_is_done(make: Make) -> None:
    site = site_of(make, "src/api/**", "src/api/users.py", "docs/**")
    hold = site.hold("two")
    site.daemon()
    t2 = Key("p1", "T2")
    wait_for(lambda: site.raw(t2).get("waitReason") == "T1 touches src/api/** too", what="the reason of T2")
    assert sorted(began(site)) == ["T1", "T3"]
    assert site.ticket(t2).status is Status.READY
    hold.unlink()
    wait_for(lambda: all_complete(site), what="all complete")


def test_nobody_waits_for_one_that_is_paused_and_it_waits_when_it_goes_on(make: Make) -> None:
    site = site_of(make, "src/**", "src/a.py")
    hold = site.hold("one")
    site.daemon()
    wait_for(lambda: began(site) == ["T1"], what="the first")
    site.pause(Key("p1", "T1"))
    wait_for(lambda: began(site) == ["T1", "T2"], what="the second")
    site.resume(Key("p1", "T1"))
    wait_for(lambda: site.raw(Key("p1", "T1")).get("waitReason") == "T2 touches src/a.py too", what="its reason")
    hold.unlink()
    wait_for(lambda: all_complete(site), what="all complete")


def test_a_daemon_that_dies_lets_nobody_overlap(make: Make) -> None:
    site = site_of(make, "src/**", "src/a.py")
    hold = site.hold("two")
    daemon = site.daemon()
    wait_for(lambda: any(run.phase == "two" for run in site.ran()), what="the first in its second phase")
    daemon.kill()
    site.daemon()
    let_pass(0.3)
    assert began(site) == ["T1"]
    hold.unlink()
    wait_for(lambda: all_complete(site), what="all complete")


def test_a_bad_glob_holds_its_ticket_and_is_told_with_its_line(make: Make) -> None:
    site = site_of(make, "src/[ab", "src/a.py")
    site.file(Key("p1", "T1")).write_text(json.dumps(site.raw(Key("p1", "T1")), indent=1))
    site.tick()
    assert began(site) == ["T2"]
    held = [event for event in site.events("held") if event.get("ticket") == "T1"]
    assert held
    assert "touches[0]" in held[0]["reason"]
    assert "without its ]" in held[0]["reason"]
