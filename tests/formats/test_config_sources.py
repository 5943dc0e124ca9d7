"""`sources` of the configuration."""

from __future__ import annotations

import pytest

from orchestrator.core.settings import SourceSettings
from orchestrator.formats.configuration.config import parse_settings, resolve


def said(text: str) -> list[str]:
    return [str(problem) for problem in parse_settings(text, "config.yaml").problems]


def test_they_are_read_have_defaults_and_names() -> None:
    text = "sources: [{type: github, repository: acme/shop, label: go}, {type: linear, team: SHOP, autoStart: true}]"
    parsed = parse_settings(text, "c")
    assert parsed.settings is not None and parsed.problems == ()
    first, second = parsed.settings.sources
    assert first == SourceSettings(type="github", repository="acme/shop", label="go", every=300, auto_start=False)
    assert (first.name, second.name) == ("github acme/shop label go", "linear team SHOP")
    assert second.auto_start is True


def test_its_repo_counts_from_the_file() -> None:
    parsed = parse_settings("sources: [{type: github, repository: a/b, repo: ../shop}]", "c")
    assert parsed.settings is not None
    config = resolve(parsed.settings, "/home/me/.orchestrator/config.yaml", "/home/me/.orchestrator", "/b")
    assert config.settings.sources[0].repo == "/home/me/shop"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sources: {type: github}", "sources must be a list of mappings"),
        ("sources: [github]", 'sources[0] must be a mapping, not "github"'),
        ("sources: [{repository: a/b}]", "sources[0].type is missing"),
        ("sources: [{type: gitlab}]", "sources[0].type must be github or linear"),
        ("sources: [{type: github}]", "sources[0].repository is missing"),
        ("sources: [{type: github, repository: shop}]", 'sources[0].repository "shop" is not owner/name'),
        ("sources: [{type: github, repository: a/b, team: X}]", "sources[0].team belongs to type linear"),
        ("sources: [{type: linear, team: X, milestone: 2}]", "sources[0].milestone must be a text"),
        ("sources: [{type: linear, team: X, milestone: v2}]", "sources[0].milestone belongs to type github"),
        ("sources: [{type: linear}]", "linear without team, project, cycle or label is all of it"),
        ("sources: [{type: github, repository: a/b, every: 1}]", "sources[0].every must be at least 10 (seconds)"),
        ("sources: [{type: github, repository: a/b, plan: a b}]", 'sources[0].plan "a b" is no plan id'),
        ("sources: [{type: github, repository: a/b, interval: 9}]", 'unknown key "sources[0].interval": write every'),
        ("sources: [&a {type: github, repository: a/b}, *a]", "sources[1] asks for the same as sources[0]"),
    ],
)
def test_what_cannot_be_meant_is_said_with_its_place(text: str, expected: str) -> None:
    assert any(expected in problem and "config.yaml:1:" in problem for problem in said(text)), said(text)
