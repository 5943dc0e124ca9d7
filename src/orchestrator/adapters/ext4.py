"""What ext4 is told, so that making files stays quick. Every other file system is left alone.

ext4 puts what is made in a folder near that folder, and for some minutes it does not use the inode of a deleted file
again but looks at each whenever it makes a file near it. Every save of a ticket leaves such an inode behind (the file
that was replaced), so beside the tickets making a file soon takes ten times as long, and an attempt makes nine.
"""

from __future__ import annotations

import contextlib
import os
import struct
import sys
from pathlib import Path

_GET, _SET = 0x80086601, 0x40086602
"""FS_IOC_GETFLAGS and FS_IOC_SETFLAGS of linux/fs.h, on machines of 64 bits."""
_TOP_OF_HIERARCHIES = 0x00020000
"""FS_TOPDIR_FL, `chattr +T`."""
_MACHINES = ("x86_64", "aarch64", "riscv64")


def keep_apart(folder: Path) -> None:
    """What is made in this folder from now on lies where there is room, and not near the folder. Never raises."""
    if sys.platform != "linux" or os.uname().machine not in _MACHINES:
        return
    import fcntl

    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            known = bytearray(struct.pack("l", 0))
            fcntl.ioctl(fd, _GET, known)
            flags = struct.unpack("l", known)[0]
            if not flags & _TOP_OF_HIERARCHIES:
                fcntl.ioctl(fd, _SET, struct.pack("l", flags | _TOP_OF_HIERARCHIES))
        finally:
            os.close(fd)
