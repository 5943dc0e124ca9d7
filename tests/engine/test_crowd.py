"""Eight tickets at once on one repository, four of them in the same file: each merged once, nobody's change lost."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.engine.crowd import _author, crowd
from tests.engine.sites import CHAOS
from tests.waiting import let_pass

__all__ = ["_author"]
KILLS = 30 if CHAOS else 3


def test_all_are_merged_one_after_another_and_conflicts_are_resolved_by_their_own_tickets(tmp_path: Path) -> None:
    made = crowd(tmp_path / "home")
    made.walk()
    made.assert_merged()
    assert 0 < len(made.resolvers()) <= 3
    assert set(made.resolvers()) <= set(made.shared)


@pytest.mark.thorough
def test_who_touches_the_same_files_is_kept_apart_and_meets_no_conflict(tmp_path: Path) -> None:
    made = crowd(tmp_path / "home", alone=1, touches=["registry.txt"])
    made.walk()
    made.assert_merged()
    assert made.resolvers() == []


@pytest.mark.thorough
def test_each_has_a_merge_commit_where_that_is_wanted(tmp_path: Path) -> None:
    made = crowd(tmp_path / "home", shared=2, alone=1, more={"mergeMethod": "merge"})
    made.walk()
    made.assert_merged(merges=True)


@pytest.mark.thorough
def test_a_daemon_that_is_killed_in_the_middle_merges_nothing_twice(tmp_path: Path) -> None:
    made = crowd(tmp_path / "home", shared=3, alone=1 if not CHAOS else 5)
    for _ in range(KILLS):
        daemon = made.daemon()
        let_pass(random.uniform(0.3, 1.5))  # a moment, not a wait
        daemon.kill()
    made.walk()
    made.assert_merged()
