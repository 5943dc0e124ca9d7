"""One line per event, where it belongs; nothing about logging ever stops the work."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters import logs
from orchestrator.adapters.logs import Logs, readable
from orchestrator.adapters.places import Places
from tests.adapters.shelf import KEY, config_of


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(config_of(tmp_path))


def test_a_line_goes_to_the_common_log_as_json_and_to_its_ticket_readable(places: Places) -> None:
    Logs(places).event("started", KEY, phase="implement", attempt=2, agent=None)
    Logs(places).event("config_reloaded")
    lines = [json.loads(line) for line in places.log_file.read_text().splitlines()]
    at = lines[0].pop("at")
    assert lines[0] == {"level": "info", "event": "started", "plan": "p1", "ticket": "T-1", "phase": "implement", "attempt": 2}  # fmt: skip # noqa: E501
    assert lines[1]["event"] == "config_reloaded"
    assert (places.ticket_logs(KEY) / "ticket.log").read_text() == f"{at} started phase=implement attempt=2\n"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "plain"),
        ("", '""'),
        ("two words", '"two words"'),
        ("a=b", '"a=b"'),
        ("line\nbreak", '"line\\nbreak"'),
        ("\x1b[31mred", '"\\u001b[31mred"'),
        ("grün", "grün"),
        ("grün und\u2028rot", '"gr\\u00fcn und\\u2028rot"'),
        (0.25, "0.25"),
        (Path("/a b"), '"/a b"'),
    ],
)
def test_a_readable_line_is_one_line_whatever_is_in_it(value: Any, shown: str) -> None:
    line = {"at": "2026", "level": "error", "event": "ended", "plan": "p", "ticket": "t", "reason": value}
    assert readable(line) == f"2026 ERROR ended reason={shown}"


def test_what_cannot_be_encoded_is_logged_as_well_as_it_can_be(places: Places) -> None:
    Logs(places).event("held", KEY, file=os.fsdecode(b"/plans/\xff.json"), what=object, path=Path("/x"))
    line = json.loads(places.log_file.read_text())
    assert line["file"] == "/plans/\ufffd.json"
    assert line["path"] == "/x"


def test_neither_a_full_disk_nor_a_terminal_that_went_away_stops_anything(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> Any:
        raise OSError(5, "Input/output error")

    Logs(places, gone).event("started", KEY)
    assert places.log_file.exists()
    monkeypatch.setattr(logs.os, "open", gone)
    Logs(places, gone).event("ended", KEY)


def test_who_listens_gets_the_line_as_it_is(places: Places) -> None:
    heard: list[Any] = []
    Logs(places, heard.append).event("ended", KEY, "warning", took=1.5)
    assert heard[0] | {"at": ""} == {
        "at": "", "level": "warning", "event": "ended", "plan": "p1", "ticket": "T-1", "took": 1.5,
    }  # fmt: skip
