"""Addresses of repositories, as git writes them → host, owner and name: what a forge knows them by."""

from __future__ import annotations

import re
from typing import NamedTuple

_URL = re.compile(r"(?:https?|ssh|git|git\+ssh)://(?:[^@/]*@)?([^/:]+)(?::\d+)?/(.+)", re.IGNORECASE)
_SCP = re.compile(r"(?:[^@/:]+@)?([^/:@]+):(?!/)(.+)")
_ISSUE = re.compile(r"https?://([^/]+)/([^/]+)/([^/]+)/issues/(\d+)(?:[/?#].*)?", re.IGNORECASE)
_PULL = re.compile(r"(?:https?://\S+/pull/|#)?(\d+)(?:[/?#].*)?")


class Remote(NamedTuple):
    host: str
    owner: str
    name: str

    def is_same(self, other: Remote) -> bool:
        return [part.casefold() for part in self] == [part.casefold() for part in other]


def parse_remote(url: str) -> Remote | None:
    """None: a path, or nothing that a forge could know."""
    found = _URL.fullmatch(url) or (None if "://" in url else _SCP.fullmatch(url))
    parts = found[2].strip("/").removesuffix(".git").split("/") if found else []
    if found is None or len(parts) < 2:
        return None
    return Remote(_without_port(found[1]), parts[-2], parts[-1])


def issue_number(link: str, remote: Remote | None) -> int | None:
    """The number, when it is an issue of that very repository."""
    found = _ISSUE.fullmatch(link.strip())
    if found is None or remote is None:
        return None
    there = Remote(_without_port(found[1]), found[2], found[3])
    return int(found[4]) if there.is_same(remote) else None


def pull_number(text: str) -> int | None:
    """`7`, `#7` or the address of a pull request."""
    found = _PULL.fullmatch(text.strip())
    return int(found[1]) if found and int(found[1]) > 0 else None


def _without_port(host: str) -> str:
    """`ssh.github.com` is where GitHub listens for ssh on port 443."""
    plain = host.partition(":")[0]
    return plain.removeprefix("ssh.") if plain.casefold() == "ssh.github.com" else plain
