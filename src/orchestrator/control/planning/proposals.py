"""Drafts as they come from outside the command line: an object, or text in YAML or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from orchestrator.core.planning.draft import Draft
from orchestrator.formats.draft import ReadDraft, read_draft

NAME = "draft"


def read(given: str | Mapping[str, Any]) -> ReadDraft:
    """All that is wrong with it at once. Lines and columns only where the text was somebody's own."""
    if isinstance(given, str):
        return read_draft(given, NAME)
    found = read_draft(msgspec.json.encode(given).decode(), NAME)
    told = (msgspec.structs.replace(one, file=None, line=None, column=None) for one in found.problems)
    return ReadDraft(found.draft, tuple(told))


def paused(draft: Draft) -> Draft:
    return msgspec.structs.replace(draft, paused=True)
