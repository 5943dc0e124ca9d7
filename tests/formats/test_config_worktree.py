"""`worktree` and `ports` of the configuration."""

from __future__ import annotations

import pytest

from orchestrator.core.settings import PortSettings, WorktreeSettings
from orchestrator.formats.configuration.config import parse_settings


def said(text: str) -> list[str]:
    return [str(problem) for problem in parse_settings(text, "config.yaml").problems]


def test_both_are_read_and_have_defaults() -> None:
    parsed = parse_settings("worktree: {setup: npm ci, cacheKey: [package-lock.json], minFreeGb: 2}\nports:\n", "c")
    assert parsed.settings is not None and parsed.problems == ()
    assert parsed.settings.worktree == WorktreeSettings(
        setup="npm ci", timeout_seconds=600, cache_key=("package-lock.json",), min_free_gb=2
    )
    assert parsed.settings.ports == PortSettings(first=20000, count=10)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("worktree: {setup: ''}", "worktree.setup is empty"),
        ("worktree: {setup: [npm, ci]}", "worktree.setup must be a text"),
        ("worktree: {timeoutSeconds: 0}", "worktree.timeoutSeconds must be more than 0"),
        ("worktree: {minFreeGb: -1}", "worktree.minFreeGb must be 0 or more"),
        ("worktree: {minFreeGb: 1gb}", 'worktree.minFreeGb must be a number, not "1gb"'),
        ("worktree: {cacheKey: package-lock.json}", "worktree.cacheKey must be a list"),
        ("worktree: {cacheKey: [/etc/passwd]}", 'worktree.cacheKey[0] "/etc/passwd" is no path inside the worktree'),
        ("worktree: {cacheKey: [a, '../b']}", 'worktree.cacheKey[1] "../b" leads out of the worktree'),
        ("worktree: {setUp: x}", 'unknown key "worktree.setUp" (did you mean setup?)'),
        ("worktree: npm ci", "worktree must be a mapping"),
        ("ports: {first: 0}", "ports.first must be from 1 to 65535, not 0"),
        ("ports: {count: 1.5}", "ports.count must be a whole number"),
        ("ports: {first: 65530}", "ports: 10 ports from 65530 on end at 65539, and the last port is 65535"),
        ("ports: {count: 60000}", "ports: 60000 ports from 20000 on end at 79999, and the last port is 65535"),
    ],
)
def test_what_cannot_be_meant_is_said_with_its_place(text: str, expected: str) -> None:
    (problem,) = said(text)
    assert expected in problem and "config.yaml:1:" in problem
