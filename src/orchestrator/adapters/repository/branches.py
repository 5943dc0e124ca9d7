"""Questions to git about what branches have in common. As in `git.py`, nothing is changed and nobody is waited for."""

from __future__ import annotations

from pathlib import Path

from orchestrator.adapters.repository.git import _ask, remote


def known_as(path: str | Path, branch: str) -> str | None:
    """The commit of a branch as the remote had it last; without a remote, as it is here. None: there is none."""
    name = remote(path)
    refs = [f"refs/remotes/{name}/{branch}"] if name is not None else []
    found = (
        _ask(path, "rev-parse", "--quiet", "--verify", f"{ref}^{{commit}}") for ref in [*refs, f"refs/heads/{branch}"]
    )
    return next((sha for sha in found if sha), None)


def has_moved(worktree: str | Path, base: str) -> bool:
    """Whether the base has commits that the worktree's branch was not put upon yet."""
    tip = known_as(worktree, base)
    return tip is not None and _ask(worktree, "merge-base", "--is-ancestor", tip, "HEAD") is None


def lacks(path: str | Path, base: str, branch: str) -> bool | None:
    """Whether merging the branch into the base would change anything there. None: git cannot say, be it that they
    conflict: what was squashed and then changed again does so, too."""
    onto, work = known_as(path, base), known_as(path, branch)
    if onto is None or work is None:
        return None
    merged = _ask(path, "merge-tree", "--write-tree", onto, work)
    tree = _ask(path, "rev-parse", "--quiet", "--verify", f"{onto}^{{tree}}")
    return None if merged is None or tree is None else merged.splitlines()[0] != tree
