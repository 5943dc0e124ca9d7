"""Plan and ticket files are read with every problem named, and forgiven what is harmless."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.model import Attempt, Status, Ticket
from orchestrator.formats.json_lines import locate
from orchestrator.formats.plan_json import (
    Malformed,
    check_plan_path,
    check_ticket_path,
    decode_plan,
    decode_ticket,
    decode_ticket_record,
    dump,
    encode,
)
from tests.factories import entry, plan, ticket

HOME = Path(__file__).parents[1] / "resources/original-home"
TICKETS = sorted(HOME.glob("state/plans/*/tickets/*.json"))
PLANS = sorted(HOME.glob("state/plans/*/plan.json"))
FILE = "/state/plans/p1/tickets/T-1.json"


def problems(content: bytes | str) -> list[str]:
    content = content.encode() if isinstance(content, str) else content
    with pytest.raises(Malformed) as caught:
        decode_ticket(content, FILE)
    assert str(caught.value) == "\n".join(map(str, caught.value.problems))
    return [str(problem).removeprefix(FILE + ":") for problem in caught.value.problems]


def a_ticket(**keys: Any) -> bytes:
    return json.dumps({"planId": "p1", "ticketId": "T-1", **keys}).encode()


@pytest.mark.parametrize("path", TICKETS, ids=lambda path: path.stem)
def test_a_ticket_of_the_original_loads_with_every_value_as_it_is(path: Path) -> None:
    written = json.loads(path.read_bytes())
    record, raw = decode_ticket(path.read_bytes(), str(path))
    assert raw == written
    assert encode(record).items() >= {k: v for k, v in written.items() if k != "storyPoints"}.items()
    assert check_ticket_path(record, path.parent.parent.name, path.stem) == []


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.parent.name)
def test_a_plan_of_the_original_loads_with_every_value_as_it_is(path: Path) -> None:
    written = json.loads(path.read_bytes())
    record, raw = decode_plan(path.read_bytes(), str(path))
    assert raw == written
    assert [one.ticket_id for one in record.tickets] == [one["ticketId"] for one in written["tickets"]]
    assert check_plan_path(record, path.parent.name) == []


@pytest.mark.parametrize("path", [*TICKETS, *PLANS], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_file_is_written_as_the_original_writes_it(path: Path) -> None:
    raw = json.loads(path.read_bytes())
    assert dump(raw).decode() == json.dumps(raw, indent=2, ensure_ascii=False) + "\n"


def test_the_planner_may_leave_out_all_but_the_ids() -> None:
    assert decode_ticket(a_ticket(), FILE).record == Ticket(plan_id="p1", ticket_id="T-1")


def test_null_stands_for_the_default_of_a_key() -> None:
    keys = ("title", "description", "acceptanceCriteria", "status", "phaseHistory", "context", "retries", "rev")
    record, raw = decode_ticket(a_ticket(**dict.fromkeys(keys)), FILE)
    assert record == decode_ticket(a_ticket(), FILE).record
    assert raw["context"] is None


def test_null_stands_for_the_default_in_plan_entries_too() -> None:
    content = b'{"id": "p1", "name": null, "tickets": [{"ticketId": "a", "order": null, "blockedBy": null}]}'
    assert decode_plan(content, "plan.json").record.tickets == (entry("a"),)


def test_numbers_and_booleans_count_as_captured_text() -> None:
    record, raw = decode_ticket(a_ticket(context={"pr": 412, "ok": True, "none": None}), FILE)
    assert record.context == {"pr": "412", "ok": "true"}
    assert raw["context"] == {"pr": 412, "ok": True, "none": None}


def test_unknown_keys_are_never_a_problem() -> None:
    content = a_ticket(x=1, attempt={"n": 1, "id": "a", "phase": "p", "startedAt": "2026-01-01T00:00:00Z", "y": []})
    assert decode_ticket(content, FILE).raw["attempt"]["y"] == []


def test_a_byte_order_mark_is_no_problem() -> None:
    assert decode_ticket(b"\xef\xbb\xbf" + a_ticket(), FILE).record.ticket_id == "T-1"
    assert decode_ticket_record(b"\xef\xbb\xbf" + a_ticket()).ticket_id == "T-1"


def test_half_a_character_that_the_original_cut_off_is_no_problem() -> None:
    content = rb'{"planId": "p1", "ticketId": "T-1", "title": "cut \ud83d"}'
    loaded = decode_ticket(content, FILE)
    assert loaded.record.title == "cut �"
    assert decode_ticket(dump(loaded.raw), FILE).record == loaded.record


def test_half_a_character_can_be_written() -> None:
    assert "x�" in json.loads(dump({"error": "x\ud83d"}))["error"]


def test_every_wrong_value_is_named_with_its_line_and_column() -> None:
    content = """{
  "planId": "p1",
  "ticketId": 7,
  "title": ["x"],
  "phaseHistory": [
    {"phase": "a", "status": "success"},
    {"phase": "b", "status": "sucess", "startedAt": 5}
  ],
  "retries": {"a": 1, "b": "2"},
  "attempts": 1.5,
  "context": {"a": {}}
}"""
    assert problems(content) == [
        "3:15: ticket p1/T-1: ticketId must be a text; it is a number: 7",
        "4:12: ticket p1/T-1: title must be a text; it is a list",
        "7:30: ticket p1/T-1: phaseHistory[1].status must be one of success, failure, skipped; "
        'it is a text: "sucess" (did you mean success?)',
        "7:53: ticket p1/T-1: phaseHistory[1].startedAt must be a text; it is a number: 5",
        '9:28: ticket p1/T-1: retries.b must be a number; it is a text: "2"',
        "10:15: ticket p1/T-1: attempts must be a whole number; it is a number: 1.5",
        "11:20: ticket p1/T-1: context.a must be a text; it is an object",
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "1: ticket p1/T-1: the file is empty"),
        (b" \n", "1: ticket p1/T-1: the file is empty"),
        (b'{\n"a": "\xff"}', "2: ticket p1/T-1: not UTF-8 (save the file as UTF-8)"),
        (b"[]", "1:1: ticket p1/T-1: the file must be an object; it is a list"),
        (b"null", "1:1: ticket p1/T-1: the file must be an object; it is null"),
        (b'{"planId": "p1"}', "1:1: ticket p1/T-1: ticketId is missing"),
        (b'{"planId": "p1", "ticketId": null}', "1:1: ticket p1/T-1: ticketId is missing"),
        (b'{"a": 1,\n}', "a comma before `}` that closes the list or object; remove it"),
        (b'{"a": 1\n"b": 2}', "2:1: ticket p1/T-1: not JSON: a comma is missing, or something is not closed"),
        (b'{"a": "b', "1:7: ticket p1/T-1: not JSON: a text that begins here is not closed"),
        (b'{"a": ', "not JSON: the file ends too early; it may have been cut off"),
        (b'{"a": 1 // x\n}', "1:9: ticket p1/T-1: not JSON: JSON has no comments"),
        (b"{'a': 1}", "1:2: ticket p1/T-1: not JSON: texts stand in double quotes"),
        (b'{"a": "x\ny"}', "a line break or control character inside a text; write \\n instead"),
        (b'{"a": 1} x', "1:10: ticket p1/T-1: not JSON: something stands after the end"),
        (b'{"a": NaN}', "not JSON: NaN is not a JSON value"),
        (b'{"a": ' + b"[" * 100_000, "not JSON: nested too deeply"),
    ],
)
def test_what_cannot_be_read_is_said_in_words(content: bytes, problem: str) -> None:
    (found,) = problems(content)
    assert problem in found


def test_a_time_that_the_runner_computes_with_must_be_one() -> None:
    attempt = {"n": 1, "id": "a", "phase": "p", "startedAt": "soon"}
    visit = {"phase": "p", "startedAt": ""}
    found = problems(a_ticket(wakeAt="tomorrow", attempt=attempt, visit=visit))
    assert [one.split(": ")[2] for one in found] == ["wakeAt", "attempt.startedAt", "visit.startedAt"]


def test_the_quick_reading_agrees_with_the_full_one() -> None:
    assert decode_ticket_record(TICKETS[0].read_bytes()) == decode_ticket(TICKETS[0].read_bytes(), "").record
    with pytest.raises(Malformed):
        decode_ticket_record(a_ticket(wakeAt="tomorrow"))


def test_an_id_must_be_one_and_agree_with_its_path() -> None:
    assert check_ticket_path(ticket("T-1", "p1"), "p1", "T-1") == []
    (problem,) = check_ticket_path(ticket("T-2", "p1"), "p1", "T-1")
    assert (
        str(problem)
        == 'ticket p1/T-1: ticketId "T-2" disagrees with the file "T-1" (rename one of them; the file counts)'
    )
    assert [one.what for one in check_ticket_path(ticket("a b", "-p"), "-p", "a b")] == [
        'planId "-p" cannot be an id',
        'ticketId "a b" cannot be an id',
    ]
    assert check_plan_path(plan(id="p2"), "p1") != []
    assert check_plan_path(plan(id="x" * 129), "x" * 129) != []


def test_a_new_file_has_every_key_of_the_original_and_only_the_new_ones_that_say_something() -> None:
    raw = encode(ticket(status=Status.RUNNING, attempts=2, attempt=Attempt(2, "x", "work", "2026-01-01T00:00:00Z")))
    assert list(raw) == [
        *("planId", "ticketId", "title", "description", "acceptanceCriteria", "linearUrl", "repo", "workflow"),
        *("branch", "worktree", "agent", "status", "currentPhase", "phaseHistory", "context", "retries", "error"),
        *("attempt", "attempts"),
    ]
    assert encode(plan(entry("a", order=1)))["tickets"] == [{"ticketId": "a", "order": 1, "blockedBy": []}]
    assert b'"order": 1,' in dump(encode(plan(entry("a", order=1))))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(json_values, st.data(), st.sampled_from([None, 1, "\t"]))
def test_what_is_located_is_what_stands_there(value: Any, data: st.DataObject, indent: int | str | None) -> None:
    path: tuple[str | int, ...] = ()
    aim = value
    while isinstance(aim, dict | list) and aim and data.draw(st.booleans()):
        step = data.draw(st.sampled_from(list(aim) if isinstance(aim, dict) else range(len(aim))))
        path, aim = (*path, step), aim[step]
    text = json.dumps(value, indent=indent)
    line, column = locate(text, path)
    rest = "\n".join([text.split("\n")[line - 1][column - 1 :], *text.split("\n")[line:]])
    assert json.JSONDecoder().raw_decode(rest)[0] == aim


@given(st.binary() | st.text().map(str.encode) | json_values.map(json.dumps).map(str.encode))
def test_no_content_raises_anything_but_malformed(content: bytes) -> None:
    for decode in (decode_ticket, decode_plan):
        try:
            decode(content, FILE)
        except Malformed as error:
            assert error.problems


@given(st.lists(st.sampled_from(['"', "{", "}", "[", "]", ",", ":", " ", "\n", "a", '"a"', "1"])).map("".join))
def test_locating_in_a_broken_text_never_fails(text: str) -> None:
    locate(text, ("a", 0, "a"))
