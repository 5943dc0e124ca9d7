"""Standard input and output as the protocol's alone.

The law: what was asked for is answered before an end of the input counts; nothing but answers comes out, whoever
prints; and a client that is gone ends the server without a word.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from typing import IO, Any

import anyio


class Wire:
    def __init__(self) -> None:
        self._asked: set[str | int] = set()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._source = _taken(0, os.O_RDONLY, "r")
        self._sink = _taken(1, os.O_WRONLY, "w")

    async def lines(self) -> AsyncIterator[str]:
        async for line in anyio.wrap_file(self._source):
            if line.strip():
                self._note_request(line)
                yield line
        await self.quiet()

    async def quiet(self) -> None:
        """Until everything is answered that was asked."""
        await self._quiet.wait()

    async def write(self, text: str) -> None:
        try:
            await asyncio.to_thread(self._write, text)
        except OSError:
            pass  # nobody reads it any more; the input ends, too, then
        self._note_answer(text)

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
        elif isinstance(message.get("id"), str | int):
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


def _message(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
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
