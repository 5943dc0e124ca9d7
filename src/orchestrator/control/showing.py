"""What `status` shows a person: the plans as views, and everything that is wrong.

The law: what cannot be read is told, never left out.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from orchestrator.adapters.catalog import Catalog
from orchestrator.adapters.places import Places
from orchestrator.adapters.state import persons
from orchestrator.adapters.state.index import Index
from orchestrator.control.holding import holds
from orchestrator.control.reading import checked_id, everything, unusable
from orchestrator.control.reviews import words_of
from orchestrator.core.budgets import Budgets
from orchestrator.core.checks.check_plan import Known, plan_problems
from orchestrator.core.model import Plan, Status, Ticket
from orchestrator.core.problems import Problem, did_you_mean
from orchestrator.core.settings import Config
from orchestrator.core.show.overview import ORDER, SMALL, Overview, overview, total
from orchestrator.core.show.views import PlanView, plan_view
from orchestrator.core.times import epoch_or
from orchestrator.core.workflow import Workflow
from orchestrator.errors import CannotRunError, UsageError

if TYPE_CHECKING:
    from orchestrator.core.accounts import Account
    from orchestrator.core.rules import Rules
    from orchestrator.engine.home import Home
    from orchestrator.engine.limits.purse import Purse

DEFAULT_WORKFLOW = "standard"


class Shown(NamedTuple):
    plans: tuple[PlanView, ...]
    problems: tuple[Problem, ...]
    overview: Overview | None = None
    """Instead of the plans, where there are too many tickets for anybody to read."""
    accounts: tuple[Account, ...] = ()
    """Those that are held."""
    over: tuple[str, ...] = ()
    """Budgets that are used up, in words."""


class Asked(NamedTuple):
    """Which tickets shall be shown."""

    plan: str | None = None
    states: frozenset[str] = frozenset()
    """Empty: all."""
    every: bool = False
    """All of them, however many there are."""

    @property
    def is_narrow(self) -> bool:
        """Somebody has said what they want to see, and sees all of it."""
        return self.plan is not None or bool(self.states) or self.every


EVERYTHING = Asked()


class Workflows(Mapping[str, Workflow | None]):
    """By name; read when they are looked at. None: it cannot be used."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._names = dict.fromkeys(catalog.names())
        self._read: dict[str, Workflow | None] = {}

    def __getitem__(self, name: str) -> Workflow | None:
        if name not in self._read:
            self._read[name] = self._look(name)
        return self._read[name]

    def _look(self, name: str) -> Workflow | None:
        if name not in self._names:
            raise KeyError(name)
        try:
            return self._catalog.workflow(name)
        except CannotRunError:
            return None

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Scene:
    """Everything that a look at the plans needs, read once."""

    def __init__(self, config: Config, keep: dict[str, bytes] | None = None, index: Index | None = None) -> None:
        """`keep`: gets the content of ticket files. `index`: what was read already."""
        self.config = config
        self.places = Places(config)
        self.catalog = Catalog(config)
        self.index: Index = everything(self.places, keep) if index is None else index
        self._workflows = Workflows(self.catalog)
        self._known: Known | None = None
        self._home: Home | None = None

    @property
    def known(self) -> Known:
        if self._known is None:
            plans: dict[str, Plan | None] = {**dict.fromkeys(self.held_plans()), **self.index.board.plans}
            self._known = Known(workflows=self._workflows, agents=self.config.settings.agents, plans=plans)
        return self._known

    def forget_known(self) -> None:
        """A plan was laid on the board that is not written."""
        self._known = None

    def held_plans(self) -> list[str]:
        """Plans whose plan.json cannot be used."""
        return [Path(path).parent.name for path in self.index.problems if path.endswith("/plan.json")]

    def workflow(self, ticket: Ticket) -> Workflow | None:
        plan = self.index.board.plans.get(ticket.plan_id)
        name = ticket.workflow or (plan.workflow if plan else None) or DEFAULT_WORKFLOW
        return self._workflows.get(name)

    def rules(self, ticket: Ticket) -> Rules:
        """As the runner has them, in what a view needs of them."""
        return self.home.rules(ticket)

    @property
    def home(self) -> Home:
        from orchestrator.engine.home import Home

        if self._home is None:
            self._home = Home(self.config)
            self._home.plans = self.index.board.plans
        return self._home

    def purse(self) -> Purse | None:
        """What is used up of budgets; None where nobody has set one."""
        board = self.index.board
        if self.config.settings.budgets == Budgets() and not board.budgeted and not board.dated:
            return None
        from orchestrator.engine.limits.purse import Purse

        return Purse(self.home, board)

    def plans(self) -> list[Plan]:
        """In the order in which they were made."""
        return sorted(self.index.board.plans.values(), key=lambda plan: (epoch_or(plan.created_at, 0), plan.id))

    def plan(self, plan_id: str) -> Plan:
        """Raises NotFoundError, UnreadableError."""
        plan = self.index.board.plans.get(checked_id("plan", plan_id))
        if plan is None:
            near = did_you_mean(plan_id, self.index.board.plans)
            absent = f'there is no plan "{plan_id}" in {self.places.plans}{f" ({near})" if near else ""}'
            raise unusable(self.index, str(self.places.plan_file(plan_id)), absent)
        return plan

    def problems_of(self, plan: Plan) -> list[Problem]:
        """Files of the plan that cannot be used, then what is wrong between those that can."""
        board = self.index.board
        tickets: dict[str, Ticket | None] = {ticket.ticket_id: ticket for ticket in board.of_plan(plan.id)}
        held = self.file_problems(plan.id)
        for path in self.index.problems:
            if path.startswith(f"{self.places.tickets(plan.id)}{os.sep}"):
                tickets[Path(path).stem] = None
        return [*held, *plan_problems(plan, tickets, self.known, plan.id), *self._unusable_workflows(plan)]

    def _unusable_workflows(self, plan: Plan) -> Iterator[Problem]:
        """Those that tickets of the plan go by, and that have errors."""
        tickets = [one for one in self.index.board.of_plan(plan.id) if one.status is not Status.COMPLETE]
        used = {one.workflow or plan.workflow or DEFAULT_WORKFLOW for one in tickets}
        for name in sorted(used):
            if name in self._workflows and self._workflows[name] is None:
                hint = f"`orchestrator workflow check {name}` says why"
                own = [f"ticket {one.key}" for one in tickets if one.workflow == name != plan.workflow]
                for where in own or [f"plan {plan.id}"]:
                    yield Problem(where, f'workflow "{name}" cannot be used', hint=hint)

    def file_problems(self, plan_id: str) -> list[Problem]:
        folder = f"{self.places.plans / plan_id}{os.sep}"
        return [one for path, found in self.index.problems.items() if path.startswith(folder) for one in found]


def named_states(words: Iterable[str]) -> frozenset[str]:
    """The states that `failed,running` names. Raises UsageError."""
    named = frozenset(word.strip().lower().replace("-", "_") for one in words for word in one.split(","))
    for name in sorted(named):
        if name not in ORDER:
            near = did_you_mean(name, ORDER)
            hint = f" ({near})" if near else ""
            raise UsageError(f'--status: there is no status "{name}"{hint}; known are {", ".join(ORDER)}')
    return named


def status(config: Config, warnings: Iterable[Problem] = (), asked: Asked = EVERYTHING) -> Shown:
    """All plans, or what is asked for. `warnings`: of the configuration.

    Raises NotFoundError, UnreadableError for the one plan that is named.
    """
    return shown(Scene(config), warnings, asked)


def shown(scene: Scene, warnings: Iterable[Problem] = (), asked: Asked = EVERYTHING) -> Shown:
    """The same of what was read already."""
    plans = [scene.plan(asked.plan)] if asked.plan is not None else scene.plans()
    board, held = scene.index.board, scene.index.is_held
    accounts, held_of = holds(board, scene.places, lambda: scene.home)
    purse = scene.purse()
    over = tuple(one.words for one in purse.holds()) if purse is not None else ()
    held_of = persons.held_of(scene.places, purse.held_of(held_of) if purse is not None else held_of)
    problems = [problem for plan in plans for problem in scene.problems_of(plan)]
    if asked.plan is None:
        lost = [problem for name in scene.held_plans() for problem in scene.file_problems(name)]
        problems = [*lost, *problems, *_broken(scene.catalog), *_failing(scene), *warnings]
    if not asked.is_narrow and total(board, plans) > SMALL:
        large = overview(board, plans, scene.workflow, held, held_of, words_of(scene.places))
        return Shown((), tuple(problems), large, accounts, over)
    reviews = words_of(scene.places)
    views = tuple(plan_view(board, plan, scene.workflow, held, asked.states, held_of, reviews) for plan in plans)
    return Shown(views, tuple(problems), None, accounts, over)


def _broken(catalog: Catalog) -> list[Problem]:
    """Workflows that cannot be used."""
    return [one for file in catalog.broken() for one in file.problems if one.severity == "error"]


def _failing(scene: Scene) -> Iterator[Problem]:
    """Sources that could not be asked when they were looked at last."""
    if not scene.config.settings.sources:
        return
    from orchestrator.adapters.planning import source_files

    known = source_files.known(scene.places)
    for source in scene.config.settings.sources:
        looked = known.get(source.name)
        if looked is not None and looked.error is not None:
            hint = "`orchestrator import` asks again at once"
            yield Problem(f"source {source.name}", looked.error, "warning", hint)
