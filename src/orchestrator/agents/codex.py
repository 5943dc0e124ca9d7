"""Codex, headless: `codex exec --json … -`, the prompt on standard input.

An attempt succeeded only if the last turn is told as completed: `error` events and items are also printed for what is
repeated and for warnings, and the exit code is 0 after a patch or a command that was refused.

- A session is continued with `codex exec … resume <id> -`; whatever comes before `resume` (all that is given here) is
  accepted and counts. `--last` is never given: it is whatever ran last on this machine.
- Tokens are the running total of the *session*, also over resumed runs; cached ones are counted in `input_tokens`, and
  reasoning in `output_tokens`. Of a turn that failed they are only in the session's own file (`codex_file`).
- Codex would wait for the network without end: that feature is switched off.
- `--approval-mode` and its kin are refused by today's Codex, which never asks when it is headless: see INSTEAD.
- The schema of an answer must be one that the API calls strict; of another one only the prompt can tell.
- The environment: what logs in and configures it; what marks the inside of another session is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from orchestrator.agents import codex_file
from orchestrator.agents.base import Call, Command, Ended, Login, Option, Reader, Versions
from orchestrator.agents.codex_plan import plan_command
from orchestrator.agents.codex_said import said
from orchestrator.agents.kit import api_errors, jsonl
from orchestrator.agents.kit.answers import asking
from orchestrator.agents.kit.arguments import Values, merged, parted
from orchestrator.agents.kit.described import JsonAgent, logged_in
from orchestrator.agents.kit.listening import JsonListener, credit_used_up, sign
from orchestrator.agents.kit.strict import strict
from orchestrator.core.prices import Price
from orchestrator.core.settings import AgentSettings

LOG_IN = "log in with `codex login`, or give CODEX_API_KEY in the env of this agent"
SIGNS = (
    sign(r"no rollout found|invalid session id", Ended.SESSION_GONE),
    sign(r"already has an active writer", Ended.FAILURE,
         "this session is open in Codex: close it there, and `codex app-server daemon stop`"),
    sign(r"ran out of room|context.?(window|length)", Ended.CONTEXT_TOO_LONG),
    credit_used_up(
        r"check your plan and billing|insufficient_quota|credit balance|out of credits|(spend cap|credit limit)\b"
        r"|payment required|status:? 402"
    ),
    sign(r"hit your .{0,20}limit|usage limit|status:? 429|rate.?limit|too many requests", Ended.RATE_LIMITED),
    sign(r"at capacity|high demand|overloaded|status:? (503|529)", Ended.OVERLOADED),
    sign(r"missing environment variable", Ended.NEEDS_LOGIN, "name it in `env` or `passEnv` of this agent"),
    sign(r"status:? 401|not logged in|refresh(ed)? .{0,20}token|token .{0,30}refreshed|log ?in again|sign in again"
         r"|invalid.{0,12}api.?key", Ended.NEEDS_LOGIN, LOG_IN),
    sign(r"status:? 403", Ended.PERMISSION_REFUSED),
    sign(r"model .{0,80}(does not exist|not supported|not found)", Ended.FAILURE, "correct `model` of this agent"),
    sign(r"^error: (unexpected argument|invalid value|the argument)|unknown feature flag|required arguments",
         Ended.FAILURE, "correct defaultArgs of this agent"),
)  # fmt: skip
FLAGS = {Option.MODEL: "--model -m"}
OURS: dict[str, Values] = {
    "--json": "none", "--experimental-json": "none", "--skip-git-repo-check": "none", "--last": "none",
    "--all": "none", "-C": "one", "--cd": "one", "--worktree": "none",
}  # fmt: skip
"""What is given here; and what would make it work elsewhere than in the ticket's worktree."""
WAITS_ON = "features.unbounded_connection_retries=false"
ALONE = "features.daemon_auto_start=false"
"""Its server would outlive a person's session and hold it: `already has an active writer`, the next attempt is told."""
SCHEMA = "schema.json"
WORDS = ("exec", "e", "resume", "-")
BYPASS = "--dangerously-bypass-approvals-and-sandbox"
INSTEAD: dict[str, tuple[str, ...]] = {"never": (BYPASS,), "": ("--sandbox", "workspace-write")}
"""What takes the place of the flags in ASKING: who wrote `never` wanted nothing to be asked, nor to be in the way.
Anything else had a sandbox, which stays. Where a sandbox is chosen besides, it counts."""
ASKING: dict[str, Values] = {"--approval-mode": "one", "--ask-for-approval": "one", "-a": "one", "--full-auto": "none"}
SANDBOX = ("-s", "--sandbox", BYPASS, "--yolo", "--approve-for-me", "-p", "--profile")


def command(call: Call) -> Command:
    kept, instead, _ = _answered(call.settings.default_args)
    settings = replace(call.settings, default_args=(*instead, *_options(kept)))
    argv = [settings.command, "exec", "--json", "--skip-git-repo-check", "-c", WAITS_ON]
    argv += merged(replace(call, settings=settings, output_schema=None), OURS | _replaced(call), FLAGS)
    schema, prompt, files = strict(call.output_schema), call.prompt, {}
    if schema is not None:
        argv += ["--output-schema", f"{call.folder}/{SCHEMA}"]
        files = {SCHEMA: json.dumps(schema, indent=1)}
    elif call.output_schema is not None:
        prompt += asking(call.output_schema)
    argv += ["resume", call.session] if call.resume and call.session else []
    return Command((*argv, "-"), stdin=prompt, files=files)


def _replaced(call: Call) -> dict[str, Values]:
    return {"--output-schema": "one"} if call.output_schema is not None else {}


def _options(args: Iterable[str]) -> tuple[str, ...]:
    """Without the words of a whole command line: `exec … -`."""
    return tuple(arg for i, arg in enumerate(args) if not (arg in WORDS and (i == 0 or arg == "-")))


def _answered(args: tuple[str, ...]) -> tuple[list[str], tuple[str, ...], list[str]]:
    """What is kept of the arguments, what takes the place of the rest, and the rest."""
    kept, gone = parted(args, ASKING)
    if not gone or _chooses_sandbox(kept):
        return kept, (), gone
    told = {arg.rpartition("=")[2] for arg in gone}
    return kept, INSTEAD["never" if "never" in told else ""], gone


def _chooses_sandbox(args: Iterable[str]) -> bool:
    return any(arg.partition("=")[0] in SANDBOX or arg.startswith("sandbox_mode") for arg in args)


def adjusted(settings: AgentSettings) -> str | None:
    _, instead, gone = _answered(settings.default_args)
    if not gone:
        return None
    given = f"`{' '.join(instead)}` is given instead" if instead else "left out, for a sandbox is chosen besides"
    return f"`{' '.join(gone)}` is refused by today's codex: {given}"


def remarks(settings: AgentSettings) -> tuple[str, ...]:
    kept, instead, _ = _answered(settings.default_args)
    args = (*instead, *kept)
    if any("workspace-write" in arg for arg in args) or "--approve-for-me" in args:
        return (CANNOT_COMMIT,)
    return () if _chooses_sandbox(args) else (READS_ONLY,)


CANNOT_COMMIT = (
    "in its sandbox workspace-write codex cannot write the .git of a worktree: it cannot commit, and exits with 0; "
    f"give {BYPASS} and isolate it otherwise, or commit in a script phase"
)
READS_ONLY = (
    "without a sandbox in defaultArgs codex may change no file, unless its own configuration says otherwise; "
    f"give --sandbox read-only if that is meant, else {BYPASS}"
)


def event(heard: JsonListener, event: dict[str, Any]) -> None:
    kind = jsonl.text(event, "type")
    match kind:
        case "thread.started":
            heard.session = jsonl.text(event, "thread_id") or heard.session
        case "turn.started":
            heard.begun, heard.ended_well = True, False
        case "item.started" | "item.updated":
            heard.ended_well, heard.error, heard.retrying = False, "", ""
        case "item.completed":
            _item(heard, jsonl.mapping(event, "item"))
        case "error":
            _trouble(heard, jsonl.text(event, "message"))
        case "turn.failed":
            said = api_errors.plain(jsonl.text(jsonl.mapping(event, "error"), "message"))
            heard.ended_well, heard.error = False, said or "it failed without saying why"
        case "turn.completed":
            heard.ended_well, heard.error, heard.retrying = True, "", ""
            heard.count(turns=1)
            _count(heard, jsonl.mapping(event, "usage"))


def _item(heard: JsonListener, item: dict[str, Any]) -> None:
    kind, status = jsonl.text(item, "type"), item.get("status")
    if kind == "error":
        return  # a warning: what ends a run is told by the turn
    heard.ended_well, heard.error, heard.retrying = False, "", ""
    if kind == "agent_message":
        heard.text = jsonl.text(item, "text") or heard.text
    elif status == "declined":
        heard.denied.append(kind)
    elif kind == "command_execution" or status == "completed":
        heard.tools_done += 1


def _trouble(heard: JsonListener, message: str) -> None:
    """Repeated, it is nothing yet; else it counts unless something follows."""
    if message.startswith("Reconnecting"):
        heard.retrying = message
    else:
        heard.error = api_errors.plain(message)


def _count(heard: JsonListener, usage: dict[str, Any]) -> None:
    told = codex_file.tokens(usage)
    if told is not None:
        heard.set(input_tokens=told.input_tokens, cached_tokens=told.cached_tokens, output_tokens=told.output_tokens)


def errors(heard: JsonListener, stderr: str) -> None:
    """A patch that its sandbox refused is told there alone."""
    if "patch rejected" in stderr:
        heard.denied.append("apply_patch")


def login(environ: Mapping[str, str], read: Reader) -> Login:
    home = environ.get("CODEX_HOME") or "~/.codex"
    config = read(f"{home}/config.toml") or ""
    found = logged_in(environ, read, ("CODEX_API_KEY", "CODEX_ACCESS_TOKEN"), (f"{home}/auth.json",), LOG_IN)
    if found.known or "model_provider" in config or "credentials_store" in config:
        return found
    return Login(False, f"not logged in; {LOG_IN}")


agent = JsonAgent(
    name="codex",
    command=command,
    event=event,
    signs=SIGNS,
    session_flags=("resume", "-c", ALONE),
    login_env=(
        "CODEX_HOME", "CODEX_SQLITE_HOME", "CODEX_API_KEY", "CODEX_ACCESS_TOKEN", "CODEX_CA_CERTIFICATE", "OPENAI_*",
        "AZURE_OPENAI_API_KEY",
    ),
    options=frozenset({Option.MODEL, Option.OUTPUT_SCHEMA}),
    cumulative=frozenset({"input_tokens", "cached_tokens", "output_tokens"}),
    versions=Versions("0.144.0", "0.169.0", "1"),
    help_calls=(("exec", "--help"), ("exec", "resume", "--help")),
    flags=("--json", "--skip-git-repo-check", "--config", "--model", "--output-schema", BYPASS, "SESSION_ID"),
    prices={
        "gpt-5*": Price(input=1.25, cached_input=0.125, output=10),
        "gpt-5-mini*": Price(input=0.25, cached_input=0.025, output=2),
        "gpt-5-nano*": Price(input=0.05, cached_input=0.005, output=0.4),
        "gpt-5.1-codex-mini*": Price(input=0.25, cached_input=0.025, output=2),
        "gpt-5.[23]*": Price(input=1.75, cached_input=0.175, output=14),
        "gpt-5.4*": Price(input=2.5, cached_input=0.25, output=15),
        "gpt-5.4-mini*": Price(input=0.75, cached_input=0.075, output=4.5),
        "gpt-5.5*": Price(input=5, cached_input=0.5, output=30),
        "gpt-5.6-luna*": Price(input=0.2, cached_input=0.02, output=1.2),
        "gpt-5.6-sol*": Price(input=4, cached_input=0.4, output=20),
        "gpt-5.6-terra*": Price(input=2, cached_input=0.2, output=12),
        "gpt-6-astra*": Price(input=10, cached_input=1, output=50),
        "gpt-6-luna*": Price(input=0.1, cached_input=0.01, output=0.5),
        "gpt-6-sol*": Price(input=2, cached_input=0.2, output=10),
    },
    adjusted=adjusted,
    remarks=remarks,
    errors=errors,
    session_files=codex_file.session_files,
    told_in=codex_file.told_in,
    login=login,
    said=said,
    plan_command=plan_command,
)  # fmt: skip
