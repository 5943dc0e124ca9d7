"""The generic agent: how it is called, and what its output means."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.agents import command
from orchestrator.agents.base import Call, Command, Ended
from orchestrator.core.settings import AgentSettings


def called(prompt: str, via: Literal["arg", "stdin", "file"] = "arg") -> Command:
    settings = AgentSettings(command="./my-agent", default_args=("--fast", "x"), prompt_via=via)
    return command.command(Call(settings=settings, prompt=prompt, prompt_file="/attempt/prompt.md"))


def test_the_prompt_is_the_first_argument_before_the_default_ones() -> None:
    assert called("do it") == Command(("./my-agent", "do it", "--fast", "x"), stdin="")


def test_the_prompt_can_go_by_standard_input_or_as_a_file() -> None:
    assert called("do it", "stdin") == Command(("./my-agent", "--fast", "x"), stdin="do it")
    assert called("do it", "file") == Command(("./my-agent", "/attempt/prompt.md", "--fast", "x"), stdin="")


@pytest.mark.parametrize("prompt", ["x" * 131_072, "é" * 65_000, "a\0b"])
def test_a_prompt_that_cannot_be_an_argument_goes_by_standard_input(prompt: str) -> None:
    assert called(prompt) == Command(("./my-agent", "--fast", "x"), stdin=prompt)


def test_the_longest_prompt_that_goes_as_an_argument_is_taken_by_the_kernel() -> None:
    prompt = "é" * (command.ARGUMENT_LIMIT // 2)
    assert called(prompt).stdin == ""
    subprocess.run([sys.executable, "-c", "", prompt], check=True)


def test_the_exit_code_is_the_verdict_and_the_output_the_answer() -> None:
    told = command.report([b"hello\n", b"there"], "a warning", 0)
    assert (told.ended, told.text, told.error, told.session) == (Ended.SUCCESS, "hello\nthere\n", "", None)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_lines_may_come_with_or_without_their_ends(end: bytes) -> None:
    assert command.report([b"why" + end, b"" + end, b"PASS" + end], "", 0).text == "why\n\nPASS\n"


@pytest.mark.parametrize(
    ("stderr", "exit_code", "error"),
    [
        ("Traceback\n  boom\n\n", 3, "exit code 3: boom"),
        ("", 1, "exit code 1"),
        ("", 255, "exit code 255"),
        ("", -9, "ended by SIGKILL"),
        ("oh\n", 143, "ended by SIGTERM: oh"),
    ],
)
def test_a_failure_says_how_it_ended_and_its_last_words(stderr: str, exit_code: int, error: str) -> None:
    told = command.report([b"half"], stderr, exit_code)
    assert (told.ended, told.text, told.error) == (Ended.FAILURE, "half\n", error)


def test_without_an_exit_code_it_was_interrupted() -> None:
    assert command.report([b"half"], "", None).ended is Ended.INTERRUPTED


def test_of_a_long_answer_the_beginning_and_the_end_are_kept() -> None:
    text = command.answer([b"first\n", *[b"x" * 999 + b"\n"] * 5000, b"PASS\n"])
    assert text.startswith("first\n")
    assert text.endswith("\nPASS\n")
    assert f"[… {6 + 5_000_000 + 5 - command.TEXT_LIMIT} bytes left out …]" in text
    assert len(text) < command.TEXT_LIMIT + 100


def test_memory_does_not_grow_with_the_output() -> None:
    def endless() -> Iterator[bytes]:
        yield from (b"\n" for _ in range(200_000))
        yield from (b"y" * 65_536 for _ in range(16_383))

    tracemalloc.start()
    try:
        assert "bytes left out" in command.report(endless(), "", 0).text
        assert tracemalloc.get_traced_memory()[1] < 8 * command.TEXT_LIMIT
    finally:
        tracemalloc.stop()


@given(st.lists(st.binary(max_size=60), max_size=8), st.text(max_size=30), st.none() | st.integers(-64, 255))
def test_no_output_whatever_makes_it_raise(lines: list[bytes], stderr: str, exit_code: int | None) -> None:
    told = command.report(iter(lines), stderr, exit_code)
    expected = b"".join(line.rstrip(b"\r\n") + b"\n" for line in lines)
    assert told.text == expected.decode("utf-8", "replace")
    assert (told.ended is Ended.SUCCESS) == (exit_code == 0)
    assert "\n" not in told.error
