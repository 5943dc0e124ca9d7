"""The scripted GitHub itself, asked by the real gh: what tests conclude from it must be so."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from e2e.forge import REMOTE, TOKEN, bare_env
from e2e.servers.github import ME, GitHub

Gh = Callable[..., subprocess.CompletedProcess[str]]
HEAD = "topic"


@pytest.fixture
def gh(tmp_path: Path, github: GitHub) -> Gh:
    """In a clone with a branch of one commit, and at the remote, too."""
    clone = tmp_path / "clone"
    clone.mkdir()
    (tmp_path / "git/.cue").mkdir()
    ssh = Path(__file__).with_name("servers") / "ssh.sh"
    env = bare_env(tmp_path) | {
        "GH_CONFIG_DIR": str(github.config_dir()), "GH_TOKEN": TOKEN, "GH_PROMPT_DISABLED": "1",
        "GIT_SSH_COMMAND": str(ssh), "FAKE_GIT_ROOT": str(tmp_path / "git"),
    }  # fmt: skip
    script = f"""
        git init -q --bare -b main {github.world.bare.path} && git init -q -b main . && echo 1 >a && git add a
        git commit -qm begin && git remote add origin {REMOTE} && git push -q origin main && git checkout -qb {HEAD}
        echo 2 >b && git add b && git commit -qm more && git push -q origin {HEAD}
    """
    subprocess.run(["bash", "-ec", script], cwd=clone, env=env, check=True)
    return lambda *words: subprocess.run(
        ["gh", *words], cwd=clone, env=env, capture_output=True, text=True, check=False, timeout=60
    )


def create(gh: Gh, *words: str) -> subprocess.CompletedProcess[str]:
    return gh("pr", "create", "--head", HEAD, "--base", "main", "--title", "T", "--body", "B", *words)


def view(gh: Gh, *fields: str) -> dict[str, Any]:
    seen: dict[str, Any] = json.loads(gh("pr", "view", "1", "--json", ",".join(fields)).stdout)
    return seen


def test_a_pull_request_is_created_once_with_what_is_asked_for(gh: Gh, github: GitHub) -> None:
    made = create(gh, "--draft", "--label", "robot", "--reviewer", "ann")
    assert made.stdout.strip() == "https://github.com/acme/demo/pull/1", made.stderr
    pull = github.world.pull(1)
    assert (pull.draft, pull.labels, pull.reviewers, pull.author) == (True, ["robot"], ["ann"], ME)
    again = create(gh)
    assert (again.returncode, "already exists" in again.stderr) == (1, True)
    assert len(github.done("createPullRequest")) == 1


def test_a_decision_follows_from_the_last_opinion_of_each_reviewer(gh: Gh, github: GitHub) -> None:
    create(gh)
    pull = github.world.pull(1)
    seen = [view(gh, "reviewDecision")["reviewDecision"]]
    for who, state in (("ann", "CHANGES_REQUESTED"), ("ben", "APPROVED"), ("ann", "APPROVED"), ("ann", "COMMENTED")):
        pull.review(who, state)
        seen.append(view(gh, "reviewDecision")["reviewDecision"])
    github.world.required = 0
    seen.append(view(gh, "reviewDecision")["reviewDecision"])
    assert seen == ["REVIEW_REQUIRED", "CHANGES_REQUESTED", "CHANGES_REQUESTED", "APPROVED", "APPROVED", ""]


def test_what_git_cannot_merge_is_conflicting_and_is_not_merged(gh: Gh, github: GitHub) -> None:
    create(gh)
    pull, bare = github.world.pull(1), github.world.bare
    assert view(gh, "mergeable")["mergeable"] == "MERGEABLE"
    blob = bare.git("hash-object", "-w", "--stdin", text="3\n")
    tree = bare.git("mktree", text=f"100644 blob {blob}\tb\n")
    old = bare.tip("main") or ""
    bare.move("main", bare.git("commit-tree", tree, "-p", old, "-m", "other"), old)
    assert view(gh, "mergeable", "mergeStateStatus") == {"mergeable": "CONFLICTING", "mergeStateStatus": "DIRTY"}
    pull.review("ann", "APPROVED")
    assert gh("pr", "merge", "1", "--merge").returncode == 1
    assert pull.state == "OPEN"


@pytest.mark.parametrize(
    ("method", "subjects"),
    [("--merge", ["Merge pull request #1 from acme/topic", "begin"]), ("--squash", ["T (#1)", "begin"]),
     ("--rebase", ["more", "begin"])],
)  # fmt: skip
def test_each_method_merges_as_it_does_there_and_only_the_head_that_was_meant(
    gh: Gh, github: GitHub, method: str, subjects: list[str]
) -> None:
    create(gh)
    pull, bare = github.world.pull(1), github.world.bare
    pull.review("ann", "APPROVED")
    refused = gh("pr", "merge", "1", method, "--match-head-commit", "0" * 40)
    assert (refused.returncode, "Head branch was modified" in refused.stderr) == (1, True)
    assert gh("pr", "merge", "1", method, "--match-head-commit", pull.head_oid).returncode == 0
    assert bare.git("log", "--first-parent", "--format=%s", "main").splitlines() == subjects
    seen = view(gh, "state", "mergeCommit", "mergedBy")
    assert (seen["state"], seen["mergeCommit"]["oid"], seen["mergedBy"]["login"]) == ("MERGED", bare.tip("main"), ME)


def test_threads_come_in_pages_of_a_hundred(gh: Gh, github: GitHub) -> None:
    create(gh)
    for i in range(150):
        github.world.pull(1).thread("ann", "b", 1, f"no. {i}")
    query = """query($owner: String!, $name: String!, $after: String, $n: Int!) {
        repository(owner: $owner, name: $name) { pullRequest(number: 1) { reviewThreads(first: $n, after: $after) {
        nodes { id comments(first: 1) { nodes { body } } } pageInfo { hasNextPage endCursor } } } } }"""
    ask = ["api", "graphql", "-f", f"query={query}", "-F", "owner={owner}", "-F", "name={repo}"]
    first = json.loads(gh(*ask, "-F", "n=100").stdout)["data"]["repository"]["pullRequest"]["reviewThreads"]
    assert (len(first["nodes"]), first["pageInfo"]["hasNextPage"]) == (100, True)
    rest = json.loads(gh(*ask, "-F", "n=100", "-f", f"after={first['pageInfo']['endCursor']}").stdout)
    nodes = rest["data"]["repository"]["pullRequest"]["reviewThreads"]["nodes"]
    assert [node["comments"]["nodes"][0]["body"] for node in nodes] == [f"no. {i}" for i in range(100, 150)]
    assert "exceeds the limit" in gh(*ask, "-F", "n=150").stderr


def test_checks_are_of_a_commit_and_their_logs_are_to_be_had(gh: Gh, github: GitHub) -> None:
    create(gh)
    check = github.world.pull(1).check("unit", "FAILURE", log="what broke\n")
    github.world.pull(1).check("style", None, status=True)
    seen = {one.get("name") or one.get("context"): one for one in view(gh, "statusCheckRollup")["statusCheckRollup"]}
    assert (seen["unit"]["conclusion"], seen["style"]["state"]) == ("FAILURE", "PENDING")
    assert gh("api", f"repos/{{owner}}/{{repo}}/actions/jobs/{check.id}/logs").stdout == "what broke\n"


@pytest.mark.parametrize(
    ("how", "words"),
    [("gone", "EOF"), ("502", "HTTP 502"), ("limited", "API rate limit"), ("secondary", "secondary rate limit")],
)
def test_a_trouble_comes_on_cue_and_goes(gh: Gh, github: GitHub, how: Any, words: str) -> None:
    create(gh)
    fault = github.faults.add(how, times=1, skip=1)
    told = [gh("pr", "view", "1", "--json", "state") for _ in range(3)]
    assert [one.returncode for one in told] == [0, 1, 0]
    assert words in told[1].stderr
    assert fault.met == 1


def test_a_lost_answer_leaves_what_was_done(gh: Gh, github: GitHub) -> None:
    github.faults.add("cut", "mutation createPullRequest", times=1)
    assert create(gh).returncode == 1
    assert [pull.head for pull in github.world.pulls] == [HEAD]
    with github.away():
        assert "connect" in gh("pr", "view", "1").stderr
