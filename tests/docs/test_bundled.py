"""What the documents tell of bundled scripts and prompts is what these say of themselves."""

from __future__ import annotations

import re

import pytest

from orchestrator.core.workflow import AgentPhase, Workflow
from orchestrator.formats.workflow_yaml import parse_workflow
from tests.docs.pages import SOURCE, codes, section, table

SCRIPTS = SOURCE / "builtin/scripts"
ALIKE = {"setup.sh": "setup-worktree.sh", "cleanup.sh": "cleanup-worktree.sh"}
"""The same under another name."""
NAMES = sorted(file.name for file in SCRIPTS.glob("*.sh") if not file.name.startswith("lib"))
ROWS = table("workflows", "Bundled scripts", "script and arguments")
FIRST_CELLS = dict(re.findall(r"^\| `([\w.-]+\.sh)`([^|]*)\|", section("workflows", "Bundled scripts"), re.MULTILINE))


def head(name: str) -> str:
    """The comment at its beginning, as one line."""
    lines = (SCRIPTS / name).read_text(encoding="utf-8").splitlines()[1:]
    comment = lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]
    return "\n".join(line.lstrip("# ") for line in comment if not line.startswith("# shellcheck"))


def usage(name: str) -> str:
    found = re.search(rf"^Usage: {re.escape(name)} ?(.*)$", head(name), re.MULTILINE)
    assert found, name
    return found[1].lower().strip()


def exits(name: str) -> set[str]:
    told = head(name).partition("Exit:")[2].replace("\n", " ")
    return set(re.findall(r"(?:^|·|\s)\s*(\d)\s", told.partition(". ")[0] + " "))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ALIKE])
def test_the_arguments_of_a_script_are_told(name: str) -> None:
    assert FIRST_CELLS[name].strip() == usage(name)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ALIKE])
def test_the_exit_codes_of_a_script_are_told(name: str) -> None:
    assert set(re.findall(r"(?:^|; )(\d)\b", ROWS[name][1])) == exits(name)


@pytest.mark.parametrize(("name", "other"), ALIKE.items())
def test_what_has_two_names_is_told_twice(name: str, other: str) -> None:
    assert ROWS[name] == ["the same", "the same"]
    assert f"/{other}" in (SCRIPTS / name).read_text(encoding="utf-8")


def workflows() -> dict[str, Workflow]:
    found = {}
    for file in (SOURCE / "builtin/workflows").glob("*.yaml"):
        workflow = parse_workflow(file.read_text(encoding="utf-8"), str(file)).workflow
        assert workflow is not None
        found[workflow.name] = workflow
    return found


def test_who_uses_a_prompt_is_told() -> None:
    rows = table("prompts", "Bundled prompts", "prompt")
    every = {name for name, one in workflows().items() if any(isinstance(phase, AgentPhase) for phase in one.phases)}
    for prompt, (used_by, *_) in rows.items():
        users = {
            name
            for name, one in workflows().items()
            if any(isinstance(phase, AgentPhase) and phase.prompt_template == prompt for phase in one.phases)
        }
        told = every if used_by == "all three" else {word for word in codes(used_by) if not word.endswith(".sh")}
        assert told == users, prompt
