"""A stand-in for gh whose pull request remembers what was said in it: a file of JSON, changed by test and scripts."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from orchestrator.core.times import iso
from tests.builtin.scripts import Said, run

HEAD, OLD = "h" * 40, "o" * 40
EARLY, PUSHED, LATE, LATER = (f"2026-03-01T{hour}:00:00Z" for hour in (10, 11, 12, 13))

PROGRAM = f"""\
#!{sys.executable} -S
import json, os, sys
words, place = sys.argv[1:], os.path.abspath(sys.argv[0]) + ".json"
with open(place) as file:
    world = json.load(file)
world["calls"].append(words[:2])
def keep():
    with open(place + ".new", "w") as file:
        json.dump(world, file)
    os.replace(place + ".new", place)
def fail(text):
    keep()
    sys.exit(text)
given = dict(word.split("=", 1) for flag, word in zip(words, words[1:]) if flag in ("-f", "-F"))
what = "mutation" if "mutation" in given.get("query", "") else words[1]
if world["down"] and what in world["down"]:
    fail("HTTP 503: try later")
def remark(body):
    n = world["n"] = world["n"] + 1
    return {{"id": f"N{{n}}", "body": body, "createdAt": world["now"], "author": {{"login": "runner"}}}}
def thread():
    for one in world["threads"]:
        if one["id"] == given["thread"]:
            return one
    fail("Could not resolve to a node with the global id")
if words[:2] == ["pr", "view"]:
    said = dict(world["pull"])
    keep()
    fields = words[words.index("--json") + 1].split(",")
    print(said["state"] if "--jq" in words else json.dumps({{key: said[key] for key in fields if key in said}}))
elif words[:2] == ["pr", "comment"]:
    world["pull"]["comments"].append(remark(sys.stdin.read()))
    keep()
elif "addPullRequestReviewThreadReply" in given.get("query", ""):
    thread()["comments"]["nodes"].append(remark(given["body"]))
    keep()
    print('{{"data": {{"addPullRequestReviewThreadReply": {{"comment": {{"id": "x"}}}}}}}}')
elif "resolveReviewThread" in given.get("query", ""):
    if world["forbids"]:
        fail("GraphQL: runner does not have the correct permissions to execute `ResolveReviewThread`")
    thread()["isResolved"] = True
    keep()
    print('{{"data": {{"resolveReviewThread": {{"thread": {{"id": "x"}}}}}}}}')
elif "reviews(last" in given.get("query", ""):
    keep()
    def typed(said):
        login = said["author"]["login"]
        return {{"author": {{"login": login, "__typename": "Bot" if login in world["bots"] else "User"}}}}
    found = {{kind: {{"nodes": [typed(one) for one in world["pull"][kind]]}} for kind in ("comments", "reviews")}}
    print(json.dumps({{"data": {{"repository": {{"pullRequest": found}}}}}}))
elif "reviewThreads" in given.get("query", ""):
    keep()
    at = int(given.get("after", 0))
    info = {{"hasNextPage": at + 100 < len(world["threads"]), "endCursor": str(at + 100)}}
    found = {{"nodes": world["threads"][at : at + 100], "pageInfo": info}}
    print(json.dumps({{"data": {{"repository": {{"pullRequest": {{"reviewThreads": found}}}}}}}}))
elif words[0] == "api" and words[1].endswith("/logs") and world["log"]:
    keep()
    print(world["log"])
else:
    fail("HTTP 404: Not Found")
"""


class Gh:
    """The pull request 7 of `repo`, for the ticket T-1 of plan p."""

    def __init__(self, folder: Path, repo: Path) -> None:
        self.program, self.repo, self.home = folder / "g h", repo, folder / "home"
        self.program.write_text(PROGRAM)
        self.program.chmod(0o755)
        self.home.mkdir()
        self.file = Path(f"{self.program}.json")
        pull = {
            "number": 7, "state": "OPEN", "author": {"login": "runner"}, "headRefOid": HEAD, "reviewDecision": "",
            "reviews": [], "commits": [{"committedDate": EARLY}, {"committedDate": PUSHED}], "latestReviews": [],
            "comments": [], "statusCheckRollup": [], "mergeable": "MERGEABLE",
        }  # fmt: skip
        world = {
            "pull": pull,
            "threads": [],
            "calls": [],
            "down": [],
            "bots": [],
            "n": 0,
            "now": LATER,
            "forbids": False,
            "log": "",
        }
        self.file.write_text(json.dumps(world))

    @property
    def world(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.file.read_text())
        return found

    def change(self, **world: Any) -> None:
        self.file.write_text(json.dumps(self.world | world))

    def shows(self, *threads: dict[str, Any], **pull: Any) -> None:
        world = self.world
        self.change(threads=[*world["threads"], *threads], pull=world["pull"] | pull)

    def says(self, thread: str) -> list[str]:
        """What is said in a thread, without what nobody sees."""
        (found,) = (one for one in self.world["threads"] if one["id"] == thread)
        return [one["body"].partition("\n\n<!--")[0] for one in found["comments"]["nodes"]]

    def is_resolved(self, thread: str) -> bool:
        return any(one["id"] == thread and one["isResolved"] for one in self.world["threads"])

    @property
    def comments(self) -> list[str]:
        return [one["body"].partition("\n\n<!--")[0] for one in self.world["pull"]["comments"]]

    def ask(self, script: str, *args: str | Path, pr: str = "7", by_hand: bool = False) -> Said:
        env: dict[str, Any] = {"ORCHESTRATOR_GH": str(self.program), "ORCHESTRATOR_HOME": str(self.home)}
        if not by_hand:
            env |= {"ORCHESTRATOR_PLAN": "p", "ORCHESTRATOR_TICKET": "T-1"}
        return run(script, self.repo, pr, *args, **env)

    def word(self, **how: Any) -> tuple[int, str]:
        said = self.ask("check-pr-review.sh", **how)
        return said.code, said.out.strip()

    @property
    def memory(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / "state/.pull-requests/p/T-1.json").read_text())
        return found

    def configure(self, text: str) -> None:
        (self.home / "config.yaml").write_text(text)


def review(state: str, at: str = LATE, oid: str = OLD, who: str = "ann", body: str = "see there") -> dict[str, Any]:
    return {
        "id": f"R{at}{who}", "author": {"login": who}, "state": state, "submittedAt": at, "commit": {"oid": oid},
        "body": body,
    }  # fmt: skip


def comment(body: str = "well?", at: str = LATE, who: str = "ann", **more: Any) -> dict[str, Any]:
    return {"id": f"C{at}{who}", "author": {"login": who}, "createdAt": at, "body": body, **more}


def thread(id: str = "PRRT_1", *said: dict[str, Any], resolved: bool = False) -> dict[str, Any]:
    nodes = list(said) or [comment("rename it")]
    return {"id": id, "isResolved": resolved, "path": "a.py", "line": 3, "comments": {"nodes": nodes}}


def check(conclusion: str = "FAILURE", name: str = "ci", url: str = "") -> dict[str, Any]:
    return {"name": name, "status": "COMPLETED", "conclusion": conclusion, "completedAt": iso(0), "detailsUrl": url}
