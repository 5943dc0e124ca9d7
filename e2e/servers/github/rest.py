"""The few calls that `gh` makes of the scripted GitHub's REST API."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from e2e.servers.github.bare import GitRefusedError
from e2e.servers.github.world import ME, Check, Pull, World

Body = dict[str, Any]
Answer = tuple[int, Any]
"""Status, and a JSON value or a text."""
NOT_FOUND: Answer = (404, {"message": "Not Found", "status": "404"})


def answer(world: World, method: str, path: str, body: Body) -> Answer:
    at = f"/repos/{world.owner}/{world.name}"
    for verb, pattern, act in _ROUTES:
        found = re.fullmatch(pattern.replace("{repo}", at), path)
        if verb == method and found:
            with world.lock:
                return act(world, body, *found.groups())
    return NOT_FOUND


def _pull(pull: Pull) -> Body:
    state = "open" if pull.state == "OPEN" else "closed"
    return {
        "number": pull.number, "html_url": pull.url, "state": state, "merged": pull.state == "MERGED",
        "title": pull.title, "body": pull.body, "draft": pull.draft, "user": {"login": pull.author},
        "node_id": f"PR_{pull.number}",
        "head": {"ref": pull.head, "sha": pull.head_oid}, "base": {"ref": pull.base, "sha": pull.base_oid},
        "mergeable": pull.mergeable == "MERGEABLE", "mergeable_state": pull.merge_state.lower(),
    }  # fmt: skip


def _one(world: World, body: Body, number: str) -> Answer:
    try:
        return 200, _pull(world.pull(int(number)))
    except KeyError:
        return NOT_FOUND


def _merge(world: World, body: Body, number: str) -> Answer:
    pull = world.pull(int(number))
    try:
        pull.merge(ME, body.get("merge_method", "merge").upper(), body.get("commit_title", ""), body.get("sha", ""))
    except GitRefusedError as refused:
        return 405, {"message": str(refused)}
    return 200, {"sha": pull.merge_commit, "merged": True, "message": "Pull Request successfully merged"}


def _reviewers(world: World, body: Body, number: str) -> Answer:
    pull = world.pull(int(number))
    unknown = [name for name in body.get("reviewers", ()) if name not in world.people]
    if unknown:
        return 422, {"message": f"Reviews may only be requested from collaborators. {unknown[0]} is not one."}
    pull.reviewers = list(dict.fromkeys([*pull.reviewers, *body.get("reviewers", ())]))
    return 201, _pull(pull)


def _label(world: World, body: Body, number: str) -> Answer:
    pull = world.pull(int(number))
    world.labels += [name for name in body["labels"] if name not in world.labels]
    pull.labels = list(dict.fromkeys([*pull.labels, *body["labels"]]))
    return 200, [{"name": name} for name in pull.labels]


def _comment(world: World, body: Body, number: str) -> Answer:
    remark = world.pull(int(number)).comment(ME, body["body"])
    return 201, {"id": remark.id, "body": remark.body, "html_url": world.pull(int(number)).url}


def _labels(world: World, body: Body) -> Answer:
    names = {*world.labels, *(name for issue in world.issues.values() for name in issue.labels)}
    return 200, [{"name": name} for name in sorted(names)]


def _milestones(world: World, body: Body) -> Answer:
    titles = sorted({issue.milestone for issue in world.issues.values() if issue.milestone})
    return 200, [{"title": title, "number": n} for n, title in enumerate(titles, 1)]


def _delete_branch(world: World, body: Body, branch: str) -> Answer:
    if world.bare.tip(branch) is None:
        return 422, {"message": "Reference does not exist"}
    world.bare.delete(branch)
    return 204, ""


def _branch(world: World, body: Body, branch: str) -> Answer:
    tip = world.bare.tip(branch)
    return (200, {"name": branch, "commit": {"sha": tip}}) if tip else NOT_FOUND


def _settings(world: World, body: Body) -> Answer:
    return 200, {
        "name": world.name, "full_name": f"{world.owner}/{world.name}", "default_branch": world.default_branch,
        "allow_merge_commit": "MERGE" in world.allowed, "allow_squash_merge": "SQUASH" in world.allowed,
        "allow_rebase_merge": "REBASE" in world.allowed, "delete_branch_on_merge": world.delete_on_merge,
        "permissions": {"push": True},
    }  # fmt: skip


def _check(world: World, id: str) -> Check | None:
    return next((check for checks in world.checks.values() for check in checks if check.id == int(id)), None)


def _log(world: World, body: Body, id: str) -> Answer:
    check = _check(world, id)
    return (200, check.log) if check and check.log else NOT_FOUND


def _job(world: World, body: Body, id: str) -> Answer:
    check = _check(world, id)
    if check is None:
        return NOT_FOUND
    ended = {"status": check.status.lower(), "conclusion": (check.conclusion or "").lower() or None}
    return 200, {"id": check.id, "run_id": check.id, "name": check.name, "html_url": "", "steps": [], **ended}


def _limits(world: World, body: Body) -> Answer:
    limit = {"limit": 5000, "remaining": 4999, "reset": 4_000_000_000, "used": 1}
    return 200, {"resources": {"core": limit, "graphql": limit, "search": limit}, "rate": limit}


_ROUTES: list[tuple[str, str, Callable[..., Answer]]] = [
    ("GET", r"/", lambda world, body: (200, {"current_user_url": "https://api.github.com/user"})),
    ("GET", r"/user", lambda world, body: (200, {"login": ME, "id": 1})),
    ("GET", r"/users/([^/]+)", lambda world, body, login: (200, {"login": login, "id": 2})),
    ("GET", r"/rate_limit", _limits),
    ("GET", r"{repo}", _settings),
    ("GET", r"{repo}/labels", _labels),
    ("GET", r"{repo}/milestones", _milestones),
    ("GET", r"{repo}/branches/(.+)", _branch),
    ("DELETE", r"{repo}/git/refs/heads/(.+)", _delete_branch),
    ("GET", r"{repo}/pulls/(\d+)", _one),
    ("PUT", r"{repo}/pulls/(\d+)/merge", _merge),
    ("POST", r"{repo}/pulls/(\d+)/requested_reviewers", _reviewers),
    ("POST", r"{repo}/issues/(\d+)/labels", _label),
    ("POST", r"{repo}/issues/(\d+)/comments", _comment),
    ("GET", r"{repo}/actions/jobs/(\d+)/logs", _log),
    ("GET", r"{repo}/actions/jobs/(\d+)", _job),
]
