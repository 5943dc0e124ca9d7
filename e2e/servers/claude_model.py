"""A model behind the Anthropic Messages API, on loopback, that says what a test scripted.

    script = Script()
    script.when("add answer()").run("printf 42 > answer && git add -A && git commit -qm answer").say("Done.")
    with ModelServer(script) as server:
        ...  # ANTHROPIC_BASE_URL=server.url

A stream that is cut makes the client repeat its request without streaming; `Cut` refuses that one too.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from e2e.servers.script import Asked, Cut, Hang, Refuse, Reply, Say, Scenario, Use

_ids = itertools.count(1)
_USAGE = {"input_tokens": 1000, "cache_creation_input_tokens": 200, "cache_read_input_tokens": 300}

UNAUTHORIZED = Refuse(401, "authentication_error", "invalid x-api-key")
OVERLOADED = Refuse(529, "overloaded_error", "Overloaded")


def usage_limit(resets_at: int) -> Refuse:
    """What an account with a subscription is told when its five hours are used up."""
    unified = {
        "status": "rejected",
        "reset": str(resets_at),
        "representative-claim": "five_hour",
        "overage-status": "rejected",
        "5h-status": "rejected",
        "5h-reset": str(resets_at),
        "5h-utilization": "1.0",
    }
    headers = {f"anthropic-ratelimit-unified-{name}": value for name, value in unified.items()}
    return Refuse(429, "rate_limit_error", "This request would exceed your account's rate limit.", headers)


def session_of(asked: Asked) -> str:
    """Claude Code names its session in every request."""
    return asked.headers.get("x-claude-code-session-id", "")


class ModelServer:
    """Listens while it is entered. `asked` holds every request, in the order of arrival."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.asked: list[Asked] = []
        self.closing = threading.Event()
        self._http = _Http(self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> ModelServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def reply(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        return self.scenario(asked)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, model: ModelServer) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.model = model

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is no news."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._send_head(200, {"Content-Length": "0"})

    def do_GET(self) -> None:
        self._send_json(404, _error("not_found_error", f"nothing at {self.path}"))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        path = self.path.partition("?")[0]
        if path.endswith("/count_tokens"):
            return self._send_json(200, {"input_tokens": 1000})
        if not path.endswith("/v1/messages"):
            return self._send_json(404, _error("not_found_error", f"nothing at {path}"))
        asked = Asked(body, {name.lower(): value for name, value in self.headers.items()})
        return self._answer(self.server.model.reply(asked), bool(body.get("stream")), str(body.get("model")))

    def _answer(self, reply: Reply, stream: bool, model: str) -> None:
        match reply:
            case Hang():
                self.server.model.closing.wait()
            case Cut():
                self._cut(stream, model)
            case Refuse(status, kind, message, headers):
                self._send_json(status, _error(kind, message), headers)
            case _ if stream:
                self._send_events(_events(_message(reply, model)))
            case _:
                self._send_json(200, _message(reply, model))
        self.close_connection = True

    def _cut(self, stream: bool, model: str) -> None:
        if stream:
            self._send_events(itertools.islice(_events(_message(Say("cut"), model)), 3))

    def _send_events(self, events: Iterator[dict[str, Any]]) -> None:
        self._send_head(200, {"Content-Type": "text/event-stream", "Connection": "close"})
        for event in events:
            self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
            self.wfile.flush()

    def _send_json(self, status: int, value: Any, headers: Mapping[str, str] | None = None) -> None:
        content = json.dumps(value).encode()
        self._send_head(
            status, {"Content-Type": "application/json", "Content-Length": str(len(content))} | dict(headers or {})
        )
        self.wfile.write(content)

    def _send_head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in ({"request-id": "req_scripted"} | dict(headers)).items():
            self.send_header(name, value)
        self.end_headers()


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_scripted"}


def _message(reply: Say | Use, model: str) -> dict[str, Any]:
    blocks: list[dict[str, Any]] = [{"type": "text", "text": reply.text}] if reply.text else []
    if isinstance(reply, Use):
        blocks.append(
            {"type": "tool_use", "id": f"toolu_{next(_ids):020}", "name": reply.tool, "input": dict(reply.input)}
        )
    return {
        "id": f"msg_{next(_ids):020}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": blocks,
        "stop_reason": "tool_use" if isinstance(reply, Use) else "end_turn",
        "stop_sequence": None,
        "usage": _USAGE | {"output_tokens": 25},
    }


def _events(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The same message as server-sent events."""
    empty = message | {"content": [], "stop_reason": None, "usage": _USAGE | {"output_tokens": 1}}
    yield {"type": "message_start", "message": empty}
    for index, block in enumerate(message["content"]):
        hollow, delta = _block_parts(block)
        yield {"type": "content_block_start", "index": index, "content_block": hollow}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    stop = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 25}}
    yield {"type": "message_stop"}


def _block_parts(block: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    if block["type"] == "tool_use":
        return block | {"input": {}}, {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    return block | {"text": ""}, {"type": "text_delta", "text": block["text"]}
