"""Codex, to plan with: `codex --profile NAME`, everything in one layer of its configuration.

- A profile is the file `$CODEX_HOME/NAME.config.toml`: ours is a link to the private folder, removed afterwards. With a
  profile Codex works without its shared server, which knows nothing of our environment.
- `developer_instructions` are what comes after its own system prompt. A layer replaces those of the person's own
  configuration, so theirs are put before ours; so are those of a profile in `defaultArgs`, which ours then contains.
- An MCP server that the person's own configuration has under the same name stays as it is: two would be mixed.
- Skills come from fixed folders only, which are not ours: an index of them goes into the instructions.
- Its shell is no login shell: /etc/profile would make PATH anew, and `orchestrator` could not be found any more.
- It keeps to the terminal's own screen: on the alternate one the banner is not seen.
- What only `codex exec` takes is left out of `defaultArgs`. It asks with a tool of its own, or in words.
- `--dangerously-bypass-approvals-and-sandbox` is for runs that nobody watches. With a person their own configuration of
  Codex says what is asked and what may be written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.agents.kit.arguments import Values, for_a_person, parted
from orchestrator.agents.kit.planning import Planning, Start, skill_index
from orchestrator.agents.kit.toml_text import parsed, toml_text
from orchestrator.core.settings import McpServer

HEADLESS: dict[str, Values] = {
    "--json": "none", "--experimental-json": "none", "--skip-git-repo-check": "none", "--color": "one",
    "-o": "one", "--output-last-message": "one", "--output-schema": "one", "--ephemeral": "none",
    "--ignore-user-config": "none", "--ignore-rules": "none", "--full-auto": "none", "--approval-mode": "one",
    "-C": "one", "--cd": "one", "--worktree": "none", "--last": "none", "--all": "none",
    "--dangerously-bypass-approvals-and-sandbox": "none", "--yolo": "none",
}  # fmt: skip
WORDS = ("exec", "e", "resume", "-")
PROFILE: dict[str, Values] = {"-p": "one", "--profile": "one"}
LAYER = "layer.config.toml"
INSTRUCTIONS, SERVERS, SANDBOX = "developer_instructions", "mcp_servers", "sandbox_workspace_write"
LOGIN, TUI = "allow_login_shell", "tui"


def plan_command(planning: Planning) -> Start:
    settings = planning.settings
    args, asked = parted(_options(for_a_person(settings, HEADLESS)), PROFILE)
    home = planning.environ.get("CODEX_HOME") or "~/.codex"
    base = parsed(planning.read(f"{home}/config.toml"))
    theirs = parsed(planning.read(f"{home}/{asked[-1].rpartition('=')[2]}.config.toml")) if asked else {}
    name = planning.folder.rpartition("/")[2]
    argv = (settings.command, *args, "--profile", name)
    layer = toml_text(_layer(planning, base, theirs))
    return Start(argv=argv, files={LAYER: layer}, links={f"{home}/{name}.config.toml": LAYER})


def _options(args: list[str]) -> list[str]:
    """Without the words of a whole command line: `exec … -`."""
    return [arg for i, arg in enumerate(args) if not (arg in WORDS and (i == 0 or arg == "-"))]


def _layer(planning: Planning, base: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    said = theirs.get(INSTRUCTIONS, base.get(INSTRUCTIONS))
    parts = (said if isinstance(said, str) else "", planning.prompt, skill_index(planning.skills))
    named: dict[str, Any] = theirs.get(SERVERS) or {}
    own = {*(base.get(SERVERS) or {}), *named}
    servers = {name: _server(server) for name, server in planning.servers.items() if name not in own}
    layer: dict[str, Any] = {**theirs, INSTRUCTIONS: "\n\n".join(filter(None, parts))}
    layer |= {SANDBOX: _sandbox(planning, base, theirs), **_unless_chosen(base, theirs)}
    return {**layer, SERVERS: {**named, **servers}} if named or servers else layer


def _sandbox(planning: Planning, base: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Where its sandbox may write counts from here on only for one that may write at all; `--add-dir` would end it."""
    chosen = {**(base.get(SANDBOX) or {}), **(theirs.get(SANDBOX) or {})}
    return {**chosen, "writable_roots": [*chosen.get("writable_roots", ()), *planning.writable]}


def _unless_chosen(base: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    login = {} if LOGIN in {**base, **theirs} else {LOGIN: False}
    chosen = {**(base.get(TUI) or {}), **(theirs.get(TUI) or {})}
    return {**login, TUI: {"alternate_screen": "never", **chosen}}


def _server(server: McpServer) -> dict[str, Any]:
    if server.url is not None:
        return {"url": server.url}
    env = {"env": dict(server.env)} if server.env else {}
    return {"command": server.command, "args": list(server.args), **env}
