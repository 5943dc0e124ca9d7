"""Claude Code, headless: `claude -p --output-format stream-json`, the prompt on standard input.

An attempt succeeded only if its last `result` line says so (`subtype: success` and not `is_error`: an API error has
both) and the exit code does not contradict it. The exit code alone is wrong: after SIGINT it is 0.

- A run may print several `result` lines (one more for each background command that ends): the last one counts; tokens
  and turns are those of the parts and are added up.
- `costUsd` is the running total of the *session*, also over resumed runs: what an attempt cost is the difference to
  what the same session had reported before. `--max-budget-usd`, though, bounds the one run.
- A flag that the adapter gives takes the place of the same flag in `defaultArgs`.
- The environment: credentials and configuration, by the names below. Of AWS and Google only what names an account or a
  region; who logs in to Bedrock or Vertex with general keys lists them in `passEnv`. What marks the inside of another
  session (`CLAUDECODE`, `CLAUDE_CODE_CHILD_SESSION`, its messaging socket) is left out: an agent may have started the
  runner.
- As root, `--dangerously-skip-permissions` is refused unless `IS_SANDBOX=1` is set; only a person may say so (`env`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from orchestrator.agents.base import Call, Command, Login, Option, Reader, Versions
from orchestrator.agents.claude_plan import plan_command as plan_command
from orchestrator.agents.claude_report import Listener
from orchestrator.agents.claude_report import report as report
from orchestrator.agents.claude_said import said as said
from orchestrator.agents.kit.arguments import Values, chosen_model, without
from orchestrator.agents.kit.described import as_written, no_files, no_remarks, nothing_in
from orchestrator.core.prices import Price
from orchestrator.core.settings import AgentSettings

name = "claude"
chooses_session = True
has_sessions = True
options: frozenset[Option] = frozenset(Option)
cumulative: frozenset[str] = frozenset({"cost_usd"})
streams_usage = True
versions: Versions | None = Versions("2.0.0", "2.1.330", "3")
help_calls: tuple[tuple[str, ...], ...] = (("--help",),)
adjusted, remarks, session_files, told_in = as_written, no_remarks, no_files, nothing_in
flags: tuple[str, ...] = (
    "--print", "--output-format", "--verbose", "--session-id", "--resume", "--model", "--allowedTools", "--json-schema",
    "--max-budget-usd",
)  # fmt: skip
"""`--max-turns` works, but is not in the help."""
prices: Mapping[str, Price] = {
    "claude-fable-5*": Price(input=10, cached_input=1, output=50),
    "claude-fable-5-1*": Price(input=10, cached_input=0.25, output=50),
    "claude-opus-5*": Price(input=5, cached_input=0.5, output=25),
    "claude-opus-5-5*": Price(input=4, cached_input=0.2, output=20),
    "claude-opus-4-[5678]*": Price(input=5, cached_input=0.5, output=25),
    "claude-opus-4-1*": Price(input=15, cached_input=1.5, output=75),
    "claude-sonnet-5*": Price(input=2, cached_input=0.2, output=10),
    "claude-sonnet-4*": Price(input=3, cached_input=0.3, output=15),
    "claude-haiku-4*": Price(input=1, cached_input=0.1, output=5),
}
"""The cost of a run is told at its end; until then, and of a run that was ended, it is priced."""
_CREDENTIALS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN", "AWS_BEARER_TOKEN_BEDROCK")
login_env: tuple[str, ...] = (
    "ANTHROPIC_*",
    "CLAUDE_CONFIG_DIR",
    "CLAUDE_CODE_OAUTH_*",
    "CLAUDE_CODE_USE_*",
    "CLAUDE_CODE_SKIP_*",
    "CLAUDE_CODE_API_*",
    "CLAUDE_CODE_CLIENT_*",
    "CLAUDE_CODE_MAX_*",
    "CLAUDE_CODE_DISABLE_*",
    "CLAUDE_CODE_ENABLE_*",
    "CLAUDE_CODE_EFFORT_*",
    "CLAUDE_CODE_SUBAGENT_*",
    "IS_SANDBOX",
    "API_TIMEOUT_MS",
    "BASH_DEFAULT_TIMEOUT_MS",
    "BASH_MAX_TIMEOUT_MS",
    "MAX_THINKING_TOKENS",
    "MCP_TIMEOUT",
    "MCP_TOOL_TIMEOUT",
    "DISABLE_AUTOUPDATER",
    "DISABLE_TELEMETRY",
    "DISABLE_ERROR_REPORTING",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_PROFILE",
    "AWS_BEARER_TOKEN_BEDROCK",
    "CLOUD_ML_REGION",
    "VERTEX_REGION_*",
)

_OURS: dict[str, Values] = {
    "-p": "none",
    "--print": "none",
    "--verbose": "none",
    "--output-format": "one",
    "--input-format": "one",
    "--session-id": "one",
    "-r": "maybe",
    "--resume": "maybe",
    "-c": "none",
    "--continue": "none",
    "--fork-session": "none",
    "--no-session-persistence": "none",
    "--replay-user-messages": "none",
    "--from-pr": "maybe",
    "--teleport": "maybe",
    "--cloud": "maybe",
    "--bg": "none",
    "--background": "none",
    "--desktop": "none",
    "-w": "maybe",
    "--worktree": "maybe",
    "--tmux": "none",
}
"""What is given here; and what would keep no session, or make it work elsewhere than in the ticket's worktree."""


def command(call: Call) -> Command:
    chosen = _chosen(call)
    replaced: dict[str, Values] = _OURS | {flag: "one" for flag, _ in chosen}
    if call.allowed_tools:
        replaced |= {"--allowedTools": "many", "--allowed-tools": "many"}
    argv = [call.settings.command, "-p", "--output-format", "stream-json", "--verbose", *_session(call)]
    argv += without(call.settings.default_args, replaced)
    for flag, value in chosen:
        argv += [flag, value]
    return Command(tuple(argv), stdin=call.prompt)


def listen() -> Listener:
    return Listener()


def _session(call: Call) -> list[str]:
    if call.session is None:
        return []
    return ["--resume" if call.resume else "--session-id", call.session]


def _chosen(call: Call) -> list[tuple[str, str]]:
    """What the phase and the agent's settings ask for; it takes the place of the same flag in defaultArgs."""
    wanted = (
        ("--model", call.settings.model),
        ("--max-turns", call.max_turns),
        ("--max-budget-usd", call.max_cost_usd),
        ("--json-schema", json.dumps(call.output_schema) if call.output_schema else None),
        ("--allowedTools", ",".join(call.allowed_tools) or None),
    )
    return [(flag, str(value)) for flag, value in wanted if value is not None]


def resume_command(settings: AgentSettings, session: str) -> tuple[str, ...] | None:
    return (settings.command, "--resume", session, *chosen_model(settings))


def login(environ: Mapping[str, str], read: Reader) -> Login:
    given = next((name for name in _CREDENTIALS if environ.get(name)), None)
    if given is not None:
        return Login(True, f"{given} is set")
    folder = environ.get("CLAUDE_CONFIG_DIR") or "~/.claude"
    if read(f"{folder}/.credentials.json"):
        return Login(True, f"logged in ({folder}/.credentials.json)")
    return Login(None, "no credentials in its environment or files; if it is not logged in: run `claude`, then /login")
