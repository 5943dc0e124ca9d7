"""What can go wrong at a vendor, with each of the programs, in its vendor's own words: what the runner makes of it.

A limit costs the ticket no retry and holds the account; whatever else fails costs one, and is said with what to do.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from e2e.agents import Real
from e2e.conftest import EVERY, Saw
from e2e.servers.script import Asked, Cut, Reply, Run, Script, Trouble, UsageLimit
from e2e.story import assert_committed, assert_continued, implement
from e2e.tickets import DEADLINE, GO_ON, IMPLEMENT, PLAN, SHORT, TICKET, Attempt, Home
from orchestrator.core.times import epoch_or
from tests.waiting import wait_for

pytestmark = EVERY

SOON = 6
"""Seconds until an allowance is there again: enough for every program to meet the limit before."""
PATIENCE = 100.0
"""Seconds: for limits that are told to the minute, or not at all."""
HOW = {
    "structured": "held until the reset it tells",
    "file": "held until the reset in its session's file",
    "text": "held until the reset in its words",
    None: "held for a while: it tells no reset",
}


@pytest.fixture(autouse=True)
def short(tickets: Home) -> None:
    tickets.walk(SHORT)


def held(tickets: Home) -> dict[str, Any]:
    """The ticket as `status` shows it, as soon as it waits for its account."""
    wait_for(lambda: tickets.ticket().get("wakeAt"), DEADLINE, "the ticket to wait")
    shown: dict[str, Any] = tickets.json("status", "--plan", PLAN)["tickets"][0]
    assert (shown["status"], shown["currentPhase"], shown.get("attempt")) == ("ready", "implement", None)
    assert not any(shown["retries"].values())
    return shown


def outcome(attempt: Attempt) -> dict[str, Any]:
    read: dict[str, Any] = attempt.read("outcome.json")
    return read


def test_a_used_up_allowance_is_waited_for_and_the_session_goes_on(
    tickets: Home,
    script: Script,
    real: Real,
    saw: Saw,
) -> None:
    resets: list[int] = []

    def until_reset(asked: Asked) -> Reply:
        resets[:] = resets or [int(time.time()) + SOON]
        return UsageLimit(resets[0])

    implement(script.when(GO_ON), tickets)
    script.when(IMPLEMENT).run("touch begun").then(until_reset)
    tickets.configure(subscriber=True)
    tickets.start("daemon")
    shown = held(tickets)
    (limited,) = tickets.attempts("implement")
    met = outcome(limited)
    assert (met["kind"], met["ended"]) == ("rate_limited", "rate_limited")
    assert real.name in shown["waitReason"]
    assert_cost(real, met, answers=1)
    ticket = tickets.wait_for_end("complete", PATIENCE)
    _, continued = tickets.attempts("implement")
    assert epoch_or(continued.read("attempt.json")["startedAt"], 0) >= resets[0]
    assert not any(ticket["retries"].values())
    assert_continued(tickets, met["session"])
    assert_committed(tickets)
    if met.get("until") is not None:
        assert resets[0] <= met["until"] <= resets[0] + 60
    saw("usageLimit", HOW[met.get("told")])


def assert_cost(real: Real, met: dict[str, Any], answers: int) -> None:
    """What was answered before the trouble is paid for."""
    usage = met.get("usage") or {}
    assert (usage.get("inputTokens", 0), usage.get("outputTokens", 0)) == (answers * 1200, answers * 25)
    assert usage["costUsd"] == pytest.approx(answers * real.answer_usd)


@pytest.mark.parametrize(
    ("trouble", "capability", "ended"),
    [
        (Trouble.RATE_LIMITED, "rateLimit", "rate_limited"),
        (Trouble.OVERLOADED, "overload", "overloaded"),
    ],
    ids=["429", "overloaded"],
)
def test_a_vendor_that_cannot_serve_now_is_asked_again_later(
    tickets: Home,
    script: Script,
    saw: Saw,
    trouble: Trouble,
    capability: str,
    ended: str,
) -> None:
    script.when(IMPLEMENT).then(trouble)
    tickets.start("daemon")
    shown = held(tickets)
    (attempt,) = tickets.attempts("implement")
    met = outcome(attempt)
    assert (met["kind"], met["ended"]) == ("rate_limited", ended)
    assert epoch_or(shown["wakeAt"], 0) > time.time()
    assert tickets.history() == [("setup", "success")]
    saw(capability, "held for a while")


def test_a_refused_key_is_a_failure_that_says_what_to_do(
    tickets: Home,
    script: Script,
    real: Real,
    saw: Saw,
) -> None:
    script.when("").then(Trouble.UNAUTHORIZED)
    ran = tickets.orchestrator("run", PLAN, TICKET)
    assert (ran.returncode, "needs_attention" in ran.stderr) == (1, True), ran.stderr
    met = [outcome(attempt) for attempt in tickets.attempts("implement")]
    assert [(one["kind"], one["ended"]) for one in met] == [("failure", "needs_login")] * 2
    assert "log in with" in tickets.ticket()["error"]
    saw("login", "failure, says how to log in")


def test_an_answer_that_breaks_off_is_no_success(tickets: Home, script: Script, real: Real, saw: Saw) -> None:
    """The first attempt is cut off whenever it asks; then nothing is wrong any more."""

    def cut_at_first(asked: Asked) -> Reply:
        return Cut() if len(tickets.attempts("implement")) == 1 else Run("echo on")

    implement(script.when(GO_ON), tickets)
    implement(script.when(IMPLEMENT).then(cut_at_first), tickets)
    tickets.start("daemon")
    met = tickets.first_outcome("implement")
    ticket = tickets.wait_for_end("complete", PATIENCE)
    if real.repeats_cut_answers:
        assert (met["kind"], len(tickets.attempts("implement"))) == ("success", 1)
        saw("cut", "repeats it itself")
        return
    assert len(tickets.attempts("implement")) == 2
    assert (met["kind"], met["ended"]) in (("failure", "failure"), ("rate_limited", "overloaded"))
    assert met["reason"]
    assert any(ticket["retries"].values()) is (met["kind"] == "failure")
    saw("cut", "failure, retried" if met["kind"] == "failure" else "held for a while")


def test_a_conversation_that_is_too_long_is_not_gone_on_with(
    tickets: Home, script: Script, real: Real, saw: Saw
) -> None:
    script.when(IMPLEMENT).then(Trouble.TOO_LONG)
    implement(script.when(""), tickets)
    ran = tickets.orchestrator("run", PLAN, TICKET)
    attempts = tickets.attempts("implement")
    if real.compacts:
        assert (ran.returncode, len(attempts)) == (0, 1)
        assert_committed(tickets)
        saw("tooLong", "shortens it itself")
        return
    assert (ran.returncode, len(attempts)) == (1, 2)
    assert [outcome(one)["ended"] for one in attempts] == ["context_too_long"] * 2
    assert [one.read("attempt.json")["resume"] for one in attempts] == [False, False]
    assert len({outcome(one)["session"] for one in attempts}) == 2
    saw("tooLong", "failure, retried in a new session")


@pytest.mark.parametrize("key", ["perTicketTokens", "perTicketUsd"])
def test_a_budget_ends_the_work_and_says_where_to_raise_it(
    tickets: Home, script: Script, real: Real, saw: Saw, key: str
) -> None:
    """Of less than three answers."""
    endless = script.when(IMPLEMENT)
    for n in range(10):
        endless.run(f"sleep 0.7; echo {n}")
    endless.say("That is all.")
    amount = 4000 if key == "perTicketTokens" else 2.6 * real.answer_usd
    tickets.configure(budgets={key: amount})
    ran = tickets.orchestrator("run", PLAN, TICKET)
    assert ran.returncode == 1
    ticket = tickets.ticket()
    assert (ticket["status"], key in ticket["error"]) == ("needs_attention", True), ticket["error"]
    (attempt,) = tickets.attempts("implement")
    usage, asked = outcome(attempt)["usage"], len(tickets.asked(IMPLEMENT))
    tokens = usage["inputTokens"] + usage["cachedTokens"] + usage["outputTokens"]
    assert (tokens if key == "perTicketTokens" else usage["costUsd"]) >= amount
    saw("budget", "stopped while it works" if asked < 11 else "no further attempt")
