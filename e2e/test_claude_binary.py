"""The real Claude Code, called with what the adapter makes of a call; what the adapter makes of its output."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from e2e.conftest import AgentHome
from e2e.servers.model_server import ModelServer
from e2e.servers.script import Cut, Hang, Reply, Script, Trouble, UsageLimit
from orchestrator.agents.base import Call, Ended, Report
from orchestrator.agents.registry import agent_for
from orchestrator.core.settings import AgentSettings

BYPASS = ("--dangerously-skip-permissions",)
DEADLINE = 60.0


@dataclass
class Run:
    """One process of the agent under way."""

    process: subprocess.Popen[bytes]
    folder: Path

    def report(self) -> Report:
        exit_code = self.process.wait(timeout=DEADLINE)
        agent = agent_for(AgentSettings(command="claude"))
        with (self.folder / "stdout").open("rb") as lines:
            return agent.report(lines, (self.folder / "stderr").read_text(), exit_code)

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=DEADLINE)


@dataclass
class Claude:
    """Starts the real program as the runner does: its own session, output on files, standard input from a file."""

    settings: AgentSettings
    home: AgentHome
    cwd: Path
    attempts: Path

    def start(self, prompt: str, env: dict[str, str] | None = None, **wanted: object) -> Run:
        folder = self.attempts / uuid.uuid4().hex
        folder.mkdir(parents=True)
        prompt_file = folder / "prompt.md"
        call = Call(settings=self.settings, prompt=prompt, prompt_file=str(prompt_file), **wanted)  # type: ignore[arg-type]
        command = agent_for(self.settings).command(call)
        prompt_file.write_text(command.stdin)
        with (
            prompt_file.open("rb") as stdin,
            (folder / "stdout").open("wb") as out,
            (folder / "stderr").open("wb") as err,
        ):
            process = subprocess.Popen(
                command.argv,
                cwd=self.cwd,
                env=self.home.env(**(env or {})),
                stdin=stdin,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        return Run(process, folder)

    def run(self, prompt: str, env: dict[str, str] | None = None, **wanted: object) -> Report:
        return self.start(prompt, env, **wanted).report()


@pytest.fixture
def claude(binary: Path, agent_home: AgentHome, repo: Path, tmp_path: Path) -> Claude:
    settings = AgentSettings(command=str(binary), default_args=BYPASS)
    return Claude(settings, agent_home, repo, tmp_path / "attempts")


@pytest.fixture
def session() -> str:
    return str(uuid.uuid4())


def git(repo: Path, *args: str) -> str:
    return subprocess.run(["git", "-C", repo, *args], capture_output=True, text=True, check=True).stdout.strip()


def wait_for(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not what():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_everything_that_points_it_at_the_server_passes_the_allow_list(agent_home: AgentHome) -> None:
    allowed = agent_for(AgentSettings(command="claude")).login_env
    assert [name for name in agent_home.model_env() if not any(fnmatchcase(name, glob) for glob in allowed)] == []


def test_it_commits_through_a_tool_and_ends_with_its_text_in_the_session_that_we_chose(
    claude: Claude, script: Script, repo: Path, session: str
) -> None:
    script.when("Add answer").run("printf 42 > answer && git add -A && git commit -qm 'Add answer'").say("PASS")
    told = claude.run("Add answer.", session=session)
    assert (told.ended, told.text, told.session, told.error) == (Ended.SUCCESS, "PASS", session, "")
    assert git(repo, "log", "-1", "--format=%s") == "Add answer"
    assert told.usage is not None
    assert (told.usage.input_tokens, told.usage.cached_tokens, told.usage.output_tokens) == (2400, 600, 50)
    assert told.usage.turns == 2
    assert told.usage.cost_usd is not None


@pytest.mark.parametrize(
    "prompt", ["--help", "-p 'x'\n$(touch made)\n\n{{ y }}\nümläut \N{PARTY POPPER}", "z" * 200_000]
)
def test_the_prompt_arrives_as_it_is(claude: Claude, model_server: ModelServer, script: Script, prompt: str) -> None:
    script.when("").say("read")
    assert claude.run(prompt).ended is Ended.SUCCESS
    assert model_server.asked[-1].prompt == prompt


def test_a_resumed_session_keeps_its_id_and_its_memory_and_adds_up_its_cost(
    claude: Claude, model_server: ModelServer, script: Script, session: str
) -> None:
    script.when("The word is").say("I will remember.")
    script.when("Which word").say("xyzzy")
    first = claude.run("The word is xyzzy.", session=session)
    second = claude.run("Which word?", session=session, resume=True)
    assert (second.ended, second.text, second.session) == (Ended.SUCCESS, "xyzzy", session)
    assert "The word is xyzzy." in model_server.asked[-1].conversation
    assert first.usage is not None
    assert second.usage is not None
    assert second.usage.input_tokens == first.usage.input_tokens
    assert second.usage.cost_usd == pytest.approx(2 * (first.usage.cost_usd or 0))


def test_an_unknown_session_is_gone(claude: Claude, session: str) -> None:
    told = claude.run("Go on.", session=session, resume=True)
    assert (told.ended, told.usage) == (Ended.SESSION_GONE, None)


def test_a_session_that_was_begun_is_not_begun_again(claude: Claude, script: Script, session: str) -> None:
    script.when("").say("read")
    assert claude.run("Begin.", session=session).ended is Ended.SUCCESS
    assert claude.run("Begin.", session=session).ended is Ended.SESSION_EXISTS


@pytest.fixture
def tool_pid(repo: Path) -> Iterator[Path]:
    """Where the scripted tool leaves its process id: after SIGKILL of the agent it lives on."""
    path = repo / "tool.pid"
    yield path
    with contextlib.suppress(ProcessLookupError, FileNotFoundError):
        os.kill(int(path.read_text()), signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_an_interrupted_run_says_so_whatever_its_exit_code_and_can_be_continued(
    claude: Claude, model_server: ModelServer, script: Script, session: str, tool_pid: Path, number: signal.Signals
) -> None:
    script.when("Wait").run(f"echo $$ > {tool_pid}.new && mv {tool_pid}.new {tool_pid}; exec sleep 300").say("Woke up.")
    script.when("Go on").say("Went on.")
    run = claude.start("Wait.", session=session)
    try:
        wait_for(tool_pid.exists)
        os.killpg(run.process.pid, number)
        told = run.report()
    finally:
        run.stop()
    assert (told.ended, told.session) == (Ended.INTERRUPTED, session)
    resumed = claude.run("Go on.", session=session, resume=True)
    assert (resumed.ended, resumed.text, resumed.session) == (Ended.SUCCESS, "Went on.", session)
    assert "Wait." in model_server.asked[-1].conversation


def test_a_run_interrupted_while_the_model_is_silent_says_so(
    claude: Claude, model_server: ModelServer, script: Script, session: str
) -> None:
    script.when("").then(Hang())
    run = claude.start("Think.", session=session)
    try:
        wait_for(lambda: model_server.asked)
        os.killpg(run.process.pid, signal.SIGINT)
        assert run.report().ended is Ended.INTERRUPTED
    finally:
        run.stop()


def test_a_refused_key_needs_a_login(claude: Claude, script: Script) -> None:
    script.when("").then(Trouble.UNAUTHORIZED)
    told = claude.run("Hello.")
    assert told.ended is Ended.NEEDS_LOGIN
    assert "log in with `claude`" in told.error


def test_no_key_at_all_needs_a_login(claude: Claude, model_server: ModelServer) -> None:
    assert claude.run("Hello.", env={"ANTHROPIC_API_KEY": ""}).ended is Ended.NEEDS_LOGIN
    assert model_server.asked == []


def test_a_used_up_subscription_is_a_limit_until_the_time_that_was_told(claude: Claude, script: Script) -> None:
    resets_at = int(time.time()) + 7200
    script.when("").then(UsageLimit(resets_at))
    told = claude.run("Hello.", env={"ANTHROPIC_API_KEY": "", "CLAUDE_CODE_OAUTH_TOKEN": "scripted"})
    assert (told.ended, told.until) == (Ended.RATE_LIMITED, resets_at)
    assert "hit your" in told.error


@pytest.mark.parametrize(
    ("reply", "ended"), [(Trouble.OVERLOADED, Ended.OVERLOADED), (Cut(), Ended.FAILURE)], ids=["overloaded", "cut"]
)
def test_a_server_that_fails_is_no_success(claude: Claude, script: Script, reply: Reply, ended: Ended) -> None:
    script.when("").then(reply)
    told = claude.run("Hello.")
    assert (told.ended, told.error.startswith("claude: ")) == (ended, True)


@pytest.mark.parametrize(
    ("bound", "ended", "words"),
    [
        ({"max_turns": 2}, Ended.FAILURE, "maxTurns"),
        ({"max_cost_usd": 0.01}, Ended.BUDGET_REACHED, "maxCostUsd"),
    ],
)
def test_bounds_of_turns_and_cost_hold(
    claude: Claude, script: Script, bound: dict[str, object], ended: Ended, words: str
) -> None:
    script.when("").run("date +%N")
    told = claude.run("Go round in circles.", None, **bound)
    assert (told.ended, words in told.error) == (ended, True), told.error


def test_a_bound_of_cost_is_for_one_run_of_a_session(claude: Claude, script: Script, session: str) -> None:
    script.when("").say("read")
    for resume in (False, True):
        assert claude.run("Hello.", session=session, resume=resume, max_cost_usd=0.008).ended is Ended.SUCCESS


def test_only_the_tools_of_the_phase_are_allowed(binary: Path, claude: Claude, script: Script, repo: Path) -> None:
    claude.settings = AgentSettings(command=str(binary))
    script.when("").run("touch allowed,too").run("mkdir denied").say("done")
    told = claude.run("Go.", allowed_tools=("Read", "Bash(touch allowed,too)", "Edit"))
    assert told.ended is Ended.SUCCESS
    assert sorted(path.name for path in repo.iterdir()) == [".git", "allowed,too"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused")
def test_root_is_told_what_to_do(claude: Claude) -> None:
    told = claude.run("Hello.", env={"IS_SANDBOX": ""})
    assert (told.ended, "set IS_SANDBOX" in told.error) == (Ended.FAILURE, True)


def test_a_flag_that_it_does_not_know_is_named(claude: Claude, binary: Path) -> None:
    claude.settings = AgentSettings(command=str(binary), default_args=("--no-such-flag",))
    told = claude.run("Hello.")
    assert (told.ended, "--no-such-flag" in told.error) == (Ended.FAILURE, True)


def test_an_output_format_among_the_default_arguments_does_no_harm(
    claude: Claude, binary: Path, script: Script, session: str
) -> None:
    script.when("").say("read")
    defaults = ("--output-format", "json", *BYPASS, "--session-id", str(uuid.uuid4()))
    claude.settings = AgentSettings(command=str(binary), default_args=defaults)
    told = claude.run("Hello.", session=session)
    assert (told.ended, told.session) == (Ended.SUCCESS, session)
