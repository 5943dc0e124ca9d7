"""The structured answer of an agent: found, held to the phase's schema, and turned into what is captured.

All of its properties are captured or none. One that does not match is asked for once more in the same session.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from orchestrator.agents.base import Agent, Option, Report
from orchestrator.agents.kit.answers import NoAnswerError, answer_in, asking, shown
from orchestrator.core.workflow import AgentPhase, answers
from orchestrator.formats.answer_schema import mismatches

LIMIT = 1024 * 1024
"""Characters of one captured value."""


class Answer(NamedTuple):
    captured: dict[str, str] = {}
    said: str = ""
    """Its texts, one a line: a verdict may be one of them."""
    wrong: str = ""
    """Why it does not count; empty when it does, or none was asked for."""
    again: str = ""
    """What the agent is told to put it right."""


def asks(agent: Agent, phase: AgentPhase) -> bool:
    """Whether the prompt must ask for the answer, because the agent's CLI cannot."""
    return phase.output_schema is not None and Option.OUTPUT_SCHEMA not in agent.options


def asked_for(agent: Agent, phase: AgentPhase, prompt: str) -> str:
    """The prompt, with what asks for the answer unless that stands there already."""
    if not asks(agent, phase) or not isinstance(phase.output_schema, dict):
        return prompt
    words = asking(phase.output_schema)
    return prompt if prompt.endswith(words) else prompt.rstrip() + words


def answer(agent: Agent, phase: AgentPhase, report: Report) -> Answer:
    schema = phase.output_schema
    if not isinstance(schema, dict):
        return Answer()
    try:
        value = report.structured if report.structured is not None else answer_in(report.text)
        wrong = mismatches(schema, value)
        if wrong and not mismatches(schema, without_nulls(schema, value, schema)):
            value, wrong = without_nulls(schema, value, schema), []
    except NoAnswerError as error:
        value, wrong = None, [str(error)]
    except RecursionError:
        value, wrong = None, ["the answer is nested too deeply"]
    captured = {} if wrong else {name: as_text(value.get(name)) for name in answers(phase)}
    wrong = wrong or [f"{name}: more than 1 MiB" for name, text in captured.items() if len(text) > LIMIT]
    if wrong:
        reason = f"the answer does not match outputSchema: {'; '.join(wrong)}"
        return Answer(wrong=reason, again=_again(agent, phase, wrong, schema) if agent.has_sessions else "")
    return Answer(captured, "\n".join(_texts(value)))


def _again(agent: Agent, phase: AgentPhase, wrong: list[str], schema: Mapping[str, Any]) -> str:
    listed = "\n".join(f"- {one}" for one in wrong)
    opening = f"Your work is done, but your answer cannot be used:\n\n{listed}\n\nGive the whole answer again"
    if asks(agent, phase):
        return f"{opening}.{asking(schema)}"
    return f"{opening}. It must match this JSON Schema:\n\n{shown(schema)}\n"


def as_text(value: Any) -> str:
    """Texts as they are, nothing as nothing, everything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def without_nulls(schema: Any, value: Any, root: Mapping[str, Any]) -> Any:
    """The value without the nulls that stand for optional properties: what is not there, many a model says so."""
    schema = _resolved(schema, root)
    if isinstance(value, list):
        return [without_nulls(schema.get("items"), one, root) for one in value]
    if not isinstance(value, dict):
        return value
    properties, required = schema.get("properties") or {}, schema.get("required") or ()
    kept = {name: one for name, one in value.items() if one is not None or name in required}
    return {name: without_nulls(properties.get(name), one, root) for name, one in kept.items()}


def _resolved(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Following a reference into the schema's own definitions."""
    for _ in range(10):
        name = schema.get("$ref") if isinstance(schema, Mapping) else None
        if not isinstance(name, str) or not name.startswith("#/$defs/"):
            break
        schema = (root.get("$defs") or {}).get(name.removeprefix("#/$defs/"))
    return schema if isinstance(schema, Mapping) else {}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)
