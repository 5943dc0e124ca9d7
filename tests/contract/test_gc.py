"""`gc`: what nobody needs any more goes; what has work in it, is under way or is no ticket's stays."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Any

import pytest

from tests.builtin import scripts
from tests.builtin.scripts import git
from tests.contract.kit import Box

pytestmark = pytest.mark.thorough(every=2)

HOURS, DAYS = 3600, 86400


class Yard:
    """A home with a plan, a repository, and worktrees that setup-worktree.sh made."""

    def __init__(self, box: Box) -> None:
        self.box, self.root = box, box.root / "worktrees"
        self.repo = scripts.lone_repo(box.root / "the repo")
        self.entries: list[str] = []

    def ticket(self, id: str, status: str = "complete", made: bool = True, **keys: Any) -> Path:
        path = self.root / id
        if made:
            self.set_up(path, id)
        self.entries.append(id)
        self.box.ticket("p", id, status=status, branch=f"me/{id}", currentPhase="done", **keys)
        self.box.plan("p", *self.entries, repo=str(self.repo))
        return path

    def set_up(self, path: Path, id: str, plan: str = "p") -> None:
        env = {"ORCHESTRATOR_PLAN": plan, "ORCHESTRATOR_TICKET": id, "ORCHESTRATOR_HOME": str(self.box.home)}
        said = scripts.run("setup-worktree.sh", self.repo, f"me/{id}", path, **env)
        assert said.code == 0, said.err

    def gc(self, *words: str) -> tuple[dict[str, str], dict[str, str]]:
        """Path → kind of what went, and path → reason of what was kept."""
        found = self.box.ok("gc", "--json", *words).json
        removed = {Path(one["path"]).name: one["kind"] for one in found["removed"]}
        return removed, {Path(one["path"]).name: one["reason"] for one in found["kept"]}

    def known(self) -> set[str]:
        lines = git(self.repo, "worktree", "list", "--porcelain").splitlines()
        return {Path(line.removeprefix("worktree ")).name for line in lines if line.startswith("worktree ")} - {
            "the repo"
        }

    def own(self, path: Path) -> Path:
        return Path(git(path, "rev-parse", "--absolute-git-dir"))


@pytest.fixture
def yard(box: Box) -> Yard:
    return Yard(box)


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_worktrees_of_complete_tickets_go_and_those_of_others_stay(yard: Yard) -> None:
    done = yard.ticket("T-done")
    others = [
        yard.ticket(f"T-{status}", status) for status in ("failed", "needs_attention", "paused", "ready", "queued")
    ]
    assert yard.gc() == ({"T-done": "worktree"}, {})
    assert not done.exists() and all(path.exists() for path in others)
    assert "T-done" not in yard.known() and git(yard.repo, "branch", "--list", "me/T-done"), "its branch stays"
    assert yard.gc("--state", "failed,needs_attention")[0].keys() == {"T-failed", "T-needs_attention"}
    assert yard.known() == {"T-paused", "T-ready", "T-queued"}


def test_what_has_work_in_it_is_kept_and_said_why(yard: Yard) -> None:
    dirty, busy = yard.ticket("T-dirty"), yard.ticket("T-busy")
    (dirty / "notes.txt").write_text("mine")
    (dirty / "shared").write_text("changed")
    (yard.own(busy) / "MERGE_HEAD").write_text(git(busy, "rev-parse", "HEAD"))
    for words in (("--dry-run",), ()):
        removed, kept = yard.gc(*words)
        assert removed == {} and kept.keys() == {"T-dirty", "T-busy"}
        assert "notes.txt" in kept["T-dirty"] and "shared" in kept["T-dirty"] and "merge" in kept["T-busy"]
    assert (dirty / "notes.txt").read_text() == "mine"


def test_a_dry_run_says_the_same_and_changes_nothing(yard: Yard) -> None:
    yard.ticket("T-1")
    (yard.ticket("T-2") / "notes.txt").touch()
    yard.set_up(yard.root / "gone", "gone")
    before = sorted(str(one) for one in (*yard.root.rglob("*"), *yard.box.home.rglob("*")))
    said = yard.box.ok("gc", "--dry-run").out.splitlines()
    assert before == sorted(str(one) for one in (*yard.root.rglob("*"), *yard.box.home.rglob("*")))
    assert yard.known() == {"T-1", "T-2", "gone"}
    done = yard.box.ok("gc").out.splitlines()
    assert said[:-1] == done[:-1]
    assert said[-1].startswith("would remove 1 worktree and 1 worktree without a ticket, ")
    assert said[-1].endswith("; 1 kept; nothing was changed (--dry-run)")
    assert done[-1] == said[-1].replace("would remove", "removed").partition("; nothing")[0]


def test_a_ticket_that_somebody_walks_or_that_has_an_open_attempt_is_left_alone(yard: Yard) -> None:
    walked, opened = yard.ticket("T-walked"), yard.ticket("T-open", "complete", attempt=ATTEMPT, attempts=1)
    lock = yard.box.state / ".locks/p/T-walked.walk"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert yard.gc() == ({}, {"T-walked": "somebody works on the ticket just now"})
    assert walked.exists() and opened.exists()


ATTEMPT = {"n": 1, "id": "a", "phase": "done", "startedAt": "2026-01-01T00:00:00Z"}


def test_a_worktree_that_another_ticket_uses_too_stays(yard: Yard) -> None:
    path = yard.ticket("T-1")
    yard.ticket("T-2", "ready", made=False, worktree=str(path))
    assert yard.gc() == ({}, {"T-1": "also the worktree of p/T-2, which is ready"})


def test_what_is_no_tickets_is_not_even_looked_at(yard: Yard) -> None:
    yard.ticket("T-1")
    git(yard.repo, "worktree", "add", "-q", "-b", "mine", str(yard.root / "mine"))
    git(yard.repo, "worktree", "add", "-q", "-b", "elsewhere", str(yard.box.root / "elsewhere"))
    yard.set_up(yard.box.root / "by-hand", "by-hand")
    (yard.root / "folder").mkdir()
    scripts.lone_repo(yard.root / "a repository")
    assert yard.gc()[0].keys() == {"T-1"}
    assert yard.known() == {"mine", "elsewhere", "by-hand"}
    own = yard.ticket("T-own", made=False)
    git(yard.repo, "worktree", "add", "-q", "-b", "me/own", str(own))
    assert yard.gc() == (
        {},
        {"T-own": "not made by setup-worktree.sh; if nobody needs it, remove it with `git worktree remove`"},
    )


def test_worktrees_whose_ticket_or_plan_is_gone_go_unless_there_is_work_in_them(yard: Yard) -> None:
    yard.ticket("T-1", "ready")
    yard.set_up(yard.root / "gone", "gone")
    yard.set_up(yard.root / "left", "left")
    (yard.root / "left" / "notes.txt").touch()
    yard.set_up(yard.box.home / "worktrees" / "old-plan" / "X", "X", "old-plan")
    removed, kept = yard.gc()
    assert removed == {"gone": "orphan", "X": "orphan"} and kept.keys() == {"left"}
    assert yard.known() == {"T-1", "left"}


@pytest.mark.thorough
def test_the_worktree_of_another_homes_ticket_is_left_alone(yard: Yard) -> None:
    """Two homes may have their worktrees in one folder."""
    yard.ticket("T-1", "ready")
    for name, state in (("theirs", yard.box.root), ("ours", yard.box.state), ("moved", yard.box.root / "nowhere")):
        yard.set_up(yard.root / name, name)
        (yard.repo / f".git/worktrees/{name}/orchestrator-state-dir").write_text(f"{state}\n")
    assert yard.gc()[0].keys() == {"ours", "moved"}
    assert yard.known() == {"T-1", "theirs"}
    twin = yard.ticket("T-twin")
    (yard.own(twin) / "orchestrator-state-dir").write_text(f"{yard.box.root}\n")
    assert yard.gc() == ({}, {"T-twin": "made for a ticket of another home, which may need it"}) and twin.exists()


def test_while_a_plan_cannot_be_read_whole_none_of_its_worktrees_is_taken_for_nobodys(yard: Yard) -> None:
    path = yard.ticket("T-1", "ready")
    yard.set_up(yard.root / "gone", "gone")
    yard.box.write(yard.box.ticket_file("p", "T-1"), "{ broken")
    removed, kept = yard.gc()
    assert removed == {} and path.exists()
    assert kept == {"gone": "plan p cannot be read whole, so nobody knows whose it is; `orchestrator status` says why"}


def test_what_was_never_finished_goes_when_nobody_is_making_it_any_more(yard: Yard) -> None:
    yard.ticket("T-1", "ready")
    for name in ("half", "young", "filled"):
        path = yard.root / name
        git(yard.repo, "worktree", "add", "-q", "--no-checkout", "-b", name, str(path))
        (yard.own(path) / "index").unlink(missing_ok=True)
        age(yard.repo / ".git/worktrees" / name, 0 if name == "young" else 2 * HOURS)
    (yard.root / "filled" / "file").touch()
    vanished = yard.ticket("T-vanished")
    vanished.rename(vanished.with_name("moved"))
    removed, kept = yard.gc()
    assert removed == {"half": "half-made", "T-vanished": "half-made"} and kept.keys() == {"filled"}
    assert yard.known() == {"T-1", "young", "filled"} and not (yard.root / "half").exists()


def test_what_is_asked_for_can_be_narrowed_by_age_size_and_plan(yard: Yard) -> None:
    old, big = yard.ticket("T-old"), yard.ticket("T-big")
    age(yard.box.ticket_file("p", "T-old"), 20 * DAYS)
    git(big, "config", "core.excludesFile", str(yard.box.root / "ignored"))
    (yard.box.root / "ignored").write_text("blob\n")
    (big / "blob").write_bytes(b"x" * 3_000_000)
    assert yard.gc("--older-than", "14d", "--dry-run")[0].keys() == {"T-old"}
    assert yard.gc("--larger-than", "2mb", "--dry-run")[0].keys() == {"T-big"}
    assert yard.gc("--larger-than", "2mb", "--older-than", "14d")[0] == {}
    yard.box.plan("other", "T-9")
    assert yard.gc("--plan", "other")[0] == {} and old.exists()
    assert 'there is no plan "nope"' in yard.box.refused("gc", "--plan", "nope")
    assert "write it like 14d" in yard.box.refused("gc", "--older-than", "soon", code=2)
    assert "write it like 1gb" in yard.box.refused("gc", "--larger-than", "big", code=2)
    assert "did you mean failed?" in yard.box.refused("gc", "--state", "faild", code=2)


@pytest.mark.thorough
def test_caches_that_no_worktree_uses_go_after_two_weeks(yard: Yard) -> None:
    path = yard.ticket("T-1", "ready", made=False)
    config = {"stateDir": str(yard.box.state), "worktree": {"setup": "touch $ORCHESTRATOR_CACHE_DIR/x"}}
    file = yard.box.config(config)
    said = scripts.run("setup-worktree.sh", yard.repo, "me/T-1", path, ORCHESTRATOR_CONFIG=str(file))
    assert said.code == 0, said.err
    (used,) = [one for one in yard.box.state.glob(".caches/*/*") if one.is_dir()]
    unused, young = used.with_name("0" * 16), used.with_name("1" * 16)
    for folder in (unused, young):
        folder.mkdir()
    for folder in (used, unused):
        age(folder, 20 * DAYS)
    assert yard.gc()[0] == {unused.name: "cache"}
    assert yard.gc("--older-than", "0d")[0] == {young.name: "cache"} and (used / "x").exists()


def test_branches_go_only_when_they_are_asked_for_and_everything_of_them_is_merged(yard: Yard) -> None:
    merged, ahead, other = yard.ticket("T-merged"), yard.ticket("T-ahead"), yard.ticket("T-other")
    for path in (merged, ahead):
        scripts.commit(path, **{path.name: "work"})
    git(yard.repo, "merge", "-q", "--no-ff", "-m", "m", "me/T-merged")
    git(yard.repo, "config", "branch.me/T-other.orchestratorTicket", "q/T-other")
    assert yard.gc("--plan", "p")[0].keys() == {"T-merged", "T-ahead", "T-other"} and not other.exists()
    found = yard.box.ok("gc", "--branches", "--json").json
    assert [one["branch"] for one in found["removed"]] == ["me/T-merged"]
    assert [(one["branch"], one["reason"]) for one in found["kept"]] == [
        ("me/T-ahead", "commits of it are not in main")
    ]
    left = git(yard.repo, "branch", "--format=%(refname:short)").splitlines()
    assert left == ["main", "me/T-ahead", "me/T-other"]


@pytest.mark.thorough
def test_a_dry_run_says_of_branches_too_what_would_be(yard: Yard) -> None:
    """A branch in a worktree that is kept stays; one whose worktree goes, goes after it."""
    yard.ticket("T-clean")
    (yard.ticket("T-dirty") / "loose").touch()
    said = []
    for words in (("--dry-run",), ()):
        found = yard.box.ok("gc", "--branches", "--json", *words).json
        rows = [(one["kind"], one["ticket"]) for one in found["removed"]]
        said.append((rows, [(one["kind"], one["ticket"], one["reason"]) for one in found["kept"]]))
    assert said[0] == said[1]
    assert said[0][0] == [("worktree", "T-clean"), ("branch", "T-clean")]
    assert [row[:2] for row in said[0][1]] == [("worktree", "T-dirty"), ("branch", "T-dirty")]
