"""What is wrong with a plan and its tickets: small named rules. All of them are linear in the number of tickets.

A value of None in a mapping means: it exists, but cannot be read. Nothing is ever said to be absent because of that.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import chain, islice

import msgspec

from orchestrator.core.checks import check_branches, check_claims, check_entries
from orchestrator.core.checks.check_entries import MAX_HINTS, MAX_NAMED
from orchestrator.core.checks.cycles import address, cycles
from orchestrator.core.model import Key, Plan, PlanEntry, Status, Ticket
from orchestrator.core.problems import Problem, did_you_mean
from orchestrator.core.workflow import Workflow


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan may refer to. None: not looked up, so nothing is said about it."""

    workflows: Mapping[str, Workflow | None] | None = None
    agents: Collection[str] | None = None
    plans: Mapping[str, Plan | None] | None = None
    """All plans, for blockers of the form `<planId>/<ticketId>`."""


class Scope(msgspec.Struct, frozen=True):
    """One plan, with everything that its rules look at."""

    plan: Plan
    tickets: Mapping[str, Ticket | None]
    """By file name."""
    known: Known
    folder: str
    indexes: dict[str, dict[str, PlanEntry]]
    """Entries by ticket id, of this plan and of those that were asked for."""
    open_tickets: list[tuple[str, Ticket]]
    """What is complete needs nothing any more."""

    @property
    def entries(self) -> dict[str, PlanEntry]:
        return self.indexes[self.folder]

    def entries_of(self, plan_id: str) -> dict[str, PlanEntry]:
        """Nothing for a plan that is absent, unreadable or not looked up."""
        if plan_id not in self.indexes:
            plan = (self.known.plans or {}).get(plan_id)
            self.indexes[plan_id] = _by_id(plan) if plan else {}
        return self.indexes[plan_id]

    def blockers(self, key: Key) -> list[Key]:
        entry = self.entries_of(key.plan).get(key.ticket)
        return [address(blocker, key.plan) for blocker in entry.blocked_by] if entry else []

    @property
    def where(self) -> str:
        return f"plan {self.folder}"

    def ticket(self, ticket_id: str) -> str:
        return f"ticket {self.folder}/{ticket_id}"


def plan_problems(
    plan: Plan, tickets: Mapping[str, Ticket | None], known: Known | None = None, folder: str | None = None
) -> list[Problem]:
    """`tickets` by file name (without .json); `folder`: the name of the plan's folder."""
    scope = scope_of(plan, tickets, known or Known(), folder or plan.id)
    return [problem for rule in RULES for problem in rule(scope)]


def scope_of(plan: Plan, tickets: Mapping[str, Ticket | None], known: Known, folder: str) -> Scope:
    is_open = [(name, one) for name, one in tickets.items() if one is not None and one.status is not Status.COMPLETE]
    return Scope(plan, tickets, known, folder, {folder: _by_id(plan)}, is_open)


def _by_id(plan: Plan) -> dict[str, PlanEntry]:
    """Of an id that is there twice the first entry counts."""
    entries: dict[str, PlanEntry] = {}
    for entry in plan.tickets:
        entries.setdefault(entry.ticket_id, entry)
    return entries


# --- blockers -------------------------------------------------------------------------------------------------------


def blocked_by_itself(scope: Scope) -> Iterator[Problem]:
    for name, entry in scope.entries.items():
        if entry.blocked_by and (name in entry.blocked_by or f"{scope.folder}/{name}" in entry.blocked_by):
            hint = f'take "{name}" out of its blockedBy'
            yield Problem(scope.ticket(name), "is blocked by itself", hint=hint, key="blockedBy")


def unknown_blockers(scope: Scope) -> Iterator[Problem]:
    lost = [
        (name, blocker)
        for name, entry in scope.entries.items()
        for blocker in dict.fromkeys(entry.blocked_by)
        if (("/" in blocker) or blocker not in scope.entries) and not _exists(scope, blocker)
    ]
    titles = _titles(scope) if lost else {}
    for i, (name, blocker) in enumerate(lost):
        called = titles.get(" ".join(blocker.split()), [])
        if len(called) > 1:
            yield _ambiguous(scope, name, blocker, called)
            continue
        near = _meant(scope, name, blocker) if i < MAX_HINTS else None
        hint = near or _choice(_others_like(scope, name, blocker))
        yield Problem(scope.ticket(name), f'blockedBy names unknown ticket "{blocker}"', hint=hint, key="blockedBy")


def _titles(scope: Scope) -> dict[str, list[str]]:
    """Ids by title."""
    found: dict[str, list[str]] = {}
    for name, ticket in scope.tickets.items():
        if ticket is not None and ticket.title.strip():
            found.setdefault(" ".join(ticket.title.split()), []).append(name)
    return found


def _ambiguous(scope: Scope, name: str, title: str, called: list[str]) -> Problem:
    some = ", ".join(called[:MAX_NAMED]) + (", …" if len(called) > MAX_NAMED else "")
    what = f'blockedBy names the title "{title}", which is ambiguous: {some} have it'
    others = islice((one for one in called if one != name), MAX_HINTS)
    hint = f"write the id of the one that is meant: {' or '.join(others)}"
    return Problem(scope.ticket(name), what, hint=hint, key="blockedBy")


def _meant(scope: Scope, name: str, blocker: str) -> str | None:
    """By its id; or by its title, since drafts may name that."""
    near = did_you_mean(blocker, _others_like(scope, name, blocker))
    titles = {
        one.title: other for other, one in scope.tickets.items() if one is not None and one.title and other != name
    }
    if near is not None or not did_you_mean(blocker, titles):
        return near
    title = next(one for one in titles if did_you_mean(blocker, [one]) == did_you_mean(blocker, titles))
    return f'did you mean {titles[title]}, "{title}"?'


def _choice(names: Iterator[str]) -> str:
    first = list(islice(names, MAX_HINTS + 1))
    if not first:
        return "there is no other ticket: take it out"
    more = ", …" if len(first) > MAX_HINTS else ""
    return f"there are {', '.join(first[:MAX_HINTS])}{more}: name one of them, or take it out"


def _exists(scope: Scope, blocker: str) -> bool:
    key = address(blocker, scope.folder)
    plans = scope.known.plans
    if key.plan == scope.folder or (plans is not None and plans.get(key.plan, scope.plan) is not None):
        return key.ticket in scope.entries_of(key.plan)
    return plans is None or key.plan in plans


def _others_like(scope: Scope, name: str, blocker: str) -> Iterator[str]:
    """What the blocker may have been meant to be; never the ticket itself."""
    if "/" not in blocker:
        return (other for other in scope.entries if other != name)
    plans = {folder: plan for folder, plan in (scope.known.plans or {}).items() if folder != scope.folder}
    own = (f"{scope.folder}/{other}" for other in scope.entries if other != name)
    return chain(
        (f"{folder}/{entry.ticket_id}" for folder, plan in plans.items() if plan for entry in plan.tickets), own
    )


def cyclic(scope: Scope) -> Iterator[Problem]:
    """A cycle that only passes through other plans is theirs to report."""
    for loop in cycles((Key(scope.folder, name) for name in scope.entries), scope.blockers):
        own = [i for i, key in enumerate(loop) if key.plan == scope.folder]
        if own:
            loop = loop[own[0] :] + loop[: own[0]]
            names = [key.ticket if key.plan == scope.folder else str(key) for key in [*loop, loop[0]]]
            if len(names) > MAX_NAMED:
                names[MAX_NAMED // 2 : -MAX_NAMED // 2] = [f"… {len(names) - MAX_NAMED} more …"]
            hint = f'each is blocked by the next; remove one blocker, such as "{names[1]}" of {names[0]}'
            what = f"is in a cycle: {' → '.join(names)}"
            yield Problem(scope.ticket(names[0]), what, hint=hint, key="blockedBy")


# --- workflow, agent, repo, worktree --------------------------------------------------------------------------------


def workflows(scope: Scope) -> Iterator[Problem]:
    known = scope.known.workflows
    if known is None:
        return
    if scope.plan.workflow is not None and scope.plan.workflow not in known:
        yield _unknown(scope.where, "workflow", scope.plan.workflow, known)
    for name, ticket in scope.open_tickets:
        if ticket.workflow is not None and ticket.workflow not in known:
            if ticket.workflow == scope.plan.workflow:
                continue  # said of the plan
            yield _unknown(scope.ticket(name), "workflow", ticket.workflow, known)
        elif (ticket.workflow or scope.plan.workflow) is None:
            hint = '"standard" counts; set workflow in the ticket or in plan.json'
            yield Problem(scope.ticket(name), "has no workflow", "warning", hint, key="workflow")


def phases(scope: Scope) -> Iterator[Problem]:
    """A ticket in a phase that its workflow does not have (any more)."""
    for name, ticket in scope.open_tickets:
        workflow = (scope.known.workflows or {}).get(ticket.workflow or scope.plan.workflow or "")
        if workflow and ticket.current_phase and workflow.phase(ticket.current_phase) is None:
            yield _unknown(scope.ticket(name), "currentPhase", ticket.current_phase, [p.id for p in workflow.phases])


def agents(scope: Scope) -> Iterator[Problem]:
    known = scope.known.agents
    if known is None:
        return
    if scope.plan.agent is not None and scope.plan.agent not in known:
        yield _unknown(scope.where, "agent", scope.plan.agent, known)
    if scope.plan.review_agent is not None and scope.plan.review_agent not in known:
        yield _unknown(scope.where, "reviewAgent", scope.plan.review_agent, known)
    for name, ticket in scope.open_tickets:
        if ticket.agent is not None and ticket.agent not in known and ticket.agent != scope.plan.agent:
            yield _unknown(scope.ticket(name), "agent", ticket.agent, known)


def _unknown(where: str, kind: str, name: str, known: Collection[str]) -> Problem:
    hint = did_you_mean(name, known) or (f"there are {', '.join(sorted(known))}" if known else "there is none")
    return Problem(where, f'unknown {kind} "{name}"', hint=hint, key=kind)


def places(scope: Scope) -> Iterator[Problem]:
    for name, ticket in scope.open_tickets:
        if not (ticket.repo or scope.plan.repo):
            yield Problem(
                scope.ticket(name),
                "has no repo",
                hint="set repo in the ticket, or in the plan for all: --repo DIR",
                key="repo",
            )
        if not (ticket.worktree or scope.plan.worktree_root):
            hint = "it will be in the home's worktrees folder; set worktree in the ticket or worktreeRoot in plan.json"
            yield Problem(
                scope.ticket(name), "has no worktree, and the plan no worktreeRoot", "warning", hint, key="worktree"
            )


def relative_paths(scope: Scope) -> Iterator[Problem]:
    """Relative to what? The runner may be started anywhere."""
    for key, path in (("repo", scope.plan.repo), ("worktreeRoot", scope.plan.worktree_root)):
        if path and not path.startswith(("/", "~")):
            yield _relative(scope.where, key, path)
    for name, ticket in scope.open_tickets:
        for key, path in (("repo", ticket.repo), ("worktree", ticket.worktree)):
            if path and not path.startswith(("/", "~")):
                yield _relative(scope.ticket(name), key, path)


def _relative(where: str, key: str, path: str) -> Problem:
    return Problem(where, f'{key} is a relative path: "{path}"', hint="write it from the root, or from ~", key=key)


def same_worktree(scope: Scope) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    root = scope.plan.worktree_root
    for name, ticket in scope.open_tickets:
        worktree = ticket.worktree or (f"{root.rstrip('/')}/{name}" if root else None)
        if worktree:
            owner = owners.setdefault(posixpath.normpath(worktree), name)
            if owner != name:
                hint = "give it a worktree of its own, or leave worktree out: it is worktreeRoot and its id"
                what = f'has the same worktree as {owner}: "{worktree}"'
                yield Problem(scope.ticket(name), what, hint=hint, key="worktree")


RULES: tuple[Callable[[Scope], Iterator[Problem]], ...] = (
    check_entries.wrong_ids,
    check_entries.entries_twice,
    check_entries.entries_without_file,
    check_entries.files_without_entry,
    check_entries.left_behind,
    blocked_by_itself,
    unknown_blockers,
    cyclic,
    workflows,
    phases,
    agents,
    places,
    relative_paths,
    check_branches.names_that_git_refuses,
    check_branches.same_branch,
    check_branches.branch_is_base,
    same_worktree,
    check_claims.stacks,
)
