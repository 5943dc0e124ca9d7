"""Qwen Code, headless: `qwen -o stream-json`, the prompt on standard input. It succeeded if its `result` says so."""

from __future__ import annotations

from typing import Any

from orchestrator.agents.base import Call, Command, Ended, Option, Versions
from orchestrator.agents.kit.api_errors import plain, signs
from orchestrator.agents.kit.arguments import Values, merged
from orchestrator.agents.kit.described import JsonAgent
from orchestrator.agents.kit.jsonl import mapping, number, text
from orchestrator.agents.kit.listening import JsonListener, sign

SIGNS = (sign("no saved session", Ended.SESSION_GONE), sign("session id .* already exists", Ended.SESSION_EXISTS))
FLAGS = {Option.MODEL: "--model -m", Option.MAX_TURNS: "--max-session-turns"}
OURS: dict[str, Values] = {"-p": "maybe", "-o": "one", "--output-format": "one", "-c": "none", "--continue": "none"}


def command(call: Call) -> Command:
    session = [] if call.session is None else ["--resume" if call.resume else "--session-id", call.session]
    return Command((call.settings.command, "-o", "stream-json", *session, *merged(call, OURS, FLAGS)), call.prompt)


def event(heard: JsonListener, event: dict[str, Any]) -> None:
    heard.session = text(event, "session_id") or heard.session
    heard.ended_well = event.get("subtype") == "success" and event.get("is_error") is False
    used = mapping(mapping(event, "message"), "usage")  # that of the result is the session's running total
    cached, asked = number(used, "cache_read_input_tokens"), number(used, "input_tokens")
    plain_input = asked and asked - (cached or 0)
    heard.count(input_tokens=plain_input, cached_tokens=cached, output_tokens=number(used, "output_tokens"))
    if event.get("type") == "result":
        heard.text, heard.error = text(event, "result"), plain(text(mapping(event, "error"), "message"))


agent = JsonAgent(
    name="qwen", command=command, event=event, signs=(*SIGNS, *signs("give OPENAI_API_KEY in the env of this agent")),
    chooses_session=True, session_flags=("--resume",), options=frozenset(FLAGS), streams_usage=True,
    login_env=("OPENAI_*", "QWEN_*"), versions=Versions("0.24.0", "0.24.4", "1"),
)  # fmt: skip
