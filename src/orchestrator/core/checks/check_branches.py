"""Branches that git refuses, or on which two pieces of work would meet: small named rules of a plan.

The law: what git says of a name is known from the name alone (`git check-ref-format --branch`); git is never asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestrator.core.model import ID_PATTERN
from orchestrator.core.problems import Problem

if TYPE_CHECKING:
    from orchestrator.core.checks.check_plan import Scope

_FLAWS = tuple(
    (re.compile(pattern), why)
    for pattern, why in (
        (r"^-", "it begins with -"),
        (r"^@$", "@ alone is no name"),
        (r"^HEAD$", "HEAD is what is checked out"),
        (r"^/|/$|//", "a / stands at its beginning or end, or beside another"),
        (r"\.\.", "it has two dots in a row"),
        (r"(?:^|/)\.", "a part of it begins with a dot"),
        (r"\.$", "it ends with a dot"),
        (r"\.lock(?:/|$)", "a part of it ends with .lock"),
        (r"@\{", "it has @{"),
        (r" ", "it has a space"),
        (r"[\x00-\x1f\x7f]", "it has a control character"),
        (r"[~^:?*\[\\]", r"it has one of ~ ^ : ? * [ \ "),
    )
)
_ANY = re.compile("|".join(f"(?:{pattern.pattern})" for pattern, _ in _FLAWS))
LONGEST_PART = 250
"""Bytes: each part of a name is a file, and git adds `.lock` to it while it writes."""


def flaw(name: str) -> str | None:
    """Why git does not take it as the name of a branch; None: it does."""
    if len(name) > LONGEST_PART // 4 and any(len(part.encode()) > LONGEST_PART for part in name.split("/")):
        return f"a part of it has more than {LONGEST_PART} bytes"
    if not _ANY.search(name):
        return None
    return next(why.rstrip() for pattern, why in _FLAWS if pattern.search(name))


def mended(name: str) -> str:
    """The name that is nearest to it and that git takes; empty where nothing of it can stay."""
    parts = [re.sub(r"[\x00-\x20\x7f~^:?*\[\\]+|\.{2,}|@\{", "-", part) for part in name.split("/")]
    parts = [re.sub(r"(?:\.lock)+$", "", part.strip("-.")).strip("-.")[: LONGEST_PART // 4] for part in parts]
    whole = "/".join(part for part in parts if part)
    return whole if whole and flaw(whole) is None else ""


def names_that_git_refuses(scope: Scope) -> Iterator[Problem]:
    base = scope.plan.base
    if base and (why := flaw(base)):
        yield _refused(scope.where, "base", base, why)
    for name, ticket in scope.open_tickets:
        if ticket.branch and (why := flaw(ticket.branch)) and ID_PATTERN.match(name):  # else it comes of a wrong id
            yield _refused(scope.ticket(name), "branch", ticket.branch, why)
        if ticket.base and (why := flaw(ticket.base)):
            yield _refused(scope.ticket(name), "base", ticket.base, why)


def _refused(where: str, key: str, name: str, why: str) -> Problem:
    near = mended(name)
    other = "leave it out: one is derived" if key == "branch" else "leave it out: the repository's own counts"
    hint = f'write "{near}", or {other}' if near else f"write another, or {other}"
    return Problem(where, f"git refuses the {key} {name!r}: {why}", hint=hint, key=key)


def same_branch(scope: Scope) -> Iterator[Problem]:
    owners: dict[tuple[str | None, str], str] = {}
    for name, ticket in scope.open_tickets:
        if ticket.branch:
            owner = owners.setdefault((ticket.repo or scope.plan.repo, ticket.branch), name)
            if owner != name:
                hint = "give it a branch of its own, or leave branch out: one is derived from its id and title"
                what = f'has the same branch as {owner}: "{ticket.branch}"'
                yield Problem(scope.ticket(name), what, hint=hint, key="branch")
    yield from _inside(scope, owners)


def _inside(scope: Scope, owners: dict[tuple[str | None, str], str]) -> Iterator[Problem]:
    """Git keeps branches as files: where there is `a` there can be no `a/b`."""
    for (repo, branch), name in owners.items():
        at = branch.find("/")
        while at > 0:
            other = owners.get((repo, branch[:at]))
            if other is not None:
                what = f'has the branch "{branch}", which git refuses beside "{branch[:at]}" of {other}'
                hint = f'write "{branch.replace("/", "-")}", or leave branch out: one is derived from its id and title'
                yield Problem(scope.ticket(name), what, hint=hint, key="branch")
                break
            at = branch.find("/", at + 1)


def branch_is_base(scope: Scope) -> Iterator[Problem]:
    """Its work would be on the branch that it is to be brought to."""
    for name, ticket in scope.open_tickets:
        base = ticket.base or scope.plan.base
        if base and ticket.branch == base:
            what = f'its branch is the base that it starts from and returns to: "{base}"'
            hint = "give it a branch of its own, or leave branch out: one is derived from its id and title"
            yield Problem(scope.ticket(name), what, hint=hint, key="branch")
