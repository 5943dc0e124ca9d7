from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from orchestrator.core.checks.check import Known, plan_problems, resource_problems, variable_problems, workflow_problems
from orchestrator.core.checks.cycles import cycles
from orchestrator.core.model import Key, Plan, PlanEntry, PlanStatus, Status, Ticket
from orchestrator.core.workflow import Phase, Workflow
from tests.factories import agent, entry, plan, poll, script, terminal, ticket, workflow


def said(checked: Workflow) -> list[tuple[str, str | None, tuple[str | int, ...], str]]:
    return [(found.severity, found.phase, found.path, found.what) for found in workflow_problems(checked)]


# --- workflows


def test_a_sound_workflow_has_no_problems() -> None:
    loop = workflow(
        script("a", "b", on_failure="retry"),
        agent("b", "c", on_failure="a"),
        poll("c", "done", on_exit={3: "old"}),
        terminal(),
        aliases={"old": "b"},
    )
    assert workflow_problems(loop) == []


def test_every_target_must_exist() -> None:
    checked = workflow(script("work", "wrk", on_failure="doen", on_exit={3: "done", 4: "x"}), terminal())
    assert [found for found in said(checked) if found[0] == "error"] == [
        ("error", "work", ("phases", 0, "onSuccess"), 'onSuccess names unknown phase "wrk"'),
        ("error", "work", ("phases", 0, "onFailure"), 'onFailure names unknown phase "doen"'),
        ("error", "work", ("phases", 0, "onExit", "4"), 'onExit 4 names unknown phase "x"'),
    ]
    hints = [found.hint for found in workflow_problems(checked)]
    assert hints[:3] == ["did you mean work?", "did you mean done?", "there are work, done"]


def test_retry_is_a_target_for_failures_only() -> None:
    whats = [what for *_, what in said(workflow(script("a", "retry", on_failure="retry"), terminal()))]
    assert whats[0] == 'onSuccess names unknown phase "retry"'
    assert not any("onFailure" in what for what in whats)


def test_an_id_is_there_once_and_can_name_a_directory() -> None:
    checked = workflow(script("a", "done"), terminal(), terminal("a"), terminal("x/y"), terminal("x\ny"))
    assert {what for severity, *_, what in said(checked) if severity == "error"} == {
        'phase id "a" is there twice', "'x/y' cannot be a phase id", "'x\\ny' cannot be a phase id",
    }  # fmt: skip


def test_aliases_lead_to_phases_and_hide_none() -> None:
    aliases = {"old": "dnoe", "chain": "old", "work": "done"}
    assert said(workflow(aliases=aliases)) == [
        ("error", None, ("aliases", "old"), 'alias "old" names unknown phase "dnoe"'),
        ("error", None, ("aliases", "chain"), 'alias "chain" names unknown phase "old"'),
        ("warning", None, ("aliases", "work"), 'alias "work" has no effect: there is a phase of that id'),
    ]


def test_a_phase_that_nothing_leads_to_is_a_warning() -> None:
    assert said(workflow(script("a", "done"), terminal(), script("lost", "done"))) == [
        ("warning", "lost", ("phases", 2, "id"), "cannot be reached from the first phase, a")
    ]


def test_every_kind_of_way_is_followed_but_none_out_of_a_terminal_phase() -> None:
    checked = workflow(
        script("a", on_exit={2: "b"}), script("b", on_failure="old"), terminal("c", on_success="d"), terminal("d"),
        aliases={"old": "c"},
    )  # fmt: skip
    assert [phase for _, phase, *_ in said(checked)] == ["d"]


def test_a_typo_in_a_target_does_not_make_the_phase_behind_it_unreachable_too() -> None:
    assert [what for *_, what in said(workflow(script("work", "finsh"), terminal("finish")))] == [
        'onSuccess names unknown phase "finsh"'
    ]


def test_no_terminal_within_reach_is_a_warning() -> None:
    assert said(workflow(script("a", "b"), script("b", "a"), terminal()))[1:] == [
        ("warning", None, ("phases",), "no terminal phase can be reached from the first phase, a")
    ]


def test_a_workflow_without_phases_is_an_error_and_nothing_else() -> None:
    assert said(Workflow(name="w", phases=())) == [("error", None, ("phases",), "phases is empty")]


def test_missing_scripts_and_prompts_are_warnings_that_say_where_was_looked() -> None:
    checked = workflow(script("a", "b"), agent("b", "c"), poll("c", "done"), terminal())
    found = resource_problems(
        checked,
        lambda name: name == "run.sh",
        lambda name: False,
        script_path=("/h/scripts", "/b"),
        prompt_path=("/p",),
    )
    assert [(one.severity, one.path, one.what) for one in found] == [
        ("warning", ("phases", 1, "promptTemplate"), "missing prompt b.md (looked in /p)"),
        ("warning", ("phases", 2, "command"), "missing script check.sh (looked in /h/scripts, /b)"),
    ]


def test_an_agent_that_the_config_does_not_define_is_an_error_that_lists_those_it_does() -> None:
    checked = workflow(agent("a", "b", agent="claud"), agent("b", "done"), terminal())

    def found(agents: list[str] | None) -> list[tuple[Any, ...]]:
        problems = resource_problems(checked, lambda _: True, lambda _: True, agents=agents)
        return [(one.severity, one.path, one.what, one.hint) for one in problems]

    assert found(["pi", "claude"]) == [
        ("error", ("phases", 0, "agent"), 'unknown agent "claud"', "the config defines claude, pi")
    ]
    assert found([])[0][3] == "the config defines no agent"
    assert found(["claud"]) == found(None) == []


def test_a_variable_that_nothing_defines_is_a_warning_with_its_place() -> None:
    checked = workflow(script("a", "b", capture={"pr": "stdout"}), agent("b", "done"), terminal())
    uses: dict[str, list[tuple[str, str, int | None]]] = {
        "a": [("pr", "args.1", 1), ("context.pr", "args.1", 1), ("titel", "args.1", 1), ("titel", "args.1", 1)],
        "b": [("title", "promptTemplate", 1), ("context.px", "promptTemplate", 12)],
    }

    def names_used(phase: Phase) -> list[tuple[str, str, int | None]]:
        return uses.get(phase.id, [])

    found = variable_problems(checked, names_used, frozenset({"title"}))
    assert [(one.severity, one.path, one.what, one.hint) for one in found] == [
        ("warning", ("phases", 0, "args", 1), "args.1 uses the variable titel, which nothing defines",
         "did you mean title?"),
        ("warning", ("phases", 1, "promptTemplate"),
         "promptTemplate uses the variable context.px, which nothing defines (line 12 of the prompt)",
         "did you mean context.pr?"),
    ]  # fmt: skip


# --- plans


def lines(checked: Plan, *tickets: Ticket, known: Known | None = None, **fields: Any) -> list[str]:
    """The problems of a plan whose repo and worktreeRoot are set, with a file for each ticket given."""
    return [str(p) for p in plan_problems(checked, {one.ticket_id: one for one in tickets}, known, **fields)]


def placed(*tickets: str | PlanEntry, **fields: Any) -> Plan:
    return plan(*tickets, **{"repo": "/repo", "worktree_root": "/trees", "workflow": "w", **fields})


def test_a_sound_plan_has_no_problems() -> None:
    checked = placed("a", entry("b", "a"), entry("c", "a", "p2/x"))
    known = Known(workflows={"w": workflow()}, agents=["claude"], plans={"p1": checked, "p2": plan("x", id="p2")})
    assert lines(checked, ticket("a"), ticket("b", agent="claude"), ticket("c"), known=known) == []


def test_what_a_complete_plan_leaves_behind_is_told_since_only_a_command_reopens_it() -> None:
    checked = placed("a", "b", "c", status=PlanStatus.COMPLETE)
    tickets = [ticket("a", status=Status.COMPLETE), ticket("b"), ticket("c", status=Status.READY)]
    told = lines(checked, *tickets)
    assert [line[: line.index("(") - 1] for line in told] == ["plan p1: is complete, so these never start: b, c"]
    assert lines(replace(checked, status=PlanStatus.ACTIVE), *tickets) == []


@pytest.mark.parametrize("blocker", ["a", "p1/a"])
def test_a_ticket_that_blocks_itself_is_reported_once(blocker: str) -> None:
    (said,) = lines(placed(entry("a", blocker)), ticket("a"))
    assert said.startswith("ticket p1/a: is blocked by itself (")


def test_a_cycle_is_named_from_the_first_of_its_tickets() -> None:
    checked = placed("x", entry("a", "x", "b"), entry("b", "p1/c"), entry("c", "a"), entry("d", "a"))
    assert lines(checked, *map(ticket, "xabcd")) == [
        'ticket p1/a: is in a cycle: a → b → c → a (each is blocked by the next; remove one blocker, such as "b" of a)'
    ]


def test_separate_cycles_are_all_named() -> None:
    checked = placed(entry("a", "b"), entry("b", "a"), entry("c", "d"), entry("d", "c"))
    assert [line.partition(" (")[0] for line in lines(checked, *map(ticket, "abcd"))] == [
        "ticket p1/a: is in a cycle: a → b → a",
        "ticket p1/c: is in a cycle: c → d → c",
    ]


def test_a_cycle_through_other_plans_is_reported_by_each_of_them() -> None:
    one = placed(entry("a", "p2/x"))
    two = placed(entry("x", "y"), entry("y", "p1/a"), id="p2")
    three = placed(entry("z", "p1/a"), id="p3")
    known = Known(plans={"p1": one, "p2": two, "p3": three})
    assert "p1/a: is in a cycle: a → p2/x → p2/y → a" in lines(one, ticket("a"), known=known)[0]
    of_two = lines(two, ticket("x", "p2"), ticket("y", "p2"), known=known)
    assert "p2/x: is in a cycle: x → y → p1/a → x" in of_two[0]
    assert lines(three, ticket("z", "p3"), known=known) == []


def test_an_unknown_blocker_is_reported_with_a_suggestion() -> None:
    checked = placed("PROJ-101", entry("PROJ-102", "PROJ-110", "p2/x-1", "p3/q", "PROJ-101"))
    known = Known(plans={"p1": checked, "p2": plan("x-2", id="p2")})
    assert lines(checked, ticket("PROJ-101"), ticket("PROJ-102"), known=known) == [
        'ticket p1/PROJ-102: blockedBy names unknown ticket "PROJ-110" (did you mean PROJ-101?)',
        'ticket p1/PROJ-102: blockedBy names unknown ticket "p2/x-1" (did you mean p2/x-2?)',
        'ticket p1/PROJ-102: blockedBy names unknown ticket "p3/q" '
        "(there are p2/x-2, p1/PROJ-101: name one of them, or take it out)",
    ]


def test_blockers_in_plans_that_cannot_be_read_or_were_not_looked_at_are_not_called_unknown() -> None:
    checked = placed(entry("a", "p2/x"))
    assert lines(checked, ticket("a"), known=Known(plans={"p2": None})) == []
    assert lines(checked, ticket("a")) == []


def test_entries_and_files_must_match() -> None:
    checked = placed("PROJ-1", "b", "b", "b")
    assert lines(checked, ticket("PROJ-I"), ticket("b")) == [
        "ticket p1/b: plan.json lists it 3 times (the first counts; remove the others, or give them ids of their own)",
        "ticket p1/PROJ-1: plan.json lists it, but there is no tickets/PROJ-1.json (did you mean PROJ-I?)",
        "ticket p1/PROJ-I: plan.json does not list it, so it never starts "
        '(add {"ticketId": "PROJ-I", "order": 1, "blockedBy": []} to tickets in plan.json)',
    ]


def test_a_ticket_file_that_cannot_be_read_is_there() -> None:
    assert plan_problems(placed("a"), {"a": None}) == []


def test_ids_must_be_ids_and_agree_with_the_path() -> None:
    assert lines(placed("a", id="other"), ticket("a"), folder="p1") == [
        'plan p1: its id "other" disagrees with its folder "p1" (write "id": "p1", or rename the folder)'
    ]
    moved = {"a": ticket("b", "p2")}
    assert [str(p) for p in plan_problems(placed("a"), moved)] == [
        'ticket p1/a: its planId and ticketId say "p2/b", its path says "p1/a" '
        '(write "planId": "p1" and "ticketId": "a", or rename the file)'
    ]
    assert [p.what for p in plan_problems(placed("../x", id="a b"), {"../x": ticket("../x", "a b")})] == [
        '"a b" cannot be a plan id',
        '"../x" cannot be a ticket id',
    ]


def test_workflows_and_agents_must_be_known() -> None:
    checked = placed("a", "b", "c", workflow="standrd", agent="x")
    tickets = [ticket("a", workflow="wrong"), ticket("b", workflow=None), ticket("c", workflow="local", agent="claud")]
    known = Known(workflows={"standard": None, "local": workflow()}, agents=["claude", "pi"])
    assert lines(checked, *tickets, known=known) == [
        'plan p1: unknown workflow "standrd" (did you mean standard?)',
        'ticket p1/a: unknown workflow "wrong" (there are local, standard)',
        'plan p1: unknown agent "x" (there are claude, pi)',
        'ticket p1/c: unknown agent "claud" (did you mean claude?)',
    ]
    assert lines(checked, *tickets) == []


def test_without_a_workflow_from_anywhere_it_warns_which_one_counts() -> None:
    checked = placed("a", workflow=None)
    assert lines(checked, ticket("a", workflow=None), known=Known(workflows={})) == [
        'ticket p1/a: has no workflow ("standard" counts; set workflow in the ticket or in plan.json)'
    ]


def test_the_current_phase_must_be_one_of_the_workflow() -> None:
    known = Known(workflows={"w": workflow(aliases={"old": "work"}), "broken": None})
    phases = {"a": "wrok", "b": "old", "c": None, "d": "done"}
    tickets = [ticket(name, current_phase=phase) for name, phase in phases.items()]
    tickets.append(ticket("e", workflow="broken", current_phase="any"))
    assert lines(placed(*"abcde"), *tickets, known=known) == [
        'ticket p1/a: unknown currentPhase "wrok" (did you mean work?)'
    ]


def test_repo_and_worktree_must_come_from_the_ticket_or_the_plan() -> None:
    checked = placed("a", "b", repo=None, worktree_root=None)
    assert lines(checked, ticket("a", repo="/r", worktree="/t"), ticket("b")) == [
        "ticket p1/b: has no repo (set repo in the ticket, or in the plan for all: --repo DIR)",
        "ticket p1/b: has no worktree, and the plan no worktreeRoot "
        "(it will be in the home's worktrees folder; set worktree in the ticket or worktreeRoot in plan.json)",
    ]


def test_a_relative_path_is_a_problem_for_nobody_knows_to_what() -> None:
    tickets = [ticket("a", worktree="trees/a"), ticket("b", repo="~/src"), ticket("c", repo="src", worktree="~/c")]
    assert lines(placed(*"abc"), *tickets) == [
        'ticket p1/a: worktree is a relative path: "trees/a" (write it from the root, or from ~)',
        'ticket p1/c: repo is a relative path: "src" (write it from the root, or from ~)',
    ]


def test_two_open_tickets_share_neither_branch_nor_worktree() -> None:
    checked = placed(*"abcde")
    tickets = [
        ticket("a", branch="x"),
        ticket("b", branch="x"),
        ticket("c", branch="x", repo="/another"),
        ticket("d", worktree="/trees/./a/"),
        ticket("e", branch="x", worktree="/trees/a", status=Status.COMPLETE),
    ]
    assert [line.partition(" (")[0] for line in lines(checked, *tickets)] == [
        'ticket p1/b: has the same branch as a: "x"',
        'ticket p1/d: has the same worktree as a: "/trees/./a/"',
    ]


def test_a_complete_ticket_needs_nothing_any_more() -> None:
    bare = plan("a", workflow="gone")
    gone = ticket("a", workflow="gone", agent="gone", status=Status.COMPLETE)
    assert lines(bare, gone, known=Known(workflows={"w": None}, agents=[])) == [
        'plan p1: unknown workflow "gone" (there are w)'
    ]


def test_ten_thousand_tickets_in_one_cycle_are_named_in_a_line() -> None:
    entries = [entry(str(i), str((i + 1) % 10_000)) for i in range(10_000)]
    problems = plan_problems(placed(*entries), {str(i): ticket(str(i)) for i in range(10_000)})
    assert len(problems) == 1
    assert problems[0].what.startswith("is in a cycle: 0 → 1 → 2")
    assert "… 9981 more …" in problems[0].what


@pytest.mark.parametrize("shape", ["chain", "fan", "nested", "dense", "random"])
def test_the_search_for_cycles_looks_at_each_ticket_once(shape: str) -> None:
    size, asked = 2_000, 0
    rng = random.Random(7)
    ways = {
        "chain": lambda i: [i + 1] if i + 1 < size else [],
        "fan": lambda i: list(range(max(0, i - 10), i)),
        "nested": lambda i: [size - 1 - i, i + 1] if size // 2 < i < size - 1 else [(i + 1) % size],
        "dense": lambda i: [(i + step) % size for step in range(1, 20)],
        "random": lambda i: [rng.randrange(size) for _ in range(3)],
    }

    def blockers(key: Key) -> list[Key]:
        nonlocal asked
        asked += 1
        return [Key("p", str(other)) for other in ways[shape](int(key.ticket))]

    loops = list(cycles((Key("p", str(i)) for i in range(size)), blockers))
    assert asked <= size
    assert sum(map(len, loops)) <= size


GRAPH = st.dictionaries(st.integers(0, 7), st.frozensets(st.integers(0, 7), max_size=3), max_size=8)


@given(GRAPH)
def test_a_cycle_is_found_exactly_when_there_is_one(graph: dict[int, frozenset[int]]) -> None:
    def blockers(key: Key) -> list[Key]:
        return [Key("p", str(other)) for other in sorted(graph.get(int(key.ticket), ()))]

    loops = [[int(key.ticket) for key in loop] for loop in cycles((Key("p", str(i)) for i in graph), blockers)]
    for loop in loops:
        assert len(loop) > 1
        assert all(after in graph[before] for before, after in zip(loop, loop[1:] + loop[:1], strict=True))
    assert bool(loops) == _has_cycle({node: others - {node} for node, others in graph.items()})


def _has_cycle(graph: dict[int, frozenset[int]]) -> bool:
    """By taking away what waits for nothing, until nothing changes."""
    left = dict(graph)
    while free := [node for node, others in left.items() if not others & left.keys()]:
        for node in free:
            del left[node]
    return bool(left)
