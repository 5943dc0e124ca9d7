"""What a scripted model says in a planning session, the same for each of the agents.

It asks, waits for the answer, reads a skill, looks for tools, writes a draft, makes the plan with the command, and says
which one to run next.
"""

from __future__ import annotations

from pathlib import Path

from e2e.servers.script import Asked, Reply, Rule, Run, Say, Script, Use

WISH = "Plan a farewell, please"
QUESTION, OPTIONS = "Which repository is it for?", ("the one here", "another one")
ANSWER = "the greetings over there"
PLAN = "farewells"
NEXT = "Run now: orchestrator daemon"

DRAFT = """\
name: Farewells
workflow: note
tickets:
  - title: Say goodbye
    description: Add goodbye(name) to greetings.py.
    criteria:
      - goodbye("Ada") returns "Goodbye, Ada!"
  - title: Test goodbye
    description: Add a test of goodbye(name) to tests/.
    criteria:
      - the test fails when goodbye() returns nothing
    blockedBy: [Say goodbye]
"""


def ask(asked: Asked) -> Reply:
    """By the tool that the agent has for questions; by plain words where a person is not shown one."""
    if "AskUserQuestion" in asked.tools:
        options = [{"label": option, "description": "what it says"} for option in OPTIONS]
        question = {"question": QUESTION, "header": "Repository", "multiSelect": False, "options": options}
        return Use("AskUserQuestion", {"questions": [question]})
    if "question" in asked.tools:
        options = [{"label": option, "description": "what it says"} for option in OPTIONS]
        return Use("question", {"question": QUESTION, "options": options})
    return Say(f"{QUESTION} 1. {OPTIONS[0]} 2. {OPTIONS[1]}")


def look_up_tools(asked: Asked) -> Reply:
    """Some agents offer tools of MCP servers only to a model that looks for them."""
    if "tool_search" in asked.tools:
        return Use("tool_search", {"query": "find issue of the tracker, create a plan", "limit": 20})
    return Run("true")


def look_up_tool(asked: Asked, name: str) -> Reply:
    """Claude Code lets its model use a tool of an MCP server only after it was looked up."""
    if "ToolSearch" in asked.tools:
        return Use("ToolSearch", {"query": f"select:{name}", "max_results": 5})
    return Run("true")


def write_plan(rule: Rule, draft: Path) -> Rule:
    """The skill is read first. The command is found through PATH, the home through the environment."""
    rule.run('cat "$ORCHESTRATOR_SKILLS_DIR/planner/SKILL.md"').then(look_up_tools)
    rule.write(str(draft), DRAFT)
    config = '-C "$ORCHESTRATOR_CONFIG_PATH"'
    rule.run(
        f'orchestrator {config} plan create {draft} --repo "$ORCHESTRATOR_REPO" && orchestrator {config} plan check'
    )
    return rule.then(_what_came_of_it)


def _what_came_of_it(asked: Asked) -> Reply:
    made = "no problems" in asked.tool_results[-1]
    return Say(f"The plan is written: {PLAN}. {NEXT}" if made else f"That failed: {asked.tool_results[-1]}")


def conversation(script: Script, draft: Path) -> None:
    """An answer is the result of a tool with some agents, and a prompt of its own with others."""
    script.when("single-line task title").say("Farewells")  # Codex, beside the conversation, of each of its prompts
    write_plan(script.when(WISH).then(ask), draft)
    write_plan(script.when(ANSWER), draft)
