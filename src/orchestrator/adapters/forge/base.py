"""What is asked of a forge, whichever it is. One class for each kind of forge; `choose` knows them all.

The law: an answer is what the forge has said, whole, all its pages. What cannot be asked raises ForgeUnreachableError
(nothing is known, ask again), what is refused ForgeRefusedError; silence is never an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from orchestrator.core.forge.pull_request import Check, MergeMethod, PullRequest, State


class NewPullRequest(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    body: str
    base: str
    head: str
    """The branch, which the remote has."""
    draft: bool = False


class Forge(Protocol):
    name: str

    def state(self, number: int) -> State:
        """One small question."""

    def pull_request(self, number: int) -> PullRequest:
        """Everything. One that is not open any more may come with number and state alone."""

    def bots(self, number: int) -> frozenset[str]:
        """Logins of those who commented or reviewed and are programs; `pull_request` may not tell."""

    def find(self, branch: str) -> tuple[PullRequest, ...]:
        """Those of this branch in this repository, open or not, the latest first; without what was said of them."""

    def create(self, new: NewPullRequest) -> None:
        """Whether it is there is asked of `find` afterwards, whatever this says."""

    def set_base(self, number: int, base: str) -> None: ...

    def mark_ready(self, number: int) -> None: ...

    def add_labels(self, number: int, labels: Sequence[str]) -> None: ...

    def ask_reviewers(self, number: int, logins: Sequence[str]) -> None: ...

    def comment(self, number: int, body: str) -> None: ...

    def reply(self, thread: str, body: str) -> None:
        """In a thread, by its id."""

    def resolve(self, thread: str) -> None: ...

    def merge(self, number: int, method: MergeMethod, head: str) -> None:
        """Only while its head is `head`. Whether it is merged is asked of `state` afterwards."""

    def log_ends(self, pull: PullRequest, checks: Sequence[Check]) -> dict[str, str]:
        """The end of the log of each, by name, as far as the forge tells. Never raises."""

    def default_merge_method(self) -> MergeMethod | None:
        """None: the forge does not say. Never raises."""
