"""verify.sh: success only with evidence, and what is verified is what will be merged."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.adapters.environment import TOKENS, agent_env
from orchestrator.core.settings import AgentSettings
from tests.builtin.scripts import SCRIPTS, Said, commit, git, lone_repo, run

pytestmark = pytest.mark.thorough(every=2)

PASSING = "import unittest\n\nclass T(unittest.TestCase):\n    def test(self): pass\n"
FAILING = "import unittest\n\nclass T(unittest.TestCase):\n    def test(self): self.fail('two is not three')\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    repo = lone_repo(tmp_path / "repo")
    path = tmp_path / "work trees" / "Ü"
    assert run("setup-worktree.sh", repo, "t", path).code == 0
    return path


def verify(tree: Path) -> Said:
    return run("verify.sh", tree, cwd=tree)


def test_the_project_says_how_by_an_executable(tree: Path) -> None:
    commit(tree, **{".orchestrator__verify": "#!/bin/sh\necho checked in $PWD\n"})
    (tree / ".orchestrator" / "verify").chmod(0o755)
    git(tree, "commit", "--quiet", "-am", "x")
    said = verify(tree)
    assert said.code == 0, said
    assert f"checked in {tree}" in said.out


@pytest.mark.parametrize("code", [1, 3, 5, 127])
def test_its_failure_is_a_failure_with_its_output_on_stdout(tree: Path, code: int) -> None:
    commit(tree, **{".orchestrator__verify": f"echo broken >&2\nexit {code}\n"})
    said = verify(tree)
    assert said.code == 1
    assert "broken" in said.out
    assert said.err == ""


def test_make_test_is_found(tree: Path) -> None:
    commit(tree, Makefile="test:\n\t@echo made\n")
    assert "made" in verify(tree).out


def test_python_tests_are_found_and_their_failures_shown(tree: Path) -> None:
    commit(tree, **{"tests__test_it.py": PASSING})
    said = verify(tree)
    assert said.code == 0, said
    commit(tree, **{"tests__test_it.py": FAILING})
    said = verify(tree)
    assert said.code == 1
    assert "two is not three" in said.out


@pytest.mark.parametrize("files", [{}, {"test_it.py": "x = 1\n"}])
def test_without_a_test_nothing_is_verified_and_it_says_how_to_configure_it(tree: Path, files: dict[str, str]) -> None:
    if files:
        commit(tree, **files)
    said = verify(tree)
    assert said.code == 3
    assert ".orchestrator/verify" in said.out


@pytest.mark.parametrize("loose", ["shared", "forgotten file.py"])
def test_what_is_not_committed_is_not_verified(tree: Path, loose: str) -> None:
    commit(tree, **{"test_it.py": PASSING})
    (tree / loose).write_text("x = 1\n")
    said = verify(tree)
    assert said.code == 1
    assert loose in said.out


def test_what_the_run_itself_leaves_behind_is_not_in_the_way_next_time(tree: Path) -> None:
    commit(tree, **{".orchestrator__verify": "echo 1 >> report.xml\nmkdir -p 'ünd so' && touch 'ünd so/x y'\n"})
    assert [verify(tree).code for _ in range(3)] == [0, 0, 0]
    assert run("cleanup-worktree.sh", tree).code == 0


def test_an_unfinished_rebase_is_not_verified(tree: Path) -> None:
    commit(tree, **{"test_it.py": PASSING})
    (Path(git(tree, "rev-parse", "--absolute-git-dir")) / "rebase-merge").mkdir()
    said = verify(tree)
    assert said.code == 1
    assert "rebase is unfinished" in said.out


def test_the_tests_of_the_project_see_no_token_and_nothing_that_leads_to_the_runners_forge(tree: Path) -> None:
    commit(tree, **{".orchestrator__verify": "env\n"})
    named = [name.replace("*", "X_") for name in TOKENS]
    ours = ("GH_CONFIG_DIR", "ORCHESTRATOR_GH", "ORCHESTRATOR_CONFIG", "GIT_CEILING_DIRECTORIES")
    secret = dict.fromkeys([*named, *ours], "s3cret")
    said = run("verify.sh", tree, cwd=tree, **secret, ORCHESTRATOR_PORT_BASE="20010", ORCHESTRATOR_ATTEMPT_ID="a1")
    assert said.code == 0, said
    assert "s3cret" not in said.out
    assert {"ORCHESTRATOR_PORT_BASE=20010", "ORCHESTRATOR_ATTEMPT_ID=a1"} <= set(said.out.splitlines())


def test_there_is_one_list_of_tokens() -> None:
    written = (SCRIPTS / "verify.sh").read_text().partition('TOKENS="')[2].partition('"')[0].split()
    assert written == list(TOKENS)
    assert agent_env(dict.fromkeys(written, "x"), AgentSettings(command="a"), written, {}) == {}
