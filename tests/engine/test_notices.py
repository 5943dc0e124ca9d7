"""People are told once of each thing that happened, whatever crashes, hangs or is missing; and nobody waits for it."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.notices.outbox import Outbox
from orchestrator.core import notices as core_notices
from orchestrator.core.decisions import HoldAccount
from orchestrator.core.events import RetryRequested, SkipRequested
from orchestrator.core.model import Key
from orchestrator.core.notices import Setting
from orchestrator.core.settings import NotifySettings
from orchestrator.engine import leftover
from orchestrator.engine.home import Home
from orchestrator.engine.telling import notices
from tests.engine.sites import Make, Site, make, one_phase
from tests.waiting import let_pass, wait_for

pytestmark = pytest.mark.thorough(every=2)

__all__ = ["make"]

OUTBOX, STORE = "orchestrator.adapters.notices.outbox:Outbox", "orchestrator.adapters.state.store:Store"
ENDS = one_phase()

TELL = """\
#!/bin/sh
# writes down what it is told; waits while it is held
echo "begin $ORCHESTRATOR_TICKET" >>'@/tells'
while [ -e '@/hold-tell' ]; do sleep 0.01; done
cat >>'@/told'
echo "end $ORCHESTRATOR_TICKET" >>'@/tells'
exit "$(cat '@/code-tell' 2>/dev/null || echo 0)"
"""


@pytest.fixture
def place(make: Make, tmp_path: Path) -> Callable[..., Site]:
    """A site whose tickets fail when `code-work` says so, and that tells a program of everything."""

    def build(tickets: dict[str, list[str]] | None = None, **fields: Any) -> Site:
        entry = NotifySettings(command=(str(tmp_path / "site0/tell.sh"),), **fields)
        site = make(ENDS, tickets, notify=(entry,), max_concurrency=8)
        site.program("tell.sh", TELL)
        return site

    return build


@pytest.fixture
def site(place: Callable[..., Site]) -> Site:
    made = place()
    fails(made)
    return made


def fails(site: Site, code: int = 1) -> None:
    (site.root / "code-work").write_text(str(code))


def told(site: Site) -> list[dict[str, Any]]:
    return [json.loads(line) for line in site.lines("told")]


def events(site: Site) -> list[str]:
    return [one["event"] for one in told(site)]


def assert_told(site: Site, *expected: str) -> None:
    """Exactly this, after any number of further runners."""
    for _ in range(2):
        site.tick()
    assert events(site) == list(expected)
    assert Outbox(site.store.places).names() == []


# --- once


def test_who_fails_is_told_of_once_before_the_runner_ends(site: Site) -> None:
    site.tick()
    assert events(site) == ["needs_attention"]
    assert told(site)[0]["reason"].startswith("work: exit code 1")
    assert_told(site, "needs_attention")
    site.assert_told_once()


def test_who_is_retried_and_fails_again_is_told_of_again(site: Site) -> None:
    site.tick()
    site.apply(RetryRequested(at=time.time(), blocked=False))
    site.tick()
    assert_told(site, "needs_attention", "needs_attention")
    assert len({one["id"] for one in told(site)}) == 2


@pytest.mark.parametrize(
    "point",
    [
        f"{STORE}._write after 2",
        "orchestrator.adapters.state.ticket_files:write_atomically after 1 needs_attention",
        "orchestrator.adapters.state.journal:Journal.append before 1 Notify",
        "orchestrator.adapters.state.journal:Journal.append after 1 Notify",
        f"{OUTBOX}.put before 1",
        f"{OUTBOX}._write before 1",
        f"{OUTBOX}.put after 1",
        f"{STORE}.note after 1",
    ],
)
def test_a_crash_before_it_was_sent_makes_the_next_runner_send_it_once(site: Site, point: str) -> None:
    site.crash(point)
    assert told(site) == []
    site.settle(lambda: told(site))
    assert_told(site, "needs_attention")


@pytest.mark.parametrize("point", [f"{OUTBOX}.mark after 2", f"{OUTBOX}.remove before 1", f"{OUTBOX}.remove after 1"])
def test_what_was_sent_and_marked_is_not_sent_again(site: Site, point: str) -> None:
    site.crash(point)
    assert_told(site, "needs_attention")


def test_what_was_sent_and_could_not_be_marked_comes_again_with_the_same_id(site: Site) -> None:
    site.crash(f"{OUTBOX}.mark before 2")
    assert_told(site, "needs_attention", "needs_attention")
    assert len({one["id"] for one in told(site)}) == 1


def test_a_hand_edit_that_cannot_be_run_is_told_of(site: Site) -> None:
    site.edit(workflow="nosuch")
    site.tick()
    assert_told(site, "failed")
    assert "nosuch" in told(site)[0]["reason"]


def test_who_is_failed_by_hand_is_not_told_of_for_somebody_knows(site: Site) -> None:
    site.edit(status="failed")
    assert_told(site)


def test_without_a_channel_nothing_is_written(make: Make) -> None:
    site = make(ENDS)
    fails(site)
    site.tick()
    site.assert_told_once()
    assert not (site.root / "state/.notices").exists()


def test_what_no_channel_wants_is_not_written(place: Callable[..., Site]) -> None:
    site = place(on=("account_held",))
    fails(site)
    assert_told(site)
    assert site.ticket().status == "needs_attention"
    assert not (site.root / "state/.notices").exists()


# --- plans


def test_a_plan_is_told_of_each_time_it_is_complete(place: Callable[..., Site]) -> None:
    site = place()
    site.tick()
    assert_told(site, "plan_complete")
    site.apply(SkipRequested(at=time.time(), phase="work", blocked=False))
    site.store.apply_plan("p1", "reopen")
    site.tick()
    assert_told(site, "plan_complete", "plan_complete")
    assert len({one["id"] for one in told(site)}) == 2


@pytest.mark.parametrize(
    "point",
    [
        f"{OUTBOX}.intend before 1",
        f"{OUTBOX}.intend after 1",
        "orchestrator.adapters.state.store:write_atomically before 1 plan.json",
        "orchestrator.adapters.state.store:write_atomically after 1 plan.json",
        f"{OUTBOX}.confirm before 1",
        f"{OUTBOX}.confirm after 1",
    ],
)
def test_a_crash_while_a_plan_is_completed_costs_no_notice_and_makes_none_too_many(
    place: Callable[..., Site], point: str
) -> None:
    site = place()
    site.crash(point)
    site.settle(lambda: told(site))
    assert_told(site, "plan_complete")


# --- accounts


def test_an_account_is_told_of_once_for_each_period(place: Callable[..., Site]) -> None:
    site = place()
    for agent, after in (("a", 100), ("a", 200), ("b", 50), ("c", -2), ("c", 50)):
        notices.account_held(Home(site.config), HoldAccount(agent, agent, time.time() + after, "limit"))
    site.tick()
    accounts = [one["account"] for one in told(site) if one["event"] == "account_held"]
    assert sorted(accounts) == ["a", "b", "c", "c"]


def test_a_hold_whose_end_nobody_tells_goes_on_when_the_limit_is_met_again(place: Callable[..., Site]) -> None:
    site = place(on=("account_held",))
    for after in (-2, 300, 600):
        hold = HoldAccount("a", "a", time.time() + after, "limit", told="guess")
        notices.account_held(Home(site.config), hold)
    assert_told(site, "account_held")


def test_an_account_that_is_held_when_a_runner_starts_is_told_of(place: Callable[..., Site]) -> None:
    site = place(on=("account_held",))
    later = "2999-01-01T00:00:00.000Z"
    site.edit(status="ready", currentPhase="work", wakeAt=later, waitReason="usage limit of worker")
    assert_told(site, "account_held")
    first = told(site)[0]
    assert (first["account"], first["agent"], first["until"]) == ("work.sh", "worker", later)


def test_a_budget_is_one_call(place: Callable[..., Site]) -> None:
    site = place(on=("budget_reached",))
    home = Home(site.config)
    notices.budget_reached(home, "day 2026-11-22", "10.00 USD a day", 10.5, ticket=site.ticket())
    assert_told(site, "budget_reached")
    assert (told(site)[0]["costUsd"], told(site)[0]["ticket"]) == (10.5, "T1")
    site.assert_sound()


# --- nobody waits


def test_a_command_that_hangs_holds_up_nothing(place: Callable[..., Site]) -> None:
    site = place({"T1": []})
    fails(site)
    hold = site.hold("tell")
    daemon = site.daemon()
    wait_for(lambda: site.lines("tells"), what="the first notification")
    fails(site, 0)
    site.plan({"T2": []}, plan="p2")
    wait_for(lambda: site.ticket(Key("p2", "T2")).status == "complete", what="another ticket")
    daemon.signal(signal.SIGTERM)
    assert daemon.wait() == signal.SIGTERM
    assert site.events("notices_left")
    hold.unlink()
    site.tick()
    assert sorted(events(site)) == ["needs_attention", "plan_complete"]


def test_a_command_that_takes_too_long_costs_one_warning(place: Callable[..., Site]) -> None:
    site = place(timeout_seconds=0.2)
    fails(site)
    hold = site.hold("tell")
    site.tick()
    warnings = [line for line in site.events() if line["event"].startswith("notify_")]
    assert [(line["level"], line["reason"]) for line in warnings] == [
        ("warning", "took longer than 0.2 s and was killed")
    ]
    hold.unlink()
    assert_told(site)


def test_a_command_that_fails_is_tried_once_more_and_costs_one_warning(site: Site) -> None:
    (site.root / "code-tell").write_text("3")
    site.tick()
    assert events(site) == ["needs_attention"] * 2
    assert [line["reason"] for line in site.events("notify_failed")] == ["exit code 3"]
    assert_told(site, *["needs_attention"] * 2)


def test_what_kills_its_runner_each_time_is_given_up(site: Site) -> None:
    site.hold("tell")
    for n in range(1, 4):
        runner = site.runner()
        wait_for(lambda n=n: len(site.lines("tells")) == n, what="a try")  # type: ignore[misc]
        runner.kill()
    site.free("tell")
    wait_for(lambda: len(told(site)) == 3, what="the commands, which outlive their runners")
    site.tick()
    assert len(told(site)) == 3
    assert "given up" in site.events("notify_failed")[0]["reason"]


def test_a_storm_starts_few_programs_at_a_time_and_tells_of_each_ticket_once(place: Callable[..., Site]) -> None:
    names = [f"T{i}" for i in range(40)]
    site = place({name: [] for name in names})
    for name in names:
        site.edit(Key("p1", name), workflow="nosuch")
    site.tick()
    assert sorted(one["ticket"] for one in told(site)) == sorted(names)
    running = most = 0
    for line in site.lines("tells"):
        running += 1 if line.startswith("begin") else -1
        most = max(most, running)
    assert most <= 4


def test_what_is_older_than_a_week_is_not_sent(site: Site) -> None:
    old = core_notices.sample("failed", Setting("s", "l", time.time() - 8 * 86_400))
    Outbox(site.store.places).put(old)
    site.tick()
    assert events(site) == ["needs_attention"]
    assert site.events("notify_failed")[0]["reason"] == "it is older than a week"


# --- commands


def test_a_command_tells_itself_when_no_daemon_runs(place: Callable[..., Site]) -> None:
    site = place()
    leftover.command(Home(site.config), site.key, lambda _: SkipRequested(at=time.time(), phase="bad", blocked=False))
    assert events(site) == ["needs_attention"]
    assert_told(site, "needs_attention")


def test_what_somebody_else_puts_into_the_outbox_the_daemon_sends(place: Callable[..., Site]) -> None:
    site = place(on=("needs_attention",))
    site.hold("work")
    site.daemon("--lock")
    wait_for(site.ran)
    began = time.monotonic()
    notices.ticket_ended(
        Home(site.config), site.ticket(), core_notices.Notify("needs_attention", "by somebody else"), found=True
    )
    wait_for(lambda: told(site), what="the notification")
    assert told(site)[0]["reason"] == "by somebody else"
    let_pass(max(0.0, began + 0.2 - time.monotonic()))
    assert len(told(site)) == 1
