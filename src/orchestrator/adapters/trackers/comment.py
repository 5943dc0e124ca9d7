"""Comments on the issue of a ticket, wherever that is kept.

The law: the text is on no command line, and one that may be there already is looked for before it is written again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from orchestrator.adapters.forge.gh import Gh
from orchestrator.adapters.trackers import linear_comment

_GITHUB = re.compile(r"https?://(?P<host>[\w.:-]+)/(?P<name>[\w.-]+/[\w.-]+)/issues/(?P<number>\d+)(?:[/?#].*)?\Z")
_LINEAR = re.compile(r"https?://linear\.app/[^/\s]+/issue/(?P<id>[A-Za-z0-9]+-\d+)(?:[/?#].*)?\Z")
SECONDS = 30.0


def has_issue(link: str | None) -> bool:
    return bool(link and (_GITHUB.match(link) or _LINEAR.match(link)))


def write(link: str, body: str, mark: str, look: bool, gh: Gh, environ: Mapping[str, str]) -> None:
    """Raises OrchestratorError."""
    linear = _LINEAR.match(link)
    if linear:
        linear_comment.write(environ, linear["id"], body, mark, look)
        return
    found = _GITHUB.match(link)
    if found is None:
        return
    url = f"https://{found['host']}/{found['name']}/issues/{found['number']}"
    if look and mark in gh.text("issue", "view", url, "--json", "comments", timeout=SECONDS):
        return
    gh.text("issue", "comment", url, "--body-file", "-", stdin=body, timeout=SECONDS)
