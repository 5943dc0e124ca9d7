"""What is remembered over days, in memory and on disk: it has an end, and is never taken for more than it is."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from orchestrator.adapters.notices.outbox import Outbox
from orchestrator.adapters.state.journal import Entry, Journal
from orchestrator.core import notices
from orchestrator.core.model import Plan, Ticket
from orchestrator.core.notices import Setting
from orchestrator.core.settings import NotifySettings
from orchestrator.engine import home as homes
from orchestrator.engine import recover
from orchestrator.engine.home import Home
from orchestrator.engine.telling import courier as couriers
from orchestrator.engine.telling import notices as telling
from orchestrator.engine.telling.courier import Courier
from tests.adapters.shelf import config_of
from tests.waiting import wait_for

ACTIVE = '{"id": "p1", "status": "active", "tickets": []}'
COMPLETE = ACTIVE.replace("active", "complete")


def test_the_rules_of_plans_that_come_and_go_do_not_pile_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homes, "REMEMBERED", 3)
    home = Home(config_of(tmp_path))
    for i in range(10):
        home.plans = {f"p{i}": Plan(id=f"p{i}")}
        assert home.rules(Ticket(plan_id=f"p{i}", ticket_id="T-1")).plan.id == f"p{i}"
    assert len(home._rules) <= 3


def test_a_notice_that_is_put_within_the_tick_of_the_last_look_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(couriers, "TICK_NS", 10**12)  # however slow this machine is
    told = tmp_path / "told"
    channel = NotifySettings(command=("/bin/sh", "-c", f"cat >>{told}"))
    courier = Courier(Home(config_of(tmp_path, notify=(channel,))))
    folder = courier.outbox.folder
    folder.mkdir(parents=True)
    tick = time.time_ns()
    os.utime(folder, ns=(tick, tick))
    courier.look()
    wait_for(lambda: not courier.is_busy)
    courier.outbox.put(notices.sample("failed", Setting("/state", "/logs", time.time())))
    os.utime(folder, ns=(tick, tick))  # somebody else has put it there before the clock ticked
    courier.look()
    wait_for(lambda: told.exists() and not courier.outbox.names())
    courier.stop()


def test_what_a_ticket_says_in_its_own_words_is_not_taken_for_a_line_of_the_journal(tmp_path: Path) -> None:
    path, at = tmp_path / "journal.jsonl", "2026-11-22T09:00:00.000Z"
    told = [{"decision": "Notify", "what": "failed", "text": "exit code 1"}]
    said = {"status": "failed", "theirs": {"kind": "notified"}}
    Journal().append(path, [Entry(at, "seen", 1, "a"), Entry(at, "event", 2, "b", decisions=told, set=said)])
    assert not recover._is_told(path)
    Journal().append(path, [Entry(at, "notified")])
    assert recover._is_told(path)


@pytest.mark.parametrize(("text", "becomes"), [("{", "kept"), (ACTIVE, "dropped"), (COMPLETE, "sent")])
def test_what_was_intended_when_a_runner_died_waits_for_a_plan_that_cannot_be_read(
    tmp_path: Path, text: str, becomes: str
) -> None:
    home = Home(config_of(tmp_path, notify=(NotifySettings(command=("true",)),)))
    home.patience = 0
    file, outbox = home.places.plan_file("p1"), Outbox(home.places)
    file.parent.mkdir(parents=True)
    telling.intend_plan(home, Plan(id="p1"))
    file.write_text(text)
    telling.plan_not_completed(home, "p1")
    assert outbox.intended() == ([] if becomes == "dropped" else ["plan-p1"])
    telling.catch_up_plans(home)
    assert (outbox.intended(), len(outbox.names())) == {
        "kept": (["plan-p1"], 0),
        "dropped": ([], 0),
        "sent": ([], 1),
    }[becomes]
