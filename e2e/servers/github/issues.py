"""The issues of the scripted GitHub: what is known of one, as its graph and its REST API tell it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from e2e.servers.github.graph import connection, refuse

if TYPE_CHECKING:
    from e2e.servers.github.world import World

Node = dict[str, Any]
AT = "2026-01-01T00:00:00Z"


@dataclass
class Issue:
    number: int
    title: str
    body: str = ""
    labels: tuple[str, ...] = ()
    milestone: str | None = None
    reason: str | None = None
    """Why it is closed (`COMPLETED`, `NOT_PLANNED`, `DUPLICATE`); None: it is open."""
    blocked_by: list[int] = field(default_factory=list)
    parent: int | None = None
    comments: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        return "CLOSED" if self.reason else "OPEN"


def made(world: World, number: int, title: str = "", body: str = "", **more: Any) -> Issue:
    issue = Issue(number, title or f"Issue {number}", body, **more)
    with world.lock:
        world.issues[number] = issue
    return issue


def issue_of(world: World, number: int) -> Node:
    if number in world.issues:
        return issue_node(world, world.issues[number])
    words = f"Could not resolve to an issue or pull request with the number of {number}."
    raise refuse(words, "NOT_FOUND")


def issue_node(world: World, issue: Issue) -> Node:
    def others(numbers: list[int]) -> list[Node]:
        return [issue_node(world, world.issues[one]) for one in numbers]

    def blocking() -> list[int]:
        return [one.number for one in world.issues.values() if issue.number in one.blocked_by]

    place = f"{world.owner}/{world.name}"
    labels = [{"__typename": "Label", "id": f"LA_{one}", "name": one, "color": "ededed"} for one in issue.labels]
    return {
        "__typename": "Issue", "id": f"I_{issue.number}", "number": issue.number, "title": issue.title,
        "body": issue.body, "state": issue.state, "stateReason": issue.reason, "createdAt": AT, "updatedAt": AT,
        "url": f"https://github.com/{place}/issues/{issue.number}",
        "repository": {"__typename": "Repository", "id": "R_1", "nameWithOwner": place},
        "labels": lambda **page: connection(labels, **_page(page)),
        "comments": lambda **page: connection(said(world, issue), **_page(page)),
        "milestone": {"id": "M_1", "number": 1, "title": issue.milestone, "dueOn": None} if issue.milestone else None,
        "parent": lambda: issue_node(world, world.issues[issue.parent]) if issue.parent else None,
        "blockedBy": lambda **page: connection(others(issue.blocked_by), **_page(page)),
        "blocking": lambda **page: connection(others(blocking()), **_page(page)),
    }  # fmt: skip


def said(world: World, issue: Issue) -> list[Node]:
    at = f"https://github.com/{world.owner}/{world.name}/issues/{issue.number}#issuecomment-"
    who = {"__typename": "User", "login": "runner"}
    return [
        {"__typename": "IssueComment", "id": f"IC_{n}", "author": who, "body": body, "url": f"{at}{n}", "createdAt": AT}
        for n, body in enumerate(issue.comments, 1)
    ]


def remark(world: World, number: int, body: str) -> Node:
    issue = world.issues[number]
    issue.comments.append(body)
    return {"commentEdge": {"node": said(world, issue)[-1]}, "subject": issue_node(world, issue)}


def listed(world: World, states: Any = None, **asked: Any) -> Node:
    found = [one for one in world.issues.values() if not states or one.state in states]
    return connection([issue_node(world, one) for one in reversed(found)], **_page(asked))


def searched(world: World, query: str, **asked: Any) -> Node:
    """By state, label and milestone. As there, no more than a thousand are ever given, and `last` is `first`, which is
    what `gh` relies on."""
    words = {key: plain or quoted for key, quoted, plain in re.findall(r'([\w-]+):(?:"([^"]*)"|(\S+))', query)}
    found = [
        issue_node(world, one) for one in world.issues.values()
        if words.get("state", one.state.lower()) == one.state.lower()
        and ("label" not in words or words["label"].lower() in map(str.lower, one.labels))
        and words.get("milestone", one.milestone) == one.milestone
    ]  # fmt: skip
    page = connection(found[:1000], first=asked.get("first") or asked.get("last"), after=asked.get("after"))
    return {**page, "issueCount": len(found)}


def _page(asked: Node) -> Node:
    return {name: value for name, value in asked.items() if name in ("first", "last", "after", "before")}
