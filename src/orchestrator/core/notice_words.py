"""A notice, or a digest of many, in words for a desktop or a chat. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

from orchestrator.core.notices import Notice
from orchestrator.core.settings import NOTICE_KINDS, NoticeKind

LISTED = 10
"""Notices that a digest names one by one."""

Tone = Literal["success", "warning", "failure"]

TONES: dict[NoticeKind, Tone] = {
    "needs_attention": "warning",
    "failed": "failure",
    "plan_complete": "success",
    "account_held": "warning",
    "budget_reached": "warning",
}


class Message(NamedTuple):
    title: str
    body: str
    tone: Tone


def message(notices: Sequence[Notice]) -> Message:
    """For people: one notice, or a digest of many."""
    return _single(notices[0]) if len(notices) == 1 else _digest(notices)


def _single(notice: Notice) -> Message:
    prefix = "test: " if notice.test else ""
    where = [f"plan {notice.plan}" if notice.plan else "", f"phase {notice.phase}" if notice.phase else ""]
    lines = [notice.title or "", notice.reason or "", ", ".join(filter(None, where))]
    body = "\n".join(filter(None, lines))
    if notice.event in ("failed", "needs_attention"):
        verb = "failed" if notice.event == "failed" else "needs attention"
        return Message(f"{prefix}{notice.ticket} {verb}", body, TONES[notice.event])
    if notice.event == "account_held":
        body = f"{notice.reason}\nuntil {(notice.until or '')[:16].replace('T', ' ')} UTC"
        return Message(f"{prefix}account {notice.account} is held", body, TONES[notice.event])
    if notice.event == "plan_complete":
        name = notice.plan_name if notice.plan_name and notice.plan_name != notice.plan else ""
        count = f"{notice.tickets} ticket{'' if notice.tickets == 1 else 's'}"
        return Message(
            f"{prefix}plan {notice.plan} is complete", "\n".join(filter(None, (name, count))), TONES[notice.event]
        )
    return Message(f"{prefix}budget reached", body, TONES[notice.event])


def _digest(notices: Sequence[Notice]) -> Message:
    counted = Counter(notice.event for notice in notices)
    title = ", ".join(_counted(kind, counted[kind]) for kind in NOTICE_KINDS if counted[kind])
    lines = [notice.message for notice in notices[:LISTED]]
    more = [f"… and {len(notices) - LISTED} more"] if len(notices) > LISTED else []
    tones = {TONES[notice.event] for notice in notices}
    tone: Tone = "failure" if "failure" in tones else "warning" if "warning" in tones else "success"
    return Message(title, "\n".join([*lines, *more]), tone)


def _counted(kind: NoticeKind, n: int) -> str:
    s = "" if n == 1 else "s"
    return {
        "needs_attention": f"{n} ticket{s} need{'s' if n == 1 else ''} attention",
        "failed": f"{n} ticket{s} failed",
        "plan_complete": f"{n} plan{s} complete",
        "account_held": f"{n} account{s} held",
        "budget_reached": f"{n} budget{s} reached",
    }[kind]
