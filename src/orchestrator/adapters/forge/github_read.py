"""What `gh` prints as JSON → records.

The law: a field that is not there has its default, a state that nobody knows is no answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from orchestrator.adapters.forge.gh import ForgeUnreachableError
from orchestrator.core.forge.pull_request import (
    Check,
    CheckState,
    Decision,
    MergeMethod,
    PullRequest,
    Remark,
    Review,
    State,
    Thread,
)

_STATES: dict[str, State] = {"OPEN": "open", "MERGED": "merged", "CLOSED": "closed"}
_ENDED: dict[str, CheckState] = {
    "SUCCESS": "passed", "NEUTRAL": "skipped", "SKIPPED": "skipped",
    "FAILURE": "failed", "TIMED_OUT": "failed", "STARTUP_FAILURE": "failed", "ERROR": "failed",
}  # fmt: skip
"""How a check run or a status ended. What was cancelled, is stale or asks for somebody's consent has not: only people
can make that go on."""
_DECISIONS: dict[str, Decision] = {
    "APPROVED": "approved", "CHANGES_REQUESTED": "changes_requested", "REVIEW_REQUIRED": "review_required",
}  # fmt: skip
_MERGEABLE = {"MERGEABLE": True, "CONFLICTING": False}


def state(word: str) -> State:
    known = _STATES.get(word.strip())
    if known is None:
        raise ForgeUnreachableError(f"the forge answered with the unknown state {word.strip()[:40]!r}")
    return known


def rows(said: Any) -> list[Mapping[str, Any]]:
    if not isinstance(said, list) or not all(isinstance(row, dict) for row in said):
        raise ForgeUnreachableError("the forge answered with something else than a list")
    return said


def pull_request(said: Any) -> PullRequest:
    if not isinstance(said, dict) or not isinstance(said.get("number"), int):
        raise ForgeUnreachableError("the forge answered without a pull request")
    return PullRequest(
        number=said["number"],
        url=said.get("url") or "",
        title=said.get("title") or "",
        state=state(str(said.get("state"))),
        draft=bool(said.get("isDraft")),
        author=_login(said.get("author")),
        base=said.get("baseRefName") or "",
        head=said.get("headRefName") or "",
        head_commit=said.get("headRefOid") or "",
        pushed_at=max((one.get("committedDate") or "" for one in said.get("commits") or ()), default=""),
        decision=_DECISIONS.get(said.get("reviewDecision") or "", ""),
        mergeable=_MERGEABLE.get(said.get("mergeable") or ""),
        reviews=tuple(map(_review, said.get("reviews") or ())),
        latest_reviews=tuple(map(_review, said.get("latestReviews") or ())),
        comments=tuple(remark(one) for one in said.get("comments") or () if not one.get("isMinimized")),
        checks=tuple(checks(said.get("statusCheckRollup") or ())),
    )


def with_threads(pull: PullRequest, threads: tuple[Thread, ...]) -> PullRequest:
    return replace(pull, threads=threads)


def remark(said: Mapping[str, Any]) -> Remark:
    return Remark(**_common(said), at=said.get("createdAt") or "", edited_at=said.get("lastEditedAt") or "")


def _review(said: Mapping[str, Any]) -> Review:
    return Review(
        **_common(said),
        at=said.get("submittedAt") or "",
        state=said.get("state") or "",
        commit=(said.get("commit") or {}).get("oid") or "",
    )


def _common(said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": str(said.get("id") or ""),
        "author": _login(said.get("author")),
        "body": said.get("body") or "",
        "association": said.get("authorAssociation") or "",
        "url": said.get("url") or "",
    }


def _login(author: Mapping[str, Any] | None) -> str:
    """An app is `app/name` for `gh` in one place, and `name` in others; where it is told to be one, `name[bot]`."""
    login = ((author or {}).get("login") or "ghost").removeprefix("app/")
    is_bot = (author or {}).get("__typename") == "Bot" and not login.endswith("[bot]")
    return f"{login}[bot]" if is_bot else login


def checks(said: Sequence[Mapping[str, Any]]) -> Iterator[Check]:
    """Each check run and commit status. One that was cancelled because another of its name took its place is none."""
    names = [(one.get("workflowName"), one.get("name")) for one in said if _conclusion(one) != "CANCELLED"]
    for one in said:
        if _conclusion(one) != "CANCELLED" or (one.get("workflowName"), one.get("name")) not in names:
            yield Check(
                name=one.get("name") or one.get("context") or "unnamed check",
                state=_ENDED.get(_conclusion(one), "pending"),
                url=one.get("detailsUrl") or one.get("targetUrl") or "",
                at=one.get("completedAt") or one.get("startedAt") or "",
            )


def _conclusion(said: Mapping[str, Any]) -> str:
    """Of a check run that has ended, or the state of a status; empty while it runs."""
    if said.get("status") not in (None, "", "COMPLETED"):
        return ""
    return str(said.get("conclusion") or said.get("state") or "")


def summaries(said: Any) -> Iterator[tuple[str, str]]:
    """Name and text of check runs."""
    for run in (said.get("check_runs") or ()) if isinstance(said, dict) else ():
        output = run.get("output") or {}
        texts = (output.get("title"), output.get("summary"), output.get("text"))
        yield run.get("name") or "", "\n".join(text for text in texts if text)


def merge_method(said: Any) -> MergeMethod | None:
    """What the repository proposes, when it allows it; else the first that it allows."""
    if not isinstance(said, dict):
        return None
    methods: dict[str, MergeMethod] = {
        "mergeCommitAllowed": "merge", "squashMergeAllowed": "squash", "rebaseMergeAllowed": "rebase",
    }  # fmt: skip
    allowed = [method for key, method in methods.items() if said.get(key)]
    proposed = str(said.get("viewerDefaultMergeMethod") or "").lower()
    return next((method for method in (*(m for m in allowed if m == proposed), *allowed)), None)
