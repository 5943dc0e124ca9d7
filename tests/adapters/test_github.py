"""GitHub through `gh`: all pages or none, and what cannot be said now apart from what is refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.forge.gh import ForgeRefusedError, ForgeUnreachableError, Gh
from orchestrator.adapters.forge.github import WHOLE, GitHub
from orchestrator.adapters.forge.local import NoForge

# Says what stands in the file that is named by the first words that there is a file for; notes what it was asked.
FAKE = """#!{python} -IS
import json, os, sys
folder, words = os.path.dirname(os.path.abspath(sys.argv[0])), sys.argv[1:]
with open(folder + "/asked", "a") as stream: stream.write(json.dumps(words) + "\\n")
for end in range(len(words), 0, -1):
    name = folder + "/" + " ".join(words[:end]).replace("/", "_")
    if len(os.path.basename(name)) < 250 and os.path.exists(name):
        answer = json.load(open(name))
        if isinstance(answer, list) and "api" in words and "graphql" in words:
            answer = answer[int("".join(w for w in words if w.startswith("after="))[6:] or 0)]
        if isinstance(answer, dict) and "fails" in answer: sys.exit(answer["fails"])
        print(answer if isinstance(answer, str) else json.dumps(answer))
        sys.exit()
sys.exit("HTTP 503")
"""
PULL = {
    "number": 7, "url": "https://github.com/acme/demo/pull/7", "state": "OPEN", "headRefOid": "h",
    "author": {"login": "app/robot"}, "reviewDecision": "CHANGES_REQUESTED", "mergeable": "CONFLICTING",
    "commits": [{"committedDate": "2026-01-02T00:00:00Z"}, {"committedDate": "2026-01-03T00:00:00Z"}],
    "comments": [
        {"id": "c", "author": None, "body": "hm", "createdAt": "2026-01-01T00:00:00Z", "authorAssociation": "NONE"},
        {"id": "d", "author": {"login": "ann"}, "body": "spam", "isMinimized": True},
    ],
}  # fmt: skip


class Says:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "gh").write_text(FAKE.format(python=sys.executable))
        (folder / "gh").chmod(0o755)
        self.gh = Gh(str(folder / "gh"), str(folder))
        self.forge = GitHub(self.gh, {"origin": "git@github.com:acme/demo.git"})

    def answer(self, words: str, answer: Any) -> None:
        (self.folder / words.replace("/", "_")).write_text(json.dumps(answer))

    @property
    def asked(self) -> list[list[str]]:
        return [json.loads(line) for line in (self.folder / "asked").read_text().splitlines()]


@pytest.fixture
def says(tmp_path: Path) -> Says:
    return Says(tmp_path)


def threads(*nodes: dict[str, Any], after: str | None = None) -> dict[str, Any]:
    info = {"hasNextPage": after is not None, "endCursor": after}
    page = {"nodes": list(nodes), "pageInfo": info}
    return {"data": {"repository": {"pullRequest": {"reviewThreads": page}}}}


def thread(name: str, *bodies: str) -> dict[str, Any]:
    said = [{"id": f"{name}-{n}", "body": body, "author": {"login": "ann"}} for n, body in enumerate(bodies)]
    return {"id": name, "isResolved": False, "path": "a.py", "line": 3, "comments": {"nodes": said}}


def test_what_gh_tells_of_a_pull_request_becomes_one_record(says: Says) -> None:
    says.answer("pr view 7", PULL)
    says.answer("api graphql", [threads(thread("t", "rename it"))])
    pull = says.forge.pull_request(7)
    assert (pull.state, pull.author, pull.decision, pull.mergeable) == ("open", "robot", "changes_requested", False)
    assert pull.pushed_at == "2026-01-03T00:00:00Z"
    assert [(one.author, one.body) for one in pull.comments] == [("ghost", "hm")]
    assert [(one.id, one.line, one.remarks[0].body) for one in pull.threads] == [("t", 3, "rename it")]


def test_all_pages_of_threads_are_read(says: Says) -> None:
    says.answer("pr view 7", PULL)
    pages = [threads(thread("a"), after="1"), threads(thread("b"), after="2"), threads(thread("c"))]
    says.answer("api graphql", pages)
    assert [one.id for one in says.forge.pull_request(7).threads] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "pages",
    [
        [threads(thread("a"), after="1"), {"fails": "HTTP 502"}],
        [threads(thread("a"), after="1"), {"data": {"repository": {"pullRequest": None}}}],
        [threads(thread("a"), after="1"), threads(thread("b"), after="1")],
    ],
    ids=["fails", "empty", "the same again"],
)
def test_half_of_the_threads_is_no_answer(says: Says, pages: list[Any]) -> None:
    says.answer("pr view 7", PULL)
    says.answer("api graphql", pages)
    with pytest.raises(ForgeUnreachableError):
        says.forge.pull_request(7)


def test_of_one_that_has_ended_the_state_will_do(says: Says) -> None:
    says.answer("pr view 7 --json state", "MERGED")
    assert says.forge.pull_request(7).state == "merged"


@pytest.mark.parametrize("word", ["", "APPROVED", "{}"])
def test_a_state_that_nobody_knows_is_no_answer(says: Says, word: str) -> None:
    says.answer("pr view 7 --json state", word)
    with pytest.raises(ForgeUnreachableError):
        says.forge.state(7)


@pytest.mark.parametrize(
    ("shown", "state"),
    [
        ({"name": "ci", "status": "COMPLETED", "conclusion": "SUCCESS"}, "passed"),
        ({"name": "ci", "status": "COMPLETED", "conclusion": "NEUTRAL"}, "skipped"),
        ({"name": "ci", "status": "COMPLETED", "conclusion": "TIMED_OUT"}, "failed"),
        ({"name": "ci", "status": "COMPLETED", "conclusion": "CANCELLED"}, "pending"),
        ({"name": "ci", "status": "COMPLETED", "conclusion": "ACTION_REQUIRED"}, "pending"),
        ({"name": "ci", "status": "COMPLETED", "conclusion": "OF_TOMORROW"}, "pending"),
        ({"name": "ci", "status": "IN_PROGRESS", "conclusion": ""}, "pending"),
        ({"context": "ci", "state": "EXPECTED"}, "pending"),
        ({"context": "ci", "state": "ERROR"}, "failed"),
        ({"context": "ci", "state": "SUCCESS"}, "passed"),
    ],
)
def test_a_check_has_passed_only_when_it_says_so(says: Says, shown: dict[str, Any], state: str) -> None:
    says.answer("pr view 7", PULL | {"statusCheckRollup": [shown]})
    says.answer("api graphql", [threads()])
    assert [(one.name, one.state) for one in says.forge.pull_request(7).checks] == [("ci", state)]


def test_a_cancelled_check_that_was_begun_again_is_none(says: Says) -> None:
    runs = [{"name": "ci", "status": "COMPLETED", "conclusion": word} for word in ("CANCELLED", "SUCCESS")]
    says.answer("pr view 7", PULL | {"statusCheckRollup": runs})
    says.answer("api graphql", [threads()])
    assert [one.state for one in says.forge.pull_request(7).checks] == ["passed"]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("GraphQL: Could not resolve to a PullRequest with the number of 7.", ForgeRefusedError),
        ("none of the git remotes configured for this repository point to a known GitHub host.", ForgeRefusedError),
        ("HTTP 404: Not Found", ForgeRefusedError),
        ("HTTP 401: Bad credentials", ForgeUnreachableError),
        ("error connecting to api.github.com", ForgeUnreachableError),
        ("something nobody has seen", ForgeUnreachableError),
    ],
)
def test_in_doubt_a_failure_is_no_answer(says: Says, said: str, error: type[Exception]) -> None:
    says.answer("pr view", {"fails": said})
    with pytest.raises(error, match="pr view"):
        says.forge.state(7)


def test_a_rate_limit_is_said_with_its_end_and_a_second_one_without(says: Says) -> None:
    says.answer("api rate_limit", {"resources": {"graphql": {"remaining": 0, "reset": 1767229200}}})
    says.answer("pr view", {"fails": "GraphQL: API rate limit exceeded for user ID 1."})
    with pytest.raises(ForgeUnreachableError, match="used up until 01:00:00 UTC"):
        says.forge.state(7)
    says.answer("pr view", {"fails": "HTTP 403: You have exceeded a secondary rate limit."})
    with pytest.raises(ForgeUnreachableError, match="asked less often"):
        says.forge.state(7)


def test_only_pull_requests_of_the_own_repository_are_of_the_branch(says: Says) -> None:
    rows = [
        {"number": n, "state": "OPEN", "headRefName": head, "headRepositoryOwner": {"login": owner}}
        for n, head, owner in ((1, "t", "acme"), (2, "t", "stranger"), (3, "tt", "acme"), (4, "t", "Acme"))
    ]
    says.answer("pr list", rows)
    assert [pull.number for pull in says.forge.find("t")] == [4, 1]


def test_the_end_of_a_log_is_asked_for_and_not_insisted_on(says: Says) -> None:
    job = "https://github.com/acme/demo/actions/runs/1/job/42"
    runs = [{"name": name, "status": "COMPLETED", "conclusion": "FAILURE", "detailsUrl": url}
            for name, url in (("test", job), ("lint", "https://ci.invalid/1"), ("silent", ""))]  # fmt: skip
    says.answer("pr view 7", PULL | {"statusCheckRollup": runs})
    says.answer("api graphql", [threads()])
    says.answer("api repos/{owner}/{repo}/actions/jobs/42/logs", "no luck")
    says.answer("api repos/{owner}/{repo}/commits/h/check-runs?per_page=100",
                {"check_runs": [{"name": "lint", "output": {"title": "2 errors", "summary": "line 3"}}]})  # fmt: skip
    pull = says.forge.pull_request(7)
    assert says.forge.log_ends(pull, pull.checks) == {"test": "no luck", "lint": "2 errors\nline 3"}


@pytest.mark.parametrize(
    ("told", "method"),
    [
        ({"viewerDefaultMergeMethod": "SQUASH", "mergeCommitAllowed": True, "squashMergeAllowed": True}, "squash"),
        ({"viewerDefaultMergeMethod": "MERGE", "mergeCommitAllowed": False, "rebaseMergeAllowed": True}, "rebase"),
        ({"fails": "HTTP 500"}, None),
    ],
)
def test_the_merge_method_is_the_repositorys_own(says: Says, told: dict[str, Any], method: str | None) -> None:
    says.answer("repo view", told)
    assert says.forge.default_merge_method() == method


def test_a_merge_names_the_commit_that_is_meant(says: Says) -> None:
    says.answer("pr merge", "")
    says.forge.merge(7, "squash", "abc")
    assert says.asked[-1] == ["pr", "merge", "7", "--squash", "--match-head-commit", "abc"]


def test_what_an_old_gh_cannot_edit_is_asked_for_otherwise(says: Says) -> None:
    said = "GraphQL: Projects (classic) is being deprecated in favor of the new Projects experience"
    says.answer("pr edit", {"fails": f"{said} (repository.pullRequest.projectCards)"})
    for place in ("pulls/7", "issues/7/labels", "pulls/7/requested_reviewers"):
        says.answer(f"api repos/{{owner}}/{{repo}}/{place}", {})
    says.forge.set_base(7, "main")
    says.forge.add_labels(7, ["a, b", "c"])
    says.forge.ask_reviewers(7, ["ann", "acme/team"])
    assert [words[2:] for words in says.asked if words[0] == "api"] == [
        ["--method", "PATCH", "-f", "base=main"],
        ["--method", "POST", "-f", "labels[]=a, b", "-f", "labels[]=c"],
        ["--method", "POST", "-f", "reviewers[]=ann", "-f", "team_reviewers[]=team"],
    ]


@pytest.mark.parametrize("said", ['Unknown JSON field: "latestReviews"', "Field 'latestReviews' doesn't exist on type"])
def test_the_last_reviews_are_not_insisted_on(says: Says, said: str) -> None:
    says.answer(f"pr view 7 --json {WHOLE}", {"fails": said})
    says.answer(f"pr view 7 --json {WHOLE.replace('latestReviews,', '')}", PULL)
    says.answer("api graphql", [threads()])
    assert says.forge.pull_request(7).decision == "changes_requested"


def test_json_is_never_coloured(says: Says, monkeypatch: pytest.MonkeyPatch) -> None:
    """`gh` takes CLICOLOR_FORCE for more than NO_COLOR."""
    monkeypatch.setenv("CLICOLOR_FORCE", "1")
    monkeypatch.setenv("GH_FORCE_TTY", "80")
    (says.folder / "gh").write_text('#!/bin/sh\necho "${CLICOLOR_FORCE-}${GH_FORCE_TTY-}${NO_COLOR-}"\n')
    assert says.gh.text("pr") == "1\n"


def test_a_program_that_is_not_there_or_hangs_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(ForgeUnreachableError, match="cannot be started"):
        GitHub(Gh("/nowhere/gh", str(tmp_path)), {}).state(7)
    with pytest.raises(ForgeUnreachableError, match="did not answer"):
        Gh("sleep", str(tmp_path)).text("60", timeout=0.05)


def test_without_a_forge_there_is_nothing_to_find_and_nothing_to_make() -> None:
    forge = NoForge("/some/repo")
    assert forge.find("t") == ()
    with pytest.raises(ForgeRefusedError, match="no remote"):
        forge.merge(7, "merge", "abc")
