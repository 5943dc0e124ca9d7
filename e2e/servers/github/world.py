"""What the scripted GitHub knows, and what people do there: one repository with its pull requests.

The head of an open pull request is whatever its branch is in the bare repository just now. Everything else is kept
here. Tests act as reviewers, checks and other people through `World` and `Pull`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from e2e.servers.github.bare import Bare, GitRefusedError
from e2e.servers.github.issues import Issue

ME = "runner"
"""Whose token the runner has."""
Method = Literal["MERGE", "SQUASH", "REBASE"]


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Remark:
    id: str
    author: str
    body: str
    at: str
    association: str = "MEMBER"


@dataclass
class Review(Remark):
    state: str = "COMMENTED"
    commit: str = ""


@dataclass
class Thread:
    id: str
    path: str
    line: int
    comments: list[Remark]
    resolved: bool = False
    resolved_by: str | None = None


@dataclass
class Check:
    name: str
    status: str
    conclusion: str | None
    id: int
    log: str = ""
    at: str = field(default_factory=now)
    is_status: bool = False
    """A commit status instead of a check run."""


@dataclass
class World:
    """`required`: approving reviews that a rule of the repository asks for; with 0 GitHub gives no decision."""

    bare: Bare
    owner: str = "acme"
    name: str = "demo"
    default_branch: str = "main"
    required: int = 1
    allowed: tuple[Method, ...] = ("MERGE", "SQUASH", "REBASE")
    preferred: Method = "MERGE"
    delete_on_merge: bool = False
    auto_merge_allowed: bool = False
    required_checks: bool = False
    labels: list[str] = field(default_factory=lambda: ["bug", "robot"])
    people: list[str] = field(default_factory=lambda: [ME, "ann", "ben"])
    pulls: list[Pull] = field(default_factory=list)
    issues: dict[int, Issue] = field(default_factory=dict)
    former: str = ""
    """`owner/name`, by which it can still be asked for."""
    is_old: bool = False
    """An older server: it keeps no relations of issues, and does not know the words."""
    checks: dict[str, list[Check]] = field(default_factory=dict)
    """By commit."""
    new_checks: tuple[Check, ...] = ()
    lock: threading.RLock = field(default_factory=threading.RLock)
    counter: int = 0

    def number(self) -> int:
        with self.lock:
            self.counter += 1
            return self.counter

    def pull(self, number: int) -> Pull:
        found = next((pull for pull in self.pulls if pull.number == number), None)
        if found is None:
            raise KeyError(number)
        return found

    def open(self, head: str, base: str, title: str = "", body: str = "", draft: bool = False) -> Pull:
        """Raises GitRefusedError, in GitHub's words."""
        with self.lock:
            tip, under = self.bare.tip(head), self.bare.tip(base)
            if tip is None or under is None:
                raise GitRefusedError("Head sha can't be blank, Base sha can't be blank")
            if any(pull.head == head and pull.base == base and pull.state == "OPEN" for pull in self.pulls):
                raise GitRefusedError(f"A pull request already exists for {self.owner}:{head}.")
            if not self.bare.between(under, tip):
                raise GitRefusedError(f"No commits between {base} and {head}")
            pull = Pull(self, len(self.pulls) + 1, head, base, title, body, draft)
            self.pulls.append(pull)
            return pull

    def checks_of(self, oid: str) -> list[Check]:
        with self.lock:
            if oid not in self.checks:
                kept = (Check(c.name, c.status, c.conclusion, self.number(), c.log) for c in self.new_checks)
                self.checks[oid] = list(kept)
            return self.checks[oid]


@dataclass
class Pull:
    world: World
    number: int
    head: str
    base: str
    title: str
    body: str
    draft: bool = False
    author: str = ME
    state: str = "OPEN"
    created: str = field(default_factory=now)
    labels: list[str] = field(default_factory=list)
    reviewers: list[str] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    threads: list[Thread] = field(default_factory=list)
    comments: list[Remark] = field(default_factory=list)
    ended: str | None = None
    merge_commit: str | None = None
    ended_by: str | None = None
    last_head: str = ""
    last_base: str = ""

    @property
    def url(self) -> str:
        return f"https://github.com/{self.world.owner}/{self.world.name}/pull/{self.number}"

    @property
    def head_oid(self) -> str:
        if self.state == "OPEN":
            self.last_head = self.world.bare.tip(self.head) or self.last_head
        return self.last_head

    @property
    def base_oid(self) -> str:
        if self.state == "OPEN":
            self.last_base = self.world.bare.tip(self.base) or self.last_base
        return self.last_base

    @property
    def mergeable(self) -> str:
        if self.state != "OPEN":
            return "UNKNOWN"
        return "MERGEABLE" if self.world.bare.merged_tree(self.base_oid, self.head_oid) else "CONFLICTING"

    @property
    def checks(self) -> list[Check]:
        return self.world.checks_of(self.head_oid)

    @property
    def latest(self) -> list[Review]:
        """The last one of each reviewer that is an opinion, as GitHub counts them."""
        last: dict[str, Review] = {}
        for review in self.reviews:
            if review.author != self.author and review.state in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
                last[review.author] = review
        return list(last.values())

    @property
    def decision(self) -> str | None:
        states = [review.state for review in self.latest]
        if self.world.required == 0:
            return None
        if "CHANGES_REQUESTED" in states:
            return "CHANGES_REQUESTED"
        return "APPROVED" if states.count("APPROVED") >= self.world.required else "REVIEW_REQUIRED"

    @property
    def merge_state(self) -> str:
        if self.mergeable == "CONFLICTING":
            return "DIRTY"
        if self.draft:
            return "DRAFT"
        waiting = [check for check in self.checks if check.conclusion not in ("SUCCESS", "SKIPPED", "NEUTRAL")]
        if self.decision not in (None, "APPROVED") or (waiting and self.world.required_checks):
            return "BLOCKED"
        return "UNSTABLE" if waiting else "CLEAN"

    # -- what people and machines do ----------------------------------------------------------------------------------

    def review(self, who: str, state: str, body: str = "") -> Review:
        with self.world.lock:
            review = Review(f"PRR_{self.world.number()}", who, body, now(), state=state, commit=self.head_oid)
            self.reviews.append(review)
            return review

    def dismiss(self, who: str) -> None:
        for review in self.latest:
            if review.author == who:
                review.state = "DISMISSED"

    def comment(self, who: str, body: str, association: str = "MEMBER") -> Remark:
        with self.world.lock:
            remark = Remark(f"IC_{self.world.number()}", who, body, now(), association)
            self.comments.append(remark)
            return remark

    def thread(self, who: str, path: str, line: int, body: str) -> Thread:
        with self.world.lock:
            first = Remark(f"PRRC_{self.world.number()}", who, body, now())
            thread = Thread(f"PRRT_{self.world.number()}", path, line, [first])
            self.threads.append(thread)
            return thread

    def check(self, name: str, conclusion: str | None, log: str = "", status: bool = False) -> Check:
        """Of the head; None: it still runs."""
        with self.world.lock:
            kept = [check for check in self.checks if check.name != name]
            state = "COMPLETED" if conclusion else "IN_PROGRESS"
            check = Check(name, state, conclusion, self.world.number(), log, is_status=status)
            self.world.checks[self.head_oid] = [*kept, check]
            return check

    def close(self, who: str = "ann") -> None:
        with self.world.lock:
            self._freeze()
            self.state, self.ended, self.ended_by = "CLOSED", now(), who

    def reopen(self) -> None:
        self.state, self.ended, self.ended_by = "OPEN", None, None

    def merge(self, who: str = "ann", method: Method = "MERGE", subject: str = "", expected: str = "") -> None:
        """Raises GitRefusedError, in GitHub's words."""
        with self.world.lock:
            bare, base, head = self.world.bare, self.base_oid, self.head_oid
            if expected and expected != head:
                raise GitRefusedError("Head branch was modified. Review and try the merge again.")
            if self.state != "OPEN":
                raise GitRefusedError("Pull request is not open")
            if method not in self.world.allowed:
                raise GitRefusedError(f"{method.title()} merges are not allowed on this repository.")
            if who == ME and self.merge_state in ("DIRTY", "BLOCKED", "DRAFT"):
                raise GitRefusedError("Pull Request is not mergeable")
            new = self._merged(method, base, head, subject)
            bare.move(self.base, new, base)
            self._freeze()
            self.state, self.ended, self.ended_by, self.merge_commit = "MERGED", now(), who, new
            if self.world.delete_on_merge:
                bare.delete(self.head)

    def _merged(self, method: Method, base: str, head: str, subject: str) -> str:
        bare = self.world.bare
        if method == "SQUASH":
            return bare.squash(base, head, subject or f"{self.title} (#{self.number})")
        if method == "REBASE":
            return bare.rebase(base, head)
        return bare.merge(
            base, head, subject or f"Merge pull request #{self.number} from {self.world.owner}/{self.head}"
        )

    def _freeze(self) -> None:
        """It keeps its commits, whatever becomes of its branches."""
        self.last_head, self.last_base = self.head_oid, self.base_oid
