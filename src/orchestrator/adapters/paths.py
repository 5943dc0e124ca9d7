"""What somebody has written as a path → a path to look at.

The law: whoever looks there is never met by an error that he does not expect: what can be no path on this machine is
one below a file, where nothing is.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

LONGEST, LONGEST_PART = 4000, 255
"""Bytes."""
NOWHERE = "/dev/null"


def expanded(path: str) -> Path:
    """`~` is somebody's home; the home of nobody is a folder that is not there."""
    found = os.path.expanduser(path)  # noqa: PTH111 - the other one raises where there is no such user
    if not _is_possible(found):
        return Path(NOWHERE, re.sub(r"[^ -.0-~]", "?", found[:100]))
    return Path(f"/{found}" if found.startswith("~") else found)


def _is_possible(path: str) -> bool:
    try:
        encoded = os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return (
        b"\0" not in encoded
        and len(encoded) <= LONGEST
        and all(len(one) <= LONGEST_PART for one in encoded.split(b"/"))
    )
