from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import orchestrator
from orchestrator.core.checks.check import resource_problems
from orchestrator.core.problems import Problem
from orchestrator.core.workflow import AgentPhase, PollPhase, ScriptPhase, TerminalPhase, Workflow
from orchestrator.formats.workflow_yaml import PHASES, parse_workflow, problem_at
from tests.formats.test_yaml_tree import YAMLISH

SOUND = """\
name: audit
description: A workflow
tags: [custom, 2]
maxVisits: 4
aliases: {old: review}
phases:
  - id: setup
    type: script
    command: setup.sh
    args: ["{{ repo }}", 1, true, 1.10]
    capture: {port: 8080, head: git rev-parse HEAD}
    onExit: {0: wait, 3: review}
    onSuccess: wait
    onFailure: abort
  - id: wait
    type: poll
    command: check.sh
    intervalSeconds: 0.5
    timeoutSeconds: 3155760000
    onSuccess: review
  - id: review
    type: agent
    promptTemplate: review.md
    allowedTools: [Read]
    maxTurns: 20
    maxRetries: 1
    agent: null
    verdict: true
    evidence: commit
    onSuccess: complete
    onFailure: retry
  - id: complete
    type: terminal
  - id: abort
    type: terminal
    notify: true
"""


def found(text: str) -> list[tuple[str, int | None, int | None, str]]:
    return [(p.severity, p.line, p.column, p.what) for p in parse_workflow(text, "w.yaml").problems]


def only(text: str) -> Problem:
    problems = parse_workflow(text, "w.yaml").problems
    assert len(problems) == 1, problems
    return problems[0]


def phase(*lines: str, kind: str = "script", key: str = "command: x.sh") -> str:
    """A workflow of one phase with these lines (the first of them is line 6), and a terminal one."""
    own = "".join(f"    {line}\n" for line in lines)
    head = f"name: w\nphases:\n  - id: a\n    type: {kind}\n    {key}\n"
    return f"{head}{own}    onSuccess: z\n  - id: z\n    type: terminal\n"


def test_a_sound_workflow_becomes_its_records() -> None:
    parsed = parse_workflow(SOUND, "w.yaml")
    assert parsed.problems == ()
    assert parsed.workflow == Workflow(
        name="audit",
        description="A workflow",
        tags=("custom", "2"),
        max_visits=4,
        aliases={"old": "review"},
        phases=(
            ScriptPhase(
                id="setup",
                command="setup.sh",
                args=("{{ repo }}", "1", "true", "1.10"),
                capture={"port": "8080", "head": "git rev-parse HEAD"},
                on_exit={0: "wait", 3: "review"},
                on_success="wait",
                on_failure="abort",
            ),
            PollPhase(
                id="wait", command="check.sh", interval_seconds=0.5, timeout_seconds=3155760000, on_success="review"
            ),
            AgentPhase(
                id="review",
                prompt_template="review.md",
                allowed_tools=("Read",),
                max_turns=20,
                max_retries=1,
                verdict=True,
                evidence="commit",
                on_success="complete",
                on_failure="retry",
            ),
            TerminalPhase(id="complete"),
            TerminalPhase(id="abort", notify=True),
        ),
    )


@pytest.mark.parametrize("file", sorted((Path(orchestrator.__file__).parent / "builtin/workflows").glob("*.yaml")))
def test_the_bundled_workflows_have_no_problem(file: Path) -> None:
    assert parse_workflow(file.read_text(), str(file)).problems == ()


def test_a_typo_in_a_target_is_named_with_place_and_suggestion() -> None:
    problem = only(SOUND.replace("3: review", "3: reviw"))
    assert str(problem) == (
        "w.yaml:12:26: workflow audit: phase setup: "
        'onExit 3 names unknown phase "reviw" (did you mean review?)'
    )  # fmt: skip


def test_a_target_that_is_like_none_gets_the_list() -> None:
    assert only(phase("onFailure: xyzzy")).hint == "there are a, z"


def test_an_alias_is_a_target_and_must_lead_to_a_phase() -> None:
    aliased = phase("onFailure: old") + "aliases: {old: z}\n"
    assert found(aliased) == []
    assert found(aliased.replace("old: z", "old: y")) == [
        ("error", 10, 16, 'alias "old" names unknown phase "y"'),
    ]


TEN_FAULTS = """\
name: bad
descripton: typo
maxVisits: 0
phases:
  - id: a
    type: script
    args: [1, ~]
    onExit: {300: b, 2: await_reviw}
    onSuccess: b
  - id: b
    type: agnt
    onSuccess: await_review
  - id: await_review
    type: poll
    command: x.sh
    intervalSeconds: -1
    onFailure: retry
    onSuccess: done
  - id: await_review
    type: agent
    command: x
    maxRetries: 1.5
    verdict: yes
  - id: done
    type: terminal
    notify: "no"
    notify: true
"""


def test_all_faults_are_reported_at_once_in_the_order_of_the_file() -> None:
    assert found(TEN_FAULTS) == [
        ("warning", 2, 1, 'unknown key "descripton"'),
        ("error", 3, 12, "maxVisits must be 1 or more, not 0"),
        ("error", 5, 5, "command is missing"),
        ("error", 7, 15, "args[1] must be a text, not empty"),
        ("error", 8, 14, 'exit code "300" in onExit must be a whole number from 0 to 255'),
        ("error", 8, 25, 'onExit 2 names unknown phase "await_reviw"'),
        ("error", 11, 11, 'unknown phase type "agnt"'),
        ("error", 16, 22, "intervalSeconds must be more than 0, not -1"),
        ("error", 19, 5, "promptTemplate is missing"),
        ("error", 19, 9, 'phase id "await_review" is there twice'),
        ("warning", 21, 5, 'unknown key "command": an agent phase has none, it belongs to script and poll phases'),
        ("error", 22, 17, "maxRetries must be a whole number, not 1.5"),
        ("error", 23, 14, 'verdict must be true or false, not "yes"'),
        ("error", 26, 13, 'notify must be true or false, not "no"'),
        ("error", 27, 5, 'key "notify" is there twice'),
    ]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("maxRetries: -1", "maxRetries must be 0 or more, not -1"),
        ("maxRetries: two", 'maxRetries must be a whole number, not "two"'),
        ("maxRetries: true", "maxRetries must be a whole number, not true"),
        ("maxVisits: 0", "maxVisits must be 1 or more, not 0"),
        ("timeoutSeconds: 0", "timeoutSeconds must be more than 0, not 0"),
        ("timeoutSeconds: .nan", "timeoutSeconds must be a number, not nan"),
        ("timeoutSeconds: .inf", "timeoutSeconds must be a number, not inf"),
        ("timeoutSeconds: [1]", "timeoutSeconds must be a number, not a list"),
        ("retryDelaySeconds: -0.1", "retryDelaySeconds must be 0 or more, not -0.1"),
        ("args: one", 'args must be a list, not "one"'),
        ("args: {a: b}", "args must be a list, not a mapping"),
        ("args: [[a]]", "args[0] must be a text, not a list"),
        ("capture: [x]", "capture must be a mapping, not a list"),
        ("capture: {x: }", "capture.x must be a text, not empty"),
        ("onExit: z", 'onExit must be a mapping of exit codes to phases, not "z"'),
        ("onExit: {2: 3}", "onExit.2 must be a text, not 3"),
        ("onFailure: 3", "onFailure must be a text, not 3"),
        ('onFailure: ""', "onFailure is empty"),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_type_or_range_is_an_error_at_its_line(line: str, what: str) -> None:
    problem = only(phase(line))
    assert (problem.what, problem.severity, problem.line) == (what, "error", 6)
    assert problem.where == "workflow w: phase a"


@pytest.mark.parametrize("code", ["-1", "256", "x", "1.0", "02", "true"])
def test_an_exit_code_is_0_to_255(code: str) -> None:
    assert found(phase(f"onExit: {{{code}: z}}")) == [
        ("error", 6, 14, f'exit code "{code}" in onExit must be a whole number from 0 to 255')
    ]


@pytest.mark.parametrize("key", ["maxTurns: 0", "idleTimeoutSeconds: 0", "maxCostUsd: -1", "evidence: commits"])
def test_an_agent_phase_has_its_own_ranges(key: str) -> None:
    problem = only(phase(key, kind="agent", key="promptTemplate: x.md"))
    assert problem.severity == "error"
    assert problem.line == 6


def test_null_for_an_optional_key_means_absent() -> None:
    lines = ("args: null", "onExit:", "capture: ~", "maxRetries:", "timeoutSeconds: null", "onFailure: ~")
    assert parse_workflow(phase(*lines), "w.yaml").workflow == parse_workflow(phase(), "w.yaml").workflow


def test_words_that_yaml_1_1_takes_for_booleans_can_be_ids() -> None:
    text = (
        "name: on\nphases:\n  - {id: no, type: script, command: x.sh, onSuccess: off}\n  - {id: off, type: terminal}\n"
    )
    workflow = parse_workflow(text, "w.yaml").workflow
    assert workflow is not None
    assert (workflow.name, [one.id for one in workflow.phases]) == ("on", ["no", "off"])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "the file is empty"),
        ("# nothing\n", "the file is empty"),
        ("- a\n", "the file must be a mapping, not a list"),
        ("just text\n", 'the file must be a mapping, not "just text"'),
        ("name: w\n", "phases is missing"),
        ("name: w\nphases:\n", "phases is missing"),
        ("name: w\nphases: []\n", "phases is empty"),
        ("name: w\nphases: {a: {type: terminal}}\n", "phases must be a list"),
        ("phases:\n  - {id: a, type: terminal}\n", "name is missing"),
        ("name: [w]\nphases:\n  - {id: a, type: terminal}\n", "name must be a text, not a list"),
        ("name: w\nphases:\n  - {type: terminal}\n", "id is missing"),
        ("name: w\nphases:\n  - {id: a}\n", "type is missing"),
        ("name: w\nphases:\n  - {id: a, type: [x]}\n", "type must be script, agent, poll or terminal"),
        ("name: w\nphases:\n  - {id: ../a, type: terminal}\n", "'../a' cannot be a phase id"),
        ("name: w\nphases:\n  - a\n", 'it must be a mapping, not "a"'),
        ("name: w\nphases:\n\t- a\n", "a tab cannot indent"),
        ("name: w\nphases: !x []\n", "unknown tag !x"),
        ("name: w\n\x00", "character U+0000 cannot be in a text file"),
    ],
)
def test_what_is_not_a_workflow_is_one_error_with_a_line(text: str, what: str) -> None:
    problem = only(text)
    assert (problem.what, problem.severity) == (what, "error")
    assert problem.file == "w.yaml"
    assert problem.line is not None
    assert parse_workflow(text, "w.yaml").workflow is None


def test_with_warnings_alone_there_is_a_workflow() -> None:
    parsed = parse_workflow(phase("max_retries: 3", "notify: true"), "w.yaml")
    assert parsed.workflow is not None
    assert [(p.severity, p.what, p.hint) for p in parsed.problems] == [
        ("warning", 'unknown key "max_retries"', "did you mean maxRetries?"),
        ("warning", 'unknown key "notify": a script phase has none, it belongs to terminal phases', None),
    ]


def test_an_unreachable_phase_is_a_warning_at_its_id() -> None:
    text = phase() + "  - id: lost\n    type: terminal\n"
    assert found(text) == [("warning", 9, 9, "cannot be reached from the first phase, a")]


def test_no_terminal_within_reach_is_a_warning() -> None:
    text = phase().replace("onSuccess: z", "onSuccess: b") + "  - {id: b, type: script, command: x, onSuccess: a}\n"
    assert ("warning", 3, 3, "no terminal phase can be reached from the first phase, a") in found(text)


@pytest.mark.parametrize(
    "broken",
    [
        "{id: b, type: agnt}",
        "{id: b, type: 3}",
        "{id: b}",
        "{type: terminal}",
        "{}",
        "7",
        "{id: b, type: poll, onFailure: [z]}",
    ],
)
def test_a_phase_whose_ways_cannot_be_read_makes_no_others_unreachable(broken: str) -> None:
    text = f"{phase('onFailure: b')}  - {broken}\n  - id: behind\n    type: terminal\n"
    assert "warning" not in {severity for severity, *_ in found(text)}


def test_anchors_carry_their_place() -> None:
    text = (
        phase("onFailure: z")
        .replace("name: w", "name: w\nbase: &base\n  maxRetries: -1")
        .replace("    command", "    <<: *base\n    command")
    )
    assert [(p.line, p.what) for p in parse_workflow(text, "w.yaml").problems if p.severity == "error"] == [
        (3, "maxRetries must be 0 or more, not -1")
    ]


def test_what_a_later_check_finds_gets_its_place() -> None:
    parsed = parse_workflow(SOUND, "w.yaml")
    assert parsed.workflow is not None
    checked = resource_problems(parsed.workflow, lambda name: name != "check.sh", lambda name: True)
    assert [str(problem_at(parsed, one)) for one in checked] == [
        "w.yaml:17:14: workflow audit: phase wait: missing script check.sh"
    ]


WORDS = st.sampled_from([
    "a", "b", "retry", "script", "agent", "poll", "terminal", "x.sh", "", "on", "1", 0, 1, -1, 2.5, True, None, 10**30,
])  # fmt: skip
KEYS = st.sampled_from([
    "id", "type", "command", "args", "onExit", "onSuccess", "onFailure", "capture", "maxRetries", "promptTemplate",
    "timeoutSeconds", "evidence", "verdict", "2", "x",
])  # fmt: skip
ANY = st.recursive(WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4))
PHASE = st.fixed_dictionaries(
    {}, optional={"id": WORDS, "type": st.sampled_from(list(PHASES)) | WORDS, "onSuccess": WORDS, "onExit": ANY}
)


@given(
    st.fixed_dictionaries(
        {"phases": st.lists(PHASE | ANY, max_size=4) | ANY},
        optional={"name": WORDS, "aliases": ANY, "tags": ANY, "maxVisits": ANY, "other": ANY},
    )
)
def test_no_structure_makes_it_raise(structure: dict[str, Any]) -> None:
    parsed = parse_workflow(yaml.safe_dump(structure), "w.yaml")
    errors = [problem for problem in parsed.problems if problem.severity == "error"]
    assert (parsed.workflow is None) == bool(errors)
    assert all(problem.line and problem.column and problem.file == "w.yaml" for problem in parsed.problems)


@given(st.text() | YAMLISH)
def test_no_text_makes_it_raise(text: str) -> None:
    parsed = parse_workflow(text, "w.yaml")
    assert parsed.workflow is not None or parsed.problems
