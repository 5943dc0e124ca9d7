"""`forge await-merge`, `ready`, `mergeable` and `merge`: a ticket's pull request on its way into the base."""

from __future__ import annotations

import sys

import click

from orchestrator.cli.forge.kit import NOT_NOW, answering, config, physical, repo_option
from orchestrator.cli.options import command
from orchestrator.cli.output import say

AWAIT = {"merged": 0, "closed": 2, "conflict": 3, "review": 5}
"""Everything else is 1; what the runner may merge is 6."""
READY = {"merged": 0, "ready": 0, "approved": 0, "pending": 1}
"""Everything else is 2."""
MERGE_ITSELF, OTHER_HEAD, RULES, NOT_MERGEABLE = 6, 4, 4, 5


HEAD = "The commit that its head has to be."


@command("await-merge")
@click.argument("pr", metavar="PR")
@repo_option
@answering
def await_merge(pr: str, repo: str) -> int:
    """Say whether an approved pull request is merged, or what came between.

    \b
    Exit codes: 0 merged; 1 open, or the forge cannot be asked; 2 closed; 3 conflict with the base;
    5 something new was said, a check failed, or the approval is gone; 6 autoMerge is on, and it may be merged now.
    """
    from orchestrator.control.forge import merging

    seen = merging.mergeable(config(), physical(repo), pr)
    say(f"{seen.word}: {seen.why_not}" if seen.why_not and seen.word not in ("merged", "closed") else seen.word)
    return AWAIT.get(seen.word, NOT_NOW) if seen.why_not else MERGE_ITSELF


@command("ready")
@click.argument("pr", metavar="PR")
@repo_option
@click.option("--head", metavar="SHA", default="", help=HEAD)
@answering
def ready(pr: str, repo: str, head: str) -> int:
    """Say whether a pull request that was just pushed may be merged still.

    \b
    Exit codes: 0 its checks have passed and it is approved, or it is merged; 1 a check is pending, or the forge cannot
    be asked; 2 it may not be merged any more; 4 its head is not --head.
    """
    from orchestrator.control.forge import merging

    seen = merging.mergeable(config(), physical(repo), pr)
    if head and seen.pull.state == "open" and seen.pull.head_commit != head:
        say(f"its head is {seen.pull.head_commit[:12]}")
        return OTHER_HEAD
    say(seen.word)
    return READY.get(seen.word, 2)


@command("mergeable")
@click.argument("pr", metavar="PR")
@repo_option
@answering
def mergeable(pr: str, repo: str) -> int:
    """Say whether the runner may merge a pull request now.

    \b
    Prints a word (ready, merged, closed, conflict; otherwise no), its head commit and its base; why not is on stderr.
    Exit codes: 0 printed; 1 the forge cannot be asked now; 2 it knows no such pull request.
    """
    from orchestrator.control.forge import merging

    seen = merging.mergeable(config(), physical(repo), pr)
    known = ("merged", "closed", *(("ready", "conflict") if seen.is_asked_for else ()))
    word = seen.word if seen.word in known else "no"
    if word == "no":
        print(f"pull request #{seen.pull.number}: {seen.why_not}", file=sys.stderr)
    say(f"{word} {seen.pull.head_commit or '-'} {seen.pull.base or '-'}")
    return 0


@command("merge")
@click.argument("pr", metavar="PR")
@repo_option
@click.option("--head", metavar="SHA", required=True, help=HEAD)
@answering
def merge(pr: str, repo: str, head: str) -> int:
    """Merge a pull request, by the method of `mergeMethod`.

    Without `mergeMethod` by the repository's own default. It is never merged past rules of the repository, and only as
    long as its head is --head. Whether it may be merged is asked of `forge mergeable`.

    \b
    Exit codes: 0 merged, now or before; 1 not now; 2 refused; 4 rules of the repository are in the way;
    5 it is a draft.
    """
    from orchestrator.control.forge import merging

    try:
        say(merging.merge(config(), physical(repo), pr, head))
    except (merging.RulesRefuseError, merging.NotNowError) as error:
        print(f"orchestrator: {error}", file=sys.stderr)
        return RULES if isinstance(error, merging.RulesRefuseError) else NOT_MERGEABLE
    return 0
