"""Title and body of a pull request, from the templates `pr-title.md` and `pr-body.md` and what is known of the ticket.

The law: what the script was told counts before what the ticket's file says; the rest of the file is there for
templates. What is too long for the forge is cut, part by part, so that the link at the end stays.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from orchestrator.adapters.catalog import Catalog
from orchestrator.adapters.files import read_whole
from orchestrator.adapters.places import Places
from orchestrator.adapters.repository import git
from orchestrator.core.forge import wording
from orchestrator.core.forge.remote import issue_number, parse_remote
from orchestrator.core.model import Key
from orchestrator.core.settings import Config
from orchestrator.errors import CannotRunError
from orchestrator.formats.template import templates

TITLE, BODY = "pr-title.md", "pr-body.md"
OF_REPOSITORY = ("", ".github/", "docs/")
"""Where a repository may have its own template."""
NO_CAPTURES = frozenset({"implement_summary", "pr_url", "pr_number"})
"""Empty where no workflow is known."""


class Told(NamedTuple):
    """What a script was told of the ticket."""

    branch: str
    worktree: str
    base: str
    ticket: str
    title: str | None = None
    description: str | None = None
    criteria: str | None = None
    link: str | None = None


def texts(config: Config, key: Key | None, told: Told) -> tuple[str, str]:
    """Title and body. Raises TemplateError, CannotRunError."""
    raw = _ticket(config, key, told)
    known = _known(raw, told)
    catalog = Catalog(config)
    captured = _captured(catalog, raw)
    title = _rendered(catalog, TITLE, known, captured)
    return wording.one_line(title) or told.ticket, wording.body_of(_rendered(catalog, BODY, known, captured))


def _ticket(config: Config, key: Key | None, told: Told) -> dict[str, Any]:
    """The ticket's file, as far as it can be read now; nothing when the script is about another one."""
    if key is None or key.ticket != told.ticket:
        return {}
    try:
        raw = msgspec.json.decode(read_whole(Places(config).ticket_file(key)))
    except (OSError, msgspec.DecodeError):
        return {}
    return raw if isinstance(raw, dict) else {}


def _known(raw: dict[str, Any], told: Told) -> dict[str, Any]:
    variables = templates.variables({**raw, "ticketId": told.ticket}, {})
    link = variables["linearUrl"] if told.link is None else told.link
    chosen = {
        "title": variables["title"] if told.title is None else told.title,
        "description": variables["description"] if told.description is None else told.description,
        "acceptance_criteria_list": variables["acceptance_criteria_list"] if told.criteria is None else told.criteria,
    }
    remotes = git.remotes(told.worktree) or {}
    remote = parse_remote(remotes.get(git.remote(told.worktree) or "", ""))
    return {
        **variables,
        "branch": told.branch,
        "worktree": told.worktree,
        "base_branch": told.base,
        "title": wording.written(str(chosen["title"]), wording.DESCRIPTION),
        "description": wording.written(str(chosen["description"]), wording.DESCRIPTION),
        "acceptance_criteria_list": wording.written(str(chosen["acceptance_criteria_list"]), wording.CRITERIA),
        "linearUrl": wording.one_line(str(link), wording.FOREIGN),
        "closes": issue_number(str(link), remote) or "",
        "summary": wording.said(str(variables["context"].get("implement_summary") or "")),
        "repository_template": _of_repository(Path(told.worktree)),
    }


def _of_repository(tree: Path) -> str:
    """A folder of several templates is for people who choose."""
    for folder in OF_REPOSITORY:
        for name in ("pull_request_template.md", "PULL_REQUEST_TEMPLATE.md"):
            try:
                return wording.written((tree / folder / name).read_text(errors="replace"), wording.FOREIGN)
            except OSError:
                continue
    return ""


def _captured(catalog: Catalog, raw: dict[str, Any]) -> frozenset[str]:
    try:
        return catalog.workflow(str(raw.get("workflow") or "standard")).captured_names() | NO_CAPTURES
    except CannotRunError:
        return NO_CAPTURES


def _rendered(catalog: Catalog, name: str, known: dict[str, Any], captured: frozenset[str]) -> str:
    try:
        source = catalog.prompt(name)
    except (OSError, UnicodeDecodeError) as error:
        raise CannotRunError(f"prompt {name} cannot be read: {error}") from error
    if source is None:
        raise CannotRunError(f"missing prompt {name}")
    return templates.render(source, known, captured=captured, load=catalog.prompt, name=name)
