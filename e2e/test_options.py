"""What a phase and a configuration may ask of an agent, with each of the programs: it does so, or has no such option.

What an adapter says that its program can be told is held to be true by this; of what it cannot be told `workflow check`
warns.
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

from e2e.agents import Real
from e2e.conftest import EVERY, Saw
from e2e.servers.script import Asked, Reply, Say, Script, Use
from e2e.story import LAST_WORDS, implement
from e2e.tickets import COMMAND, DEADLINE, IMPLEMENT, PLAN, SETUP, SHORT, TICKET, Home
from orchestrator.agents.base import Option
from orchestrator.agents.registry import AGENTS
from tests.cli.emulator import Terminal
from tests.waiting import wait_for

pytestmark = EVERY

NEWS = "enter/esc confirm"
"""Under what a program wants to tell a person first."""
NO = "no"
ANSWER = {"score": 7, "note": "well done"}
SCHEMA = {
    "type": "object",
    "properties": {"score": {"type": "integer"}, "note": {"type": "string"}},
    "required": ["score", "note"],
    "additionalProperties": False,
}


def workflow(*phases: dict[str, Any]) -> dict[str, Any]:
    """After setup, one phase of an agent after the other, however each ends."""
    following = [phase["id"] for phase in phases[1:]] + ["done"]
    begun = {**SETUP, "onSuccess": phases[0]["id"]}
    linked = [
        {"type": "agent", "promptTemplate": f"{phase['id']}.md", "onSuccess": then, "onFailure": then, **phase}
        for phase, then in zip(phases, following, strict=True)
    ]
    return {"name": "options", "phases": [begun, *linked, {"id": "done", "type": "terminal"}]}


def has(real: Real, option: Option) -> bool:
    return option in AGENTS[real.name].options


def test_a_schema_is_kept_to_and_the_model_of_the_configuration_is_used(
    tickets: Home, script: Script, real: Real, saw: Saw
) -> None:
    def answer(asked: Asked) -> Reply:
        if "StructuredOutput" in asked.tools and not asked.step:
            return Use("StructuredOutput", ANSWER)
        return Say(f"```json\n{json.dumps(ANSWER)}\n```" if "fenced" in asked.prompt else json.dumps(ANSWER))

    script.when("How good").then(answer)
    tickets.configure(agent={"model": real.models[1]})
    tickets.walk(workflow({"id": "ask", "outputSchema": SCHEMA}), ask="How good is it?")
    assert tickets.orchestrator("run", PLAN, TICKET).returncode == 0
    ticket = tickets.ticket()
    assert [(e["phase"], e["status"]) for e in ticket["phaseHistory"]][1] == ("ask", "success")
    assert (ticket["context"]["score"], ticket["context"]["note"]) == ("7", "well done")
    own = has(real, Option.OUTPUT_SCHEMA)
    assert ("fenced" in tickets.asked("How good")[0].prompt) is not own
    saw("outputSchema", "its own option" if own else "asked for in the prompt")
    assert has(real, Option.MODEL)
    assert {asked.model for asked in tickets.asked("How good")} == {real.models[1].rpartition("/")[2]}
    saw("model", "yes")


def test_only_the_tools_of_the_phase_are_allowed(
    tickets: Home, script: Script, real: Real, saw: Saw, tmp_path: Path
) -> None:
    if not has(real, Option.ALLOWED_TOOLS):
        tickets.walk(workflow({"id": "may_not", "allowedTools": ["Read"]}), may_not="x")
        checked = tickets.orchestrator("workflow", "check")
        assert "allowedTools" in checked.stdout + checked.stderr
        return saw("allowedTools", NO)
    for name in ("may", "may_not"):
        script.when(f"You {name}.").run(f"touch {name}-run").say("done")
    args = [word for word in real.args(tickets.server.url) if word not in real.asks]
    tickets.configure(agent={"defaultArgs": args})
    phases = {"id": "may_not", "allowedTools": ["Read"]}, {"id": "may", "allowedTools": ["Read", "Bash"]}
    tickets.walk(workflow(*phases), may="You may.", may_not="You may_not.")
    assert tickets.orchestrator("run", PLAN, TICKET).returncode == 0
    assert [path.name for path in tickets.worktree.glob("*-run")] == ["may-run"]
    return saw("allowedTools", "yes")


def test_after_so_many_turns_it_ends(tickets: Home, script: Script, real: Real, saw: Saw) -> None:
    tickets.walk(workflow({"id": "long", "maxTurns": 2}), long="Go round in circles.")
    if not has(real, Option.MAX_TURNS):
        checked = tickets.orchestrator("workflow", "check")
        assert "maxTurns" in checked.stdout + checked.stderr
        return saw("maxTurns", NO)
    script.when("Go round").run("date +%N")
    tickets.orchestrator("run", PLAN, TICKET)
    (attempt,) = tickets.attempts("long")
    assert "maxTurns" in attempt.read("outcome.json")["reason"]
    assert len(tickets.asked("Go round")) <= 3
    return saw("maxTurns", "yes")


def test_a_person_takes_its_session_over_in_a_terminal(tickets: Home, script: Script, real: Real, saw: Saw) -> None:
    """In the agent's own program, which shows what was said."""
    tickets.walk(SHORT)
    implement(script.when(IMPLEMENT), tickets)
    assert tickets.orchestrator("run", PLAN, TICKET).returncode == 0
    ((_, session),) = [(e["phase"], e["sessionId"]) for e in tickets.json("sessions", PLAN, TICKET)]
    terminal = Terminal(100, 40)
    program = terminal.start(str(COMMAND), "resume-session", PLAN, TICKET, **tickets.env)

    def shows_conversation() -> bool:
        if NEWS in terminal.text:
            terminal.type("\x1b")
        return LAST_WORDS in terminal.text

    try:
        wait_for(shows_conversation, DEADLINE, f"the conversation of {session}")
    except AssertionError as error:
        raise AssertionError(f"{error}; the terminal shows:\n{terminal.text}") from None
    finally:
        os.killpg(program.pid, signal.SIGKILL)
        terminal.ended(program)
    saw("takeover", f"`{' '.join(AGENTS[real.name].resume_command(settings_of(real), 'ID') or ())}`")


def settings_of(real: Real) -> Any:
    from orchestrator.core.settings import AgentSettings

    return AgentSettings(command=real.name)
