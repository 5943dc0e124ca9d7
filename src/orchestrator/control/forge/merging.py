"""Merging a ticket's pull request: whether it may be now, and doing it.

The law: look before, and believe nobody but the forge's own word for it afterwards. A merge whose answer was lost is
found merged; only the head that was meant is merged.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, get_args

from msgspec.structs import replace

from orchestrator.adapters.forge.base import Forge
from orchestrator.adapters.forge.gh import ForgeRefusedError, ForgeUnreachableError
from orchestrator.adapters.places import Places
from orchestrator.control.forge.asking import forge_with, number_of
from orchestrator.control.forge.reviewing import Memory, looked
from orchestrator.control.reading import plan_or_none
from orchestrator.core.forge.merging import MergeWishes, MergeWord, Refusal, merge_word, methods, refusal, why_not
from orchestrator.core.forge.pull_request import PullRequest
from orchestrator.core.settings import Config, MergeMethod

LOOKS = (0.0, 1.0, 2.0)
"""Seconds before each look for what was merged: a forge may show it a moment later."""


class Mergeable(NamedTuple):
    word: MergeWord
    pull: PullRequest
    why_not: str
    """Why the runner does not merge it now; empty: it may."""
    is_asked_for: bool
    """Whether the runner is to merge it once it may be."""


class RulesRefuseError(ForgeRefusedError):
    """Rules of the repository are in the way; which may be a matter of moments, after a push."""


class NotNowError(ForgeRefusedError):
    """It is for people again."""


def wishes(config: Config, environ: Mapping[str, str] = os.environ) -> MergeWishes:
    """Of the plan whose script this is, else of the configuration."""
    name = environ.get("ORCHESTRATOR_PLAN")
    plan = plan_or_none(Places(config), name) if name else None
    auto = plan.auto_merge if plan is not None else None
    method = plan.merge_method if plan is not None else None
    given = environ.get("ORCHESTRATOR_MERGE_METHOD")
    known: dict[str, MergeMethod] = {one: one for one in get_args(MergeMethod)}
    return MergeWishes(
        auto=config.settings.auto_merge if auto is None else auto,
        method=known.get(given or "") or method or config.settings.merge_method,
    )


def mergeable(config: Config, repo: str, pr: str, environ: Mapping[str, str] = os.environ) -> Mergeable:
    """Raises ForgeUnreachableError, ForgeRefusedError, StoreError, UnreadableError."""
    pull, look = looked(config, repo, pr)
    word = merge_word(pull, look, config.settings.review)
    stacked, wanted = bool(environ.get("ORCHESTRATOR_STACKED")), wishes(config, environ)
    return Mergeable(word, pull, why_not(word, look, wanted, stacked), wanted.auto and not stacked)


def merge(config: Config, repo: str, pr: str, head: str, sleep: Callable[[float], None] = time.sleep) -> str:
    """Merge it as long as its head is `head`. Returns how, in words.

    Raises ForgeUnreachableError (not now, or it is not known), ForgeRefusedError and its kin.
    """
    forge, number, wanted = forge_with(config, repo), number_of(pr), wishes(config).method
    state = forge.state(number)
    if state == "closed":
        raise ForgeRefusedError(f"pull request #{number} was closed without a merge")
    how = "is merged already"
    if state == "open":
        how = _merged(forge, number, head, wanted, sleep)
    gone = PullRequest(number=number, state="merged")
    Memory(config).change(gone, lambda known: replace(known, state="merged", review="merged"))
    return f"Pull request #{number} {how}"


def _merged(forge: Forge, number: int, head: str, wanted: MergeMethod | None, sleep: Callable[[float], None]) -> str:
    usual = forge.default_merge_method() if wanted is None else None
    failure: ForgeRefusedError | ForgeUnreachableError | None = None
    for method in methods(wanted, usual):
        failure = _asked(forge, number, method, head)
        for pause in LOOKS if failure is None else LOOKS[:1]:
            sleep(pause)
            if forge.state(number) == "merged":
                return f"was merged (method {method})"
        if failure is None:
            raise ForgeUnreachableError(
                f"the forge has taken the merge of #{number} but has not done it yet (a queue?); it is asked again"
            )
        if refusal(str(failure)) != "method":
            break
    assert failure is not None
    raise _meaning(failure, number, wanted)


def _asked(
    forge: Forge, number: int, method: MergeMethod, head: str
) -> ForgeRefusedError | ForgeUnreachableError | None:
    try:
        forge.merge(number, method, head)
    except (ForgeRefusedError, ForgeUnreachableError) as error:
        return error
    return None


def _meaning(
    failure: ForgeRefusedError | ForgeUnreachableError, number: int, wanted: MergeMethod | None
) -> ForgeRefusedError | ForgeUnreachableError:
    said = str(failure)
    if "rate limit" in said.lower():
        return failure
    kind: Refusal = refusal(said)
    if kind == "again":
        return ForgeUnreachableError(f"{said}\nit is looked at again")
    if kind == "draft":
        return NotNowError(said)
    if kind == "rules":
        return RulesRefuseError(
            f"rules of the repository forbid to merge #{number} now:\n{said}\n"
            "the runner never passes over them: fulfil them or merge it yourself, then retry the ticket"
        )
    if kind == "method":
        tried = f"mergeMethod {wanted}" if wanted else "every method"
        return ForgeRefusedError(
            f"the repository forbids {tried}:\n{said}\nset mergeMethod (merge, squash or rebase) to one that it allows"
        )
    if kind == "permission":
        return ForgeRefusedError(f"the account of the runner may not merge #{number}:\n{said}")
    return failure
