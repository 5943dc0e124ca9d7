"""A ticket's pull request comes to be: looked for, made when there is none, furnished, and noted.

The law: look, then make, then look again; it is there only when the forge shows it. Every step may be the last one of a
process that is killed: the next one finds on the forge what was done. The note beside the worktree's index comes last,
so a pull request without one is furnished again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from orchestrator.adapters.forge.base import Forge, NewPullRequest
from orchestrator.adapters.forge.gh import ForgeNotSetUpError, ForgeRefusedError, ForgeUnreachableError
from orchestrator.adapters.places import Places
from orchestrator.adapters.repository import git
from orchestrator.adapters.repository import worktree_notes as notes
from orchestrator.adapters.state.pull_requests import remember
from orchestrator.control.forge.asking import forge_at
from orchestrator.control.forge.wording import Told, texts
from orchestrator.control.reading import plan_or_none
from orchestrator.core.forge.pull_request import PullRequest, Remembered
from orchestrator.core.forge.remote import pull_number
from orchestrator.core.forge.standing import Branch, Standing, standing
from orchestrator.core.model import Key
from orchestrator.core.settings import Config, PullRequestSettings
from orchestrator.errors import CannotRunError, OrchestratorError, TemplateError

LOOKS = (0.0, 1.0, 2.0)
"""Seconds before each look for what was made: a forge may show it a moment later."""

Tell = Callable[[str], None]


class Made(NamedTuple):
    pull: PullRequest
    is_merged: bool


def look(config: Config, repo: str, told: Told) -> Standing:
    """Whether there is one, or may be one. Raises ForgeUnreachableError; ForgeRefusedError: somebody closed it."""
    return _allowed(_standing(forge_at(config, repo), told))


def create(config: Config, repo: str, key: Key | None, told: Told, tell: Tell) -> Made:
    """Raises ForgeUnreachableError, ForgeRefusedError. `tell` gets what did not go as wished."""
    forge, wishes = forge_at(config, repo), _wishes(config, key)
    found = _allowed(_standing(forge, told))
    if found.pull is None:
        found = _made(config, forge, key, told, wishes, tell)
    assert found.pull is not None
    pull = found.pull
    if found.word == "open" and notes.note(told.worktree, notes.NUMBER) != str(pull.number):
        _furnish(forge, pull, wishes, tell)
    if found.word == "open":
        pull = _with_base(forge, pull, told, tell)
    _note(config, key, told, pull)
    return Made(pull, found.word == "merged")


def _standing(forge: Forge, told: Told) -> Standing:
    tree = told.worktree
    pushed = notes.note(tree, notes.PUSHED)

    def adds_to(sha: str) -> bool:
        """Commits that somebody added, and that nobody has here, came after those that we pushed."""
        told_of = [answer for one in (sha, pushed) if one and (answer := git.adds_to(tree, one, told.base)) is not None]
        return told_of[0] if told_of else True

    branch = Branch(
        head=git.head(tree) or "",
        pushed=pushed,
        number=pull_number(notes.note(tree, notes.NUMBER)),
        has=lambda sha: git.is_part(tree, sha),
        adds_to=adds_to,
    )
    return standing(_found(forge, told.branch), branch)


def _found(forge: Forge, branch: str) -> tuple[PullRequest, ...]:
    try:
        return forge.find(branch)
    except ForgeNotSetUpError as error:
        raise ForgeRefusedError(
            f"{error}\nlog in (`gh auth login`), or set ghCommand, then retry the ticket"
        ) from error


def _allowed(found: Standing) -> Standing:
    if found.word == "closed" and found.pull is not None:
        raise ForgeRefusedError(
            f"the pull request {found.pull.url or found.pull.number} was closed without a merge; a second one is not "
            "opened. Reopen it and retry the ticket, or give the ticket another branch"
        )
    return found


def _wishes(config: Config, key: Key | None) -> PullRequestSettings:
    plan = plan_or_none(Places(config), key.plan) if key else None
    return (plan.pull_request if plan else None) or config.settings.pull_request


def _made(
    config: Config, forge: Forge, key: Key | None, told: Told, wishes: PullRequestSettings, tell: Tell
) -> Standing:
    """An answer that says no may have been lost on its way from one that says yes: what the forge shows counts."""
    failure: OrchestratorError | None = None
    try:
        _ask_for(forge, _new(config, key, told, wishes), tell)
    except (ForgeUnreachableError, ForgeRefusedError) as error:
        failure = error
    for pause in LOOKS if failure is None else LOOKS[:2]:
        time.sleep(pause)
        found = _allowed(_standing(forge, told))
        if found.pull is not None:
            return found
    raise failure or ForgeUnreachableError(f"the forge does not show the pull request of {told.branch} yet")


def _new(config: Config, key: Key | None, told: Told, wishes: PullRequestSettings) -> NewPullRequest:
    try:
        title, body = texts(config, key, told)
    except (TemplateError, CannotRunError) as error:
        raise ForgeRefusedError(str(error)) from error
    return NewPullRequest(title=title, body=body, base=told.base, head=told.branch, draft=wishes.draft)


def _ask_for(forge: Forge, new: NewPullRequest, tell: Tell) -> None:
    try:
        forge.create(new)
    except (ForgeUnreachableError, ForgeRefusedError) as error:
        if not new.draft or "draft pull requests are not supported" not in str(error).lower():
            raise
        tell("the repository has no draft pull requests: it is opened as an ordinary one")
        forge.create(replace(new, draft=False))


def _furnish(forge: Forge, pull: PullRequest, wishes: PullRequestSettings, tell: Tell) -> None:
    """Without labels and reviewers it is a pull request too."""
    _each(lambda words: forge.add_labels(pull.number, words), wishes.labels, "give it the label", tell)
    _each(lambda words: forge.ask_reviewers(pull.number, words), wishes.reviewers, "ask for a review by", tell)


def _each(ask: Callable[[Sequence[str]], None], words: Sequence[str], what: str, tell: Tell) -> None:
    """All at once, and one by one where that is refused."""
    if not words or _refused(ask, words) is None:
        return
    for word in words:
        if (why := _refused(ask, [word])) is not None:
            tell(f"cannot {what} {word}: {why}")


def _refused(ask: Callable[[Sequence[str]], None], words: Sequence[str]) -> str | None:
    try:
        ask(words)
    except (ForgeUnreachableError, ForgeRefusedError) as error:
        return str(error)
    return None


def _with_base(forge: Forge, pull: PullRequest, told: Told, tell: Tell) -> PullRequest:
    """With the ticket's base, or the ticket with the forge's: who changed it last is followed.

    Where the forge's is as we left it, the ticket's has changed (what it was stacked on is merged).
    """
    if pull.base == told.base or not pull.base:
        return pull
    if notes.note(told.worktree, notes.ASKED_BASE) == pull.base:
        forge.set_base(pull.number, told.base)
        return replace(pull, base=told.base)
    tell(f"its base on the forge is {pull.base}, not {told.base}: the ticket goes on with {pull.base}")
    notes.write_note(told.worktree, notes.BASE, pull.base)
    return pull


def _note(config: Config, key: Key | None, told: Told, pull: PullRequest) -> None:
    notes.write_note(told.worktree, notes.ASKED_BASE, pull.base or told.base)
    notes.write_note(told.worktree, notes.NUMBER, str(pull.number))
    if key is not None:
        remember(Places(config), key, lambda known: _remembered(known, pull))


def _remembered(known: Remembered, pull: PullRequest) -> Remembered:
    """Of another pull request than before nothing is known."""
    same = known if known.number == pull.number else Remembered()
    return replace(same, number=pull.number, url=pull.url, state=pull.state, draft=pull.draft)
