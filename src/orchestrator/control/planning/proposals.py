"""Drafts as they come from outside the command line: an object, or text in YAML or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from orchestrator.control.planning import drafting
from orchestrator.core.planning.draft import Draft
from orchestrator.formats.drafts.draft import ReadDraft, read_draft

NAME = "draft"


def read(given: str | Mapping[str, Any]) -> ReadDraft:
    """All that is wrong with it at once. Lines and columns only where the text was somebody's own."""
    if isinstance(given, str):
        found = read_draft(given, NAME)
    else:
        found = read_draft(msgspec.json.encode(given).decode(), NAME)
        told = (msgspec.structs.replace(one, file=None, line=None, column=None) for one in found.problems)
        found = ReadDraft(found.draft, tuple(told))
    return ReadDraft(_located(found.draft), found.problems) if found.draft is not None else found


def _located(draft: Draft) -> Draft:
    """Relative paths count from the current directory, as on the command line."""
    try:
        return drafting.located(draft, Path.cwd())
    except (OSError, RuntimeError):
        return draft  # there is no such directory any more, or no such user: the judge says what is wrong


def of_here(draft: Draft) -> Draft:
    """Where nobody names a repository it is the one of the current directory, as on the command line."""
    if draft.repo or all(one.repo for one in draft.tickets):
        return draft
    try:
        repo = drafting.repository_of(Path.cwd())
    except OSError:
        return draft
    return msgspec.structs.replace(draft, repo=repo) if repo else draft


def paused(draft: Draft) -> Draft:
    return msgspec.structs.replace(draft, paused=True)
