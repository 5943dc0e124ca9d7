"""The bundled workflows: sound, everything they name exists, and tickets of the original find their phases."""

from __future__ import annotations

import os
import subprocess

import pytest

from orchestrator.core.checks.check import resource_problems, variable_problems
from orchestrator.core.workflow import AgentPhase, Phase, PollPhase, ScriptPhase, TerminalPhase, Workflow
from orchestrator.formats.template import templates
from orchestrator.formats.workflow_yaml import parse_workflow
from tests.builtin.scripts import BUILTIN, SCRIPTS

NAMES = ("minimal", "local", "standard", "bugfix")
PROMPTS = BUILTIN / "prompts"
GIVEN = {"attempt": 1, "base_branch": "main", "previous_output": "", "phase": "implement", "agent": "claude"}

ORIGINAL = {
    "minimal": "run_script complete abort",
    "standard": "setup implement self_review simplify create_pr await_review route_review_failure handle_review "
    "await_merge route_merge_failure cleanup complete pr_closed escalate abort",
    "bugfix": "setup implement verify create_pr await_review route_review_failure route_review handle_review "
    "await_merge route_merge_failure cleanup complete pr_closed escalate abort",
}


def bundled(name: str) -> Workflow:
    file = BUILTIN / "workflows" / f"{name}.yaml"
    parsed = parse_workflow(file.read_text(encoding="utf-8"), str(file))
    assert parsed.problems == ()
    assert parsed.workflow is not None
    assert parsed.workflow.name == name
    return parsed.workflow


@pytest.mark.parametrize("name", NAMES)
def test_a_bundled_workflow_has_no_problem_and_everything_that_it_names_exists(name: str) -> None:
    workflow = bundled(name)
    found = resource_problems(workflow, lambda s: (SCRIPTS / s).is_file(), lambda p: (PROMPTS / p).is_file(), agents=())
    assert found == []


@pytest.mark.parametrize("name", NAMES)
def test_everything_that_its_templates_print_is_defined(name: str) -> None:
    known = templates.variables({}, GIVEN)
    assert variable_problems(bundled(name), uses, {*known, "planId", "ticketId", "title", "description"}) == []


def uses(phase: Phase) -> list[tuple[str, str, int | None]]:
    texts: dict[str, str] = {f"capture.{key}": text for key, text in phase.capture.items()}
    if isinstance(phase, ScriptPhase | PollPhase):
        texts |= {f"args.{i}": text for i, text in enumerate(phase.args)}
    if isinstance(phase, AgentPhase):
        texts["promptTemplate"] = (PROMPTS / phase.prompt_template).read_text(encoding="utf-8")
    return [(u.name, key, u.line) for key, text in texts.items() for u in templates.names_used(text) if not u.tested]


@pytest.mark.parametrize("name", ORIGINAL)
def test_every_phase_of_the_original_is_found(name: str) -> None:
    workflow = bundled(name)
    assert [phase for phase in ORIGINAL[name].split() if workflow.phase(phase) is None] == []


@pytest.mark.parametrize("name", ["local", "standard", "bugfix"])
def test_no_loop_through_an_agent_is_without_a_bound(name: str) -> None:
    workflow = bundled(name)
    for phase in workflow.phases:
        if isinstance(phase, AgentPhase):
            assert (phase.max_visits or workflow.max_visits) <= 30
    if (review := workflow.phase("handle_review")) is not None:
        assert review.max_visits == 5


@pytest.mark.parametrize("name", ["local", "standard", "bugfix"])
def test_work_and_judgement_need_evidence(name: str) -> None:
    for phase in bundled(name).phases:
        if not isinstance(phase, AgentPhase):
            continue
        if phase.id in ("implement", "handle_review", "resolve_conflicts"):
            assert phase.evidence == "commit"
        if phase.id in ("self_review", "verify", "verify_by_agent"):
            assert phase.verdict


@pytest.mark.parametrize("name", NAMES)
def test_every_phase_says_where_success_and_failure_lead(name: str) -> None:
    for phase in bundled(name).phases:
        if not isinstance(phase, TerminalPhase):
            assert phase.on_success
            assert phase.on_failure


def test_a_forge_that_cannot_be_asked_leads_to_no_agent() -> None:
    for name in ("standard", "bugfix"):
        workflow = bundled(name)
        for phase in workflow.phases:
            if isinstance(phase, ScriptPhase | PollPhase) and phase.command.startswith("check-pr"):
                assert not isinstance(workflow.phase(phase.on_failure or ""), AgentPhase)


@pytest.mark.parametrize("script", sorted(path.name for path in SCRIPTS.glob("*.sh")))
def test_a_script_can_be_run_and_says_its_usage_and_exit_codes(script: str) -> None:
    path = SCRIPTS / script
    assert subprocess.run(["/bin/bash", "-n", str(path)], check=False).returncode == 0
    if script.startswith("lib"):
        return
    lines = path.read_text().splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert lines[1].startswith(f"# Usage: {script}")
    assert "set -euo pipefail" in lines
    assert os.access(path, os.X_OK)
    comment = "\n".join(line for line in lines if line.startswith("#"))
    assert "Exit:" in comment or "The same as" in comment
