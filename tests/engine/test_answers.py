"""Structured answers: held to the phase's schema, captured, and asked for once more in the same session."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from orchestrator.core.workflow import AgentPhase
from orchestrator.engine.attempt.answers import without_nulls
from orchestrator.engine.attempt.prepare import GO_ON
from tests.engine.bad import Yard
from tests.engine.sites import Make, make

__all__ = ["make"]

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "score": {"type": "integer", "maximum": 10},
        "note": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "maybe": {"type": "string"},
        "absent": {"type": "boolean"},
    },
    "required": ["score"],
}
CUES = {
    "right": "answer",
    "mended": "wrong_answer,answer",
    "wrong": "wrong_answer",
    "missing": "no_answer",
    "late": "hang,no_answer,answer",
}
WRONG = "the answer does not match outputSchema: "
GENERIC, CLAUDE = "command", "claude"


@pytest.fixture(scope="module", params=[GENERIC, CLAUDE])
def yard(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    base = tmp_path_factory.getbasetemp()
    phase = {"outputSchema": SCHEMA, "verdict": True, "capture": {"text": "stdout"}, "idleTimeoutSeconds": 1.2}
    base = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "answers"
    base.mkdir(exist_ok=True)
    yard = Yard.walked(base, request.param, CUES, "Judge it.", timeoutSeconds=60, **phase)
    yield yard
    yard.kill_all()


def is_claude(yard: Yard) -> bool:
    return yard.config.settings.agents["right"].type == CLAUDE


@pytest.mark.thorough(every=2)
def test_every_property_is_captured_beside_what_is_captured_otherwise(yard: Yard) -> None:
    ticket = yard.came_to("right")
    assert ticket.status == "complete"
    text = ticket.context.pop("text")
    assert ticket.context == {"score": "7", "note": "fine\nPASS", "tags": '["a", "b"]', "maybe": "", "absent": ""}
    assert ("All is well" in text) is not is_claude(yard)


def test_the_cli_is_told_by_its_own_option_or_by_the_prompt(yard: Yard) -> None:
    argv, prompt = yard.argv("right", 1), yard.prompt("right", 1)
    if is_claude(yard):
        assert json.loads(argv[argv.index("--json-schema") + 1]) == SCHEMA
        assert prompt == "Judge it."
    else:
        assert prompt.startswith("Judge it.\n\nEnd your final message") and '"maximum": 10' in prompt


def test_an_answer_that_does_not_match_is_asked_for_once_more_in_the_same_session(yard: Yard) -> None:
    ticket, outcomes = yard.came_to("mended"), yard.outcomes("mended")
    wrong = f'{WRONG}score: "seven" is not of type "integer"; tags[0]: 1 is not of type "string"'
    assert sorted(outcomes[0].reason.removeprefix(WRONG).split("; ")) == sorted(wrong.removeprefix(WRONG).split("; "))
    if is_claude(yard):
        assert (ticket.status, ticket.context["score"], ticket.retries) == ("complete", "7", {})
        assert [str(entry.status) for entry in ticket.phase_history] == ["success", "success"]
        assert outcomes[0].session == outcomes[1].session and "--resume" in yard.argv("mended", 2)
        assert 'score: "seven" is not of type' in yard.prompt("mended", 2) and '"maximum": 10' in yard.prompt(
            "mended", 2
        )
    else:
        assert ticket.status == "failed" and len(outcomes) == 1


@pytest.mark.parametrize("name", ["wrong", "missing"])
def test_then_the_attempt_has_failed_and_nothing_of_the_answer_is_captured(yard: Yard, name: str) -> None:
    ticket = yard.came_to(name)
    assert ticket.status == "failed" and (ticket.error or "").startswith(f"work: {WRONG}")
    assert ("there" if name == "wrong" else "no fenced block of JSON") in f"there {ticket.error}"
    assert set(ticket.context) == {"text"}
    assert [str(entry.status) for entry in ticket.phase_history] == ["failure"]
    assert len(yard.outcomes(name)) == (2 if is_claude(yard) else 1)


def test_once_is_once_whatever_was_asked_for(yard: Yard) -> None:
    assert yard.came_to("late").status == "failed"
    assert len(yard.outcomes("late")) == (2 if is_claude(yard) else 1)


def test_a_schema_from_a_file_is_found_as_prompts_are_and_a_changed_file_counts(make: Make) -> None:
    site = make(
        """
name: w
phases:
  - {id: work, type: agent, promptTemplate: p.md, outputSchema: s.yaml, onSuccess: use}
  - {id: use, type: script, command: run.sh, args: ["{{ score }}|{{ extra }}"], onSuccess: done}
  - {id: done, type: terminal}
"""
    )
    site.program("scripts/work.sh", '#!/bin/sh\necho \'{"score": 3, "extra": {"a": [1]}}\'\n')
    site.program("scripts/run.sh", '#!/bin/sh\necho "$1"\n')
    site.tick()
    assert "missing outputSchema s.yaml (looked in " in (site.ticket().error or "")
    schema = {"type": "object", "properties": {"score": {"type": "integer"}, "extra": {"type": "object"}}}
    (site.root / "prompts/s.yaml").write_text(json.dumps(schema))
    site.edit(status="ready", currentPhase="work", error=None)
    site.tick()
    assert (site.ticket().status, site.ticket().phase_history[-2].output) == ("complete", '3|{"a": [1]}\n')


def test_a_resumed_session_is_asked_for_its_answer_too() -> None:
    from orchestrator.agents import command
    from orchestrator.engine.attempt.answers import asked_for

    phase = AgentPhase(id="a", prompt_template="p", output_schema=SCHEMA)
    words = asked_for(command, phase, GO_ON)
    assert words.startswith(GO_ON.strip()) and "End your final message" in words
    assert asked_for(command, phase, words) == words


def test_null_stands_for_an_optional_property_that_is_not_there() -> None:
    schema = {
        "type": "object",
        "required": ["kept"],
        "properties": {
            "kept": {"type": "null"},
            "inner": {"type": "array", "items": {"$ref": "#/$defs/x"}},
        },
        "$defs": {"x": {"type": "object", "properties": {"a": {}}, "required": ["a"]}},
    }
    value = {"kept": None, "gone": None, "inner": [{"a": None, "b": None}]}
    assert without_nulls(schema, value, schema) == {"kept": None, "inner": [{"a": None}]}
