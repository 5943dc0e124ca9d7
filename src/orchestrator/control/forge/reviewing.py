"""The review of a ticket's pull request: looking at it, handing what is new to an agent, sending what that answers.

The law: only what the forge says now and what this ticket remembers decide. Answers go out once, however often the
sending is begun: each carries a key that nobody sees, and before it is sent it is looked for.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from orchestrator.adapters.forge.base import Forge
from orchestrator.adapters.forge.gh import ForgeRefusedError, ForgeUnreachableError
from orchestrator.adapters.places import Places
from orchestrator.adapters.state import pull_requests
from orchestrator.control.forge.asking import forge_with, number_of
from orchestrator.core.forge import rounds
from orchestrator.core.forge.pull_request import PullRequest, Remembered, Thread
from orchestrator.core.forge.remarks import asks_for_bots, counts, digest, key_of, mark, marked, with_bots
from orchestrator.core.forge.review import Look, look, news_of
from orchestrator.core.forge.review_answers import Answer, Answers, parse_answers, reply_text, summary_text
from orchestrator.core.forge.review_text import LOGS, feedback, fitting
from orchestrator.core.model import Key
from orchestrator.core.settings import Config, ReviewSettings

_FORBIDDEN = re.compile(r"permission|forbidden|not accessible|\b403\b|locked", re.IGNORECASE)


class Memory:
    """What is remembered for the ticket whose script this is. By hand there is none, and nothing is kept."""

    def __init__(self, config: Config, environ: Mapping[str, str] = os.environ) -> None:
        plan, ticket = environ.get("ORCHESTRATOR_PLAN"), environ.get("ORCHESTRATOR_TICKET")
        self._key = Key(plan, ticket) if plan and ticket else None
        self._places = Places(config)

    def known(self, pull: PullRequest) -> Remembered | None:
        """Raises UnreadableError."""
        if self._key is None:
            return None
        return rounds.begun(pull_requests.remembered(self._places, self._key), pull)

    def change(self, pull: PullRequest, decide: Callable[[Remembered], Remembered]) -> None:
        """Raises StoreError, UnreadableError."""
        if self._key is not None:
            pull_requests.remember(self._places, self._key, lambda known: decide(rounds.begun(known, pull)))


def looked(config: Config, repo: str, pr: str) -> tuple[PullRequest, Look]:
    """What it needs now. Raises ForgeUnreachableError, ForgeRefusedError, StoreError, UnreadableError."""
    memory, settings = Memory(config), config.settings.review
    pull = _pull(forge_with(config, repo), number_of(pr), settings)
    known, now = memory.known(pull), time.time()
    known = rounds.pushed(known, pull) if known is not None else None
    seen = look(pull, known, settings, now)
    memory.change(pull, lambda kept: rounds.looked(rounds.pushed(kept, pull), pull, seen, now))
    return pull, seen


def _pull(forge: Forge, number: int, settings: ReviewSettings) -> PullRequest:
    """Raises ForgeUnreachableError, ForgeRefusedError."""
    pull = forge.pull_request(number)
    if pull.state != "open" or not (pull.comments or pull.reviews) or not asks_for_bots(settings):
        return pull
    return with_bots(pull, forge.bots(number))


class Collected(NamedTuple):
    text: str
    is_any: bool
    """Whether there is anything to answer."""


def collected(config: Config, repo: str, pr: str) -> Collected:
    """What is new, for an agent; from now on a round is under way. Raises as `looked` does."""
    memory, settings = Memory(config), config.settings.review
    forge = forge_with(config, repo)
    pull = _pull(forge, number_of(pr), settings)
    if pull.state != "open":
        return Collected(f"Pull request #{pull.number} is {pull.state}: there is nothing to answer.", False)
    known = memory.known(pull)
    news = news_of(pull, known, settings)
    if not news.is_said and not news.checks:
        return Collected(f"Pull request #{pull.number}: nothing new to act on.", False)
    handed = fitting(news)
    memory.change(pull, lambda kept: rounds.offered(kept, pull, handed))
    logs = forge.log_ends(pull, handed.checks[:LOGS]) if handed.checks else {}
    return Collected(feedback(pull, handed, news, logs, (known.rounds if known else 0) + 1), True)


# --- answering -------------------------------------------------------------------------------------------------------


class Round(msgspec.Struct, frozen=True):
    """What was given to the agent, as far as it is still there."""

    pull: PullRequest
    settings: ReviewSettings
    marks: frozenset[str]
    """Fingerprints of what was given; by hand: of everything."""
    threads: tuple[Thread, ...]


def answered(config: Config, repo: str, pr: str, message: str, commit: str) -> list[str]:
    """Send the answers of `message`; `commit`: the head that was pushed. Returns what was done and what is odd, in
    words. Raises as `looked` does."""
    memory, settings = Memory(config), config.settings.review
    forge = forge_with(config, repo)
    pull = _pull(forge, number_of(pr), settings)
    known = memory.known(pull)
    if pull.state == "open":
        if known is not None and not known.offered:
            return ["nothing waits for an answer"]
        said = list(_send(forge, _round(pull, settings, known), message, _made(known, commit)))
    else:
        said = [f"pull request #{pull.number} is {pull.state}: nothing is answered there"]
    memory.change(pull, rounds.answered)
    return said


def _round(pull: PullRequest, settings: ReviewSettings, known: Remembered | None) -> Round:
    if known is None:
        everything = [*pull.reviews, *pull.comments, *(one for thread in pull.threads for one in thread.remarks)]
        open_threads = tuple(thread for thread in pull.threads if not thread.resolved)
        return Round(pull, settings, frozenset(map(mark, everything)), open_threads)
    given = tuple(thread for thread in pull.threads if thread.id in known.offered_threads)
    return Round(pull, settings, frozenset(known.offered), given)


def _made(known: Remembered | None, commit: str) -> str:
    """The commit that answers; empty where nothing was changed."""
    return "" if known is not None and known.head == commit else commit[:10]


def _send(forge: Forge, round_: Round, message: str, commit: str) -> Iterator[str]:
    answers = parse_answers(message, [thread.id for thread in round_.threads])
    for stranger in answers.unknown:
        yield f"thread {stranger} was not given to the agent; it is left alone"
    for thread in round_.threads:
        answer = answers.given.get(thread.id)
        if answer is None:
            yield f"the agent says nothing of thread {thread.id}; it stays open"
        else:
            yield from _attempted(f"thread {thread.id}", _reply(forge, round_, thread, answer, commit))
    yield from _attempted("the comments", _summarize(forge, round_, answers, commit))


def _reply(forge: Forge, round_: Round, thread: Thread, answer: Answer, commit: str) -> Iterator[str]:
    given = [mark(one) for one in thread.remarks if mark(one) in round_.marks]
    key = digest(thread.id, *given)
    if not any(key_of(one) == key for one in thread.remarks):
        forge.reply(thread.id, marked(reply_text(answer, commit), key))
        yield f"replied in thread {thread.id}"
    if answer.verb == "DECLINED" or thread.resolved:
        return
    if _has_more(round_, thread):
        yield f"thread {thread.id} stays open: somebody has spoken there meanwhile"
        return
    forge.resolve(thread.id)
    yield f"resolved thread {thread.id}"


def _has_more(round_: Round, thread: Thread) -> bool:
    """After what was given: something that the agent has not read."""
    at = max((i for i, one in enumerate(thread.remarks) if mark(one) in round_.marks), default=-1)
    return any(counts(round_.pull, one, round_.settings) for one in thread.remarks[at + 1 :])


def _summarize(forge: Forge, round_: Round, answers: Answers, commit: str) -> Iterator[str]:
    """One comment for all that has no thread."""
    said = (one for one in (*round_.pull.reviews, *round_.pull.comments) if counts(round_.pull, one, round_.settings))
    given = [mark(one) for one in said if one.body.strip() and mark(one) in round_.marks]
    key = digest(str(round_.pull.number), *given)
    if not given or any(key_of(one) == key for one in round_.pull.comments):
        return
    forge.comment(round_.pull.number, marked(summary_text(answers.rest, commit), key))
    yield f"answered {len(given)} review{'' if len(given) == 1 else 's'} and comments with a comment"


def _attempted(what: str, sending: Iterator[str]) -> Iterator[str]:
    """What the forge refuses for good (a deleted thread, a locked conversation, a token that may not resolve) is told,
    and keeps nothing else from going out. Raises ForgeUnreachableError."""
    try:
        yield from sending
    except ForgeRefusedError as error:
        yield f"{what} cannot be answered: {error}"
    except ForgeUnreachableError as error:
        if not _FORBIDDEN.search(str(error)) or "rate limit" in str(error).lower():
            raise
        yield f"{what} cannot be answered: {error}"
