"""Whose words about a pull request count, and how each is known again.

The law: what the runner has written itself never counts; neither does, unless it is asked for, what the author of the
pull request writes, for that is often the account whose token the runner has. A text is known by its id and its
content: one that was edited is another one.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Collection, Iterator
from typing import TypeVar

from msgspec.structs import replace

from orchestrator.core.forge.pull_request import Check, PullRequest, Remark, Review, Thread
from orchestrator.core.settings import ReviewSettings

Said = TypeVar("Said", bound=Remark)
_OURS = re.compile(r"^<!-- orchestrator:answer (\S+) -->\s*$", re.MULTILINE)
TRUSTED = ("OWNER", "MEMBER", "COLLABORATOR")
"""Who may push to the repository, or belongs to those who may."""


def marked(text: str, key: str) -> str:
    """What the runner writes carries a line that nobody sees."""
    return f"{text}\n\n<!-- orchestrator:answer {key} -->"


def unmarked(text: str) -> str:
    return _OURS.sub("", text).rstrip()


def key_of(remark: Remark) -> str | None:
    """What the runner's own answers; None: somebody else wrote it. (A quoted line does not count.)"""
    found = _OURS.findall(remark.body)
    return found[-1] if found else None


def is_by_author(pull: PullRequest, remark: Remark) -> bool:
    author = pull.author.removesuffix("[bot]")
    return author not in ("", "ghost") and remark.author.removesuffix("[bot]") == author


def counts(pull: PullRequest, remark: Remark, settings: ReviewSettings) -> bool:
    """Whether it is for the agent."""
    if key_of(remark) is not None or is_ignored(remark.author, settings):
        return False
    if is_by_author(pull, remark) and not settings.author:
        return False
    if any(_matches(remark.body, glob) for glob in settings.ignore_text):
        return False
    return is_trusted(remark, settings.trust)


def is_trusted(remark: Remark, trust: Collection[str]) -> bool:
    return not trust or remark.association.upper() in trust


def is_ignored(login: str, settings: ReviewSettings) -> bool:
    """`dependabot[bot]` and `dependabot` are the same one: forges write it this way and that. `*[bot]` is a bot whose
    login says so."""
    name = login.removesuffix("[bot]")
    for glob in settings.ignore:
        plain = glob.removesuffix("[bot]")
        if plain == glob and (_matches(login, glob) or _matches(name, glob)):
            return True
        if plain != glob and _matches(name, plain) and (login != name or plain.strip("*?")):
            return True
    return False


def asks_for_bots(settings: ReviewSettings) -> bool:
    """Whether it has to be known who is one: forges leave that out of their names."""
    return any("bot" in glob.lower() for glob in settings.ignore)


def with_bots(pull: PullRequest, bots: Collection[str]) -> PullRequest:
    """Those named as their pages name them: `name[bot]`."""
    return replace(
        pull,
        comments=tuple(_as_bot(one, bots) for one in pull.comments),
        reviews=tuple(_as_bot(one, bots) for one in pull.reviews),
        latest_reviews=tuple(_as_bot(one, bots) for one in pull.latest_reviews),
    )


def _as_bot(remark: Said, bots: Collection[str]) -> Said:
    return replace(remark, author=f"{remark.author}[bot]") if remark.author in bots else remark


def _matches(text: str, glob: str) -> bool:
    return fnmatch.fnmatchcase(text.strip().lower(), glob.lower())


# --- known again -----------------------------------------------------------------------------------------------------


def mark(remark: Remark) -> str:
    """Its fingerprint."""
    return f"{remark.id or f'{remark.author}@{remark.at}'}:{digest(remark.body)}"


def check_mark(pull: PullRequest, check: Check) -> str:
    """A check that fails again, for another commit or after it was started again, is another failure."""
    return f"check:{check.name}@{pull.head_commit[:12]}@{check.at}"


def digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def said_at(remark: Remark) -> str:
    return max(remark.at, remark.edited_at)


# --- what there is ---------------------------------------------------------------------------------------------------


def all_reviews(pull: PullRequest) -> tuple[Review, ...]:
    """Each once: the last ones may be told a second time, with less."""
    told = {(review.author, review.at) for review in pull.reviews}
    return (*pull.reviews, *(review for review in pull.latest_reviews if (review.author, review.at) not in told))


def standing_reviews(pull: PullRequest) -> dict[str, Review]:
    """What each reviewer says in the end: a mere comment takes nothing back."""
    found: dict[str, Review] = {}
    for review in sorted(all_reviews(pull), key=lambda one: one.at):
        if review.state in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
            found[review.author] = review
    return found


def last_answer(thread: Thread) -> int:
    """Where the runner's own is; -1: there is none."""
    return max((i for i, one in enumerate(thread.remarks) if key_of(one) is not None), default=-1)


def open_remarks(pull: PullRequest, thread: Thread, settings: ReviewSettings) -> Iterator[Remark]:
    """What somebody said there and nobody answered by hand. An answer of the runner is for what it was given; so what
    came before that meanwhile is still open, and so is what was said after in a thread that it resolved."""
    kept = [one for one in thread.remarks if not is_ignored(one.author, settings)]
    last_own = max((i for i, one in enumerate(kept) if key_of(one) is not None), default=-1)
    last_by_hand = max(
        (i for i, one in enumerate(kept) if is_by_author(pull, one) and key_of(one) is None and not settings.author),
        default=-1,
    )
    if thread.resolved and last_own < 0:
        return
    begin = max(last_by_hand, last_own if thread.resolved else -1) + 1
    yield from (one for one in kept[begin:] if counts(pull, one, settings))
