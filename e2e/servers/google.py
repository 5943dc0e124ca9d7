"""Google's Gemini API, as Gemini CLI asks it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping
from typing import Any

from e2e.servers.script import Asked, Message, Refuse, Say, Trouble, Turn, UsageLimit, merged
from e2e.servers.tools import call, declared

CUT = 1
_ids = itertools.count(1)
# what the program adds on its own to what it sends as the user's
_OWN = "<session_context>"
_USAGE = {
    "promptTokenCount": 1500,
    "cachedContentTokenCount": 300,
    "candidatesTokenCount": 25,
    "totalTokenCount": 1525,
}


def speaks(path: str) -> bool:
    return path.endswith((":generateContent", ":streamGenerateContent", ":countTokens"))


def asked(path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Asked | dict[str, Any]:
    verb = path.partition("?")[0].rpartition(":")[2]
    if verb == "countTokens":
        return {"totalTokens": 1500}
    functions = [one for tool in body.get("tools", []) for one in tool.get("functionDeclarations", [])]
    return Asked(
        turns=merged([turn for content in body.get("contents", []) for turn in _turns(content)]),
        tools=dict(
            declared(one["name"], one.get("parametersJsonSchema") or one.get("parameters")) for one in functions
        ),
        model=path.partition("?")[0].rpartition("/")[2].partition(":")[0],
        stream=verb == "streamGenerateContent",
        session="",
        headers=headers,
        body=body,
    )


def _turns(content: Mapping[str, Any]) -> Iterator[Turn]:
    parts = content.get("parts", [])
    text = "\n".join(str(part["text"]) for part in parts if not str(part.get("text", _OWN)).startswith(_OWN))
    if content.get("role") == "model":
        yield Turn("model", text)
        return
    for part in parts:
        if "functionResponse" in part:
            told = part["functionResponse"].get("response", {})
            yield Turn("tool", str(told.get("output", told.get("error", told))))
    if text:
        yield Turn("user", text)


def refusal(trouble: Trouble | UsageLimit, asked: Asked) -> Refuse:
    match trouble:
        case UsageLimit(resets_at):
            return _used_up(resets_at)
        case Trouble.RATE_LIMITED:
            return _refuse(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).")
        case Trouble.UNAUTHORIZED:
            return _refuse(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        case Trouble.OVERLOADED:
            return _refuse(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")
        case Trouble.TOO_LONG:
            said = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
            return _refuse(400, "INVALID_ARGUMENT", said)


def _refuse(status: int, name: str, message: str, details: list[dict[str, Any]] | None = None) -> Refuse:
    return Refuse(status, {"error": {"code": status, "message": message, "status": name, "details": details or []}})


def _used_up(resets_at: int) -> Refuse:
    """A quota of the day, and when to come back."""
    failure = {
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [
            {
                "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
                "quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
                "quotaDimensions": {"location": "global", "model": "gemini-2.5-pro"},
                "quotaValue": "50",
            }
        ],
    }
    seconds = max(0, resets_at - int(time.time()))
    again = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{seconds}s"}
    said = "You exceeded your current quota, please check your plan and billing details."
    return _refuse(429, "RESOURCE_EXHAUSTED", f"{said}\nPlease retry in {seconds}s.", [failure, again])


def whole(message: Message, asked: Asked) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": [_part(message, asked)]}, "finishReason": "STOP", "index": 0}
    return {
        "candidates": [candidate],
        "usageMetadata": _USAGE,
        "modelVersion": asked.model,
        "responseId": f"r{next(_ids)}",
    }


def _part(message: Message, asked: Asked) -> dict[str, Any]:
    if isinstance(message, Say):
        return {"text": message.text}
    tool, given = call(message, asked)
    return {"functionCall": {"name": tool, "args": dict(given), "id": f"call_{next(_ids)}"}}


def events(message: Message, asked: Asked) -> Iterator[dict[str, Any]]:
    """The same answer in parts; the end is told by the last one."""
    told = whole(message, asked)
    (candidate,) = told["candidates"]
    unfinished = {name: value for name, value in candidate.items() if name != "finishReason"}
    yield told | {"candidates": [unfinished]}
    yield told | {"candidates": [candidate | {"content": {"role": "model", "parts": [{"text": ""}]}}]}
