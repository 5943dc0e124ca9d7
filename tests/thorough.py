"""What takes long is done a little by `make test`, and the rest of it by `make chaos`.

`@pytest.mark.thorough` on a test: only `make chaos` runs it. `@pytest.mark.thorough(every=4)`: of its cases each fourth
runs in `make test`, beginning with the first, and the others in `make chaos`; with `more=True` all of them run there,
because each does more. As the mark of a whole file (`pytestmark`) it counts through the tests of the file.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

CHAOS = "ORCHESTRATOR_CHAOS" in os.environ


def chosen(items: list[pytest.Item], chaos: bool = CHAOS) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """The tests to run and those to leave out; under `make chaos` what is left out else."""
    seen: Counter[str] = Counter()
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        (kept if _counts(item, seen, chaos) else left).append(item)
    return kept, left


def _counts(item: pytest.Item, seen: Counter[str], chaos: bool) -> bool:
    marked = item.get_closest_marker("thorough")
    if marked is None:
        return not chaos
    whole_file = marked not in item.own_markers
    family = item.nodeid.partition("::" if whole_file else "[")[0]
    seen[family] += 1
    every = int(marked.kwargs.get("every", 0))
    in_test = every > 0 and (seen[family] - 1) % every == 0
    return (not in_test or bool(marked.kwargs.get("more"))) if chaos else in_test
