"""The graph of states is what the table makes of the samples, and the samples leave no row out."""

from __future__ import annotations

import pytest

from orchestrator.core.draw import state_graph
from orchestrator.core.draw.state_graph import BY_PERSON, WORDS, Change, changes, ways
from orchestrator.core.model import Status
from orchestrator.core.transition import TABLE
from orchestrator.formats.draw.states_svg import states_mermaid, states_svg


@pytest.fixture(scope="module")
def found() -> list[Change]:
    return changes()


def test_every_row_that_can_change_a_ticket_is_tried(found: list[Change]) -> None:
    tried = {(change.source, change.is_open, change.event) for change in found}
    rows = {(status, is_open, kind.__name__) for status, is_open, kind in TABLE}
    silent = {(status, is_open, event) for status, is_open, event in rows - tried}
    repetitions = {
        *((status, is_open, event) for status in (Status.QUEUED, Status.READY) for is_open in (True, False)
          for event in ("ResumeRequested", "RetryRequested")),
        (Status.RUNNING, True, "ResumeRequested"), (Status.RUNNING, True, "RetryRequested"),
        (Status.PAUSED, True, "PauseRequested"), (Status.PAUSED, False, "PauseRequested"),
    }  # fmt: skip
    assert silent == repetitions, "these are no-ops: said before"


def test_every_event_of_the_table_has_a_word() -> None:
    assert {kind for _, _, kind in TABLE} <= WORDS.keys()


def test_an_event_without_a_sample_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Happened:
        pass

    monkeypatch.setitem(state_graph.TABLE, (Status.QUEUED, False, Happened), lambda *_: ())
    with pytest.raises(KeyError):
        changes()


def test_the_ways_are_those_of_the_contract(found: list[Change]) -> None:
    merged = {(way.source.value, way.target.value): set(way.events) for way in ways(found)}
    assert merged["queued", "ready"] >= {"Unblocked"}
    assert merged["ready", "running"] == {"Dispatched", "CheckEnded"}
    assert merged["paused", "ready"] >= {"ResumeRequested", "RetryRequested"}
    assert merged["running", "failed"] == {"AttemptEnded"}
    assert ("complete", "running") not in merged and ("paused", "running") not in merged
    assert {events for (source, _), found in merged.items() if source == "complete" for events in found} == {
        "SkipRequested"
    }


def test_nobody_but_a_person_moves_what_has_ended(found: list[Change]) -> None:
    ended = (Status.COMPLETE, Status.FAILED, Status.NEEDS_ATTENTION)
    assert {way.events for way in ways(found) if way.source in ended and not set(way.events) <= BY_PERSON} == set()


def test_the_picture_shows_or_lists_every_way(found: list[Change]) -> None:
    picture = states_svg(ways(found))
    for status in Status:
        assert f">{status.value}</text>" in picture
    assert "skip: from any state to queued, ready, complete, needs_attention" in picture


def test_a_way_that_is_gone_from_the_table_cannot_stay_in_the_picture(found: list[Change]) -> None:
    fewer = [change for change in found if change.event != "PauseRequested"]
    with pytest.raises(ValueError, match="the table does not"):
        states_svg(ways(fewer))


def test_a_way_without_a_place_in_the_picture_is_listed_below(found: list[Change]) -> None:
    new = Change(Status.COMPLETE, Status.RUNNING, "CheckStarted")
    assert "check begins: from complete to running" in states_svg(ways([*found, new]))


def test_the_mermaid_diagram_has_every_way_but_skips(found: list[Change]) -> None:
    text = states_mermaid(ways(found))
    assert text.startswith("stateDiagram-v2\n") and "queued --> ready: blockers complete" in text
    assert "skip: from any state" in text
