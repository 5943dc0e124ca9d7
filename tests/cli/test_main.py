"""The program as a whole: help, exit codes, errors, streams, and what it loads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from orchestrator import __version__
from orchestrator.cli.commands import SECTIONS, cli
from orchestrator.control import showing
from orchestrator.errors import OrchestratorError
from tests.cli.kit import PROGRAM, Site

COMMANDS = {name: entry for section in SECTIONS.values() for name, entry in section.items()}


def ctx() -> click.Context:
    return click.Context(cli, info_name="orchestrator")


# --- help


def test_help_names_every_command_and_needs_no_configuration(site: Site) -> None:
    (site.root / "config.yaml").write_text("{{{")
    called = site.call("--help")
    assert called.code == 0
    assert [name for name in COMMANDS if f"\n  {name} " not in called.out] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_their_own_help_says_first(site: Site, name: str) -> None:
    command = cli.get_command(ctx(), name)
    assert command is not None and command.help is not None
    assert command.help.partition("\n")[0] == COMMANDS[name].help
    assert command.name == name
    called = site.call(name, "-h")
    assert called.code == 0 and "--config PATH" in called.out


def test_help_fits_a_terminal_of_80_columns(site: Site) -> None:
    assert [row for row in site.call("--help").out.splitlines() if len(row) > 80] == []


def test_version(site: Site) -> None:
    assert site.call("--version") == (0, f"orchestrator {__version__}\n", "")


def test_commands_of_the_original_have_its_options() -> None:
    wanted = {
        "init": ["-d", "--dir"], "status": ["-p", "--plan", "--json"], "sessions": ["--phase", "--json"],
        "daemon": ["-c", "--concurrency", "-a", "--agent"], "resume-session": ["--phase"],
        "interactive": ["-r", "--repo", "-w", "--workflow", "--worktree-root"],
    }  # fmt: skip
    for name, options in wanted.items():
        command = cli.get_command(ctx(), name)
        assert command is not None
        known = {option for param in command.params for option in param.opts}
        assert set(options) <= known, name


# --- exit codes and errors


@pytest.mark.parametrize(
    "words",
    [["nope"], ["status", "--nope"], ["pause", "p"], ["pause", "p", "t", "x"], ["schema", "x"]],
)
def test_wrong_usage_exits_with_2_and_says_how(site: Site, words: list[str]) -> None:
    called = site.call(*words)
    assert (called.code, called.out) == (2, "")
    assert called.err.startswith("orchestrator: ") and "Usage: " in called.err


def test_a_mistyped_command_gets_a_suggestion(site: Site) -> None:
    assert 'no command "statsu" (did you mean status?)' in site.call("statsu").err


def test_without_a_command_it_explains_itself(site: Site) -> None:
    called = site.call()
    assert (called.code, called.out) == (2, "")
    assert called.err.startswith("Usage: orchestrator")


def test_an_error_is_its_message_and_1(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OrchestratorError("it is so")

    monkeypatch.setattr(showing, "status", fail)
    assert site.call("status") == (1, "", "orchestrator: it is so\n")


def test_a_bug_exits_with_3_and_its_traceback_is_in_the_log_only(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("surprise")

    (site.root / "logs").mkdir()
    monkeypatch.setattr(showing, "status", fail)
    called = site.call("status")
    log = site.root / "logs/orchestrator.log"
    assert called.code == 3
    assert "this is a bug: KeyError: 'surprise'" in called.err and str(log) in called.err
    assert "Traceback" not in called.err and "Traceback" in log.read_text()


def test_a_bug_before_there_is_a_home_names_a_file_with_the_traceback(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr("orchestrator.wiring.load", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    called = site.call("status")
    (kept,) = tmp_path.glob("orchestrator-*.log")
    assert called.code == 3
    assert str(kept) in called.err and "Traceback" in kept.read_text()


def test_interruption_exits_with_130(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(showing, "status", interrupt)
    assert site.call("status") == (130, "", "")


def test_what_the_system_refuses_is_no_bug(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "/x/y")

    monkeypatch.setattr(showing, "status", refuse)
    assert site.call("status") == (1, "", "orchestrator: /x/y: Permission denied\n")


# --- configuration


def test_the_config_may_be_named_before_or_after_the_command(site: Site, tmp_path: Path) -> None:
    other = tmp_path / "other"
    site.call("init", "--dir", str(other))
    config = str(other / "config.yaml")
    for words in (
        ["-C", config, "config", "show"], ["config", "-C", config, "show"], ["config", "show", "-C", config],
        [f"--config={config}", "config", "show"], ["config", "show", "--config", config],
        ["-C", "/nowhere", "config", "show", "-C", config],
    ):  # fmt: skip
        called = site.call(*words, "--json")
        assert called.code == 0, called.err
        assert called.json["stateDir"] == str(other / "state"), words


def test_a_config_that_does_not_exist_or_is_broken_is_an_error_with_its_place(site: Site) -> None:
    assert "config file /nowhere does not exist" in site.call("status", "-C", "/nowhere").err
    (site.root / "config.yaml").write_text("pollInterval: 0\nmaxConcurrency: many\n")
    called = site.call("status")
    assert (called.code, called.out) == (1, "")
    assert "config.yaml:1:15: " in called.err and "config.yaml:2:17: " in called.err


def test_nothing_is_kept_from_one_call_to_the_next(site: Site, tmp_path: Path) -> None:
    site.call("status", "-C", "/nowhere")
    assert site.call("status").code == 0


# --- streams


def test_a_closed_pipe_is_silent(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # with it, nothing is left to be written at the end
    site.plan(*({"id": f"T-{i}", "title": "x" * 500} for i in range(400)))
    for words in (["status", "--json"], ["--help"], ["status", "-p", "p"]):
        with subprocess.Popen([PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None and process.stderr is not None
            process.stdout.read(10)
            process.stdout.close()
            assert (process.stderr.read(), process.wait()) == (b"", 0)


def test_output_that_cannot_be_written_is_an_error(site: Site) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([PROGRAM, "status"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("orchestrator: cannot write") and "Traceback" not in done.stderr


def test_closed_streams_are_no_bug(site: Site) -> None:
    done = subprocess.run(f"{PROGRAM} status >&- 2>&-", shell=True, check=False)
    assert done.returncode == 0


def terminal_output(words: list[str], **env: str) -> str:
    """What a program writes to a terminal."""
    import pty

    leader, follower = pty.openpty()
    with subprocess.Popen(
        words, stdout=follower, stderr=follower, stdin=follower, env={**os.environ, **env}
    ) as process:
        os.close(follower)
        read = b""
        try:
            while block := os.read(leader, 65536):
                read += block
        except OSError:
            pass  # Linux says so when the other end is closed
        process.wait()
    os.close(leader)
    return read.decode()


def test_colour_only_on_a_terminal_and_not_with_no_color(site: Site) -> None:
    site.plan({"id": "T-1", "status": "failed"})
    assert "\x1b[31m" in terminal_output([PROGRAM, "status"], TERM="xterm")
    assert "\x1b" not in terminal_output([PROGRAM, "status"], TERM="xterm", NO_COLOR="1")
    assert "\x1b" not in terminal_output([PROGRAM, "status"], TERM="dumb")
    assert "\x1b" not in site.call("status").out
    site.call("skip", "p", "T-1", "ask")
    assert "\x1b[" in terminal_output([PROGRAM, "run", "p", "T-1"], TERM="xterm")


def test_on_a_terminal_long_lines_are_wrapped(site: Site) -> None:
    site.plan({"id": "T-1", "status": "failed", "error": "word " * 60})
    shown = terminal_output([PROGRAM, "status"], TERM="xterm", NO_COLOR="1", COLUMNS="80", LINES="24")
    assert max(len(row.rstrip()) for row in shown.splitlines()) <= 80
    assert shown.count("word") == 60


# --- what it loads


def loaded(*words: str) -> set[str]:
    code = (
        "import sys; from orchestrator.cli.main import main; code = main(sys.argv[1:]);"
        "print(*sys.modules, sep='\\n', file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_help_loads_nothing_heavy(site: Site) -> None:
    assert loaded("--help") & {"msgspec", "yaml", "jinja2", "asyncio", "rich", "watchfiles", "subprocess"} == set()


def test_status_loads_nothing_that_it_does_not_show(site: Site) -> None:
    site.plan({"id": "T-1"})
    for words in (["status"], ["status", "--json"]):
        modules = loaded(*words)
        heavy = {"jinja2", "asyncio", "rich", "watchfiles", "subprocess", "logging", "orchestrator.core.transition"}
        assert modules & heavy == set()
        assert [name for name in modules if name.startswith(("orchestrator.agents", "orchestrator.engine"))] == []
