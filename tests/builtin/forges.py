"""A stand-in for `gh` with pull requests in a file, for the scripts that open them. The real one is asked in e2e/.

`cue` makes it misbehave: `down` (answers nothing), `lost` (does it, and fails), `late` (shows what is made only from
the fourth look on), `limited`, `logged out`, `draftless`, or `kill:N:before|after` (kills whoever called it around its
Nth question).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.builtin.scripts import SCRIPTS, Said, commit, repo_with_origin, run

GH = """#!{python} -IS
import json, os, signal, sys
folder, words = os.path.dirname(os.path.abspath(sys.argv[0])), sys.argv[1:]
path = lambda name: os.path.join(folder, name)
def read(name, default):
    try: return json.load(open(path(name)))
    except FileNotFoundError: return default
def save(name, value): json.dump(value, open(path(name), "w"))
def option(name): return words[words.index(name) + 1] if name in words else None
def fail(text): sys.stderr.write(text + "\\n"); sys.exit(1)
calls = read("calls", []) + [words]
save("calls", calls)
cue, pulls = read("cue", ""), read("pulls", [])
def maybe_die(when):
    if cue == f"kill:{{len(calls)}}:{{when}}":
        save("cue", "")
        os.kill(-os.getpgid(0), signal.SIGKILL)
maybe_die("before")
if cue == "down": fail("dial tcp: connection refused")
if cue == "logged out": fail("To get started with GitHub CLI, please run:  gh auth login")
if cue == "limited":
    if words == ["api", "rate_limit"]:
        core, graphql = {{"remaining": 9, "reset": 1}}, {{"remaining": 0, "reset": 1767229200}}
        print(json.dumps({{"resources": {{"core": core, "graphql": graphql}}}}))
        sys.exit()
    fail("GraphQL: API rate limit exceeded for user ID 1.")
if words[:2] == ["pr", "list"]:
    hidden = cue == "late" and sum(call[:2] == ["pr", "list"] for call in calls) < 4
    shown = [] if hidden else [pull for pull in pulls if pull["headRefName"] == option("--head")]
    print(json.dumps(shown))
elif words[:2] == ["pr", "create"]:
    head = option("--head").rpartition(":")[2]
    if any(pull["headRefName"] == head and pull["state"] == "OPEN" for pull in pulls):
        fail("a pull request for branch " + head + " already exists")
    if "--draft" in words and cue == "draftless":
        fail("GraphQL: Draft pull requests are not supported in this repository. (createPullRequest)")
    number = len(pulls) + 7
    pulls.append({{"number": number, "url": f"https://forge.invalid/acme/demo/pull/{{number}}", "state": "OPEN",
        "title": option("--title"), "body": sys.stdin.read(), "isDraft": "--draft" in words,
        "baseRefName": option("--base"), "headRefName": head, "headRefOid": "",
        "isCrossRepository": False, "headRepositoryOwner": {{"login": "acme"}}}})
    save("pulls", pulls)
    if cue == "lost": fail("unexpected EOF")
    print(pulls[-1]["url"])
elif words[:2] == ["pr", "edit"]:
    pull = next(pull for pull in pulls if str(pull["number"]) == words[2])
    for word in words[3:]:
        name, _, value = word.partition("=")
        if value.startswith("no-"): fail(f"failed to update 1 pull request: '{{value}}' not found")
        pull.setdefault(name, []).append(value)
    if "--base" in words: pull["baseRefName"] = option("--base")
    save("pulls", pulls)
else: fail("unknown question " + " ".join(words))
maybe_die("after")
"""


class Site:
    """A repository with an origin, a worktree on branch t with a commit, and a forge."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.forge = root / "forge"
        self.forge.mkdir()
        self.gh = self.forge / "gh"
        self.gh.write_text(GH.format(python=sys.executable))
        self.gh.chmod(0o755)
        self.repo = repo_with_origin(root / "repo")
        self.tree = root / "work tree"
        said = run("setup-worktree.sh", self.repo, "t", self.tree)
        assert said.code == 0, said
        commit(self.tree, done="1\n")

    def create(self, *words: str, **env: str) -> Said:
        given = words or ("T-1", "A `title`\nof $(touch x)", "What for", "- it works", "https://tracker.invalid/1")
        return run("create-pr.sh", self.repo, "t", self.tree, *given, cwd=self.tree, **self.env(env))

    def push(self) -> Said:
        return run("push-branch.sh", "t", self.tree)

    def create_and_die(self) -> int:
        """As the runner starts it: in a group of its own. The exit code."""
        argv = ["/bin/bash", str(SCRIPTS / "create-pr.sh"), str(self.repo), "t", str(self.tree), "T-1", "A title"]
        env = {**os.environ, **self.env({})}
        null = subprocess.DEVNULL
        with subprocess.Popen(argv, env=env, stdin=null, stdout=null, stderr=null, start_new_session=True) as process:
            return process.wait(60)

    def env(self, more: dict[str, str]) -> dict[str, str]:
        return {"ORCHESTRATOR_GH": str(self.gh), "ORCHESTRATOR_HOME": str(self.root / "home"), **more}

    def cue(self, word: str) -> None:
        (self.forge / "cue").write_text(json.dumps(word))

    @property
    def pulls(self) -> list[dict[str, Any]]:
        return self._read("pulls")

    @property
    def calls(self) -> list[list[str]]:
        return self._read("calls")

    def asked(self, *words: str) -> int:
        return sum(call[: len(words)] == list(words) for call in self.calls)

    def change(self, **keys: Any) -> None:
        """Somebody does something to the latest pull request."""
        pulls = self.pulls
        pulls[-1].update(keys)
        (self.forge / "pulls").write_text(json.dumps(pulls))

    def _read(self, name: str) -> list[Any]:
        path = self.forge / name
        found: list[Any] = json.loads(path.read_text()) if path.exists() else []
        return found


KILLED = -signal.SIGKILL
