"""What the output of agents says to a person: readable, and short whatever comes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.agents import claude, command
from orchestrator.agents.base import Kind, Said
from orchestrator.agents.registry import AGENTS

STREAMS = Path(__file__).parent.parent / "resources" / "streams" / "claude"


def recorded(name: str) -> list[Said]:
    return [said for line in (STREAMS / f"{name}.jsonl").read_bytes().splitlines() for said in claude.said(line)]


def told(said: Said) -> tuple[str, str]:
    return (str(said.kind), said.text)


def call(name: str, **given: Any) -> Said:
    """The one thing that Claude's call of a tool says."""
    block = {"type": "tool_use", "name": name, "input": given}
    (said,) = claude.said(json.dumps({"type": "assistant", "message": {"content": [block]}}).encode())
    return said


def gave(content: object, **more: Any) -> tuple[Said, ...]:
    block = {"type": "tool_result", "content": content, **more}
    return claude.said(json.dumps({"type": "user", "message": {"content": [block]}}).encode())


def generic(**event: Any) -> list[tuple[str, str]]:
    return [told(one) for one in command.said(json.dumps(event).encode())]


def test_a_run_is_told_in_texts_calls_edits_results_and_its_end() -> None:
    assert [told(one) for one in recorded("committed-partial-messages")] == [
        ("note", "session 1e611159-9e7f-4a0f-92aa-d09bdb0f8559, model claude-opus-5-5"),
        ("text", "I will use Write."),
        ("edit", "Write /repo/feature.py +2"),
        ("text", "I will use Bash."),
        ("tool", "Bash git add -A && git commit -q -m 'Add answer()' && git log --oneline | head -3"),
        ("result", "c486325 Add answer()"),
        ("text", "Implemented answer() and committed it."),
        ("done", "done, 3 turns, $0.02 for the session, 2.1s"),
    ]


@pytest.mark.parametrize(
    ("stream", "kind", "words"),
    [
        ("usage-limit", Kind.ERROR, "usage limit reached (five hour), resets 20"),
        ("usage-warning", Kind.NOTE, "93% of the usage limit is used (five hour)"),
        ("e529", Kind.NOTE, "request failed (529 overloaded), is repeated in 0.6s, try 1 of 2"),
        ("max-turns", Kind.ERROR, "failed: Reached maximum number of turns (3), 4 turns"),
        ("denied", Kind.DONE, "denied: Bash"),
        ("sigterm-during-tool", Kind.ERROR, "Exit code 137"),
        ("background-command", Kind.NOTE, 'Background command "scripted command" completed'),
    ],
)
def test_limits_retries_failures_and_refusals_are_told(stream: str, kind: Kind, words: str) -> None:
    assert any(one.kind is kind and words in one.text for one in recorded(stream))


def test_a_call_is_told_by_what_a_person_recognises_it_by() -> None:
    assert call("Read", file_path="/r/a.py", offset=10, limit=20).text == "Read /r/a.py:10-29"
    assert call("Grep", pattern="TODO", path="src", output_mode="content").text == "Grep TODO in src"
    assert call("WebFetch", prompt="read it", url="http://x").text == "WebFetch http://x"
    assert call("Task", prompt="long", description="look around").text == "Task look around"
    assert call("mcp__x__y", odd=[1]).text == 'mcp__x__y {"odd":[1]}'
    assert call("Bash", command="a\nb") == Said(Kind.TOOL, "Bash a", "b")


def test_an_edit_is_told_with_its_size_and_a_short_diff() -> None:
    edit = call("Edit", file_path="a.py", old_string="one\ntwo\nthree", new_string="one\n2\n2.5\nthree")
    assert edit == Said(Kind.EDIT, "Edit a.py +2 -1", "-two\n+2\n+2.5")
    many = call("MultiEdit", file_path="a", edits=[{"old_string": "x", "new_string": ""}] * 3)
    assert many.text == "MultiEdit a +0 -3"
    written = call("Write", file_path="a", content="\n".join("abcdefghijklmnopqrstuvwxyz"))
    assert written.text == "Write a +26"
    assert written.detail.endswith("\n+p\n… 10 more lines")


def test_the_result_of_an_edit_is_told_only_when_it_failed() -> None:
    line = {"type": "user", "tool_use_result": {"structuredPatch": []}}
    block = {"type": "tool_result", "content": "ok"}
    assert claude.said(json.dumps(line | {"message": {"content": [block]}}).encode()) == ()
    (failed,) = claude.said(json.dumps(line | {"message": {"content": [block | {"is_error": True}]}}).encode())
    assert told(failed) == ("error", "ok")


def test_of_a_result_the_first_lines_are_told() -> None:
    (said,) = gave([{"type": "text", "text": "\n".join(map(str, range(30)))}, {"type": "image"}])
    assert said == Said(Kind.RESULT, "0", "1\n2\n3\n4\n… 26 more lines")
    (failed,) = gave("<tool_use_error>File has not been read yet</tool_use_error>", is_error=True)
    assert told(failed) == ("error", "File has not been read yet")


def test_what_an_agent_s_agent_does_is_marked() -> None:
    block = {"type": "text", "text": "looking"}
    line = {"type": "assistant", "parent_tool_use_id": "t", "message": {"content": [block]}}
    assert claude.said(json.dumps(line).encode()) == (Said(Kind.TEXT, "looking", inner=True),)


def test_a_line_that_is_no_event_is_told_as_it_is() -> None:
    assert [told(one) for one in claude.said(b"npm warn something\r\n")] == [("text", "npm warn something")]
    assert claude.said(b'{"type":"assistant","mess')[0].text == 'a broken line: {"type":"assistant","mess'


def test_a_generic_program_says_its_lines() -> None:
    assert command.said(b"plain text\n") == (Said(Kind.TEXT, "plain text"),)
    assert command.said(b" \n") == ()
    assert generic(count=3, of=[1]) == [("text", '{"count": 3, "of": [1]}')]


def test_json_lines_of_the_usual_habits_are_read() -> None:
    assert generic(level="info", msg="hello") == [("text", "hello")]
    assert generic(level="error", msg="no disk") == [("error", "no disk")]
    assert generic(type="error", error={"name": "E", "data": {"message": "no key"}}) == [("error", "no key")]
    ran = {"type": "command_execution", "command": "make", "aggregated_output": "", "exit_code": None}
    assert generic(type="item.started", item=ran) == [("tool", "$ make")]
    done = ran | {"aggregated_output": "boom", "exit_code": 2}
    assert generic(type="item.completed", item=done) == [("error", "exit code 2")]
    changed = {"type": "file_change", "changes": [{"path": "a.py", "kind": "add"}]}
    assert generic(type="item.completed", item=changed) == [("edit", "add a.py")]
    assert generic(type="tool_use", tool_name="read", parameters={"path": "a"}) == [("tool", "read a")]
    assert generic(type="tool_result", tool_id="1", output="ok") == [("result", "ok")]
    assert generic(type="turn.started") == []
    assert generic(type="message", role="user", content="the prompt") == []
    blocks = [{"type": "text", "text": "hi"}, {"type": "toolCall", "name": "ls", "arguments": {"path": "."}}]
    assert generic(type="message_end", message={"role": "assistant", "content": blocks}) == [
        ("text", "hi"),
        ("tool", "ls ."),
    ]


HUGE = 10_000_000


@pytest.mark.parametrize("name", AGENTS)
@pytest.mark.parametrize(
    "line",
    [
        b"x" * HUGE,
        b'{"type":"assistant","message":{"content":"' + b"x" * HUGE,
        b'{"a":' * 100_000,
        b"\xff\x00\x1b" * 1000,
    ],
    ids=["text", "event", "deep", "bytes"],
)
def test_a_huge_or_odd_line_says_little(name: str, line: bytes) -> None:
    found = AGENTS[name].said(line)
    assert sum(len(one.text) + len(one.detail) for one in found) < 10_000


def test_a_huge_event_is_not_even_read() -> None:
    block = {"type": "text", "text": "x" * HUGE}
    line = json.dumps({"type": "assistant", "message": {"content": [block]}}).encode()
    assert [told(one) for one in claude.said(line)] == [
        ("note", "a line of more than 1 MiB (assistant), which is not shown")
    ]


values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
WORDS = (
    "type", "subtype", "message", "content", "error", "tool", "input", "item", "name", "edits", "file_path",
    "old_string", "errors", "num_turns", "total_cost_usd", "permission_denials", "rate_limit_info", "changes",
    "command", "exit_code",
)  # fmt: skip
TYPES = ("assistant", "user", "system", "result", "rate_limit_event", "tool_use", "text", "tool_result", "api_retry")
events = st.dictionaries(
    st.sampled_from(WORDS),
    values | st.sampled_from(TYPES) | st.dictionaries(st.sampled_from(WORDS), values | st.sampled_from(TYPES)),
)


@given(event=events, name=st.sampled_from(sorted(AGENTS)))
def test_no_event_is_too_odd(event: dict[str, Any], name: str) -> None:
    blocks = {"type": event.get("type"), "message": {"role": "assistant", "content": [event, event]}}
    for one in (event, blocks):
        for said in AGENTS[name].said(json.dumps(one).encode()):
            assert said.text
            assert "\n" not in said.text
