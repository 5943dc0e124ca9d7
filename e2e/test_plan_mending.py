"""A report of `plan check` is enough to mend a draft by: a model that knows nothing else does so.

The scripted model mends a fault only where the report that it is given names it, its place, and what to write instead.
So a fault that is not reported, or is reported without that, stays in the draft, and the draft is refused once more.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.agents import CLAUDE
from e2e.install import install
from e2e.planning import NOTE, Desk
from e2e.servers.model_server import ModelServer
from e2e.servers.script import Asked, Reply, Run, Say, Script, Write

MEND = "Mend this draft"
DRAFT = """\
name: Farewells
workflow: note
worktreeRoot: PROJECT/greetings.py/worktrees
tickets:
  - id: F-1
    title: Say goodbye
    description: Add goodbye(name) to greetings.py.
    criteria: ['goodbye("Ada") returns "Goodbye, Ada!"']
    branch: dev/goodbye
    touches: [greetings.py]
  - id: F-2
    title: Say farewell
    description: Add farewell(name) to greetings.py.
    criteria: ['farewell("Ada") returns "Farewell, Ada!"']
    branch: dev/goodbye
    touches: [greetings.py]
  - id: F-3
    title: Test both
    description: Add tests of both.
    criteria: []
    blockedBy: [F-1, F-9]
  - id: F-4
    title: Describe both
    description: Describe both in README.md.
    criteria: [README.md names goodbye and farewell]
    blockedBy: [F-5]
    worktree: ROOT/docs
  - id: F-5
    title: Picture both
    description: Draw both.
    criteria: [docs/farewell.svg is there]
    blockedBy: [F-4]
    worktree: ROOT/docs
  - id: F-6
    title: Translate both
    description: Translate both to French.
    criteria: ['goodbye("Ada", "fr") returns "Au revoir, Ada !"']
    repo: ../nowhere
    blockedBy: [F-2]
  - id: F-7
    title: Publish both
    description: Publish a version with both.
    criteria: [the version is 2]
    workflow: noet
    agent: workr
    blockedBy: [F-6]
"""

Draft = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """How a report names it, and what is written instead."""

    where: str
    words: tuple[str, ...]
    mend: Callable[[Draft, Draft], object]
    """Given the draft and the ticket."""

    def is_named(self, report: list[Draft]) -> bool:
        return any(self._fits(problem) for problem in report)

    def _fits(self, problem: Draft) -> bool:
        said = f"{problem['where']} {problem['what']} {problem['hint']}"
        return self.where in said and all(word.lower() in said.lower() for word in self.words) and bool(problem["line"])


def ticket_of(draft: Draft, where: str) -> Draft:
    return next((ticket for ticket in draft["tickets"] if ticket["id"] == where), {})


FAULTS = {
    "a blocker that is not there": Fault("F-3", ("F-9",), lambda d, t: t.update(blockedBy=["F-1"])),
    "a cycle": Fault("F-4", ("F-5",), lambda d, t: t.update(blockedBy=[])),
    "a branch of two tickets": Fault("F-2", ("branch", "dev/goodbye"), lambda d, t: t.pop("branch")),
    "a worktree of two tickets": Fault("F-5", ("worktree", "/docs"), lambda d, t: t.pop("worktree")),
    "no criteria": Fault("F-3", ("criteri",), lambda d, t: t.update(criteria=["python3 -m unittest runs both"])),
    "changes of the same files at once": Fault("F-2", ("greetings.py",), lambda d, t: t.update(blockedBy=["F-1"])),
    "a repository that is not there": Fault("F-6", ("nowhere",), lambda d, t: t.pop("repo")),
    "an unknown workflow": Fault("F-7", ("noet", "note"), lambda d, t: t.pop("workflow")),
    "an unknown agent": Fault("F-7", ("workr", "worker"), lambda d, t: t.pop("agent")),
    "a worktree root that cannot be written": Fault("worktreeRoot", ("worktrees",), lambda d, t: d.pop("worktreeRoot")),
}


@pytest.fixture
def desk(tmp_path: Path, model_server: ModelServer) -> Iterator[Desk]:
    install(CLAUDE.program)
    desk = Desk(tmp_path, CLAUDE, model_server)
    desk.draft.write_text(DRAFT.replace("ROOT", str(tmp_path)).replace("PROJECT", str(desk.repo)))
    yield desk
    desk.close()


def reported(desk: Desk) -> list[Draft]:
    """By the command, with its exit code."""
    checked = desk.run("orchestrator", "plan", "check", str(desk.draft), "--json")
    found = json.loads(checked.stdout)
    problems: list[Draft] = [problem for one in found for problem in one["problems"]]
    assert checked.returncode == int(any(problem["severity"] == "error" for problem in problems))
    return problems


def test_ten_faults_are_told_in_one_report_and_a_model_mends_them_by_it(desk: Desk, script: Script) -> None:
    report = reported(desk)
    assert [name for name, fault in FAULTS.items() if not fault.is_named(report)] == [], "of the ten, not reported"
    assert_words_say_the_same(desk, report)
    refused = desk.run("orchestrator", "plan", "create", str(desk.draft))
    assert refused.returncode == 1
    assert not (desk.home / "state/plans/farewells").exists()
    script.when(MEND).then(lambda asked: mended(asked, desk.draft)).then(
        Run(f"orchestrator plan create {desk.draft} && orchestrator plan check farewells")
    ).then(lambda asked: Say(asked.tool_results[-1]))
    assert "no problems" in said_by_model(desk, report)
    checked = json.loads(desk.run("orchestrator", "plan", "check", "farewells", "--json").stdout)
    assert checked == [{"plan": "farewells", "problems": []}]


def assert_words_say_the_same(desk: Desk, report: list[Draft]) -> None:
    """The report for people has what the one for programs has, nothing of it cut."""
    checked = desk.run("orchestrator", "plan", "check", str(desk.draft))
    words = " ".join((checked.stdout + checked.stderr).split())
    for problem in report:
        assert " ".join(problem["what"].split()) in words
        assert f"{desk.draft.name}:{problem['line']}" in words


def mended(asked: Asked, draft: Path) -> Reply:
    """Of what the report in the prompt names; what it does not name stays."""
    report = json.loads(asked.prompt.partition("```json\n")[2].partition("\n```")[0])
    better = yaml.safe_load(draft.read_text())
    for fault in FAULTS.values():
        if fault.is_named(report):
            fault.mend(better, ticket_of(better, fault.where))
    return Write(str(draft), yaml.safe_dump(better, sort_keys=False))


def said_by_model(desk: Desk, report: list[Draft]) -> str:
    """Claude Code, headless; it reads the draft before it writes it anew, as its tool demands."""
    prompt = f"{MEND}: @{desk.draft}\n\n```json\n{json.dumps(report)}\n```\n"
    settings = desk.real.settings(desk.server.url)
    command = ["claude", "-p", prompt, *settings["defaultArgs"]]
    done = desk.run(*command, **settings["env"])
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_workflow_of_these_tests_is_without_problems(desk: Desk) -> None:
    """Else the reports above would speak of something else."""
    assert desk.run("orchestrator", "workflow", "check", NOTE["name"]).returncode == 0
