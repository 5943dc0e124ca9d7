"""What is wrong with a schema is known before an agent works; what is wrong with an answer is told place by place."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from orchestrator.formats.answer_schema import faults, mismatches
from orchestrator.formats.schema_file import parse_schema
from orchestrator.formats.workflow_yaml import parse_workflow

GOOD: dict[str, Any] = {
    "type": "object",
    "properties": {"score": {"type": "integer", "maximum": 10}, "tags": {"type": "array", "items": {"type": "string"}}},
    "required": ["score"],
}


def workflow(schema: str) -> str:
    return f"""name: w
phases:
  - id: a
    type: agent
    promptTemplate: p.md
    outputSchema: {schema}
    onSuccess: done
  - {{id: done, type: terminal}}
"""


def test_a_sound_schema_has_no_faults() -> None:
    assert faults(GOOD) == []
    assert faults({**GOOD, "$schema": "http://json-schema.org/draft-07/schema#"}) == []
    assert faults({**GOOD, "$defs": {"t": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/t"}}}) == []


@pytest.mark.parametrize(
    ("schema", "what", "path"),
    [
        ("text", "must be a JSON Schema", ()),
        ({"type": "array", "items": {}}, "must describe an object", ("type",)),
        ({"properties": {"a": {}}}, "must describe an object", ()),
        ({"type": "object"}, "must have properties", ()),
        ({"type": "object", "properties": []}, "must have properties", ()),
        (
            {"type": "object", "properties": {"a": {"type": "strin"}}},
            "did you mean string?",
            ("properties", "a", "type"),
        ),
        (
            {"type": "object", "properties": {"a": {"minLength": "x"}}},
            "no JSON Schema",
            ("properties", "a", "minLength"),
        ),
        ({"type": "object", "properties": {"a": {}}, "required": "a"}, "no JSON Schema", ("required",)),
        ({"type": "object", "properties": {"a": {"pattern": "("}}}, "cannot be used", None),
        ({"type": "object", "properties": {"a": {"$ref": "#/$defs/no"}}}, "cannot be used", None),
        ({"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:9/x"}}}, "is not fetched", None),
        ({"type": "object", "properties": {"a": {"$ref": "file:///etc/passwd"}}}, "is not fetched", None),
        ({**GOOD, "$schema": "http://example.org/none"}, "cannot be used", None),
    ],
)
def test_a_fault_says_what_and_where(schema: Any, what: str, path: tuple[str, ...] | None) -> None:
    [fault] = faults(schema)
    assert what in fault.what and path in (None, fault.path)


def test_every_mismatch_is_told_with_its_place() -> None:
    assert mismatches(GOOD, {"score": 3, "tags": []}) == []
    both = ['"score" is a required property', 'tags[1]: 2 is not of type "string"']
    assert sorted(mismatches(GOOD, {"tags": ["a", 2]})) == both
    assert mismatches(GOOD, [1]) == ['[1] is not of type "object"']
    many = mismatches(GOOD, {"score": 1, "tags": list(range(9))})
    assert len(many) == 6 and many[-1] == "and 4 more"
    assert all(len(one) < 400 for one in mismatches(GOOD, {"score": "x" * 100_000}))


def test_a_schema_in_the_workflow_is_checked_with_its_line() -> None:
    good = parse_workflow(workflow("{type: object, properties: {score: {type: integer}}}"), "w.yaml")
    assert good.workflow is not None and good.problems == ()
    assert good.workflow.captured_names() == {"score"}
    bad = parse_workflow(workflow("\n      type: object\n      properties:\n        score: {type: intger}"), "w.yaml")
    [problem] = bad.problems
    assert bad.workflow is None and (problem.line, problem.severity) == (9, "error")
    assert "phase a: outputSchema.properties.score.type unknown type" in str(problem)
    [problem] = parse_workflow(workflow("[a]"), "w.yaml").problems
    assert "outputSchema must be a mapping, not a list" in str(problem)


def test_the_name_of_a_file_is_a_name() -> None:
    parsed = parse_workflow(workflow("review.json"), "w.yaml")
    assert parsed.workflow is not None and parsed.problems == ()
    assert parsed.workflow.phases[0].output_schema == "review.json"  # type: ignore[union-attr]


@pytest.mark.parametrize("text", [json.dumps(GOOD), json.dumps(GOOD, indent="\t"), "type: object\nproperties: {a: {}}"])
def test_a_file_is_json_or_yaml(text: str) -> None:
    found = parse_schema(text, "s.json", "workflow w: phase a")
    assert found.schema is not None and found.problems == ()


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ('{"type": "object",\n "properties": {"a": {"type": "strin"}}}', 2, "unknown type"),
        ('{"type": "object",\n "properties": {"a": ]}}', 2, ""),
        ("", 1, "must be a JSON Schema"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_line(text: str, line: int, what: str) -> None:
    found = parse_schema(text, "/p/s.json", "workflow w: phase a")
    assert found.schema is None
    [problem] = found.problems
    assert (problem.file, problem.line) == ("/p/s.json", line) and what in str(problem)
    assert str(problem).startswith(f"/p/s.json:{line}:") and "workflow w: phase a: outputSchema" in str(problem)


def test_the_library_is_loaded_only_where_there_is_such_a_schema() -> None:
    code = (
        "import sys\nfrom orchestrator.formats.workflow_yaml import parse_workflow\nimport orchestrator.engine.daemon\n"
        "parse_workflow('name: w\\nphases: [{id: a, type: agent, promptTemplate: p}]', 'w')\n"
        "assert 'jsonschema_rs' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
