"""A comment on an issue of Linear. The law: never twice with the same mark, and the key is in no error."""

from __future__ import annotations

import json
from collections.abc import Mapping

from orchestrator.adapters.trackers.linear_api import LinearError, of_environment

_MADE = "mutation Comment($input: CommentCreateInput!) { commentCreate(input: $input) { success comment { id } } }"
_SEEN = "query Comments($id: String!) { issue(id: $id) { comments(first: 100) { nodes { body } } } }"


def write(environ: Mapping[str, str], issue: str, body: str, mark: str, look: bool) -> None:
    """`issue`: as people call it, PROJ-101. `look`: it may be there already. Raises OrchestratorError."""
    linear = of_environment(environ)._replace(sleep=_not_now)
    if look and mark in json.dumps(linear.ask(_SEEN, {"id": issue})):
        return
    made = linear.ask(_MADE, {"input": {"issueId": issue, "body": body}}).get("commentCreate")
    if isinstance(made, dict) and made.get("success") is False:
        raise LinearError(f"Linear did not take the comment on {issue}")


def _not_now(seconds: float) -> None:
    """Whoever writes comments tries again himself, in a while."""
    raise LinearError("Linear cannot be asked just now", later=True)
