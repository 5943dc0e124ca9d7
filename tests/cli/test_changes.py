"""`open` says where everything of a ticket is, `diff` what it changed; neither changes anything."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.adapters.places import Places
from orchestrator.adapters.state import pull_requests
from orchestrator.core.forge.pull_request import Remembered
from orchestrator.core.model import Key
from orchestrator.core.settings import Settings
from orchestrator.formats.configuration.config import resolve
from tests.cli.emulator import Terminal
from tests.cli.kit import PROGRAM, Called, Site
from tests.waiting import wait_for

URL = "https://github.com/acme/shop/pull/12"
BRANCH = "me/t-1"


def git(where: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=where, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(where: Path, name: str, content: str = "one\n") -> str:
    (where / name).parent.mkdir(parents=True, exist_ok=True)
    (where / name).write_text(content)
    git(where, "add", name)
    git(where, "commit", "-q", "-m", name)
    return git(where, "rev-parse", "HEAD")


class Work:
    """A ticket with a worktree in which something is committed, changed and new."""

    def __init__(self, site: Site) -> None:
        self.site, self.repo, self.tree = site, site.root / "repo", site.root / "wt" / "T-1"
        git(self.repo, "init", "-q", "-b", "main")
        self.began = commit(self.repo, "old.txt", "old\n")
        git(self.repo, "worktree", "add", "-q", "-b", BRANCH, str(self.tree))
        self.kept = Path(git(self.tree, "rev-parse", "--absolute-git-dir"))
        (self.kept / "orchestrator-base").write_text("main\n")
        (self.kept / "orchestrator-base-commit").write_text(f"{self.began}\n")
        commit(self.tree, "done.txt")
        (self.tree / "old.txt").write_text("changed\n")
        (self.tree / "new ü.txt").write_text("new\n")
        self.ticket()

    def ticket(self, **context: str) -> None:
        self.site.plan({"id": "T-1", "branch": BRANCH, "currentPhase": "work", "context": context})

    def diff(self, *words: str) -> Called:
        return self.site.call("diff", "p", "T-1", *words)

    def names(self) -> list[str]:
        return sorted(file["path"] for file in self.diff("--json").json["files"])

    def drop_tree(self) -> None:
        git(self.repo, "worktree", "remove", "--force", str(self.tree))


@pytest.fixture
def work(site: Site) -> Work:
    return Work(site)


@pytest.fixture
def person() -> Iterator[Terminal]:
    made = Terminal(120, 60)
    yield made
    made.close()


# --- diff


def test_diff_has_what_is_committed_what_is_not_and_what_git_does_not_know(work: Work) -> None:
    shown = work.diff()
    assert shown.code == 0 and "\x1b" not in shown.out
    assert "+one" in shown.out and "-old\n+changed" in shown.out and "+new" in shown.out
    assert work.diff("--name-only").out.splitlines() == ["done.txt", "new ü.txt", "old.txt"]
    assert "3 files changed, 3 insertions(+), 1 deletion(-)" in work.diff("--stat").out


def test_its_json_counts_lines_and_commits(work: Work) -> None:
    found = work.diff("--json").json
    tip = git(work.tree, "rev-parse", "HEAD")
    assert {key: found[key] for key in ("in", "branch", "base", "from", "to", "commits")} == {
        "in": "worktree",
        "branch": BRANCH,
        "base": "main",
        "from": work.began,
        "to": tip,
        "commits": 1,
    }
    assert found["files"] == [
        {"path": "done.txt", "status": "A", "added": 1, "deleted": 0},
        {"path": "new ü.txt", "status": "A", "added": 1, "deleted": 0},
        {"path": "old.txt", "status": "M", "added": 1, "deleted": 1},
    ]


def test_looking_changes_nothing_and_needs_no_lock(work: Work) -> None:
    before, index = git(work.tree, "status", "--porcelain"), (work.kept / "index").read_bytes()
    (work.kept / "index.lock").touch()
    assert work.diff().code == 0 and len(work.names()) == 3
    (work.kept / "index.lock").unlink()
    assert (work.kept / "index").read_bytes() == index
    assert git(work.tree, "status", "--porcelain") == before


def test_what_others_did_is_not_the_ticket_s_when_it_was_put_onto_a_newer_base(work: Work) -> None:
    git(work.tree, "checkout", "-q", "old.txt")
    commit(work.repo, "theirs.txt")
    git(work.tree, "rebase", "-q", "main")
    assert work.names() == ["done.txt", "new ü.txt"]


def test_what_was_merged_is_still_shown(work: Work) -> None:
    git(work.repo, "merge", "-q", "--ff-only", BRANCH)
    assert work.names() == ["done.txt", "new ü.txt", "old.txt"]


def test_a_base_that_is_behind_its_remote_does_not_count(work: Work) -> None:
    work.drop_tree()
    fresh = git(work.repo, "commit-tree", "-p", work.began, "-m", "x", f"{BRANCH}^{{tree}}")
    git(work.repo, "branch", "-f", BRANCH, fresh)
    work.ticket(base_commit=fresh)
    assert work.names() == [], "it began from there, and has done nothing yet"


def test_when_the_worktree_is_gone_the_branch_tells(work: Work) -> None:
    work.drop_tree()
    assert work.names() == ["done.txt"]
    found = work.diff("--json").json
    assert found["in"] == "branch" and found["from"] == work.began


def test_a_branch_that_only_the_remote_has_will_do(work: Work) -> None:
    git(work.repo, "update-ref", f"refs/remotes/origin/{BRANCH}", BRANCH)
    work.drop_tree()
    git(work.repo, "branch", "-q", "-D", BRANCH)
    assert work.names() == ["done.txt"]


def test_without_worktree_and_branch_it_says_so(work: Work) -> None:
    work.drop_tree()
    git(work.repo, "branch", "-q", "-D", BRANCH)
    called = work.diff()
    assert called.code == 1 and called.out == ""
    assert f"neither a worktree ({work.tree}) nor a branch {BRANCH} in {work.repo}" in called.err


def test_a_folder_that_is_no_worktree_is_told(work: Work) -> None:
    work.drop_tree()
    work.tree.mkdir()
    assert "git cannot read" in work.diff().err


def test_a_repository_without_a_first_commit_compares_with_nothing(site: Site) -> None:
    git(site.root / "repo", "init", "-q", "-b", "main")
    site.plan({"id": "T-1", "worktree": str(site.root / "repo"), "branch": "main"})
    (site.root / "repo/first.txt").write_text("x\n")
    assert [one["path"] for one in site.call("diff", "p", "T-1", "--json").json["files"]] == ["first.txt"]


def test_a_user_who_wants_colour_always_gets_none_in_a_pipe(work: Work) -> None:
    git(work.repo, "config", "color.ui", "always")
    assert "\x1b" not in work.diff().out


def test_on_a_terminal_git_s_pager_and_colours_are_used(work: Work, person: Terminal, tmp_path: Path) -> None:
    pager = tmp_path / "pager"
    pager.write_text('#!/bin/sh\necho "through a pager"\ncat\n')
    pager.chmod(0o755)
    process = person.start(PROGRAM, "diff", "p", "T-1", GIT_PAGER=str(pager))
    person.shows("through a pager")
    person.shows("+new")
    assert person.ended(process) == 0
    assert b"\x1b[32m+" in person.printed


def test_no_color_counts_on_a_terminal_too(work: Work, person: Terminal) -> None:
    process = person.start(PROGRAM, "diff", "p", "T-1", GIT_PAGER="cat", NO_COLOR="1")
    person.shows("+new")
    assert person.ended(process) == 0
    assert b"\x1b[32m" not in person.printed


# --- open


def test_open_prints_where_everything_is_and_what_is_not_there(work: Work) -> None:
    work.ticket(pr_url=URL, pr_number="12")
    places = Places(resolve(Settings(), None, str(work.site.root), str(work.site.root)))
    pull_requests.remember(places, Key("p", "T-1"), lambda _: Remembered(number=12, review="approved", passed=2))
    called = work.site.call("open", "p", "T-1")
    assert called.out.splitlines() == [
        f"worktree      {work.tree}",
        f"branch        {BRANCH}",
        f"pull request  {URL} · PR #12 · approved · checks 2/2",
        f"logs          {work.site.root}/logs/p/T-1 (not there)",
        f"ticket        {work.site.file()}",
    ]


def test_open_fills_in_what_the_planner_left_out(site: Site) -> None:
    site.plan({"id": "T-1"})
    shown = site.call("open", "p", "T-1").out
    assert f"{site.root}/wt/T-1 (not there)" in shown and "/t-1-title-t-1 (not there)" in shown
    assert "pull request  none" in shown


def test_open_tells_it_as_json(work: Work) -> None:
    found = work.site.call("open", "p", "T-1", "--json").json
    assert found["worktree"] == {"path": str(work.tree), "exists": True}
    assert found["branch"] == {"name": BRANCH, "exists": True}
    assert found["pullRequest"] is None and found["logs"]["exists"] is False
    work.ticket(pr_url=URL, pr_number="12")
    assert work.site.call("open", "p", "T-1", "--json").json["pullRequest"] == {"number": 12, "url": URL}


@pytest.mark.parametrize("what", ["--worktree", "--pr", "--logs"])
def test_in_a_pipe_only_the_place_that_is_named_is_printed(work: Work, what: str) -> None:
    work.ticket(pr_url=URL, pr_number="12")
    (work.site.root / "logs/p/T-1").mkdir(parents=True)
    places = {"--worktree": str(work.tree), "--pr": URL, "--logs": f"{work.site.root}/logs/p/T-1"}
    assert work.site.call("open", "p", "T-1", what) == (0, f"{places[what]}\n", "")


@pytest.mark.parametrize(("what", "said"), [("--pr", "no pull request"), ("--logs", "no log (")])
def test_what_is_not_there_cannot_be_opened(work: Work, what: str, said: str) -> None:
    called = work.site.call("open", "p", "T-1", what)
    assert called.code == 1 and f"ticket p/T-1 has {said}" in called.err and called.out == ""


def opener(site: Site) -> str:
    site.script("opener", '#!/bin/sh\necho "$PWD $*" > "@/opened"\n')
    return str(site.root / "scripts/opener")


def test_on_a_terminal_the_worktree_is_opened_in_the_editor(work: Work, person: Terminal) -> None:
    process = person.start(PROGRAM, "open", "p", "T-1", "--worktree", VISUAL=f"{opener(work.site)} --wait")
    assert person.ended(process) == 0
    assert (work.site.root / "opened").read_text() == f"{work.tree} --wait {work.tree}\n"


def test_on_a_terminal_the_pull_request_is_opened_in_the_browser(work: Work, person: Terminal) -> None:
    work.ticket(pr_url=URL, pr_number="12")
    process = person.start(PROGRAM, "open", "p", "T-1", "--pr", BROWSER=opener(work.site))
    assert person.ended(process) == 0
    wait_for(lambda: (work.site.root / "opened").exists(), what="the browser")
    assert URL in (work.site.root / "opened").read_text()


def test_where_nothing_can_open_it_the_place_is_printed_and_that_is_said(work: Work, person: Terminal) -> None:
    process = person.start(PROGRAM, "open", "p", "T-1", "--worktree", VISUAL="", EDITOR="")
    person.shows("set VISUAL or EDITOR")
    assert person.ended(process) == 0
    assert str(work.tree) in "".join(person.screen.display).replace("\n", "")


def test_what_is_no_web_address_is_not_given_to_a_browser(work: Work, person: Terminal) -> None:
    work.ticket(pr_url="file:///etc/passwd", pr_number="12")
    process = person.start(PROGRAM, "open", "p", "T-1", "--pr", BROWSER=opener(work.site))
    person.shows("no address for a browser")
    assert person.ended(process) == 1
    assert not (work.site.root / "opened").exists()
