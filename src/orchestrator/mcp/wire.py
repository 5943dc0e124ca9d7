"""Standard input and output as the protocol's alone.

The law: what was asked for is answered before an end of the input counts, what is no message, too, which the SDK
passes over; nothing but answers comes out, whoever prints; and a client that is gone ends the server without a word.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from typing import IO, Any

import anyio
import mcp_types as types

NO_MESSAGE = (
    'no message of JSON-RPC 2.0: it has `jsonrpc: "2.0"`, an `id` (a text or a whole number), a `method` (a text) and '
    "`params` (an object)"
)


class Wire:
    def __init__(self) -> None:
        self._asked: set[str | int] = set()
        self._writing = asyncio.Lock()
        self.when_gone: Callable[[], None] = lambda: None
        """Called when nobody reads the answers any more."""
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._source = _taken(0, os.O_RDONLY, "r")
        self._sink = _taken(1, os.O_WRONLY, "w")

    async def lines(self) -> AsyncIterator[str]:
        async for line in anyio.wrap_file(self._source):
            refusal = _refusal(line) if line.strip() else ""
            if refusal is None:
                self._note_request(line)
                yield line
            elif refusal:
                await self._send(refusal)
        await self.quiet()

    async def quiet(self) -> None:
        """Until everything is answered that was asked."""
        await self._quiet.wait()

    async def write(self, text: str) -> None:
        await self._send(text)
        self._note_answer(text)

    async def _send(self, text: str) -> None:
        async with self._writing:
            try:
                await asyncio.to_thread(self._write, text)
            except OSError:
                self._tell_gone()

    def _tell_gone(self) -> None:
        """Once. The input mostly ends, too, then, unless a third has it open."""
        told, self.when_gone = self.when_gone, lambda: None
        told()

    def _write(self, text: str) -> None:
        self._sink.write(text)
        self._sink.flush()

    async def flush(self) -> None:
        """Every write is one of a whole message, and has come out."""

    def _note_request(self, line: str) -> None:
        message = _message(line)
        if "method" not in message:
            return
        if message["method"] == "notifications/cancelled":
            params = message.get("params")
            self._settle(params.get("requestId") if isinstance(params, dict) else None)
        elif _is_id(message.get("id")):
            self._asked.add(message["id"])
            self._quiet.clear()

    def _note_answer(self, text: str) -> None:
        message = _message(text)
        if "method" not in message:
            self._settle(message.get("id"))

    def _settle(self, id_: Any) -> None:
        if isinstance(id_, str | int):
            self._asked.discard(id_)
        if not self._asked:
            self._quiet.set()


def _is_id(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _refusal(line: str) -> str | None:
    """What answers a line that is no message; None for one."""
    found = _message(line)
    try:
        types.jsonrpc_message_adapter.validate_json(line, by_name=False)
    except ValueError as error:
        unread = next((one["msg"] for one in getattr(error, "errors", list)() if one["type"] == "json_invalid"), None)
        code, what = (types.PARSE_ERROR, unread) if unread else (types.INVALID_REQUEST, NO_MESSAGE)
    else:
        if "method" not in found or "id" not in found or _is_id(found["id"]):
            return None
        code, what = types.INVALID_REQUEST, NO_MESSAGE
    id_ = found.get("id")
    answer = {"jsonrpc": "2.0", "id": id_ if _is_id(id_) else None, "error": {"code": code, "message": what}}
    return f"{json.dumps(answer)}\n"


def _message(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _taken(fd: int, flags: int, mode: str) -> IO[str]:
    """The stream for this server alone. Whoever else reads or writes there, a program that is started or a stray
    print, gets nothing and is heard on stderr."""
    import fcntl

    private = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
    instead = os.open(os.devnull, flags) if fd == 0 else _stderr(flags)
    os.dup2(instead, fd)
    os.close(instead)
    return open(private, mode, encoding="utf-8", errors="replace", newline="\n")  # noqa: PTH123


def _stderr(flags: int) -> int:
    try:
        return os.dup(sys.stderr.fileno())
    except (OSError, ValueError):
        return os.open(os.devnull, flags)
