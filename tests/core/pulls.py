"""Pull requests for tests: one commit was pushed at 11:00; what is said EARLY was said before, LATE after."""

from __future__ import annotations

from typing import Any

from orchestrator.core.forge.pull_request import Check, PullRequest, Remark, Remembered, Review, Thread
from orchestrator.core.forge.review import Look, look
from orchestrator.core.settings import ReviewSettings
from orchestrator.core.times import epoch

EARLY, PUSHED, LATE, LATER = (f"2026-03-01T{hour}:00:00Z" for hour in (10, 11, 12, 13))
OLD, HEAD, NEXT = "o" * 40, "h" * 40, "n" * 40
NOW = epoch(LATER)
DEFAULT = ReviewSettings()


def pull(**fields: Any) -> PullRequest:
    known: dict[str, Any] = {"number": 7, "author": "runner", "head_commit": HEAD, "pushed_at": PUSHED}
    return PullRequest(**(known | fields))


def review(state: str, at: str = LATE, who: str = "ann", body: str = "see there", commit: str = OLD) -> Review:
    return Review(id=f"R{at[11:13]}{who}", author=who, state=state, at=at, body=body, commit=commit)


def comment(body: str = "well?", at: str = LATE, who: str = "ann", **more: Any) -> Remark:
    return Remark(id=f"C{at[11:13]}{who}", author=who, at=at, body=body, **more)


def thread(*remarks: Remark, id: str = "T1", **more: Any) -> Thread:
    return Thread(id=id, path="a.py", line=3, remarks=remarks or (comment("rename it"),), **more)


def check(state: Any = "failed", name: str = "ci", at: str = LATE) -> Check:
    return Check(name=name, state=state, at=at)


def approved(**fields: Any) -> PullRequest:
    return pull(decision="approved", **fields)


def seen(*marks: str, **more: Any) -> Remembered:
    """Of somebody who has looked at it before."""
    known: dict[str, Any] = {"number": 7, "head": HEAD, "head_at": PUSHED, "seen": marks}
    return Remembered(**(known | more))


def looked(one: PullRequest, known: Remembered | None = None, now: float = NOW, **settings: Any) -> Look:
    return look(one, known, ReviewSettings(**settings), now)


def word(one: PullRequest, known: Remembered | None = None, now: float = NOW, **settings: Any) -> str:
    return looked(one, known, now, **settings).word
