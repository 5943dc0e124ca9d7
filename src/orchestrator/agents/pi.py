"""pi, headless: `pi -p --mode json`, the prompt on standard input.

An attempt succeeded only if the last message of the model ended with `stop`: in this mode pi exits with 0 after errors
of the API, after an abort, and without any prompt.

- Tokens and cost are told for each message, and added up. What failed and is repeated (`auto_retry_start`) is no error.
- `--session-id` begins a session under our id, or goes on in it. Versions before 0.76 (`@mariozechner/pi-coding-agent`)
  refuse it: they are driven by the type `pi-old`, whose sessions are known once the program has told their id.
- pi asks for no permission: `allowedTools` are the only tools that it has then.
- `--approve`, which lets it load a project's own extensions and settings, is for a person to give (`defaultArgs`).
- The environment: keys of the providers that it knows by name; of AWS only what names an account or a region.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from orchestrator.agents.base import Call, Command, Ended, Login, Option, Reader, Versions
from orchestrator.agents.kit import api_errors, jsonl
from orchestrator.agents.kit.arguments import Values, merged, renamed
from orchestrator.agents.kit.described import JsonAgent, logged_in
from orchestrator.agents.kit.listening import JsonListener, sign
from orchestrator.agents.pi_plan import plan_command
from orchestrator.agents.pi_said import said
from orchestrator.core.times import epoch_or

LOG_IN = "log in with `pi`, then /login, or give the provider's key in the env of this agent"
KEYS = (
    "ANTHROPIC_API_KEY", "ANTHROPIC_OAUTH_TOKEN", "ANTHROPIC_AUTH_TOKEN", "OPENAI_API_KEY", "AZURE_OPENAI_API_KEY",
    "GEMINI_API_KEY", "DEEPSEEK_API_KEY", "NVIDIA_API_KEY", "GROQ_API_KEY", "CEREBRAS_API_KEY", "XAI_API_KEY",
    "FIREWORKS_API_KEY", "TOGETHER_API_KEY", "BASETEN_API_KEY", "OPENROUTER_API_KEY", "AI_GATEWAY_API_KEY",
    "ZAI_API_KEY", "ZAI_CODING_CN_API_KEY", "MISTRAL_API_KEY", "MINIMAX_API_KEY", "MINIMAX_CN_API_KEY",
    "MOONSHOT_API_KEY", "OPENCODE_API_KEY", "KIMI_API_KEY", "META_API_KEY", "ANT_LING_API_KEY", "RADIUS_API_KEY",
    "CLOUDFLARE_API_KEY", "QWEN_TOKEN_PLAN_API_KEY", "QWEN_TOKEN_PLAN_CN_API_KEY", "XIAOMI_API_KEY",
    "XIAOMI_TOKEN_PLAN_CN_API_KEY", "XIAOMI_TOKEN_PLAN_AMS_API_KEY", "XIAOMI_TOKEN_PLAN_SGP_API_KEY",
    "COPILOT_GITHUB_TOKEN", "AWS_BEARER_TOKEN_BEDROCK",
)  # fmt: skip
SIGNS = (
    sign(r"no session found matching", Ended.SESSION_GONE),
    sign(r"unknown option: --session-id", Ended.FAILURE, "update pi, or set `type: pi-old` for this agent"),
    sign(r"unknown option", Ended.FAILURE, "correct defaultArgs of this agent, or update pi"),
    *api_errors.signs(LOG_IN),
)
FLAGS = {Option.MODEL: "--model", Option.ALLOWED_TOOLS: "--tools -t"}
TOOLS = {
    "Read": "read", "Write": "write", "Edit": "edit", "MultiEdit": "edit", "Bash": "bash", "Grep": "grep",
    "Glob": "find", "LS": "ls",
}  # fmt: skip
"""What workflows call its tools."""
OURS: dict[str, Values] = {
    "-p": "none", "--print": "none", "--mode": "one", "-c": "none", "--continue": "none", "-r": "none",
    "--resume": "none", "--session": "one", "--session-id": "one", "--fork": "one", "--no-session": "none",
}  # fmt: skip


def command(call: Call) -> Command:
    call = replace(call, allowed_tools=renamed(call.allowed_tools, TOOLS))
    session = [] if call.session is None else ["--session" if call.resume else "--session-id", call.session]
    argv = [call.settings.command, "-p", "--mode", "json", *session, *merged(call, OURS, FLAGS)]
    return Command(tuple(argv), stdin=call.prompt)


def event(heard: JsonListener, event: dict[str, Any]) -> None:
    match event.get("type"):
        case "session":
            heard.session = jsonl.text(event, "id") or heard.session
            heard.clock = epoch_or(jsonl.text(event, "timestamp"), heard.clock or 0.0) or None
        case "agent_start" | "turn_start":
            heard.ended_well = False
        case "message_end" if jsonl.mapping(event, "message").get("role") == "assistant":
            _answered(heard, jsonl.mapping(event, "message"))
        case "tool_execution_end":
            _tool_ended(heard, event)
        case "compaction_end":
            _count(heard, jsonl.mapping(jsonl.mapping(event, "result"), "usage"))
        case "auto_retry_start":
            heard.retrying, heard.error = heard.error or "unknown", ""
        case "agent_settled" if event.get("aborted") is True:
            heard.ended_well = False


def _answered(heard: JsonListener, message: dict[str, Any]) -> None:
    blocks = (block for block in jsonl.sequence(message, "content") if isinstance(block, dict))
    heard.text = "\n".join(filter(None, (jsonl.text(block, "text") for block in blocks))) or heard.text
    heard.model = jsonl.text(message, "model") or heard.model
    heard.clock = (jsonl.number(message, "timestamp") or 0) / 1000 or heard.clock
    stopped = message.get("stopReason")
    _count(heard, jsonl.mapping(message, "usage"), turns=0 if stopped == "error" else 1)
    heard.ended_well, heard.error, heard.retrying = stopped == "stop", "", ""
    if stopped == "error":
        heard.error = api_errors.plain(jsonl.text(message, "errorMessage")) or "it failed without saying why"
    elif stopped == "length":
        heard.error = "the answer was cut off: it reached the model's limit of output"


def _count(heard: JsonListener, usage: dict[str, Any], turns: int = 0) -> None:
    heard.count(
        input_tokens=(jsonl.number(usage, "input") or 0) + (jsonl.number(usage, "cacheWrite") or 0),
        cached_tokens=jsonl.number(usage, "cacheRead"),
        output_tokens=jsonl.number(usage, "output"),
        cost_usd=jsonl.number(jsonl.mapping(usage, "cost"), "total"),
        turns=turns,
    )


def _tool_ended(heard: JsonListener, event: dict[str, Any]) -> None:
    if event.get("isError") is not True:
        heard.tools_done += 1
        return
    name = jsonl.text(event, "toolName")
    results = jsonl.sequence(jsonl.mapping(event, "result"), "content")
    if any(isinstance(one, dict) and one.get("text") == f"Tool {name} not found" for one in results):
        heard.denied.append(name)


def login(environ: Mapping[str, str], read: Reader) -> Login:
    folder = environ.get("PI_CODING_AGENT_DIR") or "~/.pi/agent"
    files = (f"{folder}/auth.json", f"{folder}/models.json")
    return logged_in(environ, read, KEYS, files, f"no credentials in its environment or files; {LOG_IN}")


agent = JsonAgent(
    name="pi",
    command=command,
    event=event,
    signs=SIGNS,
    chooses_session=True,
    session_flags=("--session",),
    login_env=(
        *KEYS, "AZURE_OPENAI_*", "CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_GATEWAY_ID", "AWS_REGION", "AWS_DEFAULT_REGION",
        "AWS_PROFILE", "PI_CODING_AGENT_*", "PI_PACKAGE_DIR", "PI_OFFLINE", "PI_TELEMETRY",
    ),
    options=frozenset(FLAGS),
    streams_usage=True,
    versions=Versions("0.76.0", "0.87.1", "2"),
    help_calls=(("--help",),),
    flags=("--print", "--mode", "--session", "--session-id", "--model", "--tools"),
    login=login,
    said=said,
    plan_command=plan_command,
)  # fmt: skip

before_session_ids = replace(
    agent,
    name="pi-old",
    chooses_session=False,
    versions=Versions("0.70.0", "0.73.1", "0.76.0"),
    flags=("--print", "--mode", "--session", "--model", "--tools"),
)
