"""Evidence is what lies in the worktree, on the branch where it belongs, and was not there when the visit began."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.engine.bad import git
from tests.engine.sites import Make, Site, make

__all__ = ["make"]

NO_COMMIT, NO_DIFF = "no evidence: no commit", "no evidence: no diff"


def walked(make: Make, evidence: str, before: str, agent: str, branch: str = "me/t1") -> str:
    """What the ticket failed with, empty when it did not; `before` and `agent` are shell, run in the worktree."""
    site = make(
        f"""
name: w
phases:
  - {{id: work, type: agent, promptTemplate: p.md, evidence: {evidence}, onSuccess: done}}
  - {{id: done, type: terminal}}
"""
    )
    site.edit(branch=branch)
    run(site.root / "wt/T1", before)
    site.program("scripts/work.sh", f"#!/bin/sh\nset -e\n{agent}\n")
    site.tick()
    return outcome(site)


def run(cwd: Path, script: str) -> None:
    (cwd / ".script").write_text(f"set -e; rm .script\n{script}")
    subprocess.run(["sh", ".script"], cwd=cwd, check=True, capture_output=True)


def outcome(site: Site) -> str:
    ticket = site.ticket()
    assert ticket.status in ("complete", "failed")
    return (ticket.error or "").removeprefix("work: ")


REPO = "git init -q; echo 1 >f; git add f; git commit -q -m first; git checkout -q -b me/t1\n"
COMMIT = "echo 2 >>f; git add f; git commit -q -m second"
SUB = REPO + (
    "git init -q sub; (cd sub; echo 1 >f; git add f; git commit -q -m first)\n"
    "git -c protocol.file.allow=always submodule --quiet add ./sub sub; git commit -q -m sub\n"
)


@pytest.mark.parametrize(
    ("evidence", "before", "agent"),
    [
        ("commit", REPO, COMMIT),
        ("diff", REPO, "echo 2 >>f"),
        ("diff", REPO, "touch new"),
        ("diff", REPO + "echo dirty >>f", "echo more >>f"),
        ("diff", REPO + "echo dirty >>f; touch new", "git checkout -q f; rm new"),
        ("commit", REPO + "echo dirty >>f", "git commit -q -a -m second"),
        ("commit", "git init -q", COMMIT),
        ("diff", "git init -q", "touch new"),
        ("commit", REPO + "git checkout -q --detach", COMMIT),
        ("commit", REPO + "git checkout -q -b other", COMMIT),
        ("commit", REPO + "git checkout -q -", f"git checkout -q me/t1; {COMMIT}"),
        ("diff", SUB, "echo 2 >>sub/f"),
        ("diff", SUB + "echo dirty >>sub/f", "echo more >>sub/f"),
        ("diff", SUB, "cd sub; echo 2 >>f; git commit -q -a -m inner"),
        ("diff", SUB + "git config diff.ignoreSubmodules all", "echo 2 >>sub/f"),
        ("commit", REPO, "echo 'NO_CHANGE_NEEDED: it is there already'"),
        ("commit", REPO, "echo '**NO_CHANGE_NEEDED:** `it is`'"),
        ("commit", REPO, "echo '- **NO_CHANGE_NEEDED**: it is'"),
    ],
)
@pytest.mark.thorough(every=3)
def test_it_is_there(make: Make, evidence: str, before: str, agent: str) -> None:
    assert walked(make, evidence, before, agent) == ""


@pytest.mark.parametrize(
    ("evidence", "before", "agent", "why"),
    [
        ("commit", REPO, "echo done", NO_COMMIT),
        ("commit", REPO, "echo 2 >>f", NO_COMMIT),
        ("diff", REPO, "echo done", NO_DIFF),
        ("diff", REPO + "echo dirty >>f", "echo done", NO_DIFF),
        ("diff", REPO + "touch new; echo '*.log' >.gitignore", "touch x.log", NO_DIFF),
        ("diff", REPO + "echo dirty >>f", "touch temporary; rm temporary", NO_DIFF),
        ("diff", SUB + "echo dirty >>sub/f", "echo done", NO_DIFF),
        ("commit", SUB, "cd sub; echo 2 >>f; git commit -q -a -m inner", NO_COMMIT),
        ("commit", "git init -q", "echo done", "no evidence: no commit yet"),
        ("commit", "true", "echo done", "is no git worktree"),
        ("diff", "true", "touch new", "is no git worktree"),
        ("commit", REPO, "git reset -q --hard; echo done", NO_COMMIT),
        ("commit", REPO, "echo 'say NO_CHANGE_NEEDED: <reason>'", NO_COMMIT),
        ("commit", REPO, "echo 'NO_CHANGE_NEEDED: <reason>'", NO_COMMIT),
        ("commit", REPO, "echo 'NO_CHANGE_NEEDED:'", NO_COMMIT),
        ("commit", REPO, f"git checkout -q -b mine; {COMMIT}", "on branch mine; 1 commit since the start, kept there"),
        ("diff", REPO, "git checkout -q -b mine; touch new", "on branch mine, and its work belongs on me/t1"),
        ("commit", REPO, "git checkout -q -b mine; echo 'NO_CHANGE_NEEDED: x'", "on branch mine, and"),
        ("commit", REPO, f"git checkout -q --detach; {COMMIT}", "on no branch (detached HEAD); 1 commit"),
        ("none", REPO, 'rm -rf "$PWD"', "the agent has deleted its worktree"),
    ],
)
@pytest.mark.thorough(every=3)
def test_it_is_missed(make: Make, evidence: str, before: str, agent: str, why: str) -> None:
    assert why in walked(make, evidence, before, agent)


def test_without_evidence_the_branch_is_nobodys_business(make: Make) -> None:
    assert walked(make, "none", REPO, "git checkout -q -b mine") == ""


def test_the_commits_of_an_agent_that_is_refused_stay(make: Make) -> None:
    site = make(tickets={"T1": []})
    run(site.root / "wt/T1", REPO)
    before = git(site.root / "wt/T1", "rev-parse", "me/t1")
    why = walked(make, "commit", REPO, f"git checkout -q -b mine; {COMMIT}; git checkout -q me/t1")
    sha = git(site.root.parent / "site1/wt/T1", "rev-parse", "mine")
    assert f"; commit {sha[:10]} is on mine" in why and sha != before
