"""The scripted GitHub's door: plain HTTP on a Unix socket, which is where `gh` goes when its configuration says so."""

from __future__ import annotations

import json
import shutil
import socketserver
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import unquote

from e2e.servers.github import graph, rest
from e2e.servers.github.calls import Call, Fault, Faults
from e2e.servers.github.mutations import root
from e2e.servers.github.world import World

LIMITED = (
    "API rate limit exceeded for user ID 1. If you reach out to GitHub Support for help, please include the request ID"
)
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


class GitHub:
    """Listens while it is entered. Its socket lies in a folder of its own: the paths of sockets must be short."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.journal: list[Call] = []
        self.faults = Faults()
        self.closing = threading.Event()
        self.folder = Path(tempfile.mkdtemp(prefix="gh-"))
        self.socket = self.folder / "gh.sock"
        self._http = _Http(self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> GitHub:
        graph.schema()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def config_dir(self) -> Path:
        """For GH_CONFIG_DIR."""
        folder = self.folder / "config"
        folder.mkdir(exist_ok=True)
        config = f"version: 1\ngit_protocol: ssh\nprompt: disabled\nhttp_unix_socket: {self.socket}\n"
        (folder / "config.yml").write_text(config)
        return folder

    @contextmanager
    def away(self) -> Iterator[None]:
        """Nobody listens."""
        aside = self.socket.with_suffix(".aside")
        self.socket.rename(aside)
        try:
            yield
        finally:
            aside.rename(self.socket)

    def calls(self, kind: str) -> list[Call]:
        return [call for call in list(self.journal) if kind in call.kind]

    def done(self, kind: str) -> list[Call]:
        """Those that were answered without an error, or whose answer was lost after they had been done."""
        return [call for call in self.calls(kind) if call.status in (200, 201, 204, 299)]


class _Http(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, github: GitHub) -> None:
        super().__init__(str(github.socket), _Connection)
        self.github = github

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is no news."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def address_string(self) -> str:
        return "gh"

    def do_GET(self) -> None:
        self._take("GET")

    def do_POST(self) -> None:
        self._take("POST")

    def do_PUT(self) -> None:
        self._take("PUT")

    def do_PATCH(self) -> None:
        self._take("PATCH")

    def do_DELETE(self) -> None:
        self._take("DELETE")

    def _take(self, method: str) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        path = unquote(self.path.partition("?")[0])
        call = Call(f"{method} {path}", text=json.dumps(body), token=self.headers.get("Authorization", ""))
        if path == "/graphql":
            call.kind, call.variables = graph.kind_of(body["query"]), body.get("variables") or {}
        github = self.server.github
        github.journal.append(call)
        fault = github.faults.of(call)
        if fault is not None and self._goes_wrong(call, fault):
            return None
        status, answer = self._answer(method, path, body, call)
        if fault is not None and fault.how == "half":
            self.close_connection = True
            return self._send(call, status, answer, half=True)
        if fault is not None and fault.how == "cut":
            call.status = 299 if status < 300 else status
            return self._lose(fault)
        self._send(call, status, answer)
        return None

    def _answer(self, method: str, path: str, body: dict[str, Any], call: Call) -> tuple[int, Any]:
        world = self.server.github.world
        if not call.token:
            return 401, {"message": "Requires authentication"}
        if path != "/graphql":
            return rest.answer(world, method, path, body)
        if world.is_old and "blockedBy" in body["query"]:
            return 200, {"errors": [{"message": "Field 'blockedBy' doesn't exist on type 'Issue'"}]}
        with world.lock:
            answer = graph.execute(body["query"], call.variables, body.get("operationName"), root(world))
        if answer.get("errors"):
            call.status = 422  # in the journal only: it was not done
        return 200, answer

    def _goes_wrong(self, call: Call, fault: Fault) -> bool:
        """Whether that was all of the answer."""
        match fault.how:
            case "gone":
                self.close_connection = True
                return True
            case "401":
                self._send(call, 401, {"message": "Bad credentials"})
                return True
            case "429":
                self._send(call, 429, {"message": SECONDARY}, {"Retry-After": str(fault.wait)})
                return True
            case "502":
                self._send(call, 502, {"message": "Server Error"})
                return True
            case "limited":
                told = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + fault.wait)}
                self._send(call, 403, {"message": LIMITED}, {**told, "X-RateLimit-Resource": "graphql"})
                return True
            case "secondary":
                self._send(call, 403, {"message": SECONDARY}, {"Retry-After": str(fault.wait)})
                return True
            case "slow":
                self.server.github.closing.wait(fault.seconds)
            case "call":
                if fault.then:
                    fault.then()
        return False

    def _lose(self, fault: Fault) -> None:
        if fault.then:
            fault.then()
        self.close_connection = True

    def _send(
        self, call: Call, status: int, answer: Any, headers: Mapping[str, str] | None = None, half: bool = False
    ) -> None:
        call.status = call.status or status
        text = answer if isinstance(answer, str) else json.dumps(answer)
        content = b"" if status == 204 else text.encode()
        kind = "text/plain" if isinstance(answer, str) else "application/json; charset=utf-8"
        self.send_response(status)
        for name, value in {"Content-Type": kind, "X-OAuth-Scopes": "repo, read:org", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if half else content)
