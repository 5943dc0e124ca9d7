"""A stand-in for `gh` with one pull request, that really merges it at the origin. The real one is asked in e2e/."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.builtin.scripts import SCRIPTS, Said, commit, git, origin_of, repo_with_origin, run

GH = """#!{python} -IS
import json, os, subprocess, sys
folder, origin, words = os.path.dirname(os.path.abspath(sys.argv[0])), {origin!r}, sys.argv[1:]
def git(*words): return subprocess.run(["git", "-C", origin, *words], check=True, capture_output=True, text=True).stdout.strip()
pull = json.load(open(folder + "/pull"))
cue = pull.pop("cue", "")
with open(folder + "/calls", "a") as calls: calls.write(" ".join(words[:2]) + "\\n")
n = len(open(folder + "/calls").readlines())
def save(): json.dump({{**pull, "cue": cue}}, open(folder + "/pull", "w"))
def die(when):
    if cue == f"kill:{{n}}:{{when}}": os.kill(0, 9)
def fail(text): sys.stderr.write(text + "\\n"); sys.exit(1)
die("before")
if cue == "down": fail("dial tcp: connection refused")
if words[:2] == ["pr", "view"]:
    if "headRefOid" not in pull: pull["headRefOid"] = git("rev-parse", pull["headRefName"])
    if "--jq" in words: print(pull["state"])
    else: print(json.dumps(pull))
elif words[:2] == ["api", "graphql"]:
    threads = {{"nodes": [], "pageInfo": {{"hasNextPage": False, "endCursor": None}}}}
    print(json.dumps({{"data": {{"repository": {{"pullRequest": {{"reviewThreads": threads}}}}}}}}))
elif words[:2] == ["repo", "view"]:
    fail("HTTP 404") if cue == "silent" else print(json.dumps({{"viewerDefaultMergeMethod": "SQUASH",
        "mergeCommitAllowed": False, "squashMergeAllowed": True, "rebaseMergeAllowed": False}}))
elif words[:2] == ["pr", "merge"]:
    assert words[4:] == ["--match-head-commit", words[5]], words
    head, base = git("rev-parse", pull["headRefName"]), pull["baseRefName"]
    if pull["state"] == "MERGED": sys.exit()
    if words[5] != head: fail("GraphQL: Head branch was modified. Review and try the merge again. (mergePullRequest)")
    if cue in ("squash", "silent") and words[3] != "--squash": fail("GraphQL: Merge commits are not allowed on this repository. (mergePullRequest)")
    if cue == "rules": fail("X Pull request acme/demo#7 is not mergeable: the base branch policy prohibits the merge.")
    if cue == "queue": sys.exit()
    parents = ["-p", base] + (["-p", head] if words[3] == "--merge" else [])
    git("update-ref", "refs/heads/" + base, git("commit-tree", head + "^{{tree}}", *parents, "-m", "T-1 (#7) by " + words[3]))
    pull["state"] = "MERGED"
    save()
    if cue == "lost": fail("unexpected EOF")
else: fail("unknown question " + " ".join(words))
die("after")
"""  # noqa: E501


class Lane:
    """A repository with an origin, a pushed ticket, its approved pull request, and autoMerge."""

    def __init__(self, root: Path) -> None:
        self.root, self.forge = root, root / "forge"
        self.repo = repo_with_origin(root / "répo")
        self.origin = origin_of(self.repo)
        self.forge.mkdir()
        self.gh = self.forge / "gh"
        self.gh.write_text(GH.format(python=sys.executable, origin=str(self.origin)))
        self.gh.chmod(0o755)
        self.tree = root / "work tree"
        assert run("setup-worktree.sh", self.repo, "t", self.tree).code == 0
        commit(self.tree, done="1\n")
        self.push()
        self.configure(autoMerge=True)
        self.shows()

    def push(self) -> None:
        assert run("push-branch.sh", "t", self.tree).code == 0

    def configure(self, **keys: Any) -> None:
        (self.root / "config.yaml").write_text(json.dumps(keys))

    def shows(self, cue: str = "", **keys: Any) -> None:
        pull = {
            "number": 7, "url": "https://forge.invalid/7", "title": "T", "state": "OPEN", "isDraft": False,
            "author": {"login": "runner"}, "baseRefName": "main", "headRefName": "t", "mergeable": "MERGEABLE",
            "commits": [{"committedDate": "2026-03-01T10:00:00Z"}], "reviewDecision": "APPROVED", "reviews": [],
            "latestReviews": [], "comments": [],
            "statusCheckRollup": [{"name": "ci", "status": "COMPLETED", "conclusion": "SUCCESS"}],
        }  # fmt: skip
        (self.forge / "pull").write_text(json.dumps({**pull, "cue": cue, **keys}))

    @property
    def calls(self) -> list[str]:
        return (self.forge / "calls").read_text().splitlines()

    @property
    def env(self) -> dict[str, str]:
        config = self.root / "config.yaml"
        return {
            "ORCHESTRATOR_GH": str(self.gh),
            "ORCHESTRATOR_CONFIG": str(config),
            "ORCHESTRATOR_HOME": str(self.root),
        }

    def ask(self, script: str, *more: str | Path, **env: str) -> Said:
        return run(script, self.repo, "7", *more, cwd=self.tree, **{**self.env, **env})

    def merge(self, **env: str) -> Said:
        return self.ask("merge-pr.sh", "t", self.tree, **env)

    def merge_or_die(self) -> int:
        argv = ["/bin/bash", str(SCRIPTS / "merge-pr.sh"), str(self.repo), "7", "t", str(self.tree)]
        done = subprocess.run(
            argv, env={**os.environ, **self.env}, stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
            check=False, start_new_session=True,
        )  # fmt: skip
        return done.returncode

    def log(self) -> list[str]:
        return git(self.origin, "log", "--first-parent", "--format=%s", "main").splitlines()[:-1]
