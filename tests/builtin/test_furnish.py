"""The setup of a worktree: by the configuration or the repository, with a time limit, a log and a cache key."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from orchestrator.control.furnishing import setup
from orchestrator.errors import OrchestratorError
from orchestrator.wiring import Options, load
from tests.builtin.scripts import BUILTIN, Said, commit, git, lone_repo, run
from tests.cli.kit import PROGRAM
from tests.waiting import wait_for

pytestmark = pytest.mark.thorough(every=2)


class Setting:
    """A repository, a worktree of it, and a home that says how to set it up."""

    def __init__(self, root: Path) -> None:
        self.home, self.repo, self.tree = root / "home", lone_repo(root / "a répo"), root / "wt" / "T-1"
        self.home.mkdir()
        git(self.repo, "worktree", "add", "-q", "-b", "me/t-1", str(self.tree))
        self.own = Path(git(self.tree, "rev-parse", "--absolute-git-dir"))
        self.log = self.home / "logs/p/T-1/worktree-setup.log"

    def config(self, setup: str | None = None, **more: object) -> None:
        given = {"setup": setup, **more} if setup is not None else more
        self.home.joinpath("config.yaml").write_text(json.dumps({**PLACES, "worktree": given}))

    def command(self) -> list[str]:
        return [PROGRAM, "-C", str(self.home / "config.yaml"), "worktree", "setup", str(self.repo), str(self.tree)]

    def env(self, **env: str) -> dict[str, str]:
        of_ticket = {"ORCHESTRATOR_PLAN": "p", "ORCHESTRATOR_TICKET": "T-1"}
        return {**os.environ, "ORCHESTRATOR_HOME": str(self.home), **of_ticket, **env}

    def furnish(self, **env: str) -> Said:
        """What the command does, in this process."""
        config = load(Options(str(self.home / "config.yaml"))).config
        try:
            return Said(0, setup(config, str(self.repo), str(self.tree), self.env(**env)), "")
        except OrchestratorError as error:
            return Said(1, "", str(error))

    def runs(self) -> int:
        return (self.tree / "runs").read_text().count("x") if (self.tree / "runs").exists() else 0


PLACES = {"stateDir": "./state", "logDir": "./logs", "grace": 0.2}
COUNT = "printf x >> runs; "


@pytest.fixture
def here(tmp_path: Path) -> Setting:
    return Setting(tmp_path)


def test_the_command_runs_in_the_worktree_and_its_output_is_in_the_tickets_log(here: Setting) -> None:
    here.config("pwd; echo problems >&2")
    said = here.furnish()
    assert said.code == 0 and f"(log: {here.log})" in said.out and "problems" not in said.out + said.err
    assert f"\n{here.tree}\nproblems\n" in here.log.read_text()
    here.config("echo second")
    here.furnish()
    assert here.log.read_text().count("=== ") == 4


def test_by_hand_the_log_is_beside_the_index(here: Setting) -> None:
    here.config("echo hello")
    assert here.furnish(ORCHESTRATOR_PLAN="", ORCHESTRATOR_TICKET="../..").code == 0
    assert "hello" in (here.own / "orchestrator-setup.log").read_text()


def test_without_a_command_the_repositorys_own_file_is_run_and_without_that_nothing(here: Setting) -> None:
    here.config()
    assert here.furnish() == Said(0, "", "")
    assert subprocess.run(here.command(), env=here.env(), check=True, capture_output=True).stdout == b""
    commit(here.tree, **{".orchestrator__setup": f"{COUNT} echo by the repository"})
    assert here.furnish().code == 0 and here.runs() == 1
    (here.tree / ".orchestrator/setup").write_text(f"#!/bin/sh\n{COUNT} echo anew\n")
    (here.tree / ".orchestrator/setup").chmod(0o755)
    assert here.furnish().out.startswith(".orchestrator/setup: done") and here.runs() == 2
    here.config("echo by the configuration")
    assert here.furnish().code == 0 and here.runs() == 2


def test_it_is_not_run_again_until_the_command_or_a_file_that_it_depends_on_changes(here: Setting) -> None:
    here.config(COUNT, cacheKey=["lock", "packages/**/lock"])
    for expected in (1, 1):
        assert here.furnish().code == 0 and here.runs() == expected
    assert "not run again" in here.furnish().out
    for name, expected in (("other", 1), ("lock", 2), ("packages/a/b/lock", 3)):
        (here.tree / name).parent.mkdir(parents=True, exist_ok=True)
        (here.tree / name).write_text("new")
        here.furnish()
        assert here.runs() == expected, name
    here.config(f"{COUNT} true", cacheKey=["lock", "packages/**/lock"])
    here.furnish()
    assert here.runs() == 4


def test_a_setup_that_writes_a_file_that_it_depends_on_is_not_run_for_ever(here: Setting) -> None:
    here.config(f"{COUNT} echo resolved > lock", cacheKey=["lock"])
    assert [here.furnish().code for _ in range(3)] == [0, 0, 0] and here.runs() == 1


def test_a_failed_one_says_the_end_of_what_it_printed_and_is_repeated(here: Setting) -> None:
    here.config(f"{COUNT} for i in $(seq 1 100); do echo line $i; done; exit 7")
    for expected in (1, 2):
        said = here.furnish()
        assert said.code == 1 and here.runs() == expected
        first, *printed, last = said.err.splitlines()
        assert first == "the end of what worktree.setup printed:" and printed == [f"line {n}" for n in range(81, 101)]
        assert last.startswith("worktree.setup: exit code 7 after ") and last.endswith(
            f" s: line 100 (log: {here.log})"
        )


def test_one_that_takes_too_long_is_ended_with_all_that_it_started(here: Setting) -> None:
    here.config(f"trap '' TERM; sleep 77 & echo $! > {here.home}/pid; wait; sleep 78", timeoutSeconds=0.3)
    said = here.furnish()
    assert said.code == 1 and "timed out (timeoutSeconds: 0.3)" in said.err
    pid = int((here.home / "pid").read_text())
    wait_for(lambda: not is_alive(pid))
    assert here.furnish().code == 1, "it is not taken for done"


def is_alive(pid: int) -> bool:
    try:
        return b"sleep" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_stops_it_stops_the_command_and_it_is_repeated(here: Setting, number: signal.Signals) -> None:
    here.config(f"{COUNT} echo $$ > {here.home}/pid; sleep 60")
    process = subprocess.Popen(here.command(), env=here.env(), stderr=subprocess.PIPE, text=True)
    pid = int(wait_for(lambda: (here.home / "pid").exists() and (here.home / "pid").read_text().strip()))
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode != 0 and number.name in err
    wait_for(lambda: not Path(f"/proc/{pid}").exists())
    here.config(COUNT)
    assert here.furnish().code == 0 and here.runs() == 2


def test_it_sees_no_token_of_a_forge_and_the_tickets_variables(here: Setting) -> None:
    here.config("env")
    here.furnish(
        GH_TOKEN="sekrit", GITHUB_TOKEN="sekrit", LINEAR_API_KEY="sekrit", NPM_TOKEN="npm", ORCHESTRATOR_SLOT="3"
    )
    said = here.log.read_text()
    assert "sekrit" not in said and "NPM_TOKEN=npm" in said and "ORCHESTRATOR_SLOT=3" in said


def test_worktrees_of_a_repository_share_a_cache_for_each_key(here: Setting) -> None:
    def told() -> list[str]:
        lines = here.log.read_text().splitlines()
        return [line.removeprefix("here: ") for line in lines if line.startswith("here: ")]

    here.config('echo "here: $ORCHESTRATOR_CACHE_DIR"; touch "$ORCHESTRATOR_CACHE_DIR/made"')
    here.furnish()
    (first,) = told()
    assert Path(first).is_relative_to(here.home / "state/.caches") and Path(first, "made").exists()
    here.tree = here.tree.parent / "T-2"
    git(here.repo, "worktree", "add", "-q", "-b", "me/t-2", str(here.tree))
    here.furnish()
    assert told() == [first, first]
    here.config('echo "here: $ORCHESTRATOR_CACHE_DIR"')
    here.furnish()
    assert told()[2] != first


def test_what_it_leaves_loose_is_nobodys_work_but_what_was_there_is(here: Setting) -> None:
    (here.tree / "notes.txt").write_text("an agent's")
    here.config("mkdir -p built; touch built/file 'with space'")
    here.furnish()
    assert "notes.txt" not in (here.own / "orchestrator-artefacts").read_text()
    said = run("cleanup-worktree.sh", here.tree)
    assert said.code == 1 and "notes.txt" in said.err and "built" not in said.err
    (here.tree / "notes.txt").unlink()
    assert run("cleanup-worktree.sh", here.tree).code == 0


def test_what_is_no_worktree_of_the_repository_is_refused(here: Setting, tmp_path: Path) -> None:
    here.config("true")
    other = lone_repo(tmp_path / "other")
    here.repo, repo = other, here.repo
    assert "is not a worktree of" in here.furnish().err
    here.repo, here.tree = repo, tmp_path
    assert "is not a worktree; give the one" in here.furnish().err


def test_the_script_asks_only_where_something_may_be_asked_for(here: Setting, tmp_path: Path) -> None:
    """Starting the program takes longer than making a worktree."""
    calls = tmp_path / "calls"
    stand_in = tmp_path / "python"
    stand_in.write_text(f'#!/bin/sh\necho "$*" >> "{calls}"\n')
    stand_in.chmod(0o755)
    line = f'. "{BUILTIN}/scripts/lib.sh"; furnish "$1" "$2"'
    env = {**os.environ, "ORCHESTRATOR_PYTHON": str(stand_in), "ORCHESTRATOR_CONFIG": str(here.home / "config.yaml")}

    def furnish() -> int:
        calls.unlink(missing_ok=True)
        subprocess.run(["/bin/bash", "-euc", line, "x", str(here.repo), str(here.tree)], env=env, check=True)
        return calls.read_text().count("worktree setup") if calls.exists() else 0

    assert furnish() == 0
    here.home.joinpath("config.yaml").write_text("# worktree: {setup: npm ci}\n")
    assert furnish() == 0
    here.home.joinpath("config.yaml").write_text("worktree:\n  setup: npm ci\n")
    assert furnish() == 1
    here.home.joinpath("config.yaml").unlink()
    commit(here.tree, **{".orchestrator__setup": "true"})
    assert furnish() == 1
