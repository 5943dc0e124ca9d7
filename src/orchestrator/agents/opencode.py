"""OpenCode, headless: `opencode run --format json`, the prompt on standard input.

There is no event for the end. An attempt succeeded only if the last event is a step that finished with `stop`, no error
came after it, and the program ended by itself with 0: after a refused permission it ends with 0, too, in the middle.

- After any error it exits with 1, also where it went on: what is too long for the model it shortens, and finishes.
- Tokens and cost are told for each step, and added up. A cost of 0 is also told of models whose price it does not know;
  it is taken for none.
- What it repeats, or waits for (for hours, when a limit's answer says so), is not on standard output: `--print-logs`
  puts errors on standard error. What was logged after the last event is what it was waiting for when it was ended.
- A title of our own (`--title`) saves a call of the model that is told nowhere.
- It has no option for tools; `allowedTools` become rules (`OPENCODE_PERMISSION`) under which everything else is denied.
- The environment: its own variables without those of a server, and keys of providers that it knows by name; of AWS only
  what names an account or a region.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from orchestrator.agents.base import Call, Command, Ended, Login, Option, Reader, Versions
from orchestrator.agents.kit import api_errors, jsonl
from orchestrator.agents.kit.arguments import Values, merged
from orchestrator.agents.kit.described import JsonAgent, logged_in
from orchestrator.agents.kit.listening import JsonListener, credit_used_up, sign
from orchestrator.agents.opencode_said import said
from orchestrator.core.times import epoch_or

LOG_IN = "log in with `opencode auth login`, or give the provider's key in the env of this agent"
KEYS = (
    "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENCODE_API_KEY", "OPENROUTER_API_KEY", "GEMINI_API_KEY",
    "GOOGLE_GENERATIVE_AI_API_KEY", "GOOGLE_API_KEY", "XAI_API_KEY", "GROQ_API_KEY", "MISTRAL_API_KEY",
    "DEEPSEEK_API_KEY", "CEREBRAS_API_KEY", "TOGETHER_API_KEY", "FIREWORKS_API_KEY", "DEEPINFRA_API_KEY",
    "PERPLEXITY_API_KEY", "COHERE_API_KEY", "AZURE_API_KEY", "AI_GATEWAY_API_KEY", "ZHIPU_API_KEY", "MOONSHOT_API_KEY",
    "CLOUDFLARE_API_KEY", "AWS_BEARER_TOKEN_BEDROCK",
)  # fmt: skip
SIGNS = (
    sign(r"session not found", Ended.SESSION_GONE),
    sign(r"ContextOverflowError", Ended.CONTEXT_TOO_LONG),
    sign(r"ProviderAuthError|incorrect api key", Ended.NEEDS_LOGIN, LOG_IN),
    credit_used_up(r"check your plan and billing"),
    sign(r"MessageAbortedError", Ended.INTERRUPTED),
    sign(r"ProviderModelNotFoundError|ProviderInitError", Ended.FAILURE, "correct `model` of this agent"),
    sign(r"^opencode run \[message|unknown arguments?:", Ended.FAILURE, "correct defaultArgs of this agent"),
    *api_errors.signs(LOG_IN),
)
FLAGS = {Option.MODEL: "--model -m"}
OURS: dict[str, Values] = {
    "--format": "one", "--print-logs": "none", "--log-level": "one", "--title": "one", "--thinking": "none",
    "-s": "one", "--session": "one", "-c": "none", "--continue": "none", "--fork": "none", "--dir": "one",
    "-i": "none", "--interactive": "none",
}  # fmt: skip
TOOLS = {
    "Read": "read", "Write": "edit", "Edit": "edit", "MultiEdit": "edit", "Bash": "bash", "Grep": "grep",
    "Glob": "glob", "LS": "list", "WebFetch": "webfetch", "WebSearch": "websearch", "Task": "task",
    "TodoWrite": "todowrite", "Skill": "skill",
}  # fmt: skip
"""What workflows call its permissions."""


def command(call: Call) -> Command:
    argv = [call.settings.command, "run", "--format", "json", "--thinking", "--print-logs", "--log-level", "ERROR"]
    argv += ["--session", call.session] if call.resume and call.session else ["--title", _title(call.folder)]
    settings = replace(call.settings, default_args=_options(call.settings.default_args))
    argv += merged(replace(call, settings=settings, allowed_tools=()), OURS, FLAGS)
    env = {"OPENCODE_DISABLE_AUTOUPDATE": "1"}
    if call.allowed_tools:
        env["OPENCODE_PERMISSION"] = json.dumps(_rules(call.allowed_tools))
    return Command(tuple(argv), stdin=call.prompt, env=env)


def _options(args: tuple[str, ...]) -> tuple[str, ...]:
    """Without the word of a whole command line, which would be part of the prompt."""
    return args[1:] if args[:1] == ("run",) else args


def _title(folder: str) -> str:
    """Of the attempt: ticket, number and phase."""
    return " ".join(folder.split("/")[-2:]).strip() or "orchestrator"


def _rules(tools: tuple[str, ...]) -> dict[str, Any]:
    """The last rule that matches decides, so what is allowed comes after what denies."""
    rules: dict[str, Any] = {"*": "deny"}
    for tool in tools:
        name, bracket, pattern = tool.partition("(")
        key, inside = TOOLS.get(name, name), pattern.rstrip(")").replace(":*", "*")
        if not bracket or not inside or inside == "*":
            rules[key] = "allow"
        elif rules.get(key) != "allow":
            rules[key] = {"*": "deny", **(rules.get(key) or {}), inside: "allow"}
    return rules


def event(heard: JsonListener, event: dict[str, Any]) -> None:
    heard.has_end, heard.begun, heard.ended_well = False, True, False
    heard.session = jsonl.text(event, "sessionID") or heard.session
    heard.clock = (jsonl.number(event, "timestamp") or 0) / 1000 or heard.clock
    part = jsonl.mapping(event, "part")
    match event.get("type"):
        case "text":
            heard.text, heard.error = jsonl.text(part, "text") or heard.text, ""
        case "tool_use":
            heard.error = ""
            _tool_ended(heard, part)
        case "step_finish":
            _finished(heard, part)
        case "error":
            _failed(heard, jsonl.mapping(event, "error"))


def _tool_ended(heard: JsonListener, part: dict[str, Any]) -> None:
    state, tool = jsonl.mapping(part, "state"), jsonl.text(part, "tool")
    error = jsonl.text(state, "error") or jsonl.text(jsonl.mapping(state, "input"), "error")
    if "rejected permission" in error or "specified a rule which prevents" in error:
        heard.denied.append(tool)
    elif "unavailable tool" in error:
        heard.denied.append(jsonl.text(jsonl.mapping(state, "input"), "tool") or tool)
    elif state.get("status") == "completed":
        heard.tools_done += 1


def _finished(heard: JsonListener, part: dict[str, Any]) -> None:
    tokens, reason = jsonl.mapping(part, "tokens"), jsonl.text(part, "reason")
    cache = jsonl.mapping(tokens, "cache")
    heard.count(
        input_tokens=(jsonl.number(tokens, "input") or 0) + (jsonl.number(cache, "write") or 0),
        cached_tokens=jsonl.number(cache, "read"),
        output_tokens=(jsonl.number(tokens, "output") or 0) + (jsonl.number(tokens, "reasoning") or 0),
        cost_usd=jsonl.number(part, "cost") or None,
        turns=1,
    )
    heard.ended_well, heard.error = reason == "stop", ""
    if reason not in ("stop", "tool-calls"):
        heard.error = ENDS.get(reason) or f"a step finished with {reason or 'no reason'}"


ENDS = {
    "length": "the answer was cut off: it reached the model's limit of output",
    "content-filter": "the model refused to answer (content filter)",
    "unknown": "the stream of the model's answer was cut off: a step finished with unknown",
}


def _failed(heard: JsonListener, error: dict[str, Any]) -> None:
    told, name = jsonl.mapping(error, "data"), jsonl.text(error, "name")
    status = jsonl.number(told, "statusCode")
    kind = f"{status:.0f}" if status is not None else "" if name in ("APIError", "UnknownError") else name
    message = api_errors.plain(jsonl.text(told, "message"))
    heard.error = " ".join(filter(None, (kind, message))) or name or "it failed without saying why"
    heard.own["vague"], heard.excused = name == "UnknownError", 1
    _until(heard, jsonl.mapping(told, "responseHeaders"))


def _until(heard: JsonListener, headers: dict[str, Any]) -> None:
    """When the server says to ask again; a short while it has waited itself, in vain."""
    rest = jsonl.text(headers, "retry-after")
    if heard.clock is not None and rest.isdecimal() and LONG <= int(rest) < 10**7:
        heard.until = heard.clock + int(rest)


LONG = 30
"""Seconds."""
_LOGGED = re.compile(r'^timestamp=(\S+) level=ERROR .*?\b(?:error\.)?error="((?:[^"\\]|\\.)*)"', re.MULTILINE)


def errors(heard: JsonListener, stderr: str) -> None:
    """What was logged last, if nothing happened after it, or what happened says nothing."""
    last = next((said for at, said in reversed(list(_logged(stderr))) if at >= (heard.clock or 0.0)), "")
    if heard.own.get("vague"):
        last = next((said for _, said in _logged(stderr) if "Error: " in said), "")
    if last and not heard.ended_well:
        heard.error = last.removeprefix("AI_APICallError: ")


def _logged(stderr: str) -> Iterator[tuple[float, str]]:
    """Titles are made by a call of their own, whose failure is none."""
    for match in _LOGGED.finditer(stderr):
        if " small=true " not in match[0]:
            yield epoch_or(match[1], 0.0), match[2]


def login(environ: Mapping[str, str], read: Reader) -> Login:
    folder = f"{environ.get('XDG_DATA_HOME') or '~/.local/share'}/opencode"
    otherwise = f"no credentials in its environment or files, so only models without a key; {LOG_IN}"
    return logged_in(environ, read, KEYS, (f"{folder}/auth.json",), otherwise)


agent = JsonAgent(
    name="opencode",
    command=command,
    event=event,
    signs=SIGNS,
    session_flags=("--session",),
    login_env=(
        *KEYS, "AZURE_RESOURCE_NAME", "CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_GATEWAY_ID", "AWS_REGION", "AWS_PROFILE",
        "AWS_DEFAULT_REGION", "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION", "VERTEX_LOCATION", "OPENCODE_CONFIG*",
        "OPENCODE_DISABLE_*", "OPENCODE_ENABLE_*", "OPENCODE_EXPERIMENTAL*", "OPENCODE_MODELS_*", "OPENCODE_AUTO_SHARE",
        "OPENCODE_PERMISSION", "OPENCODE_AUTH_CONTENT",
    ),
    options=frozenset({Option.MODEL, Option.ALLOWED_TOOLS}),
    streams_usage=True,
    versions=Versions("1.3.0", "1.18.33", "2"),
    help_calls=(("run", "--help"),),
    flags=("--format", "--session", "--model", "--title", "--thinking", "--print-logs", "--log-level"),
    errors=errors,
    login=login,
    said=said,
)  # fmt: skip
