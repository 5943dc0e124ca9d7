"""What a check says of stacks, of files that tickets touch, and of lanes where there is none."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.core.checks.check_plan import Known, plan_problems
from orchestrator.core.checks.check_touches import overlap_hints
from orchestrator.core.model import Plan, Status, Ticket
from tests.factories import entry, plan, script, terminal, ticket, workflow

FORGE = workflow(script("open", "done", capture={"pr_number": "stdout"}), terminal(), name="w")
LOCAL = workflow(name="w")


def said(made: Plan, *tickets: Ticket, flow: Any = FORGE) -> list[str]:
    found = plan_problems(made, {one.ticket_id: one for one in tickets}, Known(workflows={"w": flow}))
    stacks = [problem.what for problem in found if "stack" in problem.what]
    return [*stacks, *(problem.what for problem in overlap_hints(made, tickets))]


def tickets(*ids: str, **fields: Any) -> list[Ticket]:
    return [ticket(id, repo="/repo", worktree=f"/wt/{id}", **fields) for id in ids]


def test_a_stack_on_nothing_has_no_effect() -> None:
    found = said(plan("a"), *tickets("a", stack=True))
    assert found == ["stack has no effect: nothing blocks it"]
    assert said(plan("a", stack=True), *tickets("a")) == []


def test_a_blocker_that_opens_no_pull_request_cannot_be_stacked_on() -> None:
    made = plan("a", entry("b", "a"), stack=True)
    why = "stack has no effect: its blocker a opens no pull request (workflow w captures no pr_number)"
    assert said(made, *tickets("a", "b"), flow=LOCAL) == [why]
    assert said(made, *tickets("a", "b")) == []


def test_a_blocker_of_another_repository_cannot_be_stacked_on() -> None:
    a, b = ticket("a", repo="/one"), ticket("b", repo="/two", stack=True)
    assert said(plan("a", entry("b", "a")), a, b) == ["stack has no effect: its blocker a is of another repository"]


def test_one_of_several_blockers_is_enough() -> None:
    made = plan("a", "b", entry("c", "a", "b"))
    a, b, c = ticket("a", repo="/one"), ticket("b", repo="/two"), ticket("c", repo="/two", stack=True)
    assert said(made, a, b, c) == []


def test_tickets_that_would_wait_for_each_other_are_named() -> None:
    a, b = ticket("a", touches=("src/**",)), ticket("b", touches=("docs/*", "src/x.py"))
    what = 'touches the same files as b ("src/**", "src/x.py"): one waits until the other has ended'
    assert said(plan("a", "b"), a, b) == [what]


@pytest.mark.parametrize(
    ("made", "more"),
    [
        (plan("a", "b", allow_overlap=True), {}),
        (plan("a", entry("b", "a")), {}),
        (plan("a", "m", entry("b", "m")), {"repo": "/elsewhere"}),
        (plan("a", "b"), {"status": Status.COMPLETE}),
    ],
    ids=["allowed", "blocked", "another repository", "complete"],
)
def test_there_is_nothing_to_say_where_nobody_waits(made: Plan, more: dict[str, Any]) -> None:
    assert said(made, ticket("a", touches=("src/**",)), ticket("b", touches=("src/**",), **more)) == []


def test_who_comes_before_another_one_by_way_of_a_third_does_not_wait_either() -> None:
    made = plan("a", entry("m", "a"), entry("b", "m"))
    assert said(made, ticket("a", touches=("x",)), ticket("m"), ticket("b", touches=("x",))) == []


def test_each_is_named_once_with_those_that_it_would_wait_for() -> None:
    made = plan("a", "b", "c", entry("d", "a"), "e")
    found = said(made, *(ticket(name, touches=("src/**",)) for name in "abcde"))
    assert [line.partition(":")[0] for line in found] == [
        'touches the same files as b ("src/**", "src/**"), c, e',
        'touches the same files as c ("src/**", "src/**"), d, e',
        'touches the same files as d ("src/**", "src/**"), e',
        'touches the same files as e ("src/**", "src/**")',
    ]


def test_of_thousands_that_overlap_the_first_are_named_and_the_others_counted() -> None:
    names = [f"t{n}" for n in range(2000)]
    found = said(plan(*names), *(ticket(name, touches=("src/**",)) for name in names))
    assert len(found) == 101
    assert found[0].endswith("t2, t3 and 1,996 more: they wait for each other")
    assert found[-1] == "1,899 more tickets touch the same files as others"


def test_the_last_two_of_thousands_are_found() -> None:
    names = [f"t{n}" for n in range(1000)]
    tickets = [ticket(name, touches=(f"src/{name}/*",)) for name in names]
    tickets[-1] = ticket("t999", touches=("src/t99*/x",))
    assert len(said(plan(*names), *tickets)) == 10
