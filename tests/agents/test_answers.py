"""An answer in JSON is found where it was asked for."""

from __future__ import annotations

import pytest

from orchestrator.agents.kit.answers import NoAnswerError, answer_in, asking


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        '\n {"a": 1} \n',
        'Done.\n\n```json\n{"a": 1}\n```\n',
        'Done.\n```JSON title\n{"a": 1}\n```',
        'First\n```json\n{"a": 0}\n```\nthen\n```json\n{"a": 1}\n```\nand a command:\n```sh\nls\n```',
        'Like this:\n```\n{"a": 1}\n```\nand\n```\nnot json\n```',
        '~~~json\n{"a": 1}\n~~~',
        '````json\n{"a": 1}\n````',
        'It was cut off:\n```json\n{"a": 1}',
        '  ```json\n  {"a": 1}\n  ```',
        '```md\nSee:\n```\n```json\n{"a": 1}\n```',
    ],
)
def test_the_last_fenced_block_or_the_whole_message_is_the_answer(text: str) -> None:
    assert answer_in(text) == {"a": 1}


def test_what_is_quoted_in_a_text_of_the_answer_is_no_block() -> None:
    assert answer_in('```json\n{"a": "```json\\n{}\\n```"}\n```') == {"a": "```json\n{}\n```"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no fenced block"), ("All is well.", "no fenced block"), ("```sh\nls\n```", "no fenced block"),
        ('```json\n{"a": }\n```', "no JSON"), ('{"a": 1,}', "no JSON"), ("```json\n```", "no JSON"),
        ('```json\n{"a": 1}\n```\n```json\n{"a"\n```', "no JSON"), ('{"a": "\ud800"}', "no JSON"),
        ("```json\n" + "[" * 100_000 + "\n```", "no JSON"),
    ],
)  # fmt: skip
def test_what_is_missing_or_broken_says_so(text: str, why: str) -> None:
    with pytest.raises(NoAnswerError, match=why):
        answer_in(text)


def test_the_prompt_shows_the_schema_and_asks_for_a_block_at_the_end() -> None:
    words = asking({"type": "object", "properties": {"größe": {"type": "integer"}}})
    assert '"größe"' in words and "```json" in words and "End your final message" in words
