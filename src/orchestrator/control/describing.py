"""Plans and the configuration, told in full: what `plan show` and `config show` print."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from orchestrator.control.showing import Scene
from orchestrator.core.model import Key, Plan, Ticket
from orchestrator.core.problems import Problem
from orchestrator.core.rules import agents_of, derive
from orchestrator.core.settings import Config
from orchestrator.formats.configuration.notify import shown
from orchestrator.formats.yaml_tree import read_yaml

MASK = "***"


class TicketText(NamedTuple):
    """A ticket as it will be walked: what the planner left out is derived."""

    key: Key
    ticket: Ticket
    blockers: tuple[str, ...]
    repo: str | None
    workflow: str
    agent: str
    others: dict[str, str]
    """Phases that another agent does."""


class PlanText(NamedTuple):
    plan: Plan
    tickets: tuple[TicketText, ...]
    problems: tuple[Problem, ...]


def plan_text(config: Config, plan_id: str) -> PlanText:
    """Raises NotFoundError, UnreadableError."""
    scene = Scene(config)
    return text_of(scene, scene.plan(plan_id))


def text_of(scene: Scene, plan: Plan, problems: tuple[Problem, ...] | None = None) -> PlanText:
    """`problems`: what is known to be wrong already."""
    entries = {entry.ticket_id: entry for entry in reversed(plan.tickets)}
    ordered = sorted(scene.index.board.of_plan(plan.id), key=lambda one: _place(entries, one.ticket_id))
    tickets = tuple(
        _ticket_text(scene, plan, one, entries[one.ticket_id].blocked_by if one.ticket_id in entries else ())
        for one in ordered
    )
    return PlanText(plan, tickets, tuple(scene.problems_of(plan)) if problems is None else problems)


def _place(entries: dict[str, Any], ticket_id: str) -> float:
    return entries[ticket_id].order if ticket_id in entries else float("inf")


def _ticket_text(scene: Scene, plan: Plan, ticket: Ticket, blockers: tuple[str, ...]) -> TicketText:
    rules = scene.rules(ticket)
    agent = ticket.agent or plan.agent or scene.config.settings.default_agent
    return TicketText(
        key=ticket.key,
        ticket=derive(rules, ticket),
        blockers=blockers,
        repo=ticket.repo or plan.repo,
        workflow=rules.workflow.name,
        agent=agent,
        others={phase: name for phase, name in agents_of(rules, ticket).items() if name != agent},
    )


# -- configuration ----------------------------------------------------------------------------------------------------


def config_document(config: Config) -> dict[str, Any]:
    """What counts, and where each value came from."""
    settings = msgspec.to_builtins(config.settings)
    for owner in [*settings["agents"].values(), *settings["mcpServers"].values()]:
        owner["env"] = {name: _masked(value) for name, value in owner["env"].items()}
    settings["notify"] = [shown(entry) for entry in config.settings.notify]
    paths = ("home", "stateDir", "logDir", "workflowPath", "promptPath", "scriptPath", "skillsPath")
    resolved = msgspec.to_builtins(config)
    written = _keys(config.file)
    origin = {key: "file" if key in written else "default" for key in settings}
    return {"file": config.file, **{key: resolved[key] for key in paths}, "settings": settings, "from": origin}


def _keys(file: str | None) -> frozenset[str]:
    """The keys that a configuration file has."""
    value = read_yaml(Path(file).read_text(encoding="utf-8-sig")).value if file else None
    return frozenset(value) if isinstance(value, dict) else frozenset()


def _masked(value: str) -> str:
    """A reference to the environment is no secret."""
    return value if value.startswith("${") and value.endswith("}") and value.count("$") == 1 else MASK
