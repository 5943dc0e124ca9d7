"""The outbox: what was put there stays until it is removed, and what cannot be read is no obstacle."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from orchestrator.adapters.costs import of_plan, of_ticket
from orchestrator.adapters.notices.outbox import Outbox
from orchestrator.adapters.places import Places
from orchestrator.core import notices
from orchestrator.core.model import Key
from orchestrator.core.notices import Notice, Setting
from tests.adapters.shelf import config_of


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(Places(config_of(tmp_path)))


def notice(at: float = 1_795_000_000.0) -> Notice:
    return notices.sample("failed", Setting("/state", "/logs", at))


def test_notices_come_out_as_they_were_put_the_oldest_first(outbox: Outbox) -> None:
    late, early = notice(1_795_000_100.0), notice()
    outbox.put(late)
    outbox.put(early)
    letters = [outbox.read(name) for name in outbox.names()]
    assert [letter.notice for letter in letters if letter is not None] == [early, late]
    for name in outbox.names():
        outbox.remove(name)
    assert outbox.names() == []


def test_what_is_found_again_is_put_once(outbox: Outbox) -> None:
    outbox.put(notice())
    outbox.put(replace(notice(), at="2026-11-30T00:00:00.000Z"), found=True)
    assert len(outbox.names()) == 1


def test_marks_say_which_channels_are_done_and_how_often_each_was_tried(outbox: Outbox) -> None:
    outbox.put(notice())
    name = outbox.names()[0]
    for channel, over in (("a", False), ("a", False), ("b", False), ("b", True)):
        outbox.mark(name, channel, over)
    letter = outbox.read(name)
    assert letter is not None
    assert (letter.over, letter.tries) == ({"b"}, {"a": 2, "b": 1})


def test_a_mark_of_what_was_removed_meanwhile_leaves_nothing_behind(outbox: Outbox) -> None:
    outbox.put(notice())
    name = outbox.names()[0]
    outbox.remove(name)
    outbox.mark(name, "a", over=True)
    assert outbox.names() == []


def test_a_mark_that_a_crash_cut_off_and_a_file_of_somebody_else_are_no_obstacle(outbox: Outbox) -> None:
    outbox.put(notice())
    path = outbox.folder / outbox.names()[0]
    path.write_bytes(path.read_bytes() + b'{"channel":"a')
    (outbox.folder / "theirs.json").write_text("not ours")
    letter = outbox.read(path.name)
    assert letter is not None and letter.tries == {}
    assert outbox.read("theirs.json") is None
    assert outbox.read("gone.json") is None


def test_what_is_intended_is_no_notice_until_it_is_confirmed(outbox: Outbox) -> None:
    outbox.intend("plan-p", notice())
    assert (outbox.names(), outbox.intended()) == ([], ["plan-p"])
    assert outbox.confirm("plan-p")
    assert (len(outbox.names()), outbox.intended()) == (1, [])
    assert not outbox.confirm("plan-p")


def test_what_is_intended_can_be_dropped(outbox: Outbox) -> None:
    outbox.intend("plan-p", notice())
    outbox.drop("plan-p")
    outbox.drop("plan-p")
    assert not outbox.confirm("plan-p")


def test_an_outbox_that_is_not_there_is_empty(outbox: Outbox) -> None:
    assert (outbox.names(), outbox.intended(), outbox.held(), outbox.changed_ns()) == ([], [], {}, 0)
    assert not outbox.folder.exists()


# --- what things have cost


def test_of_each_session_the_highest_total_counts(tmp_path: Path) -> None:
    places = Places(config_of(tmp_path))
    said = {
        "T-1/001-a": '{"kind":"success","session":"s","usage":{"costUsd":0.5}}',
        "T-1/002-b": '{"kind":"success","session":"s","usage":{"costUsd":0.75}}',
        "T-1/003-c": '{"kind":"success","usage":{"costUsd":0.25}}',
        "T-1/004-d": "torn",
        "T-2/001-a": '{"kind":"success","session":"t","usage":{"costUsd":2}}',
        "T-3/001-a": '{"kind":"success"}',
    }
    for name, text in said.items():
        (places.logs / "p" / name).mkdir(parents=True)
        (places.logs / "p" / name / "outcome.json").write_text(text)
    assert of_ticket(places, Key("p", "T-1")) == 1.0
    assert of_plan(places, "p") == 3.0
    assert of_ticket(places, Key("p", "T-3")) is None
    assert of_plan(places, "nothing") is None
