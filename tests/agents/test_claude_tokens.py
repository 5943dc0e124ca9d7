"""What a run of Claude Code has used, where its result does not tell all of it."""

from __future__ import annotations

import json

import pytest

from orchestrator.agents.claude_report import report


@pytest.mark.parametrize(("subtype", "tokens"), [("error_max_budget_usd", (2000, 50)), ("success", (1000, 25))])
def test_what_was_ended_at_its_limit_has_used_its_last_answer_too(subtype: str, tokens: tuple[int, int]) -> None:
    """The result leaves that out of the tokens, and not of the cost."""
    used = {"input_tokens": 1000, "output_tokens": 25}
    answers = [{"type": "assistant", "message": {"id": name, "usage": used}} for name in ("a", "a", "b")]
    end = {"type": "result", "subtype": subtype, "usage": used, "total_cost_usd": 0.02}
    usage = report([json.dumps(line).encode() for line in (*answers, end)], "", 1).usage
    assert usage is not None and (usage.input_tokens, usage.output_tokens, usage.cost_usd) == (*tokens, 0.02)
