"""Comments on the issue of a ticket, wherever that is kept.

The law: the text is on no command line, and one that may be there already is looked for before it is written again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from orchestrator.adapters.forge.gh import ForgeLimitedError, ForgeUnreachableError, Gh
from orchestrator.adapters.trackers import linear_comment
from orchestrator.adapters.trackers.linear_api import LinearError
from orchestrator.errors import OrchestratorError

_GITHUB = re.compile(r"https?://(?P<host>[\w.:-]+)/(?P<name>[\w.-]+/[\w.-]+)/issues/(?P<number>\d+)(?:[/?#].*)?\Z")
_LINEAR = re.compile(r"https?://linear\.app/[^/\s]+/issue/(?P<id>[A-Za-z0-9]+-\d+)(?:[/?#].*)?\Z")
_FOR_GOOD = re.compile(
    r"(?<![/#])\b(401|403)\b|not accessible|forbidden|permission|locked|gh auth|cannot be started", re.IGNORECASE
)
SECONDS = 30.0


class NotWrittenError(OrchestratorError):
    """`lasts`: it will hardly get better by itself; `wait`: seconds that the tracker asks for, None: it does not."""

    def __init__(self, text: str, lasts: bool, wait: float | None = None) -> None:
        super().__init__(text)
        self.lasts, self.wait = lasts, wait


def has_issue(link: str | None) -> bool:
    return bool(link and (_GITHUB.match(link) or _LINEAR.match(link)))


def lingers(link: str) -> float:
    """Seconds for which a try may go on when its runner has died: a program does, a call of our own does not."""
    return 0.0 if _LINEAR.match(link) else SECONDS


def write(link: str, body: str, mark: str, look: bool, gh: Gh, environ: Mapping[str, str]) -> None:
    """`look`: it may be there already. Raises NotWrittenError."""
    try:
        _write(link, body, mark, look, gh, environ)
    except ForgeLimitedError as error:
        raise NotWrittenError(str(error), False, error.wait) from error
    except ForgeUnreachableError as error:
        raise NotWrittenError(str(error), bool(_FOR_GOOD.search(str(error)))) from error
    except LinearError as error:
        raise NotWrittenError(str(error), not error.later, error.wait) from error
    except OrchestratorError as error:
        raise NotWrittenError(str(error), True) from error


def _write(link: str, body: str, mark: str, look: bool, gh: Gh, environ: Mapping[str, str]) -> None:
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
