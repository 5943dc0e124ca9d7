"""Every example works: workflows and configurations are checked, files are read, prompts rendered, commands run."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import msgspec
import pytest

from orchestrator.adapters.state.ledger import Line
from orchestrator.agents.registry import TABLE, agent_for
from orchestrator.cli.main import main
from orchestrator.core.model import Plan, Ticket
from orchestrator.core.notices import Notice
from orchestrator.core.settings import AgentSettings, Settings
from orchestrator.formats.configuration.config import parse_settings
from orchestrator.formats.plan_json import decode_plan, decode_ticket
from orchestrator.formats.template import templates
from orchestrator.formats.template.templates import TemplateFault
from tests.docs.pages import Block, blocks, codes, section, text

YAML = blocks("yaml")
JSON = blocks("json")
TICKET = {"planId": "first", "ticketId": "SHOP-1", "title": "Round prices", "acceptanceCriteria": ["a", "b"]}
NUNJUCKS = re.findall(r"^- `([^`]+)`: write `([^`]+)`", section("prompts", "What does not exist"), re.MULTILINE)


def test_there_are_examples_of_every_kind() -> None:
    assert len([block for block in YAML if "phases:" in block.text]) >= 2
    assert len(YAML) >= 5 and len(JSON) >= 4 and len(blocks("jinja")) >= 2 and len(NUNJUCKS) >= 10


@pytest.mark.parametrize("block", [one for one in YAML if "phases:" in one.text], ids=str)
def test_a_workflow_passes_the_check_without_a_warning(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "example.yaml"
    file.write_text(block.text)
    assert main(["init", "--dir", str(tmp_path / "home")]) == 0
    assert main(["workflow", "check", str(file), "--strict", "-C", str(tmp_path / "home/config.yaml")]) == 0


@pytest.mark.parametrize("block", [one for one in YAML if not {"phases:", "tickets:"} & set(one.text.split())], ids=str)
def test_a_configuration_passes_the_check_without_a_warning(block: Block) -> None:
    parsed = parse_settings(block.text, str(block.page))
    assert [str(problem) for problem in parsed.problems] == []
    assert parsed.settings is not None


def test_the_default_agents_are_those_of_a_configuration_without_any() -> None:
    block = next(one for one in YAML if one.text.startswith("agents:\n  claude: {"))
    written, left_out = parse_settings(block.text, "x"), parse_settings("", "x")
    assert written.settings is not None and left_out.settings is not None
    assert written.settings.agents == left_out.settings.agents


@pytest.mark.parametrize("kind", TABLE)
def test_the_types_of_agents_that_are_told_exist(kind: str) -> None:
    assert f"`{kind}`" in text("configuration")
    assert agent_for(AgentSettings(command="x", type=kind)).name == kind


@pytest.mark.parametrize("block", JSON, ids=str)
def test_a_file_is_read_and_has_no_key_that_nobody_knows(block: Block) -> None:
    document, content = json.loads(block.text), block.text.encode()
    record: type[msgspec.Struct]
    if "event" in document:
        record = Notice
        msgspec.json.decode(content, type=Notice)
    elif "inputTokens" in document:
        record = Line
        assert document.keys() == {field.encode_name for field in msgspec.structs.fields(Line)}
        msgspec.json.decode(content, type=Line)
    elif "mcpServers" in document:
        record = Settings
        assert parse_settings(block.text, "x").problems == ()
    elif "tickets" in document:
        record = Plan
        decode_plan(content, "plan.json")
    else:
        record = Ticket
        decode_ticket(content, "ticket.json")
    assert document.keys() - {field.encode_name for field in msgspec.structs.fields(record)} == set()


def test_the_event_that_a_command_gets_is_shown_with_every_key() -> None:
    (block,) = [one for one in JSON if '"event"' in one.text]
    assert json.loads(block.text).keys() == {field.encode_name for field in msgspec.structs.fields(Notice)}


@pytest.mark.parametrize("block", blocks("jinja"), ids=str)
def test_a_prompt_can_be_rendered(block: Block) -> None:
    given = {"attempt": 2, "previous_output": "it failed", "base_branch": "main", "phase": "x", "plan_name": "p"}
    given |= {"summary": "done", "closes": "", "repository_template": ""}  # of pull requests
    made = templates.render(block.text, templates.variables(TICKET, given), captured=frozenset({"verify_output"}))
    assert "{{" not in made and "{%" not in made


@pytest.mark.parametrize(("theirs", "ours"), NUNJUCKS)
def test_what_does_not_exist_is_named_and_what_is_there_instead_works(theirs: str, ours: str) -> None:
    known = {"a": "xy", "b": "xy", "c": "c", "list": [1, 2]}
    with pytest.raises(TemplateFault, match=r"there (is|are) no"):
        templates.render(theirs, known)
    templates.render(ours, known)


def test_the_message_about_an_unknown_name_is_the_one_that_comes() -> None:
    with pytest.raises(TemplateFault) as caught:
        templates.render("{{ titel }}", templates.variables(TICKET, {}))
    (told,) = [code for code in codes(section("prompts", "Variables")) if code.startswith("unknown name")]
    assert str(caught.value).endswith(told)


# --- what is to be typed


def shell(script: str, home: Path) -> str:
    """Runs it as a person would, in a home of their own."""
    done = subprocess.run(
        ["bash", "-eu", "-c", script], cwd=home, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_workflow_of_your_own_passes_the_check_and_can_be_walked(home: Path) -> None:
    script = "\n".join(block.text for block in blocks("sh") if block.is_run)
    printed = shell(f"orchestrator init\n{script}", home)
    assert "no problems" in printed and "ends complete in done" in printed


@pytest.mark.parametrize("page", ["index.md", "README.md"])
def test_the_plan_of_the_five_minutes_has_no_problems(page: str, home: Path) -> None:
    (block,) = [one for one in blocks("sh") if one.page.name == page and "first/plan.json" in one.text]
    repo = home / "src/shop"
    repo.mkdir(parents=True)
    script = block.text.replace("/home/me", str(home))
    assert "no problems" in shell(f"git init -q '{repo}'\norchestrator init\n{script}", home)


def test_the_simple_commands_of_the_pages_run(home: Path) -> None:
    lines = [
        line.partition(" #")[0]
        for block in blocks("sh")
        for line in block.text.splitlines()
        if line.startswith("orchestrator workflow ") and not block.is_run
    ]
    assert len(lines) >= 4
    shell("orchestrator init\n" + "\n".join(lines), home)
