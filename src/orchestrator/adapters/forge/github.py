"""GitHub, asked through its command line with few, ordinary questions.

Two things `gh pr view` does not tell are asked otherwise: review threads (GraphQL, all pages), and what a failed check
has written.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.adapters.forge import github_read as read
from orchestrator.adapters.forge.base import NewPullRequest
from orchestrator.adapters.forge.gh import ForgeRefusedError, ForgeUnreachableError, Gh
from orchestrator.adapters.forge.github_threads import REPLY, RESOLVE, all_threads, bots
from orchestrator.core.forge.check_log import log_end
from orchestrator.core.forge.pull_request import Check, MergeMethod, PullRequest, State
from orchestrator.core.forge.remote import parse_remote

WHOLE = (
    "number,url,title,state,isDraft,author,baseRefName,headRefName,headRefOid,commits,reviewDecision,mergeable,"
    "latestReviews,reviews,comments,statusCheckRollup"
)
LISTED = "number,url,title,state,isDraft,baseRefName,headRefName,headRefOid,headRepositoryOwner,isCrossRepository"
LIMIT = 100
LONGEST = 60_000
"""Characters of a comment; GitHub takes 65,536."""
_JOB = re.compile(r"/actions/runs/\d+/jobs?/(\d+)")


class GitHub:
    name = "github"

    def __init__(self, gh: Gh, remotes: Mapping[str, str], remote: str = "origin") -> None:
        """`remotes`: the addresses to which the repository's remotes push; `remote`: the one that branches go to."""
        self._gh = gh
        self._others = [name for name in remotes if name != remote]
        self._ours = parse_remote(remotes.get(remote, ""))

    def state(self, number: int) -> State:
        return read.state(self._gh.text("pr", "view", str(number), "--json", "state", "--jq", ".state"))

    def pull_request(self, number: int) -> PullRequest:
        try:
            said = self._whole(number)
        except (ForgeUnreachableError, ForgeRefusedError) as error:
            return self._ended(number, error)
        pull = read.pull_request({"number": number, **said} if isinstance(said, dict) else said)
        if pull.state != "open":
            return pull
        return read.with_threads(pull, all_threads(self._gh, number))

    def _whole(self, number: int) -> Any:
        """What the last word of each reviewer was is told by all reviews, too, where it cannot be asked for."""
        try:
            return self._gh.json("pr", "view", str(number), "--json", WHOLE)
        except (ForgeUnreachableError, ForgeRefusedError) as error:
            if "latestReviews" not in str(error):
                raise
        return self._gh.json("pr", "view", str(number), "--json", WHOLE.replace("latestReviews,", ""))

    def _ended(self, number: int, error: Exception) -> PullRequest:
        """Of what is merged or closed nothing else needs to be known. Raises the error where it is open."""
        with contextlib.suppress(ForgeUnreachableError, ForgeRefusedError):
            state = self.state(number)
            if state != "open":
                return PullRequest(number=number, state=state)
        raise error

    def bots(self, number: int) -> frozenset[str]:
        return bots(self._gh, number)

    def find(self, branch: str) -> tuple[PullRequest, ...]:
        words = ("pr", "list", "--head", branch, "--state", "all", "--limit", str(LIMIT), "--json", LISTED)
        rows = read.rows(self._gh.json(*words))
        found = [read.pull_request(row) for row in rows if row.get("headRefName") == branch and self._is_own(row)]
        return tuple(sorted(found, key=lambda pull: -pull.number))

    def _is_own(self, row: Mapping[str, Any]) -> bool:
        """A fork may have a branch of the same name."""
        owner = (row.get("headRepositoryOwner") or {}).get("login") or ""
        if self._ours is None or not owner:
            return not row.get("isCrossRepository")
        return bool(owner.casefold() == self._ours.owner.casefold())

    def create(self, new: NewPullRequest) -> None:
        words = ["--title", new.title, "--body-file", "-", "--base", new.base, "--head", self._head(new.head)]
        self._gh.text("pr", "create", *words, *(["--draft"] if new.draft else []), stdin=new.body)

    def _head(self, branch: str) -> str:
        """With its owner where the pull request may belong into another repository than the one that has the branch."""
        return f"{self._ours.owner}:{branch}" if self._ours and self._others else branch

    def set_base(self, number: int, base: str) -> None:
        self._edit(number, ["--base", base], f"pulls/{number}", "PATCH", [("base", base)])

    def mark_ready(self, number: int) -> None:
        self._gh.text("pr", "ready", str(number))

    def add_labels(self, number: int, labels: Sequence[str]) -> None:
        words = [f"--add-label={_listed(label)}" for label in labels]
        self._edit(number, words, f"issues/{number}/labels", "POST", [("labels[]", label) for label in labels])

    def ask_reviewers(self, number: int, logins: Sequence[str]) -> None:
        words = [f"--add-reviewer={_listed(login)}" for login in logins]
        asked = [_team_or_user(login) for login in logins]
        self._edit(number, words, f"pulls/{number}/requested_reviewers", "POST", asked)

    def _edit(
        self, number: int, words: Sequence[str], place: str, method: str, fields: Sequence[tuple[str, str]]
    ) -> None:
        """Earlier versions of `gh` ask for classic projects first, which GitHub does not have any more."""
        try:
            self._gh.text("pr", "edit", str(number), *words)
        except (ForgeUnreachableError, ForgeRefusedError) as error:
            if "projects (classic)" not in str(error).lower() and "projectCards" not in str(error):
                raise
            given = [word for name, value in fields for word in ("-f", f"{name}={value}")]
            self._gh.text("api", f"repos/{{owner}}/{{repo}}/{place}", "--method", method, *given)

    def comment(self, number: int, body: str) -> None:
        self._gh.text("pr", "comment", str(number), "--body-file", "-", stdin=body[:LONGEST])

    def reply(self, thread: str, body: str) -> None:
        self._gh.graphql(REPLY, thread=thread, body=body[:LONGEST])

    def resolve(self, thread: str) -> None:
        self._gh.graphql(RESOLVE, thread=thread)

    def merge(self, number: int, method: MergeMethod, head: str) -> None:
        self._gh.text("pr", "merge", str(number), f"--{method}", "--match-head-commit", head)

    def log_ends(self, pull: PullRequest, checks: Sequence[Check]) -> dict[str, str]:
        ends = {check.name: end for check in checks if (end := self._log_end(check))}
        rest = [check.name for check in checks if check.name not in ends]
        return {**self._summaries(pull.head_commit, rest), **ends} if rest else ends

    def _log_end(self, check: Check) -> str:
        """Of a job of GitHub's own."""
        found = _JOB.search(check.url)
        if found is None:
            return ""
        for words in (
            ("api", f"repos/{{owner}}/{{repo}}/actions/jobs/{found[1]}/logs"),
            ("run", "view", "--job", found[1], "--log-failed"),
        ):
            with contextlib.suppress(ForgeUnreachableError, ForgeRefusedError):
                if end := log_end(self._gh.text(*words)):
                    return end
        return ""

    def _summaries(self, head: str, names: Sequence[str]) -> dict[str, str]:
        """What other programs say of their checks."""
        with contextlib.suppress(ForgeUnreachableError, ForgeRefusedError):
            said = self._gh.json("api", f"repos/{{owner}}/{{repo}}/commits/{head}/check-runs?per_page=100")
            return {name: end for name, text in read.summaries(said) if name in names and (end := log_end(text))}
        return {}

    def default_merge_method(self) -> MergeMethod | None:
        words = "viewerDefaultMergeMethod,mergeCommitAllowed,squashMergeAllowed,rebaseMergeAllowed"
        with contextlib.suppress(ForgeUnreachableError, ForgeRefusedError):
            return read.merge_method(self._gh.json("repo", "view", "--json", words))
        return None


def _team_or_user(login: str) -> tuple[str, str]:
    """`org/team` is a team."""
    _, is_team, team = login.partition("/")
    return ("team_reviewers[]", team) if is_team else ("reviewers[]", login)


def _listed(word: str) -> str:
    """One entry of what `gh` reads as a list with commas."""
    return '"' + word.replace('"', '""') + '"' if "," in word or '"' in word else word
