"""Claude Code, to plan with: `claude` in a terminal, the system prompt, the skills and the MCP servers from files.

- Skills come as a plugin of this session (`--plugin-dir`), so they are called `orchestrator:NAME`. Their material may
  be read without asking; `--add-dir` would ask whether the folder is trusted.
- `--mcp-config` without `--strict-mcp-config`: the person's own servers stay.
- It takes `--append-system-prompt` or a file, not both: what is in `defaultArgs` goes before ours into the file.
- It asks with a tool of its own, AskUserQuestion.
- `--dangerously-skip-permissions` is for runs that nobody watches. With a person it counts only if they have accepted
  that mode before: else the first thing to be seen is a warning with "No, exit", and as root nothing starts at all.
- It draws on the alternate screen, where nothing is seen of what was printed before: the banner is an announcement in
  its settings, too. It takes `--settings` once, so with some in `defaultArgs` it is only printed.
"""

from __future__ import annotations

import json

import msgspec

from orchestrator.agents.kit.arguments import Values, for_a_person, parted
from orchestrator.agents.kit.planning import PROMPT, SERVERS, Planning, Start, server_json

HEADLESS: dict[str, Values] = {
    "-p": "none", "--print": "none", "--output-format": "one", "--input-format": "one", "--json-schema": "one",
    "--max-turns": "one", "--max-budget-usd": "one", "--permission-prompts": "one", "--permission-prompt-tool": "one",
    "--include-partial-messages": "none", "--include-hook-events": "none", "--forward-subagent-text": "none",
    "--replay-user-messages": "none", "--no-session-persistence": "none", "--verbose": "none",
    "-r": "maybe", "--resume": "maybe", "-c": "none", "--continue": "none", "--session-id": "one",
    "--fork-session": "none", "--bg": "none", "--background": "none",
}  # fmt: skip
APPENDED: dict[str, Values] = {"--append-system-prompt": "one", "--append-system-prompt-file": "one"}
BYPASS = "--dangerously-skip-permissions"
ACCEPTED = ("skipDangerousModePermissionPrompt", "bypassPermissionsModeAccepted")
OWN_SETTINGS: dict[str, Values] = {"--settings": "one"}
PLUGIN, SETTINGS = "plugin", "settings.json"
MANIFEST = {"name": "orchestrator", "version": "1.0.0", "description": "How to plan for the orchestrator."}


def plan_command(planning: Planning) -> Start:
    settings, folder = planning.settings, planning.folder
    unattended = HEADLESS if _is_accepted(planning) else {**HEADLESS, BYPASS: "none"}
    args, appended = parted(for_a_person(settings, unattended), APPENDED)
    prompt = "\n\n".join([*_texts(planning, appended), planning.prompt])
    files = {PROMPT: prompt}
    argv = [settings.command, *args, "--append-system-prompt-file", f"{folder}/{PROMPT}"]
    if planning.servers:
        servers = {name: server_json(server) for name, server in planning.servers.items()}
        files[SERVERS] = json.dumps({"mcpServers": servers}, indent=2)
        argv += ["--mcp-config", f"{folder}/{SERVERS}"]
    if planning.skills:
        files[f"{PLUGIN}/.claude-plugin/plugin.json"] = json.dumps(MANIFEST)
        argv += ["--plugin-dir", f"{folder}/{PLUGIN}", "--allowedTools", *_readable(planning)]
    if planning.banner and not parted(args, OWN_SETTINGS)[1]:
        files[SETTINGS] = json.dumps({"companyAnnouncements": ["\n".join(planning.banner)]}, ensure_ascii=False)
        argv += ["--settings", f"{folder}/{SETTINGS}"]
    skills = f"{PLUGIN}/skills" if planning.skills else None
    return Start(argv=tuple(argv), files=files, skills=skills)


def _readable(planning: Planning) -> list[str]:
    """A skill is a link, and its material a file outside of the project: where it leads is looked at, too."""
    return [f"Read(/{one}/**)" for one in (f"{planning.folder}/{PLUGIN}", *(skill.folder for skill in planning.skills))]


def _is_accepted(planning: Planning) -> bool:
    """The person has said yes to a session that asks for nothing."""
    own = planning.environ.get("CLAUDE_CONFIG_DIR")
    files = {f"{own or '~/.claude'}/settings.json": ACCEPTED[0], f"{own or '~'}/.claude.json": ACCEPTED[1]}
    return any(_says(planning.read(file), key) for file, key in files.items())


def _says(text: str | None, key: str) -> bool:
    try:
        return bool(msgspec.json.decode(text or "{}")[key])
    except (msgspec.DecodeError, KeyError, TypeError):
        return False


def _texts(planning: Planning, appended: list[str]) -> list[str]:
    """What `--append-system-prompt` and its like say, in `--flag value` or `--flag=value`."""
    words = [part for arg in appended for part in (arg.split("=", 1) if arg.startswith("--append-") else [arg])]
    pairs = zip(words[::2], words[1::2], strict=False)
    return [(planning.read(value) or "") if flag.endswith("-file") else value for flag, value in pairs]
