"""What labels and milestones a repository has, asked only when nothing was found: a label that no open issue has is
nothing to do, one that is not there is a slip."""

from __future__ import annotations

from typing import Any

from orchestrator.adapters.forge.gh import ForgeRefusedError, ForgeUnreachableError
from orchestrator.adapters.trackers.github_asked import Asked
from orchestrator.core.planning.absent import absent
from orchestrator.errors import OrchestratorError

PAGE = 100
PAGES = 20


def look_for(repository: str, milestone: str | None, label: str | None, asked: Asked) -> None:
    """Raises OrchestratorError for the first that is not there, with the names of what is."""
    for kind, text in (("milestone", milestone), ("label", label)):
        if text is None:
            continue
        try:
            rows = _all(repository, f"{kind}s", asked)
        except ForgeRefusedError as error:
            why = f'no open issue of {repository} has the {kind} "{text}", and which there are cannot be asked'
            raise OrchestratorError(f"{why}: {error}") from None
        key = "title" if kind == "milestone" else "name"
        names = [str(row.get(key)) for row in rows]
        numbers = [str(row.get("number")) for row in rows if kind == "milestone"]
        if text.casefold() not in {one.casefold() for one in (*names, *numbers)}:
            raise OrchestratorError(f"{absent(repository, kind, text, names)}; nothing was imported")


def _all(repository: str, what: str, asked: Asked) -> list[dict[str, Any]]:
    *host, owner, name = repository.split("/")
    more = "&state=all" if what == "milestones" else ""
    found: list[dict[str, Any]] = []
    for page in range(1, PAGES + 1):
        path = f"repos/{owner}/{name}/{what}?per_page={PAGE}&page={page}{more}"
        rows = asked.json("api", *(["--hostname", host[0]] if host else []), path)
        if not isinstance(rows, list):
            raise ForgeUnreachableError(f"gh api answered with something else than a list of {what}")
        found += [row for row in rows if isinstance(row, dict)]
        if len(rows) < PAGE:
            break
    return found
