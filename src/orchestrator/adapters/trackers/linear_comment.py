"""A comment on an issue of Linear. The law: never twice with the same mark, and the key is in no error."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Mapping

from orchestrator.adapters.trackers.linear_api import Linear, LinearError, of_environment

_MADE = "mutation Comment($input: CommentCreateInput!) { commentCreate(input: $input) { success comment { id } } }"
_SEEN = (
    "query Comments($issue: String!, $id: ID!) "
    "{ issue(id: $issue) { comments(filter: { id: { eq: $id } }, first: 50) { nodes { id body } } } }"
)
_THERE = re.compile(r"already|exists|duplicate|unique|conflict", re.IGNORECASE)


def id_of(mark: str) -> str:
    """The comment's own id, which is the same whenever it is tried: Linear takes no second one of it."""
    return str(uuid.UUID(bytes=hashlib.blake2b(mark.encode(), digest_size=16).digest(), version=4))


def write(environ: Mapping[str, str], issue: str, body: str, mark: str, look: bool) -> None:
    """`issue`: as people call it, PROJ-101. `look`: it may be there already. Raises OrchestratorError."""
    linear = of_environment(environ)._replace(again=0, patience=0.0)  # whoever writes comments tries again himself
    own = id_of(mark)
    if look and _is_there(linear, issue, own, mark):
        return
    try:
        made = linear.ask(_MADE, {"input": {"id": own, "issueId": issue, "body": body}}).get("commentCreate")
    except LinearError as error:
        if look and not error.later and _THERE.search(str(error)):
            return
        raise
    if isinstance(made, dict) and made.get("success") is False:
        raise LinearError(f"Linear did not take the comment on {issue}")


def _is_there(linear: Linear, issue: str, own: str, mark: str) -> bool:
    try:
        found = json.dumps(linear.ask(_SEEN, {"issue": issue, "id": own}))
    except LinearError as error:
        if error.later:
            raise
        return False  # its id keeps it from being there twice
    return own in found or mark in found
