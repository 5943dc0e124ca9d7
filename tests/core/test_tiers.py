"""Tiers of tickets: what can run side by side, the longest chain, and what never starts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.model import Key
from orchestrator.core.show.tiers import Tiers, tiers


def of(blocked_by: dict[str, list[str]], complete: str = "", plan: str = "p") -> Tiers:
    """Names with a slash are of other plans; those of plan p are its tickets."""

    def key(name: str) -> Key:
        other, _, ticket = name.rpartition("/")
        return Key(other or plan, ticket)

    waits = {key(name): [key(one) for one in found] for name, found in blocked_by.items()}
    own = [one for one in waits if one.plan == plan]
    return tiers(own, lambda one: waits.get(one, []), {key(name) for name in complete.split()})


def names(keys: tuple[Key, ...]) -> list[str]:
    return [key.ticket if key.plan == "p" else str(key) for key in keys]


def test_a_ticket_is_one_tier_below_the_last_of_its_blockers() -> None:
    found = of({"a": [], "b": [], "c": ["a"], "d": ["a", "c"], "e": ["b"]})
    assert [names(tier) for tier in found.tiers] == [["a", "b"], ["c", "e"], ["d"]]
    assert names(found.critical) == ["a", "c", "d"]


def test_of_equal_chains_the_one_with_most_left_to_do_is_critical_then_the_first() -> None:
    blockers = {"a": [], "b": [], "c": ["a"], "d": ["b"]}
    assert names(of(blockers).critical) == ["a", "c"]
    assert names(of(blockers, complete="a").critical) == ["b", "d"]


def test_a_cycle_and_what_waits_for_it_has_no_tier() -> None:
    found = of({"a": [], "b": ["c"], "c": ["b"], "d": ["c", "a"], "e": ["e"]})
    assert ([names(tier) for tier in found.tiers], names(found.cyclic)) == ([["a"]], ["b", "c", "d", "e"])


def test_a_blocker_that_does_not_exist_counts_for_nothing_here() -> None:
    found = of({"a": ["nope", "q/nope"], "b": ["a"]})
    assert [names(tier) for tier in found.tiers] == [["a"], ["b"]]
    assert names(found.critical) == ["a", "b"]


def test_a_way_through_another_plan_orders_tickets_without_being_counted() -> None:
    found = of({"a": [], "q/x": ["a"], "q/y": ["q/x"], "b": ["q/y"], "c": []})
    assert [names(tier) for tier in found.tiers] == [["a", "c"], ["b"]]
    assert names(found.critical) == ["a", "q/x", "q/y", "b"]


def test_tickets_of_another_plan_make_no_tiers_of_their_own() -> None:
    found = of({"q/x": [], "a": [], "b": ["q/x"], "q/y": ["a"], "c": ["q/y"], "d": ["a"], "e": ["d"]})
    assert [names(tier) for tier in found.tiers] == [["a", "b"], ["c", "d"], ["e"]]


def test_a_cycle_through_another_plan_is_one() -> None:
    assert names(of({"a": ["q/x"], "q/x": ["a"], "b": []}).cyclic) == ["a"]


def test_a_plan_without_tickets_has_no_tiers() -> None:
    assert of({}) == ((), (), ())


def test_a_very_long_chain_is_no_problem() -> None:
    found = of({f"t{i}": [f"t{i - 1}"] if i else [] for i in range(5000)})
    assert len(found.tiers) == len(found.critical) == 5000


@given(st.lists(st.lists(st.integers(0, 11), max_size=3), min_size=1, max_size=12))
def test_every_ticket_is_somewhere_and_below_all_of_its_blockers(found: list[list[int]]) -> None:
    waits = {f"t{i}": [f"t{one}" for one in blockers if one < len(found)] for i, blockers in enumerate(found)}
    made = of(waits)
    depth = {key.ticket: i for i, tier in enumerate(made.tiers) for key in tier}
    assert sorted([*depth, *names(made.cyclic)]) == sorted(waits)
    for name, number in depth.items():
        assert number == max((depth[one] + 1 for one in waits[name]), default=0)
    assert len(made.critical) == len(made.tiers)
