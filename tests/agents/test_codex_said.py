"""What Codex's output says to a person."""

from __future__ import annotations

import json
from typing import Any

from orchestrator.agents.registry import AGENTS
from tests.agents.streams import told


def test_a_run_is_told_in_commands_edits_results_and_its_end() -> None:
    assert told("codex", "committed")[1:] == [
        ("edit", "add /repo/hello.txt"),
        ("tool", "$ git add -A && git commit -q -m 'Add hello' && git log --oneline | head -3"),
        ("result", told("codex", "committed")[3][1]),
        ("text", "Done."),
        ("done", "done, 4,500 tokens in and 75 out in this session"),
    ]
    assert told("codex", "failed-command")[1:3] == [("tool", "$ exit 7"), ("error", "exit code 7")]
    assert ("thinking", "**Thinking** about it") in told("codex", "reasoning")


def test_what_is_repeated_and_what_failed_is_told_once() -> None:
    said = told("codex", "e401-after-retries")
    assert [kind for kind, _ in said] == ["note"] * 6 + ["error"]
    assert said[1][1].startswith("Reconnecting... 1/5 (unexpected status 401")
    assert said[-1][1].startswith("failed: unexpected status 401 Unauthorized")


def test_other_items_are_told_by_what_a_person_recognises() -> None:
    def item(kind: str, **item: Any) -> list[tuple[str, str]]:
        line = json.dumps({"type": kind, "item": item}).encode()
        return [(str(one.kind), one.text) for one in AGENTS["codex"].said(line)]

    todo = [{"text": "one", "completed": True}, {"text": "two", "completed": False}]
    assert item("item.completed", type="todo_list", items=todo) == [("note", "[x] one")]
    assert item("item.completed", type="web_search", query="x") == [("tool", "web_search x")]
    called = {"type": "mcp_tool_call", "server": "s", "tool": "t", "arguments": {"path": "a"}}
    assert item("item.started", **called) == [("tool", "s.t a")]
    assert item("item.completed", **called, result={"content": [{"type": "text", "text": "ok"}]}) == [("result", "ok")]
    assert item("item.completed", **called, error={"message": "no"}) == [("error", "no")]
    declined = {"type": "command_execution", "command": "x", "status": "declined", "exit_code": None}
    assert item("item.completed", **declined) == [("error", "was not allowed")]
    assert item("item.completed", type="file_change", changes=[{"path": "a", "kind": "add"}], status="failed") == [
        ("error", "add a: failed")
    ]
