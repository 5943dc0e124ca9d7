"""Telling a person: what happened becomes a notice in the outbox, and the courier, who sends it, is woken.

The law: with no channel nothing is written and nothing costs anything. What a channel wants is in the outbox before it
is noted as told, so that a crash at any point leads to the same notice again, never to none.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from orchestrator.adapters.files import locked
from orchestrator.adapters.notices.outbox import Outbox
from orchestrator.core import notices
from orchestrator.core.channels import channels
from orchestrator.core.decisions import HoldAccount, Notify
from orchestrator.core.model import Plan, PlanStatus, Ticket
from orchestrator.core.notices import Notice, Setting
from orchestrator.engine.home import Home
from orchestrator.errors import NotFoundError, StoreError, UnreadableError

SLOT = "plan-"
KEPT_SECONDS = 90 * 86_400.0
"""So long a budget that was told of is remembered."""
AGAIN_SECONDS = 600.0
"""How soon a guessed hold must be met again to be the same one: an attempt lies in between."""


def ticket_ended(home: Home, ticket: Ticket, told: Notify, found: bool = False) -> None:
    """A ticket failed or needs attention. `found`: only now, after a crash."""
    if home.settings.notify and not _put(home, lambda: _of_ticket(home, ticket, told), found):
        return  # not noted: the next start tells it
    home.store.note(ticket.key, "notified", told.text)
    home.wake_courier()


def account_held(home: Home, hold: HoldAccount) -> None:
    """Once for each period in which the account waits, however many tickets meet its limit. Where nobody tells its end,
    one that is met again at once goes on."""
    if not home.settings.notify:
        return
    account, until, outbox, now = hold.account, hold.until, Outbox(home.places), time.time()
    try:
        with locked(home.places.notices_held_lock):
            held = outbox.held()
            known = held.get(account, 0)
            goes_on = known >= now - (AGAIN_SECONDS if hold.guessed else 0)
            said = goes_on or _put(
                home, lambda: notices.of_account(_setting(home), account, until, hold.reason, hold.agent), True
            )
            if said and until > known:
                recent = {one: end for one, end in held.items() if end > now - AGAIN_SECONDS}
                outbox.note_held(recent | {account: until})
    except (OSError, StoreError) as error:
        home.logs.event("cannot_tell", None, "warning", account=account, reason=str(error))
    home.wake_courier()


def budget_reached(
    home: Home, budget: str, reason: str, cost_usd: float, ticket: Ticket | None = None, plan: Plan | None = None
) -> None:
    """Once for each `budget` (`day 2026-11-22 perDayUsd 20`), however often and by however many runners it is said."""
    if not home.settings.notify:
        return
    outbox = Outbox(home.places)

    def notice() -> Notice:
        return notices.of_budget(_setting(home), budget, reason, cost_usd, ticket, plan)

    try:
        with locked(home.places.notices_held_lock):
            told = outbox.budgets()
            if budget not in told and _put(home, notice, found=True):
                recent = [one for one, at in told.items() if at > time.time() - KEPT_SECONDS]
                outbox.note_budgets({one: told[one] for one in recent} | {budget: time.time()})
    except (OSError, StoreError) as error:
        home.logs.event("cannot_tell", None, "warning", what="budget_reached", reason=str(error))
    home.wake_courier()


# -- plans: decided under a lock, told once the file says so ----------------------------------------------------------


def intend_plan(home: Home, plan: Plan) -> None:
    """It is about to be saved as complete (the caller holds its lock)."""
    if home.settings.notify:
        notice = notices.of_plan(_setting(home), plan, home.purse.cost_of_plan(plan.id))
        if _is_wanted(home, notice):
            with suppress(OSError):
                Outbox(home.places).intend(SLOT + plan.id, notice)


def plan_completed(home: Home, plan_id: str) -> None:
    """It was saved as complete. (Where nothing was intended there is nothing to tell.)"""
    if home.settings.notify and Outbox(home.places).confirm(SLOT + plan_id):
        home.wake_courier()


def plan_not_completed(home: Home, plan_id: str) -> None:
    """It could not be saved by us. Another runner may have intended the same, and have saved it."""
    if home.settings.notify:
        with suppress(StoreError), locked(home.places.plan_lock(plan_id), 0):
            if _is_complete(home, plan_id) is False:
                Outbox(home.places).drop(SLOT + plan_id)


def catch_up_plans(home: Home) -> None:
    """What was intended when a runner died: its plan's file says whether it came true."""
    outbox = Outbox(home.places)
    for slot in outbox.intended() if home.settings.notify else ():
        plan_id = slot.removeprefix(SLOT)
        with suppress(StoreError), locked(home.places.plan_lock(plan_id)):
            # with this lock nobody is just about to save it
            is_complete = _is_complete(home, plan_id)
            if is_complete:
                outbox.confirm(slot)
            elif is_complete is False:
                outbox.drop(slot)


def _is_complete(home: Home, plan_id: str) -> bool | None:
    """None: its file cannot be used now."""
    try:
        return home.store.read_plan(plan_id, home.patience).record.status is PlanStatus.COMPLETE
    except NotFoundError:
        return False
    except UnreadableError:
        return None


# -- the way into the outbox ------------------------------------------------------------------------------------------


def _put(home: Home, make: Callable[[], Notice], found: bool = False) -> bool:
    """False: it could not be written down."""
    notice = make()
    if not _is_wanted(home, notice):
        return True
    try:
        Outbox(home.places).put(notice, found)
    except OSError as error:
        home.logs.event(
            "cannot_tell", None, "warning", what=notice.event, reason=str(error), will="try at the next start"
        )
        return False
    return True


def _is_wanted(home: Home, notice: Notice) -> bool:
    return any(channel.wants(notice) for channel in channels(home.settings.notify))


def _of_ticket(home: Home, ticket: Ticket, told: Notify) -> Notice:
    try:
        plan = home.plan(ticket.plan_id)
    except (NotFoundError, UnreadableError):
        plan = Plan(id=ticket.plan_id)
    return notices.of_ticket(_setting(home), ticket, plan, told)


def _setting(home: Home) -> Setting:
    return Setting(str(home.places.state), str(home.places.logs), time.time())
