"""Review threads of a pull request on GitHub, all pages: of threads, and of what was said in each.

The law: all of them or none. A page that cannot be had raises; half an answer would look like less criticism.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orchestrator.adapters.forge.gh import ForgeRefusedError, ForgeUnreachableError, Gh
from orchestrator.adapters.forge.github_read import remark
from orchestrator.core.forge.pull_request import Remark, Thread

_MORE = "pageInfo { hasNextPage endCursor }"
_SAID = "id body createdAt lastEditedAt authorAssociation url author { __typename login }"
_PLAIN_SAID = "id body createdAt author { login }"
_OF_THREAD = "id isResolved isOutdated path line originalLine"
_PLAIN_OF_THREAD = "id isResolved path line"

_THREADS = f"""
query($owner: String!, $name: String!, $number: Int!, $after: String) {{
  repository(owner: $owner, name: $name) {{ pullRequest(number: $number) {{
    reviewThreads(first: 100, after: $after) {{
      nodes {{ {_OF_THREAD} comments(first: 100) {{ nodes {{ {_SAID} }} {_MORE} }} }}
      {_MORE}
    }} }} }} }}
"""
_REST = f"""
query($thread: ID!, $after: String) {{ node(id: $thread) {{ ... on PullRequestReviewThread {{
  comments(first: 100, after: $after) {{ nodes {{ {_SAID} }} {_MORE} }} }} }} }}
"""
_AUTHORS = """
query($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) {
    comments(last: 100) { nodes { author { __typename login } } }
    reviews(last: 100) { nodes { author { __typename login } } }
  } }
}
"""
REPLY = """
mutation($thread: ID!, $body: String!) {
  addPullRequestReviewThreadReply(input: {pullRequestReviewThreadId: $thread, body: $body}) { comment { id } }
}
"""
RESOLVE = """
mutation($thread: ID!) { resolveReviewThread(input: {threadId: $thread}) { thread { id isResolved } } }
"""

Ask = Callable[..., Any]


def all_threads(gh: Gh, number: int) -> tuple[Thread, ...]:
    """Raises ForgeUnreachableError, ForgeRefusedError."""
    try:
        return _threads(gh.graphql, number)
    except (ForgeUnreachableError, ForgeRefusedError) as error:
        if "exist on type" not in str(error) and "Cannot query field" not in str(error):
            raise
    return _threads(lambda query, **known: gh.graphql(_plain(query), **known), number)


def bots(gh: Gh, number: int) -> frozenset[str]:
    """Of those who commented or reviewed, as far as the forge tells; without `[bot]`. Raises ForgeUnreachableError."""
    try:
        said = gh.graphql(_AUTHORS, owner="{owner}", name="{repo}", number=number)
        pages = [_connection(said, "repository", "pullRequest", kind)["nodes"] for kind in ("comments", "reviews")]
    except (ForgeUnreachableError, ForgeRefusedError) as error:
        if isinstance(error, ForgeRefusedError) or "GraphQL" in str(error) or "without" in str(error):
            return frozenset()
        raise
    authors = [node.get("author") or {} for page in pages for node in page or () if node]
    return frozenset(str(one.get("login")) for one in authors if one.get("__typename") == "Bot")


def _plain(query: str) -> str:
    """For a server of an earlier version."""
    return query.replace(_SAID, _PLAIN_SAID).replace(_OF_THREAD, _PLAIN_OF_THREAD)


def _threads(ask: Ask, number: int) -> tuple[Thread, ...]:
    found: list[Thread] = []
    after: str | None = None
    while True:
        said = ask(_THREADS, owner="{owner}", name="{repo}", number=number, after=after)
        page = _connection(said, "repository", "pullRequest", "reviewThreads")
        found += [_thread(ask, node) for node in page["nodes"] or () if node]
        after = _next(page, after)
        if after is None:
            return tuple(found)


def _thread(ask: Ask, node: dict[str, Any]) -> Thread:
    return Thread(
        id=str(node.get("id") or ""),
        path=node.get("path") or "",
        line=node.get("line") or node.get("originalLine"),
        resolved=bool(node.get("isResolved")),
        outdated=bool(node.get("isOutdated")),
        remarks=_remarks(ask, node),
    )


def _remarks(ask: Ask, node: dict[str, Any]) -> tuple[Remark, ...]:
    page = _connection(node, "comments")
    found = [remark(said) for said in page["nodes"] or () if said]
    after = _next(page, None)
    while after is not None:
        page = _connection(ask(_REST, thread=node["id"], after=after), "node", "comments")
        found += [remark(said) for said in page["nodes"] or () if said]
        after = _next(page, after)
    return tuple(found)


def _connection(said: Any, *path: str) -> dict[str, Any]:
    for name in path:
        said = said.get(name) if isinstance(said, dict) else None
    if not isinstance(said, dict) or "nodes" not in said:
        raise ForgeUnreachableError(f"the forge answered without {path[-1]}")
    return said


def _next(page: dict[str, Any], before: str | None) -> str | None:
    """Where the next page begins. One that begins where the last one did would never end."""
    info = page.get("pageInfo") or {}
    after = info.get("endCursor") if info.get("hasNextPage") else None
    if after is not None and after == before:
        raise ForgeUnreachableError("the forge answers with the same page again and again")
    return after
