"""What may be changed at the scripted GitHub through its API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from e2e.servers.github.bare import GitRefusedError
from e2e.servers.github.graph import refuse
from e2e.servers.github.issues import remark, searched
from e2e.servers.github.nodes import Node, comment, label, pull_request, repository, thread, user
from e2e.servers.github.world import ME, Pull, Remark, Thread, World, now


def root(world: World) -> Node:
    """Of queries and mutations: their fields have different names."""
    asks: Node = {
        "viewer": user(ME),
        "user": lambda login: user(login),
        "repository": lambda **of: _repository(world, **of),
        "node": lambda id: node(world, id),
        "nodes": lambda ids: [node(world, one) for one in ids],
        "rateLimit": lambda **_: {"limit": 5000, "remaining": 4999, "cost": 1, "used": 1, "resetAt": now()},
        "organization": lambda **_: None,
        "search": lambda **asked: _search(world, **asked),
    }
    return asks | {name: _changing(world, change) for name, change in CHANGES.items()}


def _repository(world: World, owner: str, name: str, **_: Any) -> Node:
    if (owner, name) != (world.owner, world.name) and f"{owner}/{name}" != world.former:
        raise refuse(f"Could not resolve to a Repository with the name '{owner}/{name}'.", "NOT_FOUND")
    return repository(world)


def node(world: World, id: str) -> Node:
    kind = id.partition("_")[0]
    if kind == "PR":
        return pull_request(_pull(world, id))
    if kind == "PRRT":
        return thread(*_thread(world, id))
    if kind == "R":
        return repository(world)
    raise refuse(f"Could not resolve to a node with the global id of '{id}'", "NOT_FOUND")


def _search(world: World, query: str = "", **page: Any) -> Node:
    """Of pull requests, by branch and state only; of issues."""
    if "type:issue" in query:
        return searched(world, query, **page)
    words = dict(word.split(":", 1) for word in query.split() if ":" in word)
    found = [
        pull_request(pull) for pull in world.pulls
        if words.get("head", pull.head) == pull.head and words.get("state", pull.state.lower()) == pull.state.lower()
    ]  # fmt: skip
    return {"issueCount": len(found), "nodes": found, "edges": [{"node": one} for one in found]}


def _pull(world: World, id: str) -> Pull:
    try:
        return world.pull(int(id.removeprefix("PR_")))
    except (KeyError, ValueError):
        raise refuse(f"Could not resolve to a node with the global id of '{id}'", "NOT_FOUND") from None


def _thread(world: World, id: str) -> tuple[Pull, Thread]:
    for pull in world.pulls:
        for one in pull.threads:
            if one.id == id:
                return pull, one
    raise refuse(f"Could not resolve to a node with the global id of '{id}'", "NOT_FOUND")


Change = Callable[[World, Node], Node]


def _changing(world: World, change: Change) -> Callable[..., Node]:
    def run(input: Node) -> Node:
        with world.lock:
            try:
                return change(world, input)
            except GitRefusedError as refused:
                raise refuse(str(refused)) from None

    return run


def _create(world: World, given: Node) -> Node:
    head = given["headRefName"].rpartition(":")[2]
    pull = world.open(head, given["baseRefName"], given["title"], given.get("body") or "", bool(given.get("draft")))
    return {"pullRequest": pull_request(pull)}


def _update(world: World, given: Node) -> Node:
    pull = _pull(world, given["pullRequestId"])
    pull.title, pull.body = given.get("title") or pull.title, given.get("body") or pull.body
    pull.base = given.get("baseRefName") or pull.base
    if given.get("labelIds") is not None:
        pull.labels = [name for name in world.labels if f"LA_{name}" in given["labelIds"]]
    return {"pullRequest": pull_request(pull)}


def _label(world: World, given: Node) -> Node:
    pull = _pull(world, given["labelableId"])
    pull.labels += [name for name in world.labels if f"LA_{name}" in given["labelIds"] and name not in pull.labels]
    return {"labelable": pull_request(pull)}


def _unlabel(world: World, given: Node) -> Node:
    pull = _pull(world, given["labelableId"])
    pull.labels = [name for name in pull.labels if f"LA_{name}" not in given["labelIds"]]
    return {"labelable": pull_request(pull)}


def _ask_reviewers(world: World, given: Node) -> Node:
    pull = _pull(world, given["pullRequestId"])
    asked = [*(given.get("userLogins") or ()), *(id.removeprefix("U_") for id in given.get("userIds") or ())]
    unknown = next((login for login in asked if login not in world.people), None)
    if unknown:
        raise refuse(f"Could not resolve user with login '{unknown}'.", "NOT_FOUND")
    kept = pull.reviewers if given.get("union") else []
    pull.reviewers = list(dict.fromkeys([*kept, *asked]))
    return {"pullRequest": pull_request(pull), "requestedReviewers": {"nodes": [user(login) for login in asked]}}


def _merge(world: World, given: Node) -> Node:
    pull = _pull(world, given["pullRequestId"])
    method = given.get("mergeMethod") or "MERGE"
    pull.merge(ME, method, given.get("commitHeadline") or "", given.get("expectedHeadOid") or "")
    return {"pullRequest": pull_request(pull)}


def _close(world: World, given: Node) -> Node:
    pull = _pull(world, given["pullRequestId"])
    pull.close(ME)
    return {"pullRequest": pull_request(pull)}


def _ready(world: World, given: Node) -> Node:
    pull = _pull(world, given["pullRequestId"])
    pull.draft = False
    return {"pullRequest": pull_request(pull)}


def _comment(world: World, given: Node) -> Node:
    if given["subjectId"].startswith("I_"):
        return remark(world, int(given["subjectId"][2:]), given["body"])
    pull = _pull(world, given["subjectId"])
    return {"commentEdge": {"node": comment(pull, pull.comment(ME, given["body"]))}, "subject": pull_request(pull)}


def _reply(world: World, given: Node) -> Node:
    pull, one = _thread(world, given["pullRequestReviewThreadId"])
    one.comments.append(Remark(f"PRRC_{world.number()}", ME, given["body"], now()))
    return {"comment": thread(pull, one)["comments"](last=1)["nodes"][0]}


def _resolve(world: World, given: Node) -> Node:
    pull, one = _thread(world, given["threadId"])
    one.resolved, one.resolved_by = True, ME
    return {"thread": thread(pull, one)}


def _unresolve(world: World, given: Node) -> Node:
    pull, one = _thread(world, given["threadId"])
    one.resolved, one.resolved_by = False, None
    return {"thread": thread(pull, one)}


def _labels_created(world: World, given: Node) -> Node:
    world.labels.append(given["name"])
    return {"label": label(given["name"])}


CHANGES: dict[str, Change] = {
    "createPullRequest": _create,
    "updatePullRequest": _update,
    "addLabelsToLabelable": _label,
    "removeLabelsFromLabelable": _unlabel,
    "requestReviews": _ask_reviewers,
    "requestReviewsByLogin": _ask_reviewers,
    "mergePullRequest": _merge,
    "closePullRequest": _close,
    "markPullRequestReadyForReview": _ready,
    "addComment": _comment,
    "addPullRequestReviewThreadReply": _reply,
    "resolveReviewThread": _resolve,
    "unresolveReviewThread": _unresolve,
    "createLabel": _labels_created,
}
