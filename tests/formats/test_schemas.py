"""The schemas in `schemas/` say what the readers accept."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from orchestrator.core.model import Attempt, Plan, Status, Ticket, Visit
from orchestrator.core.settings import Settings
from orchestrator.formats import schemas
from orchestrator.formats.plan_json import Malformed, decode_plan, decode_ticket, encode
from orchestrator.formats.schema_words import DESCRIPTIONS
from tests.factories import entry, plan, ticket

TESTS = Path(__file__).parents[1]
HOME = TESTS / "resources/original-home"
TIME = "2026-02-28T10:01:02.114Z"


@cache
def validator(kind: schemas.Kind) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schemas.schema(kind))


def valid(kind: schemas.Kind, value: Any) -> bool:
    return validator(kind).is_valid(value)


@pytest.mark.parametrize("kind", schemas.KINDS)
def test_the_written_schemas_are_those_of_the_records(kind: schemas.Kind) -> None:
    path = TESTS.parent / "schemas" / schemas.file_name(kind)
    stale = f"{path.name} is stale; run: python -m orchestrator.formats.schemas schemas/"
    assert path.read_text(encoding="utf-8") == schemas.text(kind), stale


def test_the_command_writes_them_all(tmp_path: Path) -> None:
    assert schemas.main([str(tmp_path / "new")]) == 0
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(map(schemas.file_name, schemas.KINDS))
    said: list[str] = []
    assert schemas.main([], said.append) == 2
    assert said[0].startswith("usage:")


@pytest.mark.parametrize("kind", schemas.KINDS)
def test_each_is_a_schema_and_explains_its_keys(kind: schemas.Kind) -> None:
    schema = schemas.schema(kind)
    jsonschema_rs.meta.validate(schema)
    assert [key for key, node in schema["properties"].items() if "description" not in node] == []


def test_no_description_is_of_a_key_that_is_gone() -> None:
    records = {"Plan": Plan, "Ticket": Ticket, "Settings": Settings}
    for name, record in records.items():
        assert set(DESCRIPTIONS[name]) == set(record.__struct_encode_fields__)


@pytest.mark.parametrize("path", sorted(HOME.rglob("*.json")), ids=lambda path: path.stem)
def test_the_original_s_plans_and_tickets_are_valid(path: Path) -> None:
    validator("plan" if path.stem == "plan" else "ticket").validate(json.loads(path.read_text()))


def test_the_original_s_workflow_and_configuration_are_valid() -> None:
    validator("workflow").validate(yaml.safe_load((HOME / "workflows/audit.yaml").read_text()))
    validator("config").validate(yaml.safe_load((HOME / "config.yaml").read_text()))


def test_what_the_runner_writes_is_valid() -> None:
    attempt = Attempt(2, "x", "work", TIME, session="s", agent="a", resume=True, stop="pause")
    visit = Visit("work", TIME, first=1, losses=1, session="s")
    full = ticket(status=Status.RUNNING, attempt=attempt, visit=visit, visits={"work": 2}, wake_at=TIME, rev=4)
    validator("ticket").validate(encode(full))
    validator("plan").validate(encode(plan("a", entry("b", "a", "other/c", order=1.5))))


TICKET = {"planId": "p1", "ticketId": "T-1"}
TICKETS: list[tuple[dict[str, Any], bool]] = [
    (TICKET, True),
    ({"planId": "p1"}, False),
    ({**TICKET, "mine": {"a": 1}}, True),
    ({**TICKET, "description": None, "context": None, "phaseHistory": None, "status": None}, True),
    ({**TICKET, "context": {"pr": 412, "ok": True, "no": None}}, True),
    ({**TICKET, "context": {"pr": []}}, False),
    ({**TICKET, "status": "redy"}, False),
    ({**TICKET, "title": 1}, False),
    ({**TICKET, "acceptanceCriteria": "all"}, False),
    ({**TICKET, "retries": {"a": "1"}}, False),
    ({**TICKET, "retries": {"a": None}}, True),
    ({**TICKET, "attempts": 1.5}, False),
    ({**TICKET, "attempts": 1.0}, True),
    ({**TICKET, "phaseHistory": [{"phase": "a", "status": "success", "mine": 1}]}, True),
    ({**TICKET, "phaseHistory": [{"phase": "a"}]}, False),
    ({**TICKET, "attempt": {"n": 1, "id": "a", "phase": "p", "startedAt": TIME}}, True),
    ({**TICKET, "attempt": {"n": 1}}, False),
    ({**TICKET, "visit": {"phase": "p", "startedAt": TIME, "losses": None}}, True),
]


@pytest.mark.parametrize(("value", "right"), TICKETS)
def test_schema_and_reader_agree_about_a_ticket(value: dict[str, Any], right: bool) -> None:
    assert valid("ticket", value) is right
    try:
        decode_ticket(json.dumps(value).encode(), "")
    except Malformed:
        assert not right
    else:
        assert right


PLANS: list[tuple[dict[str, Any], bool]] = [
    ({"id": "p"}, True),
    ({}, False),
    ({"id": "p", "tickets": [{"ticketId": "a", "order": None, "blockedBy": None, "mine": 1}]}, True),
    ({"id": "p", "tickets": [{"order": 1}]}, False),
    ({"id": "p", "tickets": {"a": {}}}, False),
    ({"id": "p", "status": "done"}, False),
    ({"id": "p", "worktreeRoot": None, "name": None}, True),
]


@pytest.mark.parametrize(("value", "right"), PLANS)
def test_schema_and_reader_agree_about_a_plan(value: dict[str, Any], right: bool) -> None:
    assert valid("plan", value) is right
    try:
        decode_plan(json.dumps(value).encode(), "")
    except Malformed:
        assert not right
    else:
        assert right


@pytest.mark.parametrize("bad", ["-p", "", "a b", "../x", "a/b", "x" * 129, "p\n"])
def test_an_id_must_be_one(bad: str) -> None:
    assert not valid("plan", {"id": bad})
    assert not valid("ticket", {**TICKET, "ticketId": bad})
    assert not valid("plan", {"id": "p", "tickets": [{"ticketId": bad}]})
    assert valid("plan", {"id": "x" * 128})


def test_a_blocker_is_a_ticket_of_this_plan_or_another() -> None:
    for blocker, right in (("a", True), ("p/a", True), ("p/q/a", False), ("", False), ("p/", False)):
        assert valid("plan", {"id": "p", "tickets": [{"ticketId": "b", "blockedBy": [blocker]}]}) is right


END = {"id": "end", "type": "terminal"}


@pytest.mark.parametrize(
    ("phase", "right"),
    [
        ({"id": "a", "type": "script", "command": "x.sh", "args": ["{{ a }}", 1, True], "onExit": {"3": "end"}}, True),
        ({"id": "a", "type": "script", "command": "x.sh", "onSuccess": None, "maxRetries": None}, True),
        ({"id": "a", "type": "agent", "promptTemplate": "a.md", "verdict": True, "evidence": "commit"}, True),
        ({"id": "a", "type": "poll", "command": "x.sh", "intervalSeconds": 0.5}, True),
        ({"id": "a", "type": "script"}, False),
        ({"id": "a", "type": "script", "command": "x.sh", "promptTemplate": "a.md"}, False),
        ({"id": "a", "type": "script", "command": "x.sh", "onSucess": "end"}, False),
        ({"id": "a", "type": "script", "command": "x.sh", "onExit": {"three": "end"}}, False),
        ({"id": "a", "type": "script", "command": "x.sh", "maxRetries": -1}, False),
        ({"id": "a", "type": "poll", "command": "x.sh", "timeoutSeconds": 0}, False),
        ({"id": "a", "type": "agent", "promptTemplate": "a.md", "evidence": "push"}, False),
        ({"id": "a", "type": "human"}, False),
        ({"id": "a", "command": "x.sh"}, False),
        ({"type": "terminal"}, False),
    ],
)
def test_a_phase_has_the_keys_of_its_type(phase: dict[str, Any], right: bool) -> None:
    assert valid("workflow", {"name": "w", "phases": [phase, END]}) is right


@pytest.mark.parametrize(
    "config",
    [
        {"pollInterval": 0},
        {"maxConcurrency": 0},
        {"maxConcurrency": "3"},
        {"agents": {"a": {}}},
        {"agents": {"a": {"command": "a", "promptVia": "mail"}}},
        {"agents": {"a": {"command": "a", "maxConcurrency": 0}}},
        {"pollIntervall": 1},
    ],
)
def test_a_wrong_configuration_is_not_valid(config: dict[str, Any]) -> None:
    assert not valid("config", config)
    assert valid("config", {})


def test_a_workflow_needs_a_name_and_phases() -> None:
    assert valid("workflow", {"name": "w", "phases": [END]})
    for wrong in (
        {"phases": [END]},
        {"name": "w"},
        {"name": "w", "phases": []},
        {"name": "w", "phases": [END], "x": 1},
    ):
        assert not valid("workflow", wrong)
