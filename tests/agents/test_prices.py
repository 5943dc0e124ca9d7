"""The prices that are shipped: of what the agents' CLIs use, and dated."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.agents.registry import AGENTS
from orchestrator.core.prices import DATE, Price, price_of

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("agent", "model", "dollars"),
    [
        ("claude", "claude-opus-5-5", (4, 0.2, 20)),
        ("claude", "claude-opus-5-20260801", (5, 0.5, 25)),
        ("claude", "claude-opus-4-5-20251101", (5, 0.5, 25)),
        ("claude", "claude-opus-4-1-20250805", (15, 1.5, 75)),
        ("claude", "claude-sonnet-5", (2, 0.2, 10)),
        ("claude", "claude-sonnet-4-6", (3, 0.3, 15)),
        ("claude", "claude-haiku-4-5-20251001", (1, 0.1, 5)),
        ("claude", "claude-fable-5-1", (10, 0.25, 50)),
        ("gemini", "gemini-2.5-pro", (1.25, 0.125, 10)),
    ],
)
def test_the_longest_name_that_fits_a_model_prices_it(agent: str, model: str, dollars: tuple[float, ...]) -> None:
    price = price_of(model, (AGENTS[agent].prices,))
    assert price is not None
    assert (price.input, price.cached_input, price.output) == dollars


def test_the_configuration_goes_before_what_is_shipped() -> None:
    own = {"claude-*": Price(input=1, output=2)}
    assert price_of("claude-opus-5-5", (own, AGENTS["claude"].prices)) == own["claude-*"]


def test_a_model_that_nobody_priced_has_no_price() -> None:
    assert price_of("some-model", tuple(agent.prices for agent in AGENTS.values())) is None
    assert price_of(None, (AGENTS["claude"].prices,)) is None


@pytest.mark.parametrize("agent", AGENTS)
def test_what_was_in_the_cache_costs_no_more_and_what_is_written_no_less(agent: str) -> None:
    for price in AGENTS[agent].prices.values():
        assert price.cached_input is not None
        assert 0 < price.cached_input < price.input < price.output


def test_the_documentation_tells_their_date() -> None:
    assert DATE in (DOCS / "configuration.md").read_text()
