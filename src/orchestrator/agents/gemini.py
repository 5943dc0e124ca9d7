"""Gemini CLI, headless: `gemini -o stream-json`, the prompt on standard input.

An attempt succeeded only if its `result` says so: an exit code is the status of the API modulo 256, and 0 after INT.

- `--session-id` begins a session under our id and `--resume` goes on in it, by its id alone, never with `latest`.
- Tokens are told at the end, cost never: it is priced. What a model thought is paid for as output. Where several models
  took part (`auto`), all is priced as by the one that used most.
- What is allowed is for a person to say (`defaultArgs`: `--approval-mode yolo`); without it only `allowedTools`, and
  what only reads. The folder is trusted (`--skip-trust`), or nothing would run in it.
- Its shell tool hides `~/.gitconfig` from git, and with it who commits; what is counted in `GIT_CONFIG_*` it passes on.
- The environment: its own keys and configuration; of Google Cloud only what names a project or a place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from orchestrator.agents.base import Call, Command, Ended, Login, Option, Reader, Versions
from orchestrator.agents.gemini_said import said
from orchestrator.agents.kit import api_errors, jsonl
from orchestrator.agents.kit.arguments import Values, merged, renamed
from orchestrator.agents.kit.described import JsonAgent, logged_in
from orchestrator.agents.kit.listening import JsonListener, sign
from orchestrator.core.prices import Price
from orchestrator.core.times import epoch_or

LOG_IN = "log in with `gemini`, or give GEMINI_API_KEY in the env of this agent"
KEYS = ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI")
SIGNS = (
    sign(r"invalid session identifier|no previous sessions found", Ended.SESSION_GONE),
    sign(r"session id \S+ already exists", Ended.SESSION_EXISTS),
    sign(r"auth method|authorization is required|specify the GEMINI_API_KEY", Ended.NEEDS_LOGIN, LOG_IN),
    sign(r"not running in a trusted", Ended.PERMISSION_REFUSED),
    sign(r"unknown argument", Ended.FAILURE, "correct defaultArgs of this agent, or update gemini"),
    sign(r"max session turns", Ended.FAILURE, "raise model.maxSessionTurns in gemini's settings.json, or retry"),
    *api_errors.signs(LOG_IN),
)
FLAGS = {Option.MODEL: "--model -m", Option.ALLOWED_TOOLS: "--allowed-tools"}
TOOLS = {
    "Read": "read_file read_many_files", "Write": "write_file", "Edit": "replace", "MultiEdit": "replace",
    "Bash": "run_shell_command", "Grep": "grep_search", "Glob": "glob", "LS": "list_directory",
    "WebFetch": "web_fetch", "WebSearch": "google_web_search",
}  # fmt: skip
"""What workflows call its tools."""
REFUSED = ("tool_not_registered", "policy_violation")
OURS: dict[str, Values] = {
    "-p": "maybe", "--prompt": "maybe", "-i": "one", "--prompt-interactive": "one", "-o": "one",
    "--output-format": "one", "--skip-trust": "none", "--session-id": "one", "-r": "maybe", "--resume": "maybe",
    "--session-file": "one",
}  # fmt: skip


def command(call: Call) -> Command:
    call = replace(call, allowed_tools=renamed(call.allowed_tools, TOOLS, patterns=True))
    session = [] if call.session is None else ["--resume" if call.resume else "--session-id", call.session]
    argv = [call.settings.command, "-o", "stream-json", "--skip-trust", *session, *merged(call, OURS, FLAGS)]
    return Command(tuple(argv), stdin=call.prompt, hides_git_config=True)


def event(heard: JsonListener, event: dict[str, Any]) -> None:
    heard.clock = epoch_or(jsonl.text(event, "timestamp"), heard.clock or 0.0) or None
    match event.get("type"):
        case "init":
            heard.session = jsonl.text(event, "session_id") or heard.session
            heard.model = jsonl.text(event, "model") or heard.model
        case "message" if event.get("role") == "assistant":
            heard.text = (heard.text if heard.own.get("goes on") else "") + jsonl.text(event, "content")
            heard.own["goes on"] = True
        case "tool_use":
            heard.own |= {"goes on": False, "tool": jsonl.text(event, "tool_name")}
        case "tool_result":
            _tool_ended(heard, event)
        case "error":
            heard.own["error"] = jsonl.text(event, "message")
        case "result":
            _ended(heard, event)


def _tool_ended(heard: JsonListener, event: dict[str, Any]) -> None:
    if event.get("status") == "success":
        heard.tools_done += 1
    elif jsonl.text(jsonl.mapping(event, "error"), "type") in REFUSED:
        tool, underscore, _ = jsonl.text(event, "tool_id").partition("__")
        heard.denied.append(tool if underscore else heard.own.get("tool", "a tool"))


def _ended(heard: JsonListener, event: dict[str, Any]) -> None:
    heard.ended_well = event.get("status") == "success"
    why = jsonl.text(jsonl.mapping(event, "error"), "message") or heard.own.get("error", "")
    heard.error = "" if heard.ended_well else api_errors.plain(why) or "it failed without saying why"
    heard.limit = "daily quota" if "daily quota" in heard.error else ""
    stats = jsonl.mapping(event, "stats")
    total, asked = jsonl.number(stats, "total_tokens") or 0, jsonl.number(stats, "input_tokens") or 0
    heard.set(
        input_tokens=jsonl.number(stats, "input"),
        cached_tokens=jsonl.number(stats, "cached"),
        output_tokens=max(total - asked, jsonl.number(stats, "output_tokens") or 0),
    )
    models = {name: one for name, one in jsonl.mapping(stats, "models").items() if isinstance(one, dict)}
    heard.model = max(models, key=lambda name: jsonl.number(models[name], "total_tokens") or 0, default=heard.model)


def login(environ: Mapping[str, str], read: Reader) -> Login:
    folder = f"{environ.get('GEMINI_CLI_HOME') or '~'}/.gemini"
    return logged_in(
        environ, read, KEYS, (f"{folder}/oauth_creds.json",), f"no credentials in its environment or files; {LOG_IN}"
    )


agent = JsonAgent(
    name="gemini",
    command=command,
    event=event,
    signs=SIGNS,
    chooses_session=True,
    session_flags=("--resume",),
    login_env=(
        "GEMINI_API_KEY", "GEMINI_MODEL", "GEMINI_SANDBOX*", "GEMINI_SYSTEM_MD", "GEMINI_TELEMETRY_*",
        "GEMINI_CLI_HOME", "GEMINI_CLI_SYSTEM_*", "GEMINI_CLI_TRUST*", "GOOGLE_API_KEY", "GOOGLE_CLOUD_PROJECT*",
        "GOOGLE_CLOUD_LOCATION", "GOOGLE_GENAI_*", "GOOGLE_GEMINI_BASE_URL", "GOOGLE_VERTEX_BASE_URL",
    ),
    options=frozenset(FLAGS),
    versions=Versions("0.47.0", "0.61.0", "1"),
    help_calls=(("--help",),),
    flags=("--output-format", "--skip-trust", "--session-id", "--resume", "--model", "--allowed-tools"),
    prices={
        "gemini-2.5-pro*": Price(input=1.25, cached_input=0.125, output=10),
        "gemini-2.5-flash*": Price(input=0.3, cached_input=0.03, output=2.5),
        "gemini-2.5-flash-lite*": Price(input=0.1, cached_input=0.01, output=0.4),
        "gemini-3*-pro*": Price(input=2, cached_input=0.2, output=12),
        "gemini-3-flash*": Price(input=0.5, cached_input=0.05, output=3),
        "gemini-3.1-flash-lite*": Price(input=0.25, cached_input=0.025, output=1.5),
        "gemini-3.5-flash*": Price(input=1.5, cached_input=0.15, output=9),
        "gemini-3.5-flash-lite*": Price(input=0.3, cached_input=0.03, output=2.5),
        "gemini-3.[678]-flash*": Price(input=0.75, cached_input=0.075, output=3.75),
    },
    login=login,
    said=said,
)  # fmt: skip
