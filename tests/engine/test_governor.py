"""Accounts through the real runner: which are held by what, who works meanwhile, and what a person can do."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from orchestrator.control import accounts as control
from orchestrator.control import steering
from orchestrator.core.decisions import HoldAccount
from orchestrator.core.model import Key
from orchestrator.core.times import epoch
from orchestrator.engine.home import Home
from orchestrator.engine.limits.governor import Governor
from tests.engine.limits import STREAMS, account, calls, hold_is_over, home, is_complete, limit, say
from tests.engine.sites import Make, Site, make
from tests.waiting import let_pass, wait_for

__all__ = ["make"]

CLAUDE: dict[str, Any] = {"claude": {}}
T1, T2, T3 = Key("p1", "T1"), Key("p1", "T2"), Key("p1", "T3")


def held_for(site: Site, name: str = "claude") -> float:
    """Seconds."""
    one = account(site, name)
    assert one is not None and one.since and one.until
    return epoch(one.until) - epoch(one.since)


def home_of(site: Site) -> Home:
    return Home(site.config)


# --- what holds


def test_a_limit_holds_every_ticket_of_the_account_and_says_so_in_the_ticket_that_met_it(make: Make) -> None:
    site = home(make, CLAUDE, ["T1", "T2"], maxConcurrency=1)
    reset = limit(site, 3600)
    site.tick()
    site.tick()
    assert [(call.ticket, call.how) for call in calls(site)] == [("T1", "new")]
    met = site.raw(T1)
    assert (epoch(met["wakeAt"]), met["waitReason"]) == (reset, "usage limit of claude (five-hour limit)")
    assert met["status"] == "ready" and "attempt" not in met and not met.get("retries")
    assert site.raw(T2).get("wakeAt") is None


def test_a_later_reset_lengthens_the_same_hold(make: Make) -> None:
    site = home(make, CLAUDE, ["T1"])
    now = time.time()
    for seconds in (60, 3600, 60):
        governor = Governor(home_of(site))  # of several runners
        governor.hold(HoldAccount("claude", "claude", now + seconds, "limit", told="structured"), T1, now)
        assert governor.held["claude"] >= now + seconds
    assert round(held_for(site)) == 3600
    assert (len(site.events("held")), len(site.events("hold_changed"))) == (1, 1)


@pytest.mark.parametrize(("stream", "limit"), [("e429", "usage limit"), ("e529", "overloaded")])
def test_where_nobody_tells_the_reset_guesses_double_until_something_succeeds(
    make: Make, stream: str, limit: str
) -> None:
    site = home(make, CLAUDE, ["T1"])
    say(site, stream)
    seconds = []
    for _ in range(3):
        site.tick()
        site.tick()
        seconds.append(round(held_for(site)))
        hold_is_over(site)
    assert seconds == [30, 60, 120]
    (site.root / "say-me").write_text("")
    site.tick()
    assert is_complete(site) and account(site) is None
    assert [call.how for call in calls(site)] == ["new", "resumed", "resumed", "resumed"]
    assert not any(site.ticket().retries.values())
    assert {event.get("limit") for event in site.events("held")} == {limit}


def test_a_warning_is_no_limit(make: Make) -> None:
    site = home(make, CLAUDE, ["T1"])
    lines = (STREAMS / "usage-warning.jsonl").read_text().splitlines()
    (site.root / "warning").write_text("".join(f"{line}\n" for line in lines if "allowed_warning" in line))
    assert "allowed_warning" in (site.root / "warning").read_text()
    site.tick()
    assert is_complete(site) and account(site) is None and site.events("held") == []


def test_three_refused_logins_hold_the_account_and_then_one_attempt_shows_whether_it_works(make: Make) -> None:
    names = [f"T{n}" for n in range(1, 8)]
    site = home(make, CLAUDE, names, maxConcurrency=2)
    say(site, "oauth-e401")
    for _ in range(3):
        site.tick()
    refused = len(calls(site))
    one = account(site)
    assert one is not None and one.limit == "needs login" and one.reason.startswith("needs login: ")
    assert 3 <= refused <= 4 and held_for(site) == 300, "two run at a time"
    hold_is_over(site)
    (site.root / "gate").touch()
    site.daemon()
    wait_for(lambda: len(calls(site)) == refused + 1)
    let_pass(0.3)
    assert len(calls(site)) == refused + 1, "the other slot stays free"
    (site.root / "say-me").write_text("")
    (site.root / "gate").unlink()
    wait_for(lambda: is_complete(site, *names[refused:]))
    assert account(site) is None


def test_a_retry_of_the_same_ticket_is_not_begun_when_it_is_the_third_refusal(make: Make) -> None:
    site = home(make, CLAUDE, ["T1"], "maxRetries: 9,")
    say(site, "oauth-e401")
    site.tick()
    assert len(calls(site)) == 3 and site.ticket().status == "ready"


# --- accounts


def test_two_agents_of_one_type_share_an_account_unless_they_are_given_two(make: Make) -> None:
    agents = {"a": {"env": {"WHO": "a"}}, "b": {"env": {"WHO": "b"}, "account": "other"}, "c": {"env": {"WHO": "c"}}}
    site = home(make, agents, ["T1", "T2", "T3"], defaultAgent="a", maxConcurrency=1)
    for name, agent in (("T1", "a"), ("T2", "b"), ("T3", "c")):
        site.edit(Key("p1", name), agent=agent)
    limit(site, 3600, "a")
    for _ in range(3):
        site.tick()
    assert [(call.ticket, call.who) for call in calls(site)] == [("T1", "a"), ("T2", "b")]
    assert is_complete(site, "T2") and account(site, "claude") and account(site, "other") is None


def test_programs_that_no_adapter_knows_are_accounts_of_their_own(make: Make) -> None:
    agents = {"x": {"type": "command", "command": "/opt/x/mine"}, "y": {"type": "command", "command": "./yours"}}
    assert home_of(home(make, agents, [], defaultAgent="x")).accounts == {"x": "mine", "y": "yours"}


def test_while_an_account_is_held_the_next_one_works_also_for_the_ticket_that_met_it(make: Make) -> None:
    agents = {
        "a": {"env": {"WHO": "a"}}, "b": {"env": {"WHO": "b"}, "account": "b"},
        "c": {"env": {"WHO": "c"}, "account": "c"},
    }  # fmt: skip
    site = home(make, agents, ["T1", "T2"], defaultAgent="a", maxConcurrency=1, fallbackAgents=["b", "c"])
    limit(site, 3600, "a")
    limit(site, 3600, "b")
    site.settle(lambda: is_complete(site))
    assert [(call.who, call.how, call.what) for call in calls(site)][:3] == [
        ("a", "new", "start"), ("b", "new", "start"), ("c", "new", "start"),
    ]  # fmt: skip
    assert [call.who for call in calls(site, "worked")] == ["c", "c"]
    for key in (T1, T2):
        entry = site.ticket(key).phase_history[0]
        assert (entry.agent, str(entry.status)) == ("c", "success") and not any(site.ticket(key).retries.values())
    assert len(calls(site)) == 4 and len(site.events("held")) == 2
    assert (site.directory("002-") / "prompt.md").read_text() == "Do Title of T1", "the whole prompt"


def test_when_all_that_may_do_it_are_held_it_waits_for_the_first_that_is_free(make: Make) -> None:
    agents = {"a": {"env": {"WHO": "a"}, "fallbackAgents": ["b"]}, "b": {"env": {"WHO": "b"}, "account": "b"}}
    site = home(make, agents, ["T1"], defaultAgent="a")
    limit(site, 3600, "a")
    limit(site, 1800, "b")
    for _ in range(3):
        site.tick()
    assert [call.who for call in calls(site)] == ["a", "b"]
    held = control.waits_for(home_of(site), site.ticket())
    assert held is not None and (held.account, held.limit) == ("b", "five-hour limit")
    hold_is_over(site, "b")
    (site.root / "limit-b").write_text("")
    site.tick()
    assert is_complete(site) and [(call.who, call.how) for call in calls(site)][-1] == ("b", "resumed")


def test_a_stand_in_does_no_more_at_a_time_than_it_may(make: Make) -> None:
    agents = {"a": {"env": {"WHO": "a"}}, "b": {"env": {"WHO": "b"}, "account": "b", "maxConcurrency": 1}}
    site = home(make, agents, ["T1", "T2", "T3"], defaultAgent="a", maxConcurrency=3, fallbackAgents=["b"])
    limit(site, 3600, "a")
    site.daemon()
    wait_for(lambda: is_complete(site))
    rows = [line.split() for line in site.lines("calls")]
    running = most = 0
    for row in rows:
        running += {"start": 1, "worked": -1}.get(row[4], 0) if row[1] == "b" else 0
        most = max(most, running)
    assert most == 1


# --- people


def test_who_retries_a_ticket_ends_a_hold_that_was_guessed_and_none_that_was_told(make: Make) -> None:
    site = home(make, CLAUDE, ["T1", "T2"])
    say(site, "e529")
    site.edit(T2, status="paused")
    site.tick()
    said = steering.resume(home_of(site), T2)
    assert said.text.endswith("; account claude is tried again at once") and account(site) is None
    assert site.raw(T1).get("wakeAt") is None, "who met it goes on, too"
    (site.root / "say-me").write_text("")
    limit(site, 3600)
    site.tick()
    site.pause(T2)
    assert "tried again" not in steering.resume(home_of(site), T2).text and account(site) is not None


def test_a_released_account_goes_on_at_once_beside_a_daemon(make: Make) -> None:
    site = home(make, CLAUDE, ["T1", "T2"], maxConcurrency=1)
    limit(site, 3600)
    site.daemon()
    wait_for(lambda: account(site) and site.raw(T1).get("wakeAt"))
    (site.root / "limit-me").write_text("")
    assert control.release(home_of(site), "claude") is True
    wait_for(lambda: is_complete(site))
    assert control.release(home_of(site), "claude") is False
    assert [event.get("by") for event in site.events("released")] == ["a person"]


def test_the_hold_of_a_file_that_was_removed_by_hand_is_over(make: Make) -> None:
    site = home(make, CLAUDE, ["T1", "T2"], maxConcurrency=1)
    limit(site, 3600)
    site.daemon()
    wait_for(lambda: account(site) and site.raw(T1).get("wakeAt"))
    (site.root / "limit-me").write_text("")
    (site.root / "state/.accounts/claude.json").unlink()
    wait_for(lambda: is_complete(site, "T2"))


def test_a_file_that_cannot_be_understood_is_told_of_and_holds_nothing(make: Make) -> None:
    site = home(make, CLAUDE, ["T1"])
    (site.root / "state/.accounts").mkdir()
    (site.root / "state/.accounts/claude.json").write_text('{"account": 3}')
    site.tick()
    assert is_complete(site)
    assert [event["file"].rpartition("/")[2] for event in site.events("account_unreadable")] == ["claude.json"]


def test_accounts_tell_who_shares_them_and_how_many_wait(make: Make) -> None:
    site = home(make, {"a": {}, "b": {}, "c": {"account": "work/me"}}, ["T1", "T2"], defaultAgent="a", maxConcurrency=1)
    reset = limit(site, 3600)
    site.tick()
    first, second = control.accounts(home_of(site))
    assert (first.account, first.agents, first.held, first.tickets) == ("claude", ("a", "b"), True, 2)
    assert (epoch(first.until or ""), first.limit, first.told) == (reset, "five-hour limit", "structured")
    assert (second.account, second.held) == ("work/me", False)


def test_an_account_may_be_called_anything(make: Make) -> None:
    site = home(make, {"a": {"account": "../me @work/\u00e9" + "x" * 300}}, ["T1"], defaultAgent="a")
    limit(site, 3600)
    site.tick()
    (path,) = (site.root / "state/.accounts").iterdir()
    assert json.loads(path.read_text())["account"].startswith("../me @work/\u00e9x")
    site.tick()
    assert len(calls(site)) == 1


def test_a_hold_that_only_tickets_tell_of_can_be_released_beside_a_daemon(make: Make) -> None:
    site = home(make, CLAUDE, ["T1", "T2"])
    site.edit(
        T1, status="ready", currentPhase="work", wakeAt="2999-01-01T00:00:00Z", waitReason="usage limit of claude"
    )
    site.daemon()
    let_pass(0.3)
    assert calls(site) == [] and control.release(home_of(site), "claude")
    wait_for(lambda: is_complete(site))


def test_a_runner_that_dies_before_it_has_written_the_hold_leaves_it_to_the_ticket(make: Make) -> None:
    site = home(make, CLAUDE, ["T1", "T2"], maxConcurrency=1)
    limit(site, 3600)
    site.crash("orchestrator.engine.limits.governor:Governor.hold before 1")
    assert account(site) is None and len(calls(site)) == 1
    site.tick()
    site.tick()
    assert len(calls(site)) == 1


def test_a_hold_of_an_earlier_version_is_that_of_its_tickets(make: Make) -> None:
    site = home(make, CLAUDE, ["T1", "T2"])
    site.edit(
        T1, status="ready", currentPhase="work", wakeAt="2999-01-01T00:00:00Z", waitReason="usage limit of claude"
    )
    site.tick()
    assert calls(site) == [] and account(site) is None
    assert control.accounts(home_of(site))[0].held
