"""The JSON Schemas of the files that people write."""

from __future__ import annotations

from typing import cast

from orchestrator.formats import schemas


def schema_text(kind: str) -> str:
    """`kind`: plan, ticket, draft, workflow or config."""
    return schemas.text(cast(schemas.Kind, kind))
