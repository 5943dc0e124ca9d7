"""The bundled workflows and scripts from outside: whole tickets with real git, and scripts from the command line."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.contract.kit_b import Place, script

pytestmark = pytest.mark.thorough(every=2)

GENERIC = r"""case $ORCHESTRATOR_PHASE in
  self_review) echo "PASS" ;;
  resolve_conflicts)
    base=$(git for-each-ref --format='%(refname:short)' refs/heads/main refs/heads/master)
    git rebase "$base" >/dev/null 2>&1 || {
      cat .git-mine > shared; git add shared; GIT_EDITOR=true git rebase --continue >/dev/null 2>&1; }
    git log -1 --format=%s; echo "rebased" ;;
  *)
    echo "$ORCHESTRATOR_TICKET $ORCHESTRATOR_PHASE" >> ROOT/order
    if [ "$ORCHESTRATOR_PHASE" = implement ]; then BODY
    fi; echo PASS ;;
esac"""


def agent_of(here: Place, body: str) -> None:
    text = GENERIC.replace("ROOT", str(here.root)).replace("BODY", body)
    here.config(agents={"fake": {"command": here.program("agent.sh", text), "passEnv": ["GIT_*"]}}, maxConcurrency=2)


def verified(here: Place, command: str = "test -f shared") -> None:
    (here.repo / ".orchestrator").mkdir(exist_ok=True)
    (here.repo / ".orchestrator/verify").write_text(f"#!/bin/sh\n{command}\n")
    (here.repo / ".orchestrator/verify").chmod(0o755)
    (here.repo / "shared").write_text("base\n")
    here.git("add", ".")
    here.git("commit", "-qm", "ready to verify")


def test_minimal_from_end_to_end_and_with_a_script_of_ones_own(here: Place) -> None:
    here.plan(workflow="minimal")
    assert here.run().returncode == 0
    assert here.history() == [("run_script", "success"), ("complete", "success")]
    assert str(here.worktrees / "T") in here.ticket()["context"]["script_output"]
    other = Place(here.root / "other")
    other.script("run.sh", 'echo "mine: $1 $2"; exit 3')
    other.plan(workflow="minimal")
    assert other.run().returncode == 1
    assert other.history() == [("run_script", "failure")] * 3 + [("abort", "success")]
    assert other.ticket()["status"] == "needs_attention"


def test_local_merges_tickets_without_a_forge_and_settles_a_conflict(here: Place) -> None:
    here.git_repo()
    verified(here)
    agent_of(
        here,
        'echo "of $ORCHESTRATOR_TICKET" > shared; cp shared .git-mine;'
        ' echo .git-mine >> "$(git rev-parse --git-common-dir)/info/exclude";'
        ' git add shared; git commit -qm "change by $ORCHESTRATOR_TICKET"',
    )
    here.plan({"A": {}, "B": {}}, workflow="local")
    assert here.tick(timeout=90).returncode == 0
    for ticket in "AB":
        assert here.state(ticket) == ("complete", "complete"), here.ticket(ticket)
        assert not (here.worktrees / ticket).exists()
    phases = [phase for phase, _ in here.history("A")] + [phase for phase, _ in here.history("B")]
    assert phases.count("resolve_conflicts") == 1
    assert here.git("log", "--merges", "--format=%s") == "", "the history is a line"
    assert here.git("status", "--porcelain") == ""
    assert (here.repo / "shared").read_text() in ("of A\n", "of B\n")
    assert here.git("log", "--format=%s").count("change by") == 2


def test_local_goes_back_to_implement_when_verification_fails(here: Place) -> None:
    here.git_repo()
    verified(here, 'grep -q right shared || { echo "wrong content"; exit 1; }')
    agent_of(
        here,
        "if [ -e tried ]; then echo right > shared; else echo wrong > shared; fi;"
        " touch tried; git add .; git commit -qm try",
    )
    here.plan(workflow="local")
    assert here.run(timeout=60).returncode == 0, here.ticket()
    phases = here.history()
    assert ("verify", "failure") in phases and [p for p, _ in phases].count("implement") == 2
    prompt = (here.attempts()[4] / "prompt.md").read_text()
    assert "wrong content" in prompt  # what verification said reaches the agent that mends it
    assert "right" in here.git("show", "HEAD:shared")


def test_local_pushes_to_the_origin_of_the_repository(here: Place) -> None:
    here.git_repo()
    verified(here)
    origin = here.root / "origin.git"
    here.git("init", "-q", "--bare", str(origin), at=here.root)
    here.git("remote", "add", "origin", str(origin))
    here.git("push", "-q", "origin", "HEAD")
    agent_of(here, "echo new > new; git add new; git commit -qm new")
    here.plan(workflow="local")
    assert here.run(timeout=60).returncode == 0, here.ticket()
    assert here.git("log", "-1", "--format=%s", "HEAD", at=origin).strip() == "new"


def test_an_implementation_without_a_commit_is_none(here: Place) -> None:
    here.git_repo()
    verified(here)
    agent_of(here, "echo uncommitted > loose")
    here.plan(workflow="local")
    assert here.run(timeout=60).returncode == 1
    assert here.history() == [
        ("setup", "success"),
        ("implement", "failure"),
        ("implement", "failure"),
        ("escalate", "success"),
    ]
    assert here.ticket()["status"] == "needs_attention"
    assert here.git("log", "--format=%s").splitlines() == ["ready to verify", "first"]


@pytest.mark.parametrize("workflow", ["standard", "bugfix"])
def test_without_a_forge_the_pull_request_fails_saying_why_and_never_passes(here: Place, workflow: str) -> None:
    here.git_repo()
    verified(here)
    here.config(ghCommand="/nowhere/gh")
    agent_of(here, "echo new > new; git add new; git commit -qm new")
    here.plan(workflow=workflow)
    assert here.run(timeout=60).returncode == 1
    before = {"standard": ["self_review", "simplify"], "bugfix": []}[workflow]
    names = ["setup", "implement", *before, "verify", "create_pr", "escalate"]
    assert [phase for phase, _ in here.history()] == names
    assert here.history()[-2] == ("create_pr", "failure")
    assert "origin" in here.output("create_pr")
    assert here.ticket()["status"] == "needs_attention"
    assert (here.worktrees / "T/new").exists()


def test_standard_and_bugfix_have_the_phases_that_they_should(here: Place) -> None:
    found = {
        one["name"]: [p["id"] for p in one["phases"]]
        for one in json.loads(here.cli("workflow", "list", "--json").stdout)
    }
    line = (
        "setup implement self_review simplify verify create_pr await_review handle_review await_merge cleanup complete"
    )
    rest = "pr_closed escalate abort"
    assert set(f"{line} {rest}".split()) <= set(found["standard"])
    assert set(f"{line} {rest}".split()) - {"self_review", "simplify"} <= set(found["bugfix"])
    assert not {"self_review", "simplify"} & set(found["bugfix"])
    ways = [phase for phase in found["standard"] if phase in line.split()]
    assert ways == line.split()


# -- scripts from the command line ------------------------------------------------------------------------------------


def scripts() -> Path:
    code = "import orchestrator, pathlib; print(pathlib.Path(orchestrator.__file__).parent / 'builtin/scripts')"
    import sys

    return Path(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip())


def call(here: Place, name: str, *args: str | Path, **env: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [str(scripts() / name), *map(str, args)],
        env={**os.environ, **env},
        cwd=here.root,
        capture_output=True,
        text=True,
        timeout=30,
        stdin=subprocess.DEVNULL,
    )
    return done.returncode, done.stdout.strip(), done.stderr


def test_setup_makes_the_worktree_and_may_be_said_twice(here: Place) -> None:
    here.git_repo()
    worktree = here.root / "a folder/wt 'x'"
    for name in ("setup.sh", "setup-worktree.sh"):
        assert call(here, name, here.repo, "feature/x", worktree)[0] == 0
        assert here.git("symbolic-ref", "--short", "HEAD", at=worktree) == "feature/x"
    (worktree / "work").write_text("kept")
    assert call(here, name, here.repo, "feature/x", worktree)[0] == 0
    assert (worktree / "work").read_text() == "kept"
    for bad in (
        [],
        [here.repo],
        ["", "b", worktree],
        ["/nowhere", "b", worktree],
        [here.repo, "bad..name", here.root / "y"],
    ):
        code, _, err = call(here, name, *bad)
        assert code != 0 and err, bad


def test_cleanup_removes_the_worktree_but_no_work_and_may_be_said_twice(here: Place) -> None:
    here.git_repo()
    worktree = here.git_worktree()
    name = "cleanup-worktree.sh"
    (worktree / "loose").write_text("not committed")
    assert call(here, name, worktree)[0] != 0 and (worktree / "loose").exists()
    (worktree / "loose").unlink()
    for name in ("cleanup.sh", "cleanup-worktree.sh"):
        assert call(here, name, worktree)[0] == 0 and not worktree.exists()
    assert "b-T" in here.git("branch", "--list", "b-T")
    assert call(here, name, here.repo)[0] != 0 and here.repo.exists()


@pytest.mark.parametrize(
    ("state", "review", "merged", "closed"),
    [("OPEN", 1, 1, 1), ("MERGED", 0, 0, 1), ("CLOSED", 2, 2, 0), ("GARBAGE", 1, 1, 2), (None, 1, 1, 2)],
)
def test_what_the_scripts_that_ask_the_forge_answer(
    here: Place, state: str | None, review: int, merged: int, closed: int
) -> None:
    """The answers of an open pull request's review are another suite's; here it cannot be asked."""
    here.git_repo()
    body = (
        f'case "$*" in *"--json state "*) echo {state} ;; *) exit 1 ;; esac' if state else "echo no network >&2; exit 4"
    )
    gh = here.program("gh", body)
    for name, code in {
        "check-pr-review.sh": review,
        "check-pr-merged.sh": merged,
        "check-pr-closed.sh": closed,
    }.items():
        said = call(here, name, here.repo, "7", ORCHESTRATOR_GH=gh)
        assert said[0] == code, (name, said)
        if state in ("MERGED", "CLOSED"):
            assert said[1] == state.lower()


def test_a_forge_that_is_not_there_is_never_an_answer(here: Place) -> None:
    here.git_repo()
    for name, code in {"check-pr-review.sh": 1, "check-pr-merged.sh": 1, "check-pr-closed.sh": 2}.items():
        for args in ([here.repo, "7"], [here.repo, ""], ["/nowhere", "7"], []):
            assert call(here, name, *args, ORCHESTRATOR_GH="/nowhere/gh")[0] == code, (name, args)


def test_route_review_and_run(here: Place) -> None:
    answers = {"approved": 0, "merged": 0, "changes_requested": 1, "ci_failed": 1, "closed": 2, "what": 3, "": 3}
    for word, code in answers.items():
        assert call(here, "route-review.sh", word)[0] == code, word
    code, out, _ = call(here, "run.sh", "a branch", "/some where")
    assert code == 0 and "a branch" in out and "/some where" in out


def test_a_poll_of_a_forge_that_cannot_be_asked_starts_no_agent(here: Place) -> None:
    here.git_repo()
    here.config(
        ghCommand="/nowhere/gh", agents={"fake": {"command": here.program("a.sh", f"echo x >> {here.root}/ran")}}
    )
    check = {
        "id": "await_review",
        "type": "poll",
        "command": "check-pr-review.sh",
        "args": ["{{ repo }}", "7"],
        "intervalSeconds": 600,
    }
    here.workflow(
        {**check, "onSuccess": "fix", "onFailure": "fix"},
        {"id": "fix", "type": "agent", "promptTemplate": "handle-review.md"},
        script("x", "run.sh"),
    )
    here.plan()
    here.tick()
    assert here.state() == ("ready", "await_review") and not here.marks("ran")
