"""A model behind the APIs of the vendors, on loopback, that says what a test scripted.

    script = Script()
    script.when("add answer()").run("printf 42 > answer && git add -A && git commit -qm answer").say("Done.")
    with ModelServer(script) as server:
        ...  # ANTHROPIC_BASE_URL=server.url, or server.url + "/v1" for OpenAI's, …

Which API is spoken follows from the path that is asked. What an agent asks beside its conversation is not told to the
script: it is known by the tools that it offers, while for a title of the conversation it offers none.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType, TracebackType
from typing import Any

from e2e.servers import anthropic, google, openai_chat, openai_responses
from e2e.servers.script import Asked, Cut, Hang, Refuse, Reply, Say, Scenario, Trouble, UsageLimit

DIALECTS: tuple[ModuleType, ...] = (anthropic, openai_responses, openai_chat, google)
"""Each has
    speaks(path) -> bool
    asked(path, body, headers) -> Asked, or the answer to what is no request for a message
    refusal(trouble, asked) -> Refuse
    whole(message, asked) -> the body of an answer that is not streamed
    events(message, asked) -> the server-sent events of one that is
    CUT: after how many of these a stream is cut
"""


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
    request_queue_size = 64

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
        self._nothing_here()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        path = self.path.partition("?")[0]
        dialect = next((dialect for dialect in DIALECTS if dialect.speaks(path)), None)
        if dialect is None:
            return self._nothing_here()
        asked = dialect.asked(self.path, body, {name.lower(): value for name, value in self.headers.items()})
        if isinstance(asked, dict):
            return self._send_json(200, asked)
        self._answer(dialect, asked, self.server.model.reply(asked) if asked.tools else Say("scripted"))
        return None

    def _nothing_here(self) -> None:
        error = {"type": "error", "error": {"type": "not_found_error", "message": f"nothing at {self.path}"}}
        self._send_json(404, error)

    def _answer(self, dialect: ModuleType, asked: Asked, reply: Reply) -> None:
        match reply:
            case Hang():
                self.server.model.closing.wait()
            case Cut():
                if asked.stream:
                    self._send_events(itertools.islice(dialect.events(Say("cut"), asked), dialect.CUT))
            case Refuse(status, body, headers):
                self._send_json(status, body, headers)
            case UsageLimit() | Trouble():
                refusal = dialect.refusal(reply, asked)
                self._send_json(refusal.status, refusal.body, refusal.headers)
            case _ if asked.stream:
                self._send_events(dialect.events(reply, asked))
            case _:
                self._send_json(200, dialect.whole(reply, asked))
        self.close_connection = True

    def _send_events(self, events: Iterator[Any]) -> None:
        """Those of a dictionary with a `type` are named by it; a text is sent as it is."""
        self._send_head(200, {"Content-Type": "text/event-stream", "Connection": "close"})
        for event in events:
            name = f"event: {event['type']}\n" if isinstance(event, dict) and "type" in event else ""
            told = event if isinstance(event, str) else json.dumps(event)
            self.wfile.write(f"{name}data: {told}\n\n".encode())
            self.wfile.flush()

    def _send_json(self, status: int, value: Any, headers: Mapping[str, str] | None = None) -> None:
        content = json.dumps(value).encode()
        self._send_head(
            status, {"Content-Type": "application/json", "Content-Length": str(len(content))} | dict(headers or {})
        )
        self.wfile.write(content)

    def _send_head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in ({"request-id": "req_scripted", "x-request-id": "req_scripted"} | dict(headers)).items():
            self.send_header(name, value)
        self.end_headers()
