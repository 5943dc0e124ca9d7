"""`interactive`: an agent's own program on a person's terminal, with what a planner is given; nothing is left of it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.emulator import Terminal, running
from tests.cli.kit import PROGRAM, Site
from tests.waiting import wait_for

AGENT = """\
#!/bin/sh
# notes what it is given, and stays while there is `open`
env > '@/env'
pwd > '@/cwd'
tr '\\0' '\\n' < /proc/$$/cmdline > '@/argv'
while [ $# -gt 0 ]; do
    case "$1" in --mcp-config) cp -p "$2" '@/mcp.json' ;; --append-system-prompt*) cp "$2" '@/prompt.md' ;; esac
    shift
done
trap 'echo "size $(stty size < /dev/tty)"' WINCH
trap 'echo interrupted' INT
echo ready
while [ -e '@/open' ]; do sleep 0.02; done
[ -d '@/plan' ] && mv '@/plan' '@/state/plans/shop'
exit "$(cat '@/code' 2>/dev/null || echo 0)"
"""
SECRET = "s3cr3t-value"


@pytest.fixture
def planned(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    site.script("claude", AGENT)
    monkeypatch.setenv("LINEAR_API_KEY", SECRET)
    configure(site)
    return site


def configure(site: Site, **more: Any) -> None:
    servers = {"linear": {"command": "npx", "args": ["-y", "x"], "env": {"KEY": "Bearer ${LINEAR_API_KEY}"}}}
    agents = {"claude": {"command": str(site.root / "scripts/claude"), "defaultArgs": ["-p", "--ide"]}}
    site.config(**{"agents": agents, "mcpServers": servers, **more})


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal(100, 30)
    yield made
    made.close()


def start(site: Site, terminal: Terminal, *words: str, stays: bool = False) -> Any:
    if stays:
        (site.root / "open").touch()
    return running(terminal, PROGRAM, "interactive", "--agent", "claude", *words, TMPDIR=temporary(site))


def temporary(site: Site) -> str:
    """Its path is too long for temporary files, so that they go to the state folder."""
    return str(site.root)


def ended(site: Site, terminal: Terminal, *words: str) -> int:
    with start(site, terminal, *words) as program:
        return terminal.ended(program)


def environ(site: Site) -> dict[str, str]:
    return dict(line.split("=", 1) for line in (site.root / "env").read_text().splitlines() if "=" in line)


def folders(site: Site) -> list[Path]:
    found = [Path(line) for line in (site.root / "argv").read_text().splitlines() if line.endswith("/prompt.md")]
    return [path.parent for path in found]


# -- what it is given -------------------------------------------------------------------------------------------------


def test_the_agent_is_told_where_everything_is(
    planned: Site, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = planned.root / "repo"
    monkeypatch.setenv("ORCHESTRATOR_TICKET", "of an attempt around us")
    assert ended(planned, terminal, "--repo", str(repo), "-w", "w", "--worktree-root", f"{repo}/../wt") == 0
    told = {name: value for name, value in environ(planned).items() if name.startswith("ORCHESTRATOR_")}
    home = str(planned.root)
    assert told.pop("ORCHESTRATOR_SKILLS_DIR").endswith("builtin/skills")
    assert told == {
        "ORCHESTRATOR_HOME": home,
        "ORCHESTRATOR_MODE": "plan",
        "ORCHESTRATOR_STATE_DIR": f"{home}/state",
        "ORCHESTRATOR_WORKFLOW_DIR": f"{home}/workflows",
        "ORCHESTRATOR_PROMPT_DIR": f"{home}/prompts",
        "ORCHESTRATOR_SCRIPT_DIR": f"{home}/scripts",
        "ORCHESTRATOR_CONFIG_PATH": f"{home}/config.yaml",
        "ORCHESTRATOR_REPO": f"{home}/repo",
        "ORCHESTRATOR_WORKFLOW": "w",
        "ORCHESTRATOR_WORKTREE_ROOT": f"{home}/wt",
    }
    assert (planned.root / "cwd").read_text().strip() == str(repo)


def test_prompt_skills_and_servers_reach_it_in_private_files_that_are_gone_afterwards(
    planned: Site, terminal: Terminal
) -> None:
    (planned.root / "skills/mine").mkdir(parents=True)
    (planned.root / "skills/mine/SKILL.md").write_text("---\nname: mine\ndescription: Of the house.\n---\nDo.\n")
    with start(planned, terminal, stays=True) as program:
        terminal.shows("orchestrator · planning with claude", "ready")
        (folder,) = folders(planned)
        assert {"mine", "planner", "linear"} <= {one.name for one in (folder / "plugin/skills").iterdir()}
        (planned.root / "open").unlink()
        assert terminal.ended(program) == 0
    server = json.loads((planned.root / "mcp.json").read_text())["mcpServers"]["linear"]
    assert server == {"command": "npx", "args": ["-y", "x"], "env": {"KEY": f"Bearer {SECRET}"}}
    assert (planned.root / "mcp.json").stat().st_mode & 0o777 == 0o600
    argv = (planned.root / "argv").read_text()
    assert "--ide" in argv and "\n-p\n" not in argv and SECRET not in argv
    assert "You are the planner" in (planned.root / "prompt.md").read_text()
    assert not folder.exists()


def test_a_variable_that_is_not_set_is_named_and_its_server_left_out(
    planned: Site, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LINEAR_API_KEY")
    assert ended(planned, terminal) == 0
    assert "mcpServers.linear is left out: ${LINEAR_API_KEY} is not set or empty; export it" in terminal.text
    assert "linear" not in ((planned.root / "mcp.json").read_text() if (planned.root / "mcp.json").exists() else "")


def test_a_prompt_of_the_persons_own_counts(planned: Site, terminal: Terminal) -> None:
    (planned.root / "prompts/interactive-system.md").write_text("Plan {{ as I }} like.")
    assert ended(planned, terminal) == 0
    assert (planned.root / "prompt.md").read_text().startswith("Plan {{ as I }} like.\n\n## This session")


# -- the terminal -----------------------------------------------------------------------------------------------------


def test_keys_and_sizes_are_the_agents_and_its_exit_code_is_ours(planned: Site, terminal: Terminal) -> None:
    planned.fail_with(7)
    with start(planned, terminal, stays=True) as program:
        terminal.shows("ready")
        terminal.type("\x03")
        terminal.shows("interrupted")
        terminal.resize(120, 40)
        terminal.shows("size 40 120")
        (planned.root / "open").unlink()
        assert terminal.ended(program) == 7
    assert terminal.is_as_before


def test_what_ends_us_ends_it_and_leaves_nothing(planned: Site, terminal: Terminal) -> None:
    with start(planned, terminal, stays=True) as program:
        terminal.shows("ready")
        (folder,) = folders(planned)
        program.send_signal(signal.SIGTERM)
        assert terminal.ended(program) == 128 + signal.SIGTERM
    assert not folder.exists()


def test_what_a_kill_leaves_behind_is_taken_away_at_the_next_start(planned: Site, terminal: Terminal) -> None:
    with start(planned, terminal, stays=True) as program:
        terminal.shows("ready")
        (left,) = folders(planned)
        program.kill()
        program.wait()
        assert left.exists()
        (planned.root / "open").unlink()
    assert ended(planned, terminal) == 0
    assert not left.exists()


# -- afterwards -------------------------------------------------------------------------------------------------------


def test_afterwards_it_says_what_was_planned_and_what_to_do_next(planned: Site, terminal: Terminal) -> None:
    planned.plan({"id": "T-1"}, plan="before")
    planned.plan({"id": "T-1"}, {"id": "T-2", "workflow": "standrad"}, plan="shop")
    (planned.root / "state/plans/shop").rename(planned.root / "plan")
    assert ended(planned, terminal) == 0
    said = " ".join(terminal.text.split())
    assert "plan shop: 2 tickets; `orchestrator plan show shop`, then `orchestrator daemon` starts the work" in said
    assert "plan before:" not in said and "errors: `orchestrator plan check shop`" in said


def test_without_a_new_plan_it_says_so(planned: Site, terminal: Terminal) -> None:
    assert ended(planned, terminal) == 0
    assert "no plan was written" in terminal.text


# -- what is refused --------------------------------------------------------------------------------------------------


def test_without_any_agent_it_says_how_to_install_one(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.config()
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    called = site.call("interactive", "--repo", str(site.root))
    assert called.code == 1 and "no agent to plan with is installed" in called.err
    assert all(f"\n  {kind}: npm install -g " in called.err for kind in ("pi", "claude", "codex"))


def test_pi_comes_before_claude_before_codex(site: Site, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    site.config()
    monkeypatch.setenv("PATH", f"{site.root}/scripts:/usr/bin:/bin")
    for kind in ("codex", "claude", "pi"):
        site.script(kind, "#!/bin/sh\necho I am $0")
        with running(terminal, PROGRAM, "interactive", TMPDIR=temporary(site), HOME=str(site.root)) as program:
            assert terminal.ended(program) == 0
        assert terminal.text.count(f"I am {site.root}/scripts/{kind}") == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a program that its parent died")
def test_a_kill_9_ends_the_agent_too(planned: Site, terminal: Terminal) -> None:
    agent = str(planned.root / "scripts/claude").encode()

    def alive() -> bool:
        files = Path("/proc").glob("[0-9]*/cmdline")
        return any(agent in _text(path) for path in files)

    with start(planned, terminal, stays=True) as program:
        terminal.shows("ready")
        assert alive()
        program.kill()
        wait_for(lambda: not alive(), what="the end of the agent")


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_what_cannot_be_is_refused_in_words(planned: Site) -> None:
    def said(*words: str) -> str:
        called = planned.call("interactive", *words)
        assert called.code != 0 and called.out == ""
        return called.err

    assert "--repo /nowhere: there is no such directory" in said("--repo", "/nowhere")
    (planned.root / "file").touch()
    assert "/file: it is no directory" in said("--repo", str(planned.root / "file"))
    assert "/file is no folder; name a folder that" in said("--worktree-root", str(planned.root / "file/wt"))
    assert 'unknown workflow "standrad"' in said("--workflow", "standrad")
    assert 'unknown agent "claud" (did you mean claude?' in said("--agent", "claud")
    configure(planned, agents={"mine": {"command": "true"}})
    assert 'nobody can plan with agent "mine"' in said("--agent", "mine")
    assert "agent codex is not installed" in said("--agent", "codex") or subprocess.call(["which", "codex"]) == 0


def test_without_a_terminal_it_says_so_before_anything_is_made(planned: Site) -> None:
    called = planned.call("interactive", "--agent", "claude")
    assert called.code == 1 and "needs a terminal" in called.err
    assert not (planned.root / "argv").exists()


def test_the_first_command_of_a_user_makes_the_home(
    site: Site, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ORCHESTRATOR_HOME")
    site.script("pi", '#!/bin/sh\ncat "$ORCHESTRATOR_CONFIG_PATH" | head -1')
    path = f"{site.root}/scripts:/usr/bin:/bin"
    fields = {"HOME": str(site.root / "person"), "PATH": path, "TMPDIR": temporary(site)}
    with running(terminal, PROGRAM, "interactive", "--repo", f"{site.root}/repo", **fields) as program:
        assert terminal.ended(program) == 0
    wait_for(lambda: "this is the first time here" in terminal.text)
    assert "# Configuration of the orchestrator" in terminal.text
    assert (site.root / "person/.orchestrator/state/plans").is_dir()
