"""What the issue of a ticket is to be told by now. Pure, and the same for whoever looks."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from orchestrator.core.forge.wording import one_line
from orchestrator.core.model import Key, Status, Ticket
from orchestrator.core.times import epoch_or

REASON = 300
ENDED = {Status.COMPLETE: "is complete", Status.FAILED: "failed", Status.NEEDS_ATTENTION: "needs attention"}
_SECRET = re.compile(r"\b(?:gh[pousr]_|github_pat_|lin_\w+_|sk-|xox[a-z]-)[\w-]{8,}|(?<=://)[^/\s@]+(?=@)")
_LINK = re.compile(r"\b(?:https?|ftp)://\S+|\bwww\.\S+", re.IGNORECASE)
_HOME = re.compile(r"(?<![\w./])/(?:(?:home|Users)/[^/\s\"'`]+|root)(?=[/\s\"'`,;:)]|$)")
_PULL = re.compile(r"https?://[\w.:/-]+\Z")


class Remark(NamedTuple):
    id: str
    text: str

    @property
    def mark(self) -> str:
        return f"orchestrator:comment {self.id}"


def remarks(state: str, ticket: Ticket, since: float) -> Iterator[Remark]:
    """All that its issue is to be told by now."""
    pull = ticket.context.get("pr_url", "").strip()
    pull = pull if _PULL.match(pull) else ""
    last = ticket.phase_history[-1].completed_at if ticket.phase_history else None
    if epoch_or(last, since) < since:
        return
    name = f"`{ticket.ticket_id}` of plan `{ticket.plan_id}`"
    if pull:
        yield Remark(_id(state, ticket.key, "pull", pull), f"Pull request opened for ticket {name}:\n{pull}")
    if ticket.status in ENDED:
        lines = [f"Ticket {name} {ENDED[ticket.status]}."]
        lines += [f"Reason: {plain(ticket.error)}"] if ticket.error and ticket.status is not Status.COMPLETE else []
        lines += [f"Pull request: {pull}"] if pull else []
        yield Remark(_id(state, ticket.key, str(ticket.status), last or ""), "\n".join(lines))


def plain(text: str) -> str:
    """One line as code: nobody is mentioned, nothing is loaded, no token and no user's name is shown."""
    hidden = _HOME.sub("~", _LINK.sub("(link)", _SECRET.sub("***", text)))
    return f"`{one_line(hidden.replace('`', chr(39)).replace('@', '@' + chr(0x200B)), REASON)}`"


def _id(state: str, key: Key, *parts: str) -> str:
    return hashlib.blake2b("\0".join((state, str(key), *parts)).encode(errors="replace"), digest_size=12).hexdigest()
