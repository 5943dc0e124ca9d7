"""`forge state`, `forge show`, `forge find`: questions that change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orchestrator.cli import output
from orchestrator.cli.forge.kit import answering, config, physical, repo_option
from orchestrator.cli.options import command, json_option
from orchestrator.cli.output import clean, say

if TYPE_CHECKING:
    from orchestrator.core.forge.pull_request import PullRequest, Remark


@command("state")
@click.argument("pr", metavar="PR")
@repo_option
@answering
def state(pr: str, repo: str) -> int:
    """Say whether a pull request is open, merged or closed.

    Exit codes: 0 the word is printed; 1 the forge cannot be asked now; 2 it knows no such pull request.
    """
    from orchestrator.control.forge import asking

    say(asking.state(config(), physical(repo), pr))
    return 0


@command("show")
@click.argument("pr", metavar="PR")
@repo_option
@json_option
@answering
def show(pr: str, repo: str, as_json: bool) -> int:
    """Show what the forge says of a pull request.

    State, review, checks, comments and all threads.

    \b
    --json: {"number", "url", "title", "state", "draft", "author", "base", "head", "headCommit", "pushedAt",
     "decision", "mergeable", "reviews", "latestReviews", "comments", "threads", "checks"}
    Exit codes: 0 shown; 1 the forge cannot be asked now; 2 it knows no such pull request.
    """
    from orchestrator.control.forge import asking

    pull = asking.shown(config(), physical(repo), pr)
    if as_json:
        output.show_json(_document(pull))
    else:
        say(*map(clean, _lines(pull)))
    return 0


@command("find")
@click.argument("branch", metavar="BRANCH")
@repo_option
@json_option
@answering
def find(branch: str, repo: str, as_json: bool) -> int:
    """List the pull requests of a branch.

    Of this repository, open or not, the latest first. A fork's branch of the same name does not count.

    \b
    --json: [{"number", "url", "title", "state", "draft", "base", "head", "headCommit"}]
    Exit codes: 0 listed, also when there are none; 1 the forge cannot be asked now.
    """
    from orchestrator.control.forge import asking

    found = asking.found(config(), physical(repo), branch)
    if as_json:
        keys = ("number", "url", "title", "state", "draft", "base", "head", "headCommit")
        output.show_json([{key: _document(pull)[key] for key in keys} for pull in found])
    else:
        say(*(clean(f"#{pull.number}  {pull.state:<6}  {pull.url}  {pull.title}") for pull in found))
    return 0


def _document(pull: PullRequest) -> dict[str, object]:
    import msgspec

    def camel(value: object) -> object:
        if isinstance(value, dict):
            return {_camel(key): camel(one) for key, one in value.items()}
        return [camel(one) for one in value] if isinstance(value, list | tuple) else value

    document = camel(msgspec.to_builtins(pull))
    assert isinstance(document, dict)
    return document


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def _lines(pull: PullRequest) -> list[str]:
    waiting = [thread for thread in pull.threads if not thread.resolved]
    review = pull.decision.replace("_", " ") or "none asked for"
    conflicts = {True: "no", False: "yes", None: "not known yet"}[pull.mergeable]
    return [
        f"#{pull.number} {pull.title}",
        f"  {pull.url}",
        f"  {pull.state}{', a draft' if pull.draft else ''}, {pull.head} into {pull.base}",
        f"  review: {review}",
        f"  conflicts: {conflicts}",
        *(f"  check {check.name}: {check.state}" for check in pull.checks),
        *(f"  {_talk((one,))}" for one in (*pull.reviews, *pull.comments) if one.body),
        f"  threads: {len(pull.threads)}, {len(waiting)} open",
        *(f"  {thread.path}:{thread.line or '?'}  {_talk(thread.remarks)}" for thread in waiting),
    ]


def _talk(remarks: tuple[Remark, ...]) -> str:
    return " · ".join(f"{one.author}: {_first_line(one.body)}" for one in remarks)


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0].strip()
