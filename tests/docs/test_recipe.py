"""The worked example of CONTRIBUTING is an adapter that works, and is all that an agent needs."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

import orchestrator.agents
from orchestrator.agents import registry
from orchestrator.agents.base import Agent, Call, Ended, heard
from orchestrator.core.settings import AgentSettings
from tests.agents.streams import recorded

RECIPE = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text("utf-8").partition("### Add an agent\n")[2]
FILE, LINE = re.findall(r"```python\n(.*?)```", RECIPE.partition("\n### ")[0], re.DOTALL)


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch) -> Agent:
    """As the recipe makes it, entered into a copy of the table."""
    module = ModuleType("example")
    exec(compile(FILE, "CONTRIBUTING.md", "exec"), vars(module))
    found: Agent = module.agent
    monkeypatch.setattr(registry, "AGENTS", registry.AGENTS | {found.name: found})
    return registry.agent_for(AgentSettings(command=f"/opt/bin/{found.name}"))


def test_it_is_one_file_of_less_than_forty_lines_and_one_line() -> None:
    assert len(FILE.splitlines()) < 40
    (line,) = LINE.splitlines()
    name, place = re.fullmatch(r'"([\w-]+)": "([\w.]+)",', line.strip()).groups()  # type: ignore[union-attr]
    assert registry.TABLE[name] == place


def test_it_is_the_adapter_that_is_shipped() -> None:
    place = registry.TABLE[re.findall(r'"([\w-]+)":', LINE)[0]].partition(".")[0]
    assert (Path(orchestrator.agents.__path__[0]) / f"{place}.py").read_text("utf-8") == FILE


def test_it_understands_what_its_program_prints(agent: Agent) -> None:
    done = heard(agent, recorded("qwen", "committed")).report("", 0)
    assert (done.ended, done.text) == (Ended.SUCCESS, "Implemented answer() and committed it.")
    assert done.usage is not None
    assert done.usage.tokens == 4575
    assert heard(agent, recorded("qwen", "e401")).report("", 1).ended is Ended.NEEDS_LOGIN
    assert heard(agent, recorded("qwen", "committed")[:-1]).report("", 0).ended is Ended.INTERRUPTED


def test_it_is_called_shown_and_taken_over_like_any_agent(agent: Agent) -> None:
    settings = AgentSettings(command="/opt/bin/qwen", default_args=("--yolo",))
    call = Call(settings=settings, prompt="do it", prompt_file="/p", session="s")
    argv = ("/opt/bin/qwen", "-o", "stream-json", "--session-id", "s", "--yolo")
    assert (agent.command(call).argv, agent.command(call).stdin) == (argv, "do it")
    assert agent.resume_command(settings, "s") == ("/opt/bin/qwen", "--resume", "s")
    assert [one.text for line in recorded("qwen", "committed") for one in agent.said(line)][-1].startswith(
        "Implemented"
    )
    assert agent.login({}, lambda path: None).known is None
