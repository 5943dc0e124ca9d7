"""Recorded output of real agent programs, and odd output that none of them prints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from hypothesis import strategies as st

from orchestrator.agents.base import Report, Said, heard
from orchestrator.agents.registry import AGENTS

STREAMS = Path(__file__).parent.parent / "resources" / "streams"


def recorded(agent: str, name: str) -> list[bytes]:
    return (STREAMS / agent / f"{name}.jsonl").read_bytes().splitlines(keepends=True)


def names(agent: str) -> set[str]:
    return {path.stem for path in (STREAMS / agent).glob("*.jsonl")}


def reported(agent: str, name: str, exit_code: int | None, stderr: str = "") -> Report:
    return heard(AGENTS[agent], recorded(agent, name)).report(stderr, exit_code)


def told(agent: str, name: str) -> list[tuple[str, str]]:
    said: list[Said] = [one for line in recorded(agent, name) for one in AGENTS[agent].said(line)]
    return [(str(one.kind), one.text) for one in said]


def odd_lines(keys: Sequence[str], words: Sequence[str]) -> st.SearchStrategy[list[bytes]]:
    """Lines of any bytes, and events of these keys and words in which anything may be anywhere."""
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(words)
    values = st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(keys), inner, max_size=6),
        max_leaves=15,
    )
    events = st.dictionaries(st.sampled_from(keys), values, max_size=8)
    return st.lists(st.binary(max_size=200) | events.map(lambda event: json.dumps(event).encode() + b"\n"), max_size=8)
