from __future__ import annotations

import subprocess

import pytest

from orchestrator.core.checks.check import plan_problems
from orchestrator.core.checks.check_branches import flaw, mended
from tests.factories import entry, plan, ticket

NAMES = [
    "bad..branch", "a b", "-x", "x.lock", "a//b", "a@{b",
    "a/", "a.", "/a", ".a", "a/.b", "a.lock/b", "@", "a~", "a^b",
    "a:b", "a?", "a*", "[a", "a\\b", "a\tb", "a\x7f", "HEAD", "", "main",
    "x-", "a/b/c", "a@b", "@a", "lock", "a.b", "größe",
    "🎉", "a{", "a]", "x.locks", "feature/a.b", "heads", "refs/heads/x",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_it_agrees_with_git(name: str) -> None:
    words = ["git", "check-ref-format", "--branch", name]
    takes = name not in ("HEAD", "@") and subprocess.run(words, capture_output=True, check=False).returncode == 0
    assert (flaw(name) is None and bool(name)) == takes
    assert not mended(name) or flaw(mended(name)) is None


def test_what_no_file_can_be_called_is_no_branch() -> None:
    assert flaw("x/" + "ä" * 126) == "a part of it has more than 250 bytes" and flaw("a/" * 200 + "b") is None


def said(*tickets: dict[str, str | None], base: str | None = None) -> list[str]:
    made = {str(given["ticket_id"]): ticket(**given) for given in tickets}
    found = plan_problems(plan(*(entry(name) for name in made), base=base, repo="/r", worktree_root="/w"), made)
    assert all(one.hint and one.key for one in found)
    return [str(one) for one in found]


def test_branches_that_git_refuses_and_what_to_write() -> None:
    found = said({"ticket_id": "a", "branch": "my work"}, {"ticket_id": "b", "base": "x..y"}, base="-")
    assert found == [
        "plan p1: git refuses the base '-': it begins with - "
        "(write another, or leave it out: the repository's own counts)",
        "ticket p1/a: git refuses the branch 'my work': it has a space "
        '(write "my-work", or leave it out: one is derived)',
        "ticket p1/b: git refuses the base 'x..y': it has two dots in a row "
        '(write "x-y", or leave it out: the repository\'s own counts)',
    ]


def test_no_branch_is_the_base_or_inside_another() -> None:
    (found,) = said({"ticket_id": "a", "branch": "dev"}, {"ticket_id": "b", "branch": "dev", "base": "x"}, base="dev")[
        1:
    ]
    assert 'ticket p1/a: its branch is the base that it starts from and returns to: "dev"' in found
    (found,) = said({"ticket_id": "a", "branch": "x"}, {"ticket_id": "b", "branch": "x/y/z"})
    assert 'ticket p1/b: has the branch "x/y/z", which git refuses beside "x" of a (write "x-y-z"' in found
