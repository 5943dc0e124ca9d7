"""One home, opened: its configuration, files, workflows and agents, as the engine needs them."""

from __future__ import annotations

import getpass
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from orchestrator.adapters.catalog import Catalog
from orchestrator.adapters.files import PATIENCE
from orchestrator.adapters.logs import Logs, Tell
from orchestrator.adapters.places import Places
from orchestrator.adapters.state.store import Store
from orchestrator.agents.base import Agent
from orchestrator.agents.registry import account_of, agent_for
from orchestrator.core.board import Board
from orchestrator.core.model import Key, Plan, Ticket
from orchestrator.core.problems import did_you_mean
from orchestrator.core.rules import Rules
from orchestrator.core.settings import AgentSettings, Config, Settings
from orchestrator.core.workflow import Workflow
from orchestrator.engine.limits.purse import Purse
from orchestrator.errors import CannotRunError, ConfigError, NotFoundError, UnreadableError

DEFAULT_WORKFLOW = "standard"
REMEMBERED = 1024
"""Rules that are kept."""


class Home:
    def __init__(self, config: Config, environ: Mapping[str, str] | None = None, tell: Tell | None = None) -> None:
        self.environ: Mapping[str, str] = dict(os.environ if environ is None else environ)
        self.user = self.environ.get("USER") or self.environ.get("LOGNAME") or _login()
        self.places = Places(config)
        self.logs = Logs(self.places, tell)
        self.store = Store(self.places, self.rules, time.time, self._warn)
        self.warned: set[str] = set()
        """Warnings of the configuration that were told."""
        self.plans: dict[str, Plan] = {}
        """Plans that are known already; the loop keeps its board here, so that a rule costs no file."""
        self.patience = PATIENCE
        """How long to read a plan again that cannot be used; the loop does not wait."""
        self.catalog = Catalog(config)
        self.wake_courier: Callable[[], None] = lambda: None
        """Called when there is a notice to be sent; a runner has somebody who sends it."""
        self.wake_sources: Callable[[], None] = lambda: None
        """Called when the configuration has changed; a daemon has somebody who looks at its sources."""
        self.purse = Purse(self, Board())
        """What has been spent; a runner's knows its board."""
        self._rules: dict[tuple[str, str], Rules] = {}
        """What was made last for a plan and a workflow; it is asked for many times per attempt."""
        self.use(config)

    def use(self, config: Config) -> None:
        """Take over a configuration, at the start or when its file changed."""
        self.config = config
        self.settings = config.settings
        self.catalog = Catalog(config, self.catalog)
        self._rules = {}
        self._chooses = frozenset(name for name, s in self.settings.agents.items() if _chooses_session(s))
        self.accounts = {name: account_of(s) for name, s in self.settings.agents.items()}
        """Agent → account."""
        self.stand_ins = {name: found for name in self.settings.agents if (found := stand_ins(self.settings, name))}
        """Agent → who does its work while its account is held."""
        self.wake_sources()

    def _warn(self, event: str, key: Key, reason: str) -> None:
        self.logs.event(event, key, "warning", reason=reason)

    def plan(self, plan_id: str) -> Plan:
        known = self.plans.get(plan_id)
        return known if known is not None else self.store.read_plan(plan_id, self.patience).record

    def rules(self, ticket: Ticket) -> Rules:
        """What transitions of this ticket go by. A workflow that cannot be read stands as an empty one."""
        try:
            plan = self.plan(ticket.plan_id)
        except (NotFoundError, UnreadableError):
            plan = Plan(id=ticket.plan_id)
        name = ticket.workflow or plan.workflow or DEFAULT_WORKFLOW
        try:
            workflow = self.catalog.workflow(name)
        except CannotRunError:
            workflow = Workflow(name=name, phases=())
        known = self._rules.get((plan.id, name))
        if known is None or known.plan is not plan or known.workflow is not workflow:
            if len(self._rules) >= REMEMBERED:
                self._rules.clear()  # plans come and go
            known = self._rules[plan.id, name] = self._make_rules(plan, workflow)
        return known

    def _make_rules(self, plan: Plan, workflow: Workflow) -> Rules:
        return Rules(
            workflow=workflow,
            plan=plan,
            default_agent=self.settings.default_agent,
            review_agent=self.settings.review_agent,
            chooses_session=self._chooses,
            base=self.settings.base,
            poll_interval=self.settings.poll_interval,
            accounts=self.accounts,
            stand_ins=self.stand_ins,
            budgets=self.settings.budgets,
            user=self.user,
            worktree_root=str(Path(self.config.home) / "worktrees" / plan.id),
        )

    def workflow(self, ticket: Ticket, plan: Plan) -> Workflow:
        """Raises CannotRunError."""
        return self.catalog.workflow(ticket.workflow or plan.workflow or DEFAULT_WORKFLOW)

    def agent(self, name: str) -> tuple[AgentSettings, Agent]:
        """Raises CannotRunError: the configuration has no agent of that name."""
        settings = self.settings.agents.get(name)
        if settings is None:
            known = sorted(self.settings.agents)
            hint = did_you_mean(name, known)
            listed = f"the config defines {', '.join(known) or 'none'}"
            raise CannotRunError(f'unknown agent "{name}" ({f"{hint} " if hint else ""}{listed})')
        try:
            return settings, agent_for(settings)
        except ConfigError as error:
            raise CannotRunError(f"agent {name}: {error}") from error


def stand_ins(settings: Settings, agent: str) -> tuple[str, ...]:
    own = settings.agents[agent].fallback_agents
    named = settings.fallback_agents if own is None else own
    return tuple(name for name in dict.fromkeys(named) if name != agent and name in settings.agents)


def _chooses_session(settings: AgentSettings) -> bool:
    try:
        return agent_for(settings).chooses_session
    except ConfigError:
        return False


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "orchestrator"
