"""Linear's API: one question, one answer.

The law: an answer is whole or an error in words; the key is never part of what anybody reads; waiting is bounded.
"""

from __future__ import annotations

import email.utils
import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from orchestrator import __version__
from orchestrator.adapters.trackers.patience import PATIENCE, SHORTEST, rest, told
from orchestrator.errors import OrchestratorError

URL = "https://api.linear.app/graphql"
DELAYS = (1.0, 2.0, 4.0)
"""Seconds before it is asked again, where it may be otherwise in a moment."""
TIMEOUT = 20.0
"""Seconds of silence."""
LONGEST = 60.0
"""Seconds that one question may take, with all that it is asked again, but without what Linear itself asks for."""
MOST_BYTES = 64 * 1024 * 1024
RESETS = ("X-RateLimit-Requests-Reset", "X-RateLimit-Complexity-Reset")
"""When there is room again, in milliseconds since 1970."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class LinearError(OrchestratorError):
    """Linear did not do it; `later`: it may when it is asked later."""

    def __init__(self, text: str, later: bool = False, wait: float | None = None) -> None:
        """`wait`: seconds that it asks for."""
        super().__init__(text)
        self.later, self.wait = later, wait


class _Wait(Exception):
    """Asked too often; `seconds`: None: it does not say how long."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__()
        self.seconds = seconds


class _Again(Exception):
    """It may be otherwise in a moment."""


class Linear(NamedTuple):
    key: str
    url: str = URL
    say: Callable[[str], None] = lambda _: None
    """Told when it takes longer."""
    sleep: Callable[[float], None] = time.sleep
    rests: list[float] | None = None
    """How long it was waited for so far, where that counts over several questions."""
    again: int = len(DELAYS)
    """How often it is asked again, where it may be otherwise in a moment."""
    patience: float = PATIENCE

    def ask(self, query: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """The `data` of the answer. Raises LinearError."""
        failed, rests = 0, [] if self.rests is None else self.rests
        end = time.monotonic() + LONGEST
        while True:
            try:
                with told("Linear", self.say if failed == 0 else _silently, end - time.monotonic()):
                    return _ask(self, query, variables, end)
            except _Wait as error:
                too_long = rest("Linear", error.seconds, rests, self.say, self.sleep, self.patience)
                if too_long is not None:
                    raise LinearError(too_long, later=True, wait=error.seconds) from None
                end = time.monotonic() + LONGEST
            except _Again as error:
                if failed >= self.again or time.monotonic() + DELAYS[failed] + SHORTEST > end:
                    raise LinearError(f"{error}; run it again in a while", later=True) from None
                self.sleep(DELAYS[failed])
                failed += 1


def of_environment(environ: Mapping[str, str], say: Callable[[str], None] = lambda _: None) -> Linear:
    """Raises OrchestratorError: there is no key."""
    key = environ.get("LINEAR_API_KEY", "").strip()
    if not key:
        hint = "make a personal API key in Linear (Settings, Security & access) and `export LINEAR_API_KEY=lin_api_…`"
        raise OrchestratorError(f"LINEAR_API_KEY is not set; {hint}")
    if not key.isascii() or not key.isprintable() or " " in key.removeprefix("Bearer "):
        raise OrchestratorError("LINEAR_API_KEY is no key: it has other letters than a key can have")
    url = environ.get("LINEAR_API_URL", "").strip() or URL
    if not _is_address(url):
        raise OrchestratorError(f'LINEAR_API_URL "{url}" is no address such as {URL}')
    return Linear(key, url, say, rests=[])


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and url.isprintable()
            and " " not in url
        )
    except ValueError:
        return False


def _opener(url: str) -> urllib.request.OpenerDirector:
    """By the proxy of the environment, but for what is on this machine."""
    if urlsplit(url).hostname in LOOPBACK:
        return urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener()


def _silently(text: str) -> None:
    """It was said before."""


def _ask(linear: Linear, query: str, variables: Mapping[str, Any], end: float) -> Mapping[str, Any]:
    request = urllib.request.Request(linear.url, json.dumps({"query": query, "variables": variables}).encode())
    request.add_header("Content-Type", "application/json")
    request.add_header("User-Agent", f"another-orchestrator/{__version__}")
    request.add_unredirected_header("Authorization", _authorization(linear.key))
    timeout = max(SHORTEST, min(TIMEOUT, end - time.monotonic()))
    try:
        with _opener(linear.url).open(request, timeout=timeout) as answer:
            return _content(linear, answer.status, answer.headers, _whole(answer, end))
    except urllib.error.HTTPError as error:
        with error:
            return _content(linear, error.code, error.headers, _rest_of(error))
    except urllib.error.URLError as error:
        raise _Again(f"cannot reach Linear at {_host(linear)}: {error.reason}") from None
    except (OSError, http.client.HTTPException) as error:
        raise _Again(f"Linear at {_host(linear)} did not answer: {error or type(error).__name__}") from None


def _whole(answer: http.client.HTTPResponse, end: float) -> bytes:
    """One that comes by drops is none."""
    parts, size = [], 0
    while part := answer.read1(1024 * 1024):
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES or time.monotonic() > end:
            raise TimeoutError("it takes too long")
    if answer.length:
        raise http.client.IncompleteRead(b"", answer.length)
    return b"".join(parts)


def _rest_of(error: urllib.error.HTTPError) -> bytes:
    try:
        return error.read(MOST_BYTES)
    except (OSError, http.client.HTTPException):
        return b""


def _authorization(key: str) -> str:
    """A personal key stands as it is, what an application was given is a bearer's."""
    return f"Bearer {key}" if key.startswith("lin_oauth_") else key


def _host(linear: Linear) -> str:
    return urlsplit(linear.url).netloc.rpartition("@")[2]


def _content(linear: Linear, status: int, headers: Any, content: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        answer = None
    errors = answer.get("errors") if isinstance(answer, dict) else None
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    more = _extensions(first)
    code = str(more.get("code") or more.get("type") or "").upper()
    if status == 429 or code in ("RATELIMITED", "RATE_LIMITED"):
        raise _Wait(_wanted(headers))
    if status in (401, 403) or "AUTHENTICATION" in code or code == "FORBIDDEN":
        hint = "make a new personal API key in Linear (Settings, Security & access)"
        raise LinearError(f"Linear refuses LINEAR_API_KEY ({status}{_said(linear, first)}); {hint}")
    if status >= 500:
        raise _Again(f"Linear at {_host(linear)} answers {status}")
    if errors:
        raise LinearError(f"Linear refuses what it was asked{_said(linear, first)}")
    data = answer.get("data") if isinstance(answer, dict) else None
    if status != 200 or not isinstance(data, dict):
        raise LinearError(f"{_host(linear)} answers {status} with something else than Linear would; see LINEAR_API_URL")
    return data


def _extensions(error: Mapping[str, Any]) -> Mapping[str, Any]:
    found = error.get("extensions")
    return found if isinstance(found, dict) else {}


def _said(linear: Linear, error: Mapping[str, Any]) -> str:
    shown = _extensions(error).get("userPresentableMessage") or error.get("message") or ""
    text = " ".join(str(shown).replace(linear.key, "***").split())[:300]
    return f": {text}" if text else ""


def _wanted(headers: Any) -> float | None:
    """Seconds."""
    after = str(headers.get("Retry-After") or "").strip()
    if after.isdecimal():
        return float(after)
    if after:
        try:
            return max(0.0, email.utils.parsedate_to_datetime(after).timestamp() - time.time())
        except ValueError:
            return None
    resets = [float(one) for name in RESETS if (one := str(headers.get(name) or "").strip()).isdecimal()]
    left = [one / 1000 - time.time() for one in resets]
    return max(0.0, min(one for one in left)) if left else None
