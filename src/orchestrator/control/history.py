"""The history of a ticket: read from its file, its journal and its attempts' directories, whichever there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from orchestrator.adapters.attempts.attempt_files import Record, read_exit, recorded
from orchestrator.adapters.catalog import Catalog
from orchestrator.adapters.places import Places
from orchestrator.adapters.state import journal
from orchestrator.control.reading import existing_ticket, plan_or_none
from orchestrator.control.showing import DEFAULT_WORKFLOW
from orchestrator.control.transcripts import AttemptLog, attempts_in
from orchestrator.core.model import Attempt, Key, Ticket, should_be
from orchestrator.core.outcome import Outcome
from orchestrator.core.settings import Config
from orchestrator.core.show.happenings import Happening, Step
from orchestrator.core.show.history import History, Past, ended, history
from orchestrator.core.show.totals import totals
from orchestrator.core.times import epoch_or, iso
from orchestrator.core.workflow import Workflow
from orchestrator.errors import CannotRunError, NotFoundError, UnreadableError


class Told(NamedTuple):
    key: Key
    state: str
    """The ticket's status; `missing` or `unreadable` when its file is."""
    ticket: Ticket | None
    history: History


def tell(config: Config, key: Key) -> Told:
    """Raises NotFoundError for a ticket that has neither a file nor logs."""
    places = Places(config)
    folder = places.ticket_logs(key)
    ticket, state = None, "unreadable"
    try:
        ticket = existing_ticket(places, key)
        state = str(should_be(ticket))
    except UnreadableError:
        pass
    except NotFoundError:
        if not folder.is_dir():
            raise
        state = "missing"
    steps = [_step(entry) for entry in journal.entries(places.journal(key))]
    workflow = _workflow(config, places, ticket) if ticket is not None else None
    return Told(key, state, ticket, history(ticket, steps, map(_past, attempts_in(folder)), workflow))


def _workflow(config: Config, places: Places, ticket: Ticket) -> Workflow | None:
    """What its exit codes mean; None: nobody can say."""
    plan = plan_or_none(places, ticket.plan_id)
    try:
        return Catalog(config).workflow(ticket.workflow or (plan.workflow if plan else None) or DEFAULT_WORKFLOW)
    except CannotRunError:
        return None


# -- the journal ------------------------------------------------------------------------------------------------------


def _step(entry: journal.Entry) -> Step:
    event = entry.event if isinstance(entry.event, dict) else {}
    changed = entry.set if not entry.whole else {}
    return Step(
        at=epoch_or(entry.at, 0.0),
        event=str(event.get("event") or entry.kind),
        phase=_text(event.get("phase")) if event.get("event") == "SkipRequested" else None,
        reason=_text(event.get("reason")) or "",
        attempt_id=_text(event.get("attempt_id")),
        outcome=_record(event.get("outcome"), Outcome),
        starts=_started(entry.decisions),
        status=_text(changed.get("status")),
        wake_at=_text(changed.get("wakeAt")),
        wait_reason=_text(changed.get("waitReason")),
        current_phase=_text(changed.get("currentPhase")),
    )


def _started(decisions: list[Any]) -> Attempt | None:
    starts = (one for one in decisions if isinstance(one, dict) and one.get("decision") == "StartAttempt")
    return next((_record(one.get("attempt"), Attempt) for one in starts), None)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


T = TypeVar("T")


def _record(value: Any, kind: type[T]) -> T | None:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return None


# -- directories ------------------------------------------------------------------------------------------------------


def _past(one: AttemptLog) -> Past:
    record = recorded(one.directory) or Record(id="")
    began = epoch_or(record.started_at, 0.0) or _changed(one.directory / "attempt.json") or _changed(one.directory)
    past = Past(
        phase=record.phase or one.phase,
        n=one.n,
        id=record.id or None,
        kind=record.kind if record.id else None,
        started=began,
        exit_code=read_exit(one.directory),
        agent=record.agent,
        session=record.session,
        resumed=record.resume,
    )
    outcome = _outcome(one.directory)
    return ended(past, outcome, _changed(one.directory / "outcome.json")) if outcome is not None else past


def _outcome(directory: Path) -> Outcome | None:
    try:
        return msgspec.json.decode((directory / "outcome.json").read_bytes(), type=Outcome)
    except (OSError, msgspec.MsgspecError):
        return None


def _changed(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None


# -- for programs -----------------------------------------------------------------------------------------------------


def document(told: Told, now: float) -> dict[str, Any]:
    """`{plan, ticket, title, status, phase, attempts, events, totals}`."""
    return {
        "plan": told.key.plan,
        "ticket": told.key.ticket,
        "title": told.ticket.title if told.ticket else None,
        "status": told.state,
        "phase": told.ticket.current_phase if told.ticket else None,
        "attempts": [_attempt(past, now) for past in told.history.attempts],
        "events": list(map(_event, told.history.happenings)),
        "totals": msgspec.to_builtins(totals(told.history, now)),
    }


def _attempt(past: Past, now: float) -> dict[str, Any]:
    usage = past.usage
    end = now if past.is_open else past.ended
    return {
        "attempt": past.n,
        "phase": past.phase,
        "kind": past.kind,
        "visit": past.visit,
        "retry": past.retry,
        "startedAt": _iso(past.started),
        "completedAt": _iso(past.ended),
        "seconds": round(max(end - past.started, 0.0), 3) if end is not None and past.started is not None else None,
        "outcome": past.outcome,
        "reason": past.reason,
        "exitCode": past.exit_code,
        "routedTo": past.route,
        "agent": past.agent,
        "sessionId": past.session,
        "costUsd": past.cost_usd,
        "inputTokens": usage.input_tokens if usage else None,
        "cachedTokens": usage.cached_tokens if usage else None,
        "outputTokens": usage.output_tokens if usage else None,
        "turns": usage.turns if usage else None,
    }


def _event(one: Happening) -> dict[str, Any]:
    return {"at": _iso(one.at), "event": one.what, "phase": one.phase, "reason": one.why, "until": _iso(one.until)}


def _iso(at: float | None) -> str | None:
    return iso(at) if at is not None else None
