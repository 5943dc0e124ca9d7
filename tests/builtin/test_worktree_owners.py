"""Whose a worktree and a branch are, and whose turn it is in a repository."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.builtin.scripts import SCRIPTS, Said, commit, git, repo_with_origin, run, turn_of


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repo_with_origin(tmp_path / "repo")


def setup(repo: Path, tree: Path, branch: str, ticket: str) -> Said:
    plan, _, name = ticket.partition("/")
    return run("setup-worktree.sh", repo, branch, tree, ORCHESTRATOR_PLAN=plan, ORCHESTRATOR_TICKET=name)


def test_two_tickets_never_share_a_worktree(repo: Path, tmp_path: Path) -> None:
    assert setup(repo, tmp_path / "w", "u/t", "p/one").code == 0
    said = setup(repo, tmp_path / "w", "u/t", "p/two")
    assert said.code == 1
    assert "belongs to the ticket p/one" in said.err
    assert setup(repo, tmp_path / "w", "u/t", "p/one").code == 0


def test_two_tickets_never_share_a_branch_not_even_one_after_the_other(repo: Path, tmp_path: Path) -> None:
    assert setup(repo, tmp_path / "w", "u/t", "p/one").code == 0
    assert run("cleanup-worktree.sh", tmp_path / "w").code == 0
    said = setup(repo, tmp_path / "v", "u/t", "p2/one")
    assert said.code == 1
    assert "the branch u/t belongs to the ticket p/one" in said.err
    assert setup(repo, tmp_path / "v", "u/t", "p/one").code == 0


def test_a_ticket_of_the_same_name_in_another_home_is_somebody_else(repo: Path, tmp_path: Path) -> None:
    def setup_from(state: str, tree: str) -> Said:
        env = {"ORCHESTRATOR_PLAN": "p", "ORCHESTRATOR_TICKET": "one", "ORCHESTRATOR_STATE_DIR": str(tmp_path / state)}
        return run("setup-worktree.sh", repo, "u/t", tmp_path / tree, **env)

    for state in ("a", "b"):
        (tmp_path / state / "plans/p/tickets").mkdir(parents=True)
        (tmp_path / state / "plans/p/tickets/one.json").touch()
    assert setup_from("a", "w").code == 0
    said = setup_from("b", "w")
    assert said.code == 1 and f"belongs to the ticket p/one of another home ({tmp_path / 'a'})" in said.err
    assert run("cleanup-worktree.sh", tmp_path / "w").code == 0
    said = setup_from("b", "v")
    assert said.code == 1 and "the branch u/t belongs to the ticket p/one of another home" in said.err
    (tmp_path / "link").symlink_to("a")
    assert setup_from("link", "v").code == 0
    (tmp_path / "a").rename(tmp_path / "moved")
    assert setup_from("moved", "v").code == 0


def test_a_branch_that_was_deleted_is_nobodys(repo: Path, tmp_path: Path) -> None:
    setup(repo, tmp_path / "w", "u/t", "p/one")
    run("cleanup-worktree.sh", tmp_path / "w")
    git(repo, "branch", "-D", "u/t")
    assert setup(repo, tmp_path / "w", "u/t", "p/two").code == 0


def test_what_somebody_made_by_hand_for_the_ticket_is_taken_over(repo: Path, tmp_path: Path) -> None:
    git(repo, "worktree", "add", "--quiet", "-b", "u/t", str(tmp_path / "w"))
    sha = commit(tmp_path / "w", done="1\n")
    assert setup(repo, tmp_path / "w", "u/t", "p/one").code == 0
    assert git(tmp_path / "w", "rev-parse", "HEAD") == sha
    assert setup(repo, tmp_path / "w", "u/t", "p/two").code == 1


def test_a_branch_that_is_being_rebased_elsewhere_is_refused(repo: Path, tmp_path: Path) -> None:
    git(repo, "switch", "--quiet", "-c", "u/t")
    commit(repo, shared="mine\n")
    git(repo, "switch", "--quiet", "-c", "other", "main")
    commit(repo, shared="theirs\n")
    git(repo, "switch", "--quiet", "u/t")
    with pytest.raises(AssertionError):
        git(repo, "rebase", "other")
    said = setup(repo, tmp_path / "w", "u/t", "p/one")
    assert said.code == 1
    assert "is being rebased" in said.err


def test_who_waits_says_for_whom(repo: Path, tmp_path: Path) -> None:
    script = ["/bin/bash", str(SCRIPTS / "setup-worktree.sh"), str(repo), "t", str(tmp_path / "w")]
    with turn_of(repo) as turn, subprocess.Popen(script, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        assert "waiting for process 1 (a test)" in running.stderr.readline()
        assert not (tmp_path / "w").exists()
        turn.close()
        assert running.wait(60) == 0


LOCKS = {"flock": "flock", "python": "python3", "perl": "perl"}


@pytest.mark.parametrize("program", LOCKS)
def test_the_turn_ends_with_its_holder_whatever_ends_that(repo: Path, program: str, tmp_path: Path) -> None:
    """With whichever program there is that can lock; a process id that is used again cannot hold it."""
    if subprocess.run(["sh", "-c", f"command -v {LOCKS[program]}"], capture_output=True, check=False).returncode:
        pytest.skip(f"{program} is not there")
    hide = "".join(
        f'command() {{ case "$*" in {hidden}) return 1 ;; *) builtin command "$@" ;; esac; }}\n'
        for hidden in ['"-v flock"*', '"-v flock"*|"-v python"*'][: list(LOCKS).index(program)][-1:]
    )
    take = f'unset ORCHESTRATOR_PYTHON\n. "{SCRIPTS}/lib.sh"\n{hide}take_turns "{repo}"\necho mine\n'
    argv = ["/bin/bash", "-c", take + "read -r _"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "mine\n"
        with subprocess.Popen(
            ["/bin/bash", "-c", take], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as other:
            assert other.stderr is not None
            assert f"waiting for process {holder.pid} " in other.stderr.readline()
            os.kill(holder.pid, signal.SIGKILL)
            out, _ = other.communicate(timeout=60)
            assert out == "mine\n"
