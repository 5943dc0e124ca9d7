"""Lines at the end of a file that several processes append to: journals and the ledger.

The law: a line is written with one call, and a line that a crash cut off is closed first, so that it spoils no other.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC


def append_lines(path: Path, content: bytes) -> int:
    """How long the file is now. `content` is whole lines. Raises OSError."""
    fd = _opened(path)
    try:
        size = os.fstat(fd).st_size
        if size and os.pread(fd, 1, size - 1) != b"\n":
            content = b"\n" + content
        if os.write(fd, content) < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return size + len(content)
    finally:
        os.close(fd)


def _opened(path: Path) -> int:
    """Its folder is looked for only when it is not there."""
    try:
        return os.open(path, FLAGS, 0o644)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, FLAGS, 0o644)
