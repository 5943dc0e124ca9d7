"""No forge: a repository without a remote. There are no pull requests, and none can be made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from orchestrator.adapters.forge.base import NewPullRequest
from orchestrator.adapters.forge.gh import ForgeRefusedError
from orchestrator.core.forge.pull_request import Check, MergeMethod, PullRequest, State


class NoForge:
    name = "local"

    def __init__(self, repo: str) -> None:
        self._repo = repo

    def bots(self, number: int) -> frozenset[str]:
        return frozenset()

    def find(self, branch: str) -> tuple[PullRequest, ...]:
        return ()

    def log_ends(self, pull: PullRequest, checks: Sequence[Check]) -> dict[str, str]:
        return {}

    def default_merge_method(self) -> MergeMethod | None:
        return None

    def state(self, number: int) -> State:
        self._refuse()

    def pull_request(self, number: int) -> PullRequest:
        self._refuse()

    def create(self, new: NewPullRequest) -> None:
        self._refuse()

    def set_base(self, number: int, base: str) -> None:
        self._refuse()

    def mark_ready(self, number: int) -> None:
        self._refuse()

    def add_labels(self, number: int, labels: Sequence[str]) -> None:
        self._refuse()

    def ask_reviewers(self, number: int, logins: Sequence[str]) -> None:
        self._refuse()

    def comment(self, number: int, body: str) -> None:
        self._refuse()

    def reply(self, thread: str, body: str) -> None:
        self._refuse()

    def resolve(self, thread: str) -> None:
        self._refuse()

    def merge(self, number: int, method: MergeMethod, head: str) -> None:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise ForgeRefusedError(
            f"{self._repo} has no remote, so there is no forge with pull requests; "
            "add the remote, or use the workflow local"
        )
