"""Looking on costs little, keeps nobody waiting, and tells what is so."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from orchestrator import wiring
from orchestrator.control.live.diary import Diary
from orchestrator.control.live.elsewhere import BUSY, Elsewhere
from orchestrator.control.live.looker import Focus, Looker
from orchestrator.control.live.pace import LONGEST_SECONDS, Pace
from orchestrator.control.live.words import Words
from orchestrator.core.board import Board
from orchestrator.core.model import Attempt, Key, Status
from orchestrator.core.settings import Config
from orchestrator.core.show.live import Row, Seen, View
from orchestrator.engine.home import Home
from tests import factories
from tests.waiting import wait_for


@pytest.fixture
def config(tmp_path: Path) -> Config:
    file = tmp_path / "config.yaml"
    agents = {"claude": {"command": "claude"}, "other": {"command": "other"}}
    file.write_text(json.dumps({"stateDir": "./state", "logDir": "./logs", "pollInterval": 1, "agents": agents}))
    (tmp_path / "state/plans").mkdir(parents=True)
    return wiring.load(wiring.Options(config=str(file)), {}).config


def seen_of(*tickets: str, **fields: object) -> Seen:
    board = Board()
    board.put_plan(factories.plan(*tickets))
    for one in tickets:
        board.put_ticket(factories.ticket(one, status=Status.READY))
    return Seen(board, lambda _: None, lambda _: False, **fields)  # type: ignore[arg-type]


# --- the pace


def test_a_look_that_cost_much_is_not_repeated_soon_but_is() -> None:
    now = [0.0]
    pace = Pace(lambda: now[0])
    with pace:
        now[0] += 0.0001
    cheap = pace.rest()
    with pace:
        now[0] += 0.02
    dear = pace.rest()
    with pace:
        now[0] += 60
    assert cheap < dear and pace.rest() == pytest.approx(LONGEST_SECONDS, abs=0.1)


# --- somebody who looks on


def looker(found: list[View], lost: list[Exception] | None = None, most: int = 9) -> Looker:
    return Looker(found.append, lambda: most, Focus(), (lost if lost is not None else []).append)


def test_a_view_is_made_when_something_has_changed_and_not_again_at_once() -> None:
    found: list[View] = []
    look, seen = looker(found), seen_of("T-1")
    for _ in range(3):
        look(seen)
        seen.board.put_ticket(factories.ticket("T-1", status=Status.PAUSED))
    assert len(found) == 1
    wait_for(lambda: (look(seen), len(found) == 2)[1], what="the change to be shown after all")


def test_that_it_stops_and_the_end_are_shown_at_once() -> None:
    found: list[View] = []
    look, seen = looker(found), seen_of("T-1")
    look(seen)
    look(seen._replace(stopping="shutdown"))
    look(seen._replace(stopping="shutdown", is_over=True))
    assert [one.stopping for one in found] == [None, "shutdown", None]


def test_a_mistake_in_a_view_is_told_once_and_not_raised() -> None:
    found: list[View] = []
    lost: list[Exception] = []
    look, seen = looker(found, lost), seen_of("T-1")
    broken = seen._replace(is_held=None, board=None)  # type: ignore[arg-type]
    look(broken)
    look(seen)
    assert len(lost) == 1 and not found


# --- the last words


class Heard:
    def __init__(self, config: Config, agent: str | None) -> None:
        self.home = Home(config)
        self.words = Words(self.home)
        attempt = Attempt(n=2, id="i", phase="work", started_at="", agent=agent)
        self.row = Row(key=Key("p", "T-1"), title="", attempt=attempt, position=1, phases=2)
        self.folder = self.home.places.attempt(self.row.key, 2, "work")
        self.folder.mkdir(parents=True)

    def says(self, content: str | bytes, stream: str = "stdout") -> str:
        """After this was printed."""
        content = content.encode() if isinstance(content, str) else content
        with (self.folder / f"{stream}.log").open("ab") as file:
            file.write(content)
        return self.words.said(self.row)


def claude(*blocks: dict[str, object]) -> str:
    return json.dumps({"type": "assistant", "message": {"role": "assistant", "content": list(blocks)}}) + "\n"


def test_of_a_script_it_is_the_last_line_of_what_it_printed_last(config: Config) -> None:
    script = Heard(config, None)
    assert script.says("one\ntwo\n\n") == "two"
    assert script.says("an error\n", "stderr") == "an error"
    assert script.says("10 %\r20 %\r") == "20 %"
    assert script.says(b"\xff\xfe no text\n") == "\ufffd\ufffd no text"


def test_of_an_agent_it_is_what_the_line_says_and_not_its_json(config: Config) -> None:
    agent = Heard(config, "claude")
    assert agent.says(claude({"type": "text", "text": "I look at the cart."})) == "I look at the cart."
    tool = {"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "make test"}}
    assert "make test" in agent.says(claude(tool))
    assert "make test" in agent.says('{"type":"system","subtype":"nothing to say"}\n')
    assert "make test" in agent.says("a warning of the CLI\n", "stderr")


def test_a_long_output_is_read_from_its_end_only(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    script, reads = Heard(config, None), []
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, count, at: (reads.append(count), pread(fd, count, at))[1])
    assert script.says("line\n" * 300_000 + "last\n") == "last"
    script.words.said(script.row)
    assert sum(reads) <= 4096


def test_of_an_agent_a_line_that_is_still_being_printed_says_nothing(config: Config) -> None:
    agent = Heard(config, "other")
    assert agent.says('whole\n{"type": "assis') == "whole"


def test_a_line_longer_than_what_is_read_leaves_the_words_before(config: Config) -> None:
    agent = Heard(config, "claude")
    agent.says(claude({"type": "text", "text": "before"}))
    assert agent.says(json.dumps({"type": "user", "x": "y" * 300_000}) + "\n") == "before"


def test_an_attempt_that_has_printed_nothing_has_no_words(config: Config) -> None:
    assert Heard(config, "gone").says("") == ""


# --- the log


def test_lines_that_nobody_can_read_are_passed_over(config: Config) -> None:
    home = Home(config)
    home.places.log_file.parent.mkdir(parents=True)
    home.places.log_file.write_bytes(b'{"cost": 1\n\xff\xfe\n[1]\n{"event":"ended","cost":"x"}\n')
    home.logs.event("started", Key("p", "T-1"))
    diary = Diary(home)
    diary.read_on()
    assert next(event["event"] for event in diary.lately()) == "started"


# --- a runner elsewhere


def put(config: Config, ticket: str, **fields: object) -> None:
    folder = Path(config.state_dir) / "plans/p/tickets"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{ticket}.json").write_text(json.dumps({"planId": "p", "ticketId": ticket, **fields}))


def plan(config: Config, *tickets: str) -> None:
    for ticket in tickets:
        put(config, ticket)
    content = {"id": "p", "tickets": [{"ticketId": ticket} for ticket in tickets]}
    (Path(config.state_dir) / "plans/p/plan.json").write_text(json.dumps(content))


def test_a_hand_edit_is_seen(config: Config) -> None:
    plan(config, "T-1")
    elsewhere = Elsewhere(config)
    try:
        put(config, "T-1", status="paused")
        wait_for(lambda: elsewhere.seen().board.by_status[Status.PAUSED], what="the edit")
    finally:
        elsewhere.close()


def test_while_much_happens_the_log_tells_whose_file_to_read(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the watch, which costs by the change, rests."""
    names = [f"T-{i}" for i in range(int(BUSY) * 2)]
    plan(config, *names)
    monkeypatch.setattr("orchestrator.control.live.elsewhere.UNWATCHED_EVERY", 10_000)
    elsewhere = Elsewhere(config)
    try:
        elsewhere.seen()

        def happens(status: str) -> None:
            for name in names:
                put(config, name, status=status)
                elsewhere.home.logs.event("started", Key("p", name))

        happens("ready")
        elsewhere.seen()
        assert not elsewhere.is_watching
        happens("paused")
        assert len(elsewhere.seen().board.by_status[Status.PAUSED]) == len(names)
    finally:
        elsewhere.close()
