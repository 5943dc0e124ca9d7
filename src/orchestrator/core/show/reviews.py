"""What people are told of a ticket's pull request: its number, how its review stands, its checks. Pure.

The law: it says what the forge said when it was asked last, and nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # `status` loads the records only where a ticket has a pull request
    from orchestrator.core.forge.pull_request import Remembered
    from orchestrator.core.model import Ticket

WordsOf = Callable[["Ticket"], str]
"""What is told of the pull request of a ticket; empty where nothing is known."""

_SAID_ELSEWHERE = frozenset({"", "open", "merged", "closed", "draft", "ci_failed", "conflict"})
"""Words of a look that state, checks and mergeability say too."""

_NO_NEWS = frozenset({"", ": nothing new", ": pending", ": draft", ": open", ": approved"})


def no_news(why: str, phase: str | None) -> bool:
    """Whether a wait says nothing of the pull request that its review does not say better."""
    return why.removeprefix(f"{phase} said not yet") in _NO_NEWS


def untold(ticket: Ticket) -> str:
    return ""


def number_of(ticket: Ticket) -> int | None:
    """Of the ticket's pull request; None: it has none."""
    text = ticket.context.get("pr_number", "").strip().removeprefix("#")
    return int(text) if text.isascii() and text.isdigit() else None


def words(known: Remembered) -> str:
    """`PR #12 · changes requested · checks 3/4, 1 failed`."""
    return " · ".join([f"PR #{known.number}", *_parts(known)])


def _parts(known: Remembered) -> Iterator[str]:
    if known.state != "open":
        yield known.state
        return
    if known.draft:
        yield "draft"
    if known.review not in _SAID_ELSEWHERE:
        yield _plain(known)
    if known.open_threads:
        yield f"{known.open_threads} open thread{'' if known.open_threads == 1 else 's'}"
    if checks := _checks(known):
        yield checks
    if known.mergeable is False:
        yield "conflicts with its base"


def _plain(known: Remembered) -> str:
    if known.review == "nothing new":
        return "answered" if known.rounds else "no review yet"
    return "waits for checks" if known.review == "pending" else known.review.replace("_", " ")


def _checks(known: Remembered) -> str:
    number = known.passed + known.failed + known.pending
    if not number:
        return ""
    return f"checks {known.passed}/{number}" + (f", {known.failed} failed" if known.failed else "")


def document(known: Remembered) -> dict[str, Any]:
    """For programs: the same keys always."""
    return {
        "number": known.number,
        "url": known.url,
        "state": known.state,
        "draft": known.draft,
        "review": known.review,
        "checks": {"passed": known.passed, "failed": known.failed, "pending": known.pending},
        "mergeable": known.mergeable,
        "openThreads": known.open_threads,
        "rounds": known.rounds,
        "askedAt": known.asked_at,
    }
