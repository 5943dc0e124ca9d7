"""setup-worktree.sh: what belongs into a worktree beside its commit: submodules, large files, ignored files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.builtin.scripts import Said, commit, git, origin_of, repo_with_origin, run

pytestmark = pytest.mark.thorough(every=2)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repo_with_origin(tmp_path / "répo 1")


def setup(repo: Path, tree: Path, **env: str) -> Said:
    return run("setup-worktree.sh", repo, "u/t", tree, **env)


def with_submodule(repo: Path) -> Path:
    """The origin of a submodule that lies in `lib parts`, and has one itself."""
    inner, part = (repo_with_origin(repo.parent / name / "repo") for name in ("inner", "part"))
    for there, of, path in ((part, inner, "inner"), (repo, part, "lib parts")):
        git(there, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(origin_of(of)), path)
        commit(there)
        git(there, "push", "--quiet", "origin", "main")
    git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", "--recursive")
    return origin_of(part)


def test_submodules_are_there_and_theirs_too(repo: Path, tmp_path: Path) -> None:
    with_submodule(repo)
    said = setup(repo, tmp_path / "w")
    assert said.code == 0, said
    assert (tmp_path / "w" / "lib parts" / "inner" / "shared").exists()
    assert git(tmp_path / "w", "status", "--porcelain") == ""


def test_what_was_done_in_a_submodule_stays_when_setup_runs_again(repo: Path, tmp_path: Path) -> None:
    with_submodule(repo)
    setup(repo, tmp_path / "w")
    sha = commit(tmp_path / "w" / "lib parts", done="1\n")
    assert setup(repo, tmp_path / "w").code == 0
    assert git(tmp_path / "w" / "lib parts", "rev-parse", "HEAD") == sha


def test_a_submodule_that_cannot_be_fetched_is_an_error_in_words_until_it_can(repo: Path, tmp_path: Path) -> None:
    part = with_submodule(repo)
    part.rename(tmp_path / "moved")
    said = setup(repo, tmp_path / "w")
    assert said.code == 1
    assert "cannot get the submodules" in said.err
    assert "lib parts" in said.err
    (tmp_path / "moved").rename(part)
    assert setup(repo, tmp_path / "w").code == 0
    assert (tmp_path / "w" / "lib parts" / "shared").exists()


@pytest.mark.parametrize("work", ["commit", "file", "stash"])
def test_work_in_a_submodule_keeps_the_worktree(repo: Path, tmp_path: Path, work: str) -> None:
    with_submodule(repo)
    setup(repo, tmp_path / "w")
    part = tmp_path / "w" / "lib parts"
    if work == "commit":
        commit(part, done="1\n")
        commit(tmp_path / "w")
        git(tmp_path / "w", "push", "--quiet", "origin", "u/t")
    elif work == "stash":
        (part / "shared").write_text("mine")
        git(part, "stash", "--quiet")
    else:
        (part / "new").write_text("mine")
    said = run("cleanup-worktree.sh", tmp_path / "w")
    assert said.code == 1
    assert "lib parts" in said.err
    assert part.exists()


def test_a_worktree_with_submodules_goes_when_nothing_is_lost(repo: Path, tmp_path: Path) -> None:
    with_submodule(repo)
    setup(repo, tmp_path / "w")
    said = run("cleanup-worktree.sh", tmp_path / "w")
    assert said.code == 0, said
    assert not (tmp_path / "w").exists()


def git_lfs(tmp_path: Path, text: str) -> dict[str, str]:
    """Another git-lfs comes first on PATH."""
    program = tmp_path / "bin" / "git-lfs"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}", "GIT_CONFIG_NOSYSTEM": "1"}


def with_large_file(repo: Path) -> None:
    (repo / "large.bin").write_text("version https://git-lfs.github.com/spec/v1\n")
    (repo / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    git(repo, "-c", "filter.lfs.clean=cat", "-c", "filter.lfs.process=", "add", "--all")
    git(repo, "-c", "filter.lfs.clean=cat", "-c", "filter.lfs.process=", "commit", "--quiet", "-m", "large")
    git(repo, "push", "--quiet", "--no-verify", "origin", "main")


def test_large_files_are_fetched(repo: Path, tmp_path: Path) -> None:
    with_large_file(repo)
    env = git_lfs(tmp_path, f'echo "$PWD $*" >>"{tmp_path}/asked"')
    said = setup(repo, tmp_path / "w", **env)
    assert said.code == 0, said
    asked = (tmp_path / "asked").read_text().splitlines()
    assert f"{repo} install --local" in asked
    assert asked[-1] == f"{tmp_path / 'w'} pull origin"


def test_large_files_that_cannot_be_fetched_are_an_error_in_words(repo: Path, tmp_path: Path) -> None:
    with_large_file(repo)
    said = setup(repo, tmp_path / "w", **git_lfs(tmp_path, '[ "$1" != pull ] || { echo no such object; exit 2; }'))
    assert said.code == 1
    assert "cannot get the files of Git LFS: no such object" in said.err


def test_without_git_lfs_large_files_are_pointers_and_that_is_said(repo: Path, tmp_path: Path) -> None:
    with_large_file(repo)
    git(repo, "config", "filter.lfs.required", "true")
    git(repo, "config", "filter.lfs.process", "git-lfs filter-process")
    said = setup(repo, tmp_path / "w", **git_lfs(tmp_path, "exit 127"))
    assert said.code == 0, said
    assert "git-lfs is not installed" in said.err
    assert (tmp_path / "w" / "large.bin").read_text().startswith("version")


def test_ignored_files_that_are_named_are_copied_with_their_modes(repo: Path, tmp_path: Path) -> None:
    commit(
        repo, **{".gitignore": ".env*\nsecret/\nbuild/\n", ".worktreeinclude": ".env*\n!.env.local\nsecret/\nshared\n"}
    )
    git(repo, "push", "--quiet", "origin", "main")
    for name in (".env", ".env.local", "pkg/.env", "secret/deep/key 1", "build/x"):
        (repo / name).parent.mkdir(parents=True, exist_ok=True)
        (repo / name).write_text(name)
    (repo / ".env").chmod(0o600)
    (repo / "secret").chmod(0o750)
    tree = tmp_path / "w"
    said = setup(repo, tree)
    assert said.code == 0, said
    assert (tree / "secret" / "deep" / "key 1").read_text() == "secret/deep/key 1"
    assert (tree / "pkg" / ".env").exists()
    assert not (tree / ".env.local").exists()
    assert not (tree / "build").exists()
    assert (tree / ".env").stat().st_mode & 0o777 == 0o600
    assert (tree / "secret").stat().st_mode & 0o777 == 0o750
    assert git(tree, "status", "--porcelain") == ""


def test_a_file_that_is_there_is_never_overwritten_and_a_new_one_comes_later(repo: Path, tmp_path: Path) -> None:
    commit(repo, **{".gitignore": ".env*\n", ".worktreeinclude": ".env*\n"})
    git(repo, "push", "--quiet", "origin", "main")
    (repo / ".env").write_text("1")
    tree = tmp_path / "w"
    setup(repo, tree)
    (tree / ".env").write_text("changed")
    (repo / ".env.test").write_text("2")
    assert setup(repo, tree).code == 0
    assert ((tree / ".env").read_text(), (tree / ".env.test").read_text()) == ("changed", "2")


def test_a_bare_repository_has_nothing_to_copy(repo: Path, tmp_path: Path) -> None:
    commit(repo, **{".gitignore": ".env\n", ".worktreeinclude": ".env\n"})
    git(repo, "push", "--quiet", "origin", "main")
    said = setup(origin_of(repo), tmp_path / "w")
    assert said.code == 0, said
