"""Copies of ignored files stay inside the worktree, and change nothing that is there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.adapters.repository.included_files import UNFINISHED, copy
from tests.builtin.scripts import commit, git, lone_repo


@pytest.fixture
def source(tmp_path: Path) -> Path:
    repo = lone_repo(tmp_path / "repo")
    commit(repo, **{".gitignore": "ignored/\n*.key\n", ".worktreeinclude": "ignored/\n*.key\n"})
    (repo / "ignored").mkdir()
    return repo


@pytest.fixture
def tree(source: Path, tmp_path: Path) -> Path:
    git(source, "worktree", "add", "--quiet", "-b", "t", str(tmp_path / "w"))
    return tmp_path / "w"


def test_nothing_is_written_through_a_link_that_leads_out(source: Path, tree: Path, tmp_path: Path) -> None:
    (source / "ignored" / "x").write_text("1")
    (tmp_path / "outside").mkdir()
    (tree / "ignored").symlink_to(tmp_path / "outside")
    done = copy(source, tree)
    assert done.left_out == ("ignored/x (ignored is a link there)",)
    assert not list((tmp_path / "outside").iterdir())


def test_a_link_to_a_file_elsewhere_becomes_a_file(source: Path, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("1")
    (source / "a.key").symlink_to(tmp_path / "secret")
    assert copy(source, tree).files == 1
    (tree / "a.key").write_text("2")
    assert (tmp_path / "secret").read_text() == "1"


def test_a_link_inside_the_tree_stays_one(source: Path, tree: Path) -> None:
    (source / "ignored" / "x").write_text("1")
    (source / "a.key").symlink_to("ignored/x")
    copy(source, tree)
    assert (tree / "a.key").is_symlink()
    assert (tree / "a.key").read_text() == "1"


@pytest.mark.parametrize("odd", ["link to a folder", "link to nowhere", "pipe"])
def test_what_is_no_file_is_left_out_and_told(source: Path, tree: Path, tmp_path: Path, odd: str) -> None:
    path = source / "a.key"
    if odd == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(tmp_path if odd == "link to a folder" else "nowhere")
    done = copy(source, tree)
    assert done.files == 0
    assert (not done.left_out and odd == "pipe") or done.left_out[0].startswith("a.key (")
    assert not os.path.lexists(tree / "a.key")


def test_a_folder_that_nobody_may_write_to_is_copied_as_such(source: Path, tree: Path) -> None:
    (source / "ignored" / "x").write_text("1")
    (source / "ignored").chmod(0o555)
    copy(source, tree)
    (source / "ignored").chmod(0o755)
    assert (tree / "ignored").stat().st_mode & 0o777 == 0o555
    (tree / "ignored").chmod(0o755)


def test_a_copy_that_was_killed_is_made_again(source: Path, tree: Path) -> None:
    (source / "a.key").write_text("whole")
    (tree / UNFINISHED).write_text("wh")
    copy(source, tree)
    assert (tree / "a.key").read_text() == "whole"
    assert not (tree / UNFINISHED).exists()


def test_only_what_git_ignores_and_the_patterns_name(source: Path, tree: Path) -> None:
    (source / "untracked").write_text("1")
    (source / "b.key").write_text("1")
    (source / ".worktreeinclude").write_text("untracked\nshared\nb.*\n")
    (source / "a.key").write_text("1")
    assert copy(source, tree).files == 1
    assert (tree / "b.key").exists()


def test_what_git_does_not_ignore_in_the_worktree_is_left_out(source: Path, tree: Path) -> None:
    """Where the base does not ignore it, whoever commits everything would publish it."""
    (source / ".gitignore").write_text("ignored/\n*.key\n.env\n")
    (source / ".worktreeinclude").write_text(".env\nignored/\n")
    (source / ".env").write_text("SECRET=1")
    (source / "ignored" / ":ü x").write_text("1")
    done = copy(source, tree)
    assert done == (1, (".env (git does not ignore it there)",))
    assert not (tree / ".env").exists() and (tree / "ignored" / ":ü x").exists()
