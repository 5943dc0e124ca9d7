"""The nodes of the scripted GitHub's graph: what is known of a pull request, by the schema's names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from e2e.servers.github.graph import connection, refuse
from e2e.servers.github.issues import issue_of, listed
from e2e.servers.github.world import ME, Check, Pull, Remark, Review, Thread, World

Node = dict[str, Any]


def pages(of: Callable[[], Sequence[Any]]) -> Callable[..., Node]:
    return lambda **args: connection(of(), **args)


def user(login: str) -> Node:
    kind = "Bot" if login.endswith("[bot]") else "User"
    plain = login.removesuffix("[bot]")
    return {"__typename": kind, "id": f"U_{login}", "login": plain, "name": plain.title(), "databaseId": 1}


def repository(world: World) -> Node:
    owner = {"__typename": "Organization", "id": f"O_{world.owner}", "login": world.owner}
    return {
        "__typename": "Repository", "id": "R_1", "name": world.name, "nameWithOwner": f"{world.owner}/{world.name}",
        "owner": owner, "hasIssuesEnabled": True, "viewerPermission": "WRITE", "visibility": "PRIVATE",
        "url": f"https://github.com/{world.owner}/{world.name}", "isPrivate": True,
        "defaultBranchRef": ref(world, world.default_branch),
        "mergeCommitAllowed": "MERGE" in world.allowed, "rebaseMergeAllowed": "REBASE" in world.allowed,
        "squashMergeAllowed": "SQUASH" in world.allowed, "deleteBranchOnMerge": world.delete_on_merge,
        "viewerDefaultMergeMethod": world.preferred, "autoMergeAllowed": world.auto_merge_allowed,
        "pullRequest": lambda number: pull_of(world, number),
        "issue": lambda number: issue_of(world, number),
        "issueOrPullRequest": lambda number: (pull_of if _is_pull(world, number) else issue_of)(world, number),
        "issues": lambda **asked: listed(world, **asked),
        "pullRequests": lambda **asked: connection(_pulls(world, **asked), **_page(asked)),
        "ref": lambda qualifiedName: ref(world, qualifiedName.removeprefix("refs/heads/")),
        "labels": pages(lambda: [label(name) for name in world.labels]),
        "label": lambda name: label(name) if name in world.labels else None,
        "assignableUsers": pages(lambda: [user(name) for name in world.people]),
    }  # fmt: skip


def _is_pull(world: World, number: int) -> bool:
    return any(pull.number == number for pull in world.pulls)


def _page(asked: Node) -> Node:
    return {name: value for name, value in asked.items() if name in ("first", "last", "after", "before")}


def _pulls(world: World, headRefName: str = "", baseRefName: str = "", states: Any = None, **_: Any) -> list[Node]:
    found = [
        pull for pull in world.pulls
        if (not headRefName or pull.head == headRefName) and (not baseRefName or pull.base == baseRefName)
        and (not states or pull.state in states)
    ]  # fmt: skip
    return [pull_request(pull) for pull in reversed(found)]


def pull_of(world: World, number: int) -> Node:
    try:
        return pull_request(world.pull(number))
    except KeyError:
        words = f"Could not resolve to a PullRequest with the number of {number}."
        raise refuse(words, "NOT_FOUND") from None


def ref(world: World, branch: str) -> Node | None:
    tip = world.bare.tip(branch)
    if tip is None:
        return None
    rule = (
        {"requiredApprovingReviewCount": world.required} if branch == world.default_branch and world.required else None
    )
    return {
        "__typename": "Ref", "id": f"REF_{branch}", "name": branch, "prefix": "refs/heads/",
        "branchProtectionRule": rule, "target": {"__typename": "Commit", "oid": tip},
    }  # fmt: skip


def label(name: str) -> Node:
    return {"__typename": "Label", "id": f"LA_{name}", "name": name, "color": "ededed"}


def pull_request(pull: Pull) -> Node:
    return {**_told(pull), **_merging(pull), **_people(pull)}


def _told(pull: Pull) -> Node:
    world = pull.world
    return {
        "__typename": "PullRequest", "id": f"PR_{pull.number}", "fullDatabaseId": str(pull.number),
        "number": pull.number, "url": pull.url, "title": pull.title, "body": pull.body, "state": pull.state,
        "isDraft": pull.draft,
        "closed": pull.state != "OPEN", "createdAt": pull.created, "updatedAt": pull.ended or pull.created,
        "author": user(pull.author), "authorAssociation": "MEMBER", "isCrossRepository": False,
        "headRefName": pull.head, "baseRefName": pull.base, "headRefOid": lambda: pull.head_oid,
        "baseRefOid": lambda: pull.base_oid,
        "headRef": lambda: ref(world, pull.head), "baseRef": lambda: ref(world, pull.base),
        "headRepository": lambda: repository(world), "repository": lambda: repository(world),
        "headRepositoryOwner": {"__typename": "Organization", "id": f"O_{world.owner}", "login": world.owner},
        "commits": lambda **page: connection(_commits(pull), **page),
        "files": pages(lambda: [_file(*one) for one in _files(pull)]),
        "changedFiles": lambda: len(_files(pull)),
        "statusCheckRollup": lambda: rollup(pull.checks),
    }  # fmt: skip


def _file(path: str, more: int, less: int) -> Node:
    return {"path": path, "additions": more, "deletions": less}


def _files(pull: Pull) -> list[tuple[str, int, int]]:
    return pull.world.bare.files(pull.base_oid, pull.head_oid)


def _merging(pull: Pull) -> Node:
    merged = pull.state == "MERGED"
    return {
        "merged": merged, "mergedAt": pull.ended if merged else None, "closedAt": pull.ended,
        "mergedBy": user(pull.ended_by) if merged and pull.ended_by else None,
        "mergeCommit": {"__typename": "Commit", "oid": pull.merge_commit} if pull.merge_commit else None,
        "mergeable": lambda: pull.mergeable, "mergeStateStatus": lambda: pull.merge_state,
        "isInMergeQueue": False, "isMergeQueueEnabled": False, "autoMergeRequest": None,
        "potentialMergeCommit": None,
    }  # fmt: skip


def _people(pull: Pull) -> Node:
    def latest(**asked: Any) -> Node:
        return connection([review(pull, one) for one in pull.latest], **_page(asked))

    return {
        "reviewDecision": lambda: pull.decision,
        "reviews": lambda **asked: connection([review(pull, one) for one in pull.reviews], **_page(asked)),
        "latestReviews": latest, "latestOpinionatedReviews": latest,
        "reviewThreads": pages(lambda: [thread(pull, one) for one in pull.threads]),
        "comments": lambda **asked: connection([comment(pull, one) for one in pull.comments], **_page(asked)),
        "labels": lambda **asked: connection([label(name) for name in pull.labels], **_page(asked)),
        "reviewRequests": pages(lambda: [{"requestedReviewer": user(name)} for name in pull.reviewers]),
        "assignees": pages(list), "assignedActors": pages(list),
        "projectCards": pages(list), "projectItems": pages(list),
        "closingIssuesReferences": lambda **asked: connection([], **_page(asked)),
    }  # fmt: skip


def _remark(remark: Remark, anchor: str) -> Node:
    return {
        "id": remark.id, "author": user(remark.author), "body": remark.body, "createdAt": remark.at,
        "updatedAt": remark.at, "publishedAt": remark.at, "authorAssociation": remark.association, "url": anchor,
        "viewerDidAuthor": remark.author == ME, "fullDatabaseId": remark.id.rpartition("_")[2],
        "reactionGroups": [],
    }  # fmt: skip


def comment(pull: Pull, remark: Remark) -> Node:
    return {"__typename": "IssueComment", **_remark(remark, f"{pull.url}#issuecomment-{remark.id}")}


def review(pull: Pull, one: Review) -> Node:
    said = {"state": one.state, "submittedAt": one.at, "commit": {"__typename": "Commit", "oid": one.commit}}
    return {"__typename": "PullRequestReview", **_remark(one, f"{pull.url}#pullrequestreview-{one.id}"), **said}


def thread(pull: Pull, one: Thread) -> Node:
    def comments() -> list[Node]:
        place = {"path": one.path, "line": one.line, "outdated": False, "diffHunk": "@@ -1 +1 @@"}
        return [
            {"__typename": "PullRequestReviewComment", **_remark(said, f"{pull.url}#discussion_{said.id}"), **place}
            for said in one.comments
        ]

    return {
        "__typename": "PullRequestReviewThread", "id": one.id, "isResolved": one.resolved, "isOutdated": False,
        "path": one.path, "line": one.line, "originalLine": one.line, "diffSide": "RIGHT",
        "resolvedBy": user(one.resolved_by) if one.resolved_by else None, "viewerCanResolve": not one.resolved,
        "viewerCanReply": True, "comments": lambda **asked: connection(comments(), **_page(asked)),
    }  # fmt: skip


def _commits(pull: Pull) -> list[Node]:
    base = pull.base_oid
    return [
        {"commit": commit(pull.world, made.oid, rolled=made.oid == pull.head_oid)}
        for made in pull.world.bare.between(base, pull.head_oid)
    ]


def commit(world: World, oid: str, rolled: bool = True) -> Node:
    made = world.bare.commit(oid)
    author = {"name": made.author, "email": made.email, "date": made.at, "user": user(ME)}
    return {
        "__typename": "Commit", "id": f"C_{oid}", "oid": oid, "abbreviatedOid": oid[:7], "committedDate": made.at,
        "authoredDate": made.at, "messageHeadline": made.subject, "message": made.subject,
        "authors": pages(lambda: [author]), "author": author,
        "statusCheckRollup": lambda: rollup(world.checks_of(oid)) if rolled else None,
        "status": None,
    }  # fmt: skip


def rollup(checks: Sequence[Check]) -> Node | None:
    """Null where there is none, as there."""
    if not checks:
        return None
    failed = any(check.conclusion in ("FAILURE", "TIMED_OUT", "STARTUP_FAILURE", "CANCELLED") for check in checks)
    waiting = any(check.conclusion is None for check in checks)
    return {
        "id": "SCR_1", "state": "FAILURE" if failed else "PENDING" if waiting else "SUCCESS",
        "contexts": lambda **page: connection([check_node(check) for check in checks], **{"first": 100, **page}),
    }  # fmt: skip


def check_node(check: Check) -> Node:
    url = f"https://github.com/acme/demo/actions/runs/{check.id}/job/{check.id}"
    if check.is_status:
        return {
            "__typename": "StatusContext", "id": f"SC_{check.id}", "context": check.name, "targetUrl": url,
            "state": check.conclusion or "PENDING", "createdAt": check.at, "description": "", "isRequired": False,
        }  # fmt: skip
    suite = {"workflowRun": {"workflow": {"name": "CI"}, "event": "push", "databaseId": check.id}}
    return {
        "__typename": "CheckRun", "id": f"CR_{check.id}", "databaseId": check.id, "name": check.name,
        "status": check.status, "conclusion": check.conclusion, "startedAt": check.at,
        "completedAt": check.at if check.conclusion else None, "detailsUrl": url, "permalink": url, "url": url,
        "checkSuite": suite, "isRequired": False, "title": None, "summary": None, "text": None,
    }  # fmt: skip
