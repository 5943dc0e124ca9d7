"""Examples of the skills, and drafts of the documents, work: they are taken, read, checked and rendered."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from orchestrator.cli import main
from orchestrator.core.model import Plan, Ticket
from orchestrator.formats.configuration.config import parse_settings
from orchestrator.formats.plan_json import decode_plan, decode_ticket
from orchestrator.formats.template import templates
from tests.docs import pages
from tests.docs.skills import Block, blocks, keys

YAML = blocks("yaml")


@pytest.mark.parametrize("block", [one for one in YAML if "phases:" in one.text], ids=str)
def test_a_workflow_passes_the_check_without_a_warning(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "example.yaml"
    file.write_text(block.text)
    assert main.main(["init", "--dir", str(tmp_path / "home")]) == 0
    assert main.main(["workflow", "check", str(file), "--strict", "-C", str(tmp_path / "home/config.yaml")]) == 0


@pytest.mark.parametrize("block", [one for one in YAML if not {"phases:", "tickets:"} & set(one.text.split())], ids=str)
def test_a_configuration_passes_the_check_without_a_warning(block: Block) -> None:
    parsed = parse_settings(block.text, block.page)
    assert [str(problem) for problem in parsed.problems] == []


DRAFTS = [one for one in (*YAML, *pages.blocks("yaml")) if "tickets:" in one.text.split()]


@pytest.mark.parametrize("block", DRAFTS, ids=str)
def test_a_draft_is_taken_without_a_warning(
    block: Block, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = block.text.replace("/home/me", str(tmp_path / "me")).replace("~", str(home))
    for name in set(re.findall(r"repo: (\S+)", text)):
        subprocess.run(["git", "init", "-q", "-b", "main", name], check=True)
        commit = ["-c", "user.name=me", "-c", "user.email=me@x", "commit", "-q", "--allow-empty", "-m", "begin"]
        subprocess.run(["git", "-C", name, *commit], check=True)
    (tmp_path / "draft.yaml").write_text(text)
    assert main.main(["init"]) == 0
    assert main.main(["plan", "create", str(tmp_path / "draft.yaml")]) == 0
    assert main.main(["plan", "check"]) == 0
    assert "no problems" in capsys.readouterr().out


@pytest.mark.parametrize("block", blocks("json"), ids=str)
def test_a_file_by_hand_is_read_and_has_no_key_that_nobody_knows(block: Block) -> None:
    document, content = json.loads(block.text), block.text.encode()
    if "tickets" in document:
        decode_plan(content, "plan.json")
    else:
        decode_ticket(content, "ticket.json")
    assert document.keys() - keys(Plan if "tickets" in document else Ticket) == set()


@pytest.mark.parametrize("block", blocks("jinja"), ids=str)
def test_a_prompt_can_be_rendered(block: Block) -> None:
    ticket = {"planId": "p", "ticketId": "T-1", "title": "x", "description": "y", "acceptanceCriteria": ["a"]}
    given = {"attempt": 2, "previous_output": "it failed", "base_branch": "main", "phase": "x", "plan_name": "p"}
    made = templates.render(block.text, templates.variables(ticket, given), captured=frozenset())
    assert "{{" not in made and "{%" not in made
