"""One ticket without ceremony: it goes into a plan of its repository that is made with the first of them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from msgspec.structs import replace

from orchestrator.adapters.places import Places
from orchestrator.control.planning import drafting
from orchestrator.control.planning.drafting import Made
from orchestrator.control.showing import DEFAULT_WORKFLOW, Scene
from orchestrator.core.model import Plan
from orchestrator.core.planning.draft import Draft, DraftTicket
from orchestrator.core.planning.fill import free
from orchestrator.core.rules import slug
from orchestrator.engine.home import Home
from orchestrator.errors import OrchestratorError, PlanRejectedError, TakenError

PREFIX = "inbox-"


def put(home: Home, ticket: DraftTicket, repo: str | None, plan_id: str | None = None, paused: bool = False) -> Made:
    """`repo`: None: the plan's. Raises PlanRejectedError, StoreError, OrchestratorError."""
    return drafting.next_free(lambda: _put(home, ticket, repo, plan_id, paused))


def _put(home: Home, ticket: DraftTicket, repo: str | None, plan_id: str | None, paused: bool) -> Made:
    plans = Scene(home.config).index.board.plans
    if plan_id is not None and (plan_id in plans or _is_there(home.places, plan_id)):
        own = ticket if repo in (None, plans[plan_id].repo if plan_id in plans else None) else _of(ticket, repo)
        return drafting.add(home, plan_id, [own], paused=paused)
    repo = repo or drafting.repository_of(Path.cwd())
    if repo is None:
        raise OrchestratorError(f'there is no plan "{plan_id}" yet; name the repository with --repo')
    found = plan_id or _inbox(plans, repo, [*plans, *drafting.folders(home)])
    if found in plans:
        return drafting.add(home, found, [ticket], paused=paused)
    name = f"Inbox of {Path(repo).name}" if plan_id is None else plan_id
    draft = Draft(id=found, name=name, repo=repo, workflow=DEFAULT_WORKFLOW, tickets=(ticket,))
    try:
        return drafting.create(home, draft, hold=paused)
    except PlanRejectedError:
        if _is_there(home.places, found):
            raise TakenError(f'there is a plan "{found}" already') from None  # made a moment ago: it gets the ticket
        raise


def _of(ticket: DraftTicket, repo: str | None) -> DraftTicket:
    return replace(ticket, repo=repo)


def _is_there(places: Places, plan_id: str) -> bool:
    """One that cannot be read is there, too."""
    return places.plan_file(plan_id).exists()


def _inbox(plans: dict[str, Plan], repo: str, taken: Collection[str]) -> str:
    """The repository's own; two of the same name have two."""
    mine = [one.id for one in plans.values() if one.id.startswith(PREFIX) and one.repo == repo]
    return mine[0] if mine else free(f"{PREFIX}{slug(Path(repo).name) or 'repository'}", taken)
