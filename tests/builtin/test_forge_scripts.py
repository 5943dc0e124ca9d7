"""The scripts that ask the forge: exit codes as documented, and a forge that cannot be asked is never an answer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.builtin.scripts import Said, commit, git, origin_of, repo_with_origin, run

needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason="the stand-in for gh filters with jq")

# Answers every question with the same pull request, filtered as gh filters: by --jq.
FAKE_GH = """\
#!/bin/sh
echo "$*" >> "$0.calls"
filter=.
file=view
[ "$1" = api ] && file=threads
[ "$2" = list ] && file=list
[ "$2" = create ] && { cp "$0.created" "$0.list"; cat > "$0.body"; exit 0; }
while [ $# -gt 0 ]; do
  [ "$1" = --jq ] && filter=$2
  shift
done
[ -e "$0.$file" ] || { echo "HTTP 503" >&2; exit 1; }
jq -r "$filter" "$0.$file"
"""
HEAD = "h" * 40
EARLY, PUSHED = "2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z"


class Forge:
    def __init__(self, folder: Path) -> None:
        self.gh = folder / "g h"
        self.gh.write_text(FAKE_GH)
        self.gh.chmod(0o755)
        self.repo = folder

    def shows(self, **fields: Any) -> None:
        pull = {
            "state": "OPEN", "author": {"login": "bot"}, "headRefOid": HEAD, "reviewDecision": "", "reviews": [],
            "commits": [{"committedDate": EARLY}, {"committedDate": PUSHED}], "latestReviews": [], "comments": [],
            "statusCheckRollup": [],
        }  # fmt: skip
        Path(f"{self.gh}.view").write_text(json.dumps(pull | fields))
        nodes: Any = {"data": {"repository": {"pullRequest": {"reviewThreads": {"nodes": []}}}}}
        Path(f"{self.gh}.threads").write_text(json.dumps(nodes))

    def ask(self, script: str, pr: str = "7") -> Said:
        return run(script, self.repo, pr, ORCHESTRATOR_GH=str(self.gh))


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    return Forge(tmp_path)


APPROVED = {"reviewDecision": "APPROVED"}


@needs_jq
@pytest.mark.parametrize(
    ("script", "codes"), [("check-pr-merged.sh", {"MERGED": 0, "OPEN": 1, "CLOSED": 2}),
                          ("check-pr-closed.sh", {"CLOSED": 0, "OPEN": 1, "MERGED": 1})]
)  # fmt: skip
def test_merged_and_closed_have_their_exit_codes(forge: Forge, script: str, codes: dict[str, int]) -> None:
    for state, code in codes.items():
        forge.shows(state=state)
        said = forge.ask(script)
        assert (said.code, said.out.strip()) == (code, state.lower())


@needs_jq
@pytest.mark.parametrize("why", ["down", "no number", "no repo", "garbage"])
@pytest.mark.parametrize(
    ("script", "code"), [("check-pr-review.sh", 1), ("check-pr-merged.sh", 1), ("check-pr-closed.sh", 2)]
)
def test_a_forge_that_cannot_be_asked_is_never_an_answer(forge: Forge, script: str, code: int, why: str) -> None:
    if why != "down":
        forge.shows(state="APPROVED" if why == "garbage" else "OPEN", **APPROVED)
    if why == "no repo":
        forge.repo = forge.repo / "missing"
    said = forge.ask(script, "" if why == "no number" else "7")
    assert (said.code, said.out) == (code, ""), said
    assert "cannot ask the forge" in said.err


@needs_jq
def test_half_an_answer_is_none(forge: Forge) -> None:
    forge.shows(**APPROVED)
    Path(f"{forge.gh}.threads").unlink()
    said = forge.ask("check-pr-review.sh")
    assert (said.code, said.out) == (1, ""), said


@pytest.fixture
def branch(forge: Forge, tmp_path: Path) -> Path:
    """A worktree with one commit on branch t."""
    forge.repo = repo_with_origin(tmp_path / "repo")
    tree = tmp_path / "work tree"
    assert run("setup-worktree.sh", forge.repo, "t", tree).code == 0
    commit(tree, done="1\n")
    return tree


def create(forge: Forge, tree: Path) -> Said:
    words = ("T-1", "A `title`\nof $(touch x)", "What for", "- it works", "https://tracker.invalid/1")
    return run("create-pr.sh", forge.repo, "t", tree, *words, cwd=tree, ORCHESTRATOR_GH=str(forge.gh))


@needs_jq
def test_a_pull_request_is_opened_once_and_its_address_printed(forge: Forge, branch: Path) -> None:
    Path(f"{forge.gh}.list").write_text("[]")
    Path(f"{forge.gh}.created").write_text('[{"url": "https://forge.invalid/pull/7"}]')
    for _ in range(2):
        said = create(forge, branch)
        assert (said.code, said.out) == (0, "https://forge.invalid/pull/7\n"), said
    calls = Path(f"{forge.gh}.calls").read_text()
    assert calls.count("pr create") == 1
    assert "--title T-1: A `title` of $(touch x)" in calls
    assert "- it works" in Path(f"{forge.gh}.body").read_text()
    assert git(origin_of(forge.repo), "rev-parse", "t") == git(branch, "rev-parse", "HEAD")


@needs_jq
def test_without_a_pull_request_to_show_it_has_failed(forge: Forge, branch: Path) -> None:
    Path(f"{forge.gh}.list").write_text("[]")
    Path(f"{forge.gh}.created").write_text("[]")
    said = create(forge, branch)
    assert (said.code, said.out) == (1, "")
    assert "does not show" in said.err


def test_a_forge_that_is_down_creates_nothing(forge: Forge, branch: Path) -> None:
    assert create(forge, branch).code == 1
    assert "pr create" not in Path(f"{forge.gh}.calls").read_text()


def test_a_push_never_overwrites_what_somebody_else_pushed(forge: Forge, branch: Path, tmp_path: Path) -> None:
    assert run("push-branch.sh", "t", branch).code == 0
    other = tmp_path / "other"
    git(tmp_path, "clone", "--quiet", "--branch", "t", str(origin_of(forge.repo)), str(other))
    theirs = commit(other, theirs="1\n")
    git(other, "push", "--quiet", "origin", "t")
    git(branch, "fetch", "--quiet")
    git(branch, "commit", "--quiet", "--amend", "-m", "rewritten")
    assert run("push-branch.sh", "t", branch).code == 2
    assert git(origin_of(forge.repo), "rev-parse", "t") == theirs


def test_a_rewritten_branch_of_our_own_is_pushed(forge: Forge, branch: Path) -> None:
    run("push-branch.sh", "t", branch)
    git(branch, "commit", "--quiet", "--amend", "-m", "rewritten")
    assert run("push-branch.sh", "t", branch).code == 0
    assert git(origin_of(forge.repo), "rev-parse", "t") == git(branch, "rev-parse", "HEAD")
