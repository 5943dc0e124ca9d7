"""Reading on in files that somebody else writes, by offset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

BLOCK = 1 << 20


class FileTail:
    """What is appended to a file, in whole lines. A file that became shorter is read from its beginning."""

    def __init__(self, path: Path, from_start: bool = False) -> None:
        self.path = path
        self._rest = b""
        self._offset = 0 if from_start else self._size()

    def _size(self) -> int:
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def read(self, whole_lines: bool = True) -> bytes:
        """The next lines, at most about a block; empty when there is nothing new. Of a line without an end as many
        bytes as are held at most."""
        while self._has_more():
            content = self._rest + self._block()
            end = content.rfind(b"\n") + 1 if whole_lines and len(content) < 8 * BLOCK else len(content)
            self._rest = content[end:]
            if end:
                return content[:end]
        return b"" if whole_lines else self._take_rest()

    def _has_more(self) -> bool:
        size = self._size()
        if size < self._offset:
            self._offset, self._rest = 0, b""
        return size > self._offset

    def _block(self) -> bytes:
        try:
            with self.path.open("rb") as stream:
                stream.seek(self._offset)
                content = stream.read(BLOCK)
        except FileNotFoundError:
            return b""  # it went away just now
        self._offset += len(content)
        return content

    def _take_rest(self) -> bytes:
        rest, self._rest = self._rest, b""
        return rest


class LogTail:
    """The lines that are appended to `orchestrator.log`."""

    def __init__(self, path: Path) -> None:
        self._tail = FileTail(path)

    def lines(self) -> list[dict[str, Any]]:
        found = []
        while content := self._tail.read():
            for line in content.splitlines():
                try:
                    event = msgspec.json.decode(line, type=dict[str, Any])
                except msgspec.MsgspecError:
                    continue
                found.append(event)
        return found
