"""What a person is told of: the same happening is the same notice, and every notice says where to look."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from orchestrator.core import notices
from orchestrator.core.channels import Channel, channels
from orchestrator.core.decisions import Notify
from orchestrator.core.model import PhaseEntry, PhaseStatus, Plan, PlanEntry, Status, Ticket
from orchestrator.core.notice_words import LISTED, message
from orchestrator.core.notices import Notice, Setting
from orchestrator.core.settings import NOTICE_KINDS, NoticeKind, NotifySettings

AT = 1_795_000_000.0
SETTING = Setting("/home/me/state", "/home/me/logs", AT)
PLAN = Plan(
    id="first", name="First steps", repo="/repo", workflow="local", tickets=(PlanEntry("A-1"), PlanEntry("A-2"))
)
TICKET = Ticket(
    plan_id="first", ticket_id="A-1", title="Round prices", status=Status.FAILED, current_phase="verify", rev=7,
    attempts=3, worktree="/wt/A-1",
    phase_history=(PhaseEntry("verify", PhaseStatus.FAILURE, completed_at="2026-11-22T10:00:00.000Z"),),
)  # fmt: skip
FAILED = Notify("failed", "verify: exit code 1")

KEYS = {
    "event", "id", "at", "message", "plan", "planName", "ticket", "title", "status", "phase", "reason", "repo",
    "branch", "worktree", "workflow", "agent", "account", "until", "attempts", "tickets", "costUsd", "logs", "test",
}  # fmt: skip


def failed(ticket: Ticket = TICKET, told: Notify = FAILED, setting: Setting = SETTING) -> Notice:
    return notices.of_ticket(setting, ticket, PLAN, told)


def samples() -> list[Notice]:
    return [notices.sample(kind, SETTING) for kind in NOTICE_KINDS]


@pytest.mark.parametrize("kind", NOTICE_KINDS)
def test_every_notice_has_the_same_keys_in_json(kind: NoticeKind) -> None:
    document = msgspec.json.decode(msgspec.json.encode(notices.sample(kind, SETTING)))
    assert set(document) == KEYS
    assert (document["event"], document["test"]) == (kind, True)
    assert document["message"].startswith("test: ")


def test_a_ticket_s_notice_says_what_where_and_why() -> None:
    notice = failed()
    assert notice.message == "ticket first/A-1 failed: verify: exit code 1"
    assert (notice.plan, notice.plan_name, notice.ticket, notice.title) == (
        "first", "First steps", "A-1", "Round prices",
    )  # fmt: skip
    assert (notice.phase, notice.reason, notice.attempts) == ("verify", "verify: exit code 1", 3)
    assert (notice.repo, notice.worktree, notice.logs) == ("/repo", "/wt/A-1", "/home/me/logs/first/A-1")


def test_one_ending_is_one_id_whoever_finds_it_and_whenever() -> None:
    assert failed().id == failed(setting=SETTING._replace(at=AT + 3600)).id
    assert failed().id == failed(told=Notify("failed", "in other words")).id


@pytest.mark.parametrize(
    "other",
    [
        failed(replace(TICKET, rev=9)),
        failed(replace(TICKET, ticket_id="A-2")),
        failed(told=Notify("needs_attention", "")),
        failed(setting=SETTING._replace(state="/home/you/state")),
        failed(replace(TICKET, phase_history=())),
    ],
    ids=["later save", "other ticket", "other ending", "other home", "files made anew"],
)
def test_another_ending_is_another_id(other: Notice) -> None:
    assert other.id != failed().id


def test_a_plan_that_is_complete_once_more_is_another_notice() -> None:
    once, again = (notices.of_plan(SETTING._replace(at=at), PLAN) for at in (AT, AT + 1))
    assert once.id != again.id
    assert (once.message, once.tickets) == ("plan first is complete (2 tickets)", 2)


def test_a_period_of_an_account_is_one_notice() -> None:
    first, same, next_ = (
        notices.of_account(SETTING, "claude", until, "limit") for until in (AT + 60, AT + 60, AT + 90)
    )
    assert first.id == same.id != next_.id
    assert first.message.startswith("account claude is held until 2026-")


def test_a_budget_is_told_once_for_each_name() -> None:
    one, same, other = (
        notices.of_budget(SETTING, name, "10 USD a day", 10.2, TICKET) for name in ("day 1", "day 1", "day 2")
    )
    assert one.id == same.id != other.id
    assert (one.event, one.message, one.cost_usd, one.ticket) == (
        "budget_reached", "budget reached: 10 USD a day", 10.2, "A-1",
    )  # fmt: skip


def test_a_reason_of_many_lines_stays_short_and_its_message_one_line() -> None:
    notice = failed(told=Notify("failed", "first line\nsecond line\n" + "x" * 10_000))
    assert len(notice.reason or "") == notices.TEXT_LIMIT
    assert "\n" not in notice.message


# --- channels


def channel(**fields: object) -> Channel:
    return channels([NotifySettings(**{"desktop": True, **fields})])[0]  # type: ignore[arg-type]


def test_every_way_that_is_named_is_a_channel() -> None:
    entry = NotifySettings(command="./a.sh x", desktop=True, url=("ntfy://h/t", "${URL}"))
    found = channels([entry, NotifySettings(command=("/b", "secret"))])
    assert [one.label for one in found] == ["command ./a.sh", "desktop", "url ntfy", "url ${URL}", "command /b"]
    assert found[0].target == ("/bin/sh", "-c", "./a.sh x")


def test_labels_and_keys_tell_channels_apart() -> None:
    found = channels([NotifySettings(url=("json://a/1", "json://b/2")), NotifySettings(url="json://a/1")])
    assert [one.label for one in found] == ["url json", "url json #2", "url json #3"]
    assert len({one.key for one in found}) == 3


@pytest.mark.parametrize("command", ["TOKEN=s3cret ./a.sh", "$(cat s3cret)", "'./s3cret'"])
def test_a_label_says_nothing_of_a_line_that_begins_with_more_than_a_program(command: str) -> None:
    assert "s3cret" not in channels([NotifySettings(command=command)])[0].label


def test_a_label_says_nothing_of_a_url_but_its_scheme() -> None:
    assert channels([NotifySettings(url="s3cret")])[0].label == "url (hidden)"


def test_a_channel_wants_what_it_is_for() -> None:
    assert channel().wants(failed())
    assert channel(on=("failed",)).wants(failed())
    assert not channel(on=("plan_complete",)).wants(failed())
    assert channel(plans=("fir*",)).wants(failed())
    assert not channel(plans=("second",)).wants(failed())
    assert not channel(plans=("*-x",)).wants(notices.of_account(SETTING, "claude", AT, "limit"))


# --- words


def test_each_notice_has_a_title_and_a_text_for_people() -> None:
    titles = [message([notice]).title for notice in samples()]
    assert titles == [
        "test: EXAMPLE-1 needs attention",
        "test: EXAMPLE-1 failed",
        "test: plan example is complete",
        "test: account claude is held",
        "test: budget reached",
    ]
    assert all(message([notice]).body for notice in samples())


def test_many_notices_are_one_message_that_counts_them() -> None:
    many = [failed(replace(TICKET, ticket_id=f"A-{i}")) for i in range(12)]
    said = message([*many, notices.of_plan(SETTING, PLAN)])
    assert said.title == "12 tickets failed, 1 plan complete"
    assert said.body.splitlines()[0] == "ticket first/A-0 failed: verify: exit code 1"
    assert said.body.splitlines()[LISTED:] == ["… and 3 more"]
    assert said.tone == "failure"
