"""What a branch or worktree has that the commit it started from has not, as git tells it.

The law: looking changes nothing and takes no lock. Files that git does not know yet are shown by means of a copy of the
index, which lies elsewhere and goes away again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from orchestrator.adapters.environment import BOUND
from orchestrator.adapters.repository import git

KEPT_COMMIT = "orchestrator-base-commit"
"""Beside a worktree's index: the commit that its setup began from."""
_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false", "-c", "core.quotePath=false")
CHUNK = 65_536


class Comparison(NamedTuple):
    cwd: str
    start: str
    """The commit, or tree, that it is compared with."""
    end: str | None
    """None: the files as they are in the worktree."""
    base: str | None
    tip: str | None
    """The newest commit; None: there is none."""


class File(NamedTuple):
    path: str
    status: str
    """A added, M changed, D deleted, T another type, U in conflict."""
    added: int | None
    deleted: int | None
    """Lines; None: it is no text."""


def of_worktree(path: str, known: str | None) -> Comparison | None:
    """`known`: the commit that it began from, as somebody remembers it. None: git cannot read this worktree."""
    own = git.git_dir(path)
    if own is None or not git.is_worktree(path):
        return None
    kept = own / KEPT_COMMIT
    began = [*([kept.read_text().strip()] if kept.is_file() else []), *([known] if known else [])]
    base, tip = git.default_base(path), git.head(path)
    return Comparison(path, _start(path, tip, base, began), None, base, tip)


def of_branch(repo: str, branch: str, known: str | None, base: str | None = None) -> Comparison | None:
    """`base`: the ticket's, where it is known. None: there is no such branch, here or as `origin` had it when it was
    asked last."""
    names = (f"refs/heads/{branch}", f"refs/remotes/origin/{branch}")
    tip = next((sha for name in names if (sha := _commit(repo, name))), None)
    if tip is None:
        return None
    base = base or git.default_base(repo)
    return Comparison(repo, _start(repo, tip, base, [known] if known else []), tip, base, tip)


def _start(cwd: str, tip: str | None, base: str | None, began: Iterable[str]) -> str:
    """Where work began; or, when the branch was put onto a newer base since, that. The base may have the work by now:
    then it does not count."""
    if tip is None:
        return _nothing(cwd)
    start = next((sha for one in began if (sha := _commit(cwd, one)) and _is_ancestor(cwd, sha, tip)), None)
    names = (f"refs/remotes/origin/{base}", f"refs/heads/{base}") if base else ()
    forks = [sha for name in names for sha in git.lines_of(cwd, "merge-base", tip, name)]
    for fork in forks:
        if start is None or (fork != tip and _is_ancestor(cwd, start, fork)):
            start = fork
    return _merged_onto(cwd, tip) or start or _nothing(cwd)


def _merged_onto(cwd: str, tip: str) -> str | None:
    """The base before `integrate.sh` brought the tip into it: others' work may be between that and the start."""
    for folder in git.lines_of(cwd, "rev-parse", "--git-common-dir"):
        noted = Path(cwd, folder, "orchestrator-merged")
        lines = noted.read_text(errors="replace").splitlines()[-200:] if noted.is_file() else []
        for words in (line.split() for line in reversed(lines)):
            if len(words) > 1 and _is_ancestor(cwd, words[0], tip) and tip in (words[1], _commit(cwd, f"{words[1]}^2")):
                return words[0]
    return None


def _commit(cwd: str, name: str) -> str | None:
    return next(iter(git.lines_of(cwd, "rev-parse", "--quiet", "--verify", f"{name}^{{commit}}")), None)


def _is_ancestor(cwd: str, one: str, other: str) -> bool:
    return one in git.lines_of(cwd, "merge-base", one, other)


def _nothing(cwd: str) -> str:
    """The tree without a file."""
    return next(iter(git.lines_of(cwd, "hash-object", "-t", "tree", os.devnull)), "HEAD")


# -- asking git -------------------------------------------------------------------------------------------------------


@contextmanager
def prepared(one: Comparison, environ: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The environment in which git sees also files that it does not know yet."""
    free = {name: value for name, value in environ.items() if name not in BOUND}
    env = {**free, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    if one.end is not None or not git.loose_files(one.cwd):
        yield env
        return
    with tempfile.TemporaryDirectory(prefix="orchestrator-diff-") as folder:
        copy = Path(folder, "index")
        index = git.lines_of(one.cwd, "rev-parse", "--git-path", "index")
        if index and Path(one.cwd, index[0]).is_file():
            shutil.copyfile(Path(one.cwd, index[0]), copy)
        env["GIT_INDEX_FILE"] = str(copy)
        words = [*_GIT, "-c", "advice.addEmbeddedRepo=false", "add", "--intent-to-add", "--ignore-errors", "--", "."]
        subprocess.run(words, cwd=one.cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        yield env


def command(one: Comparison, *options: str) -> list[str]:
    return [*_GIT, "diff", *options, one.start, *([one.end] if one.end else []), "--"]


def streamed(one: Comparison, env: Mapping[str, str], options: Sequence[str]) -> Iterator[bytes]:
    """What git prints, as it comes; without colours and programs of the user's."""
    words = command(one, "--no-color", "--no-ext-diff", *options)
    with subprocess.Popen(words, cwd=one.cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as asked:
        assert asked.stdout is not None
        while chunk := asked.stdout.read1(CHUNK):  # type: ignore[attr-defined]
            yield chunk


def files(one: Comparison, environ: Mapping[str, str]) -> list[File]:
    """Every file that differs, by path."""
    with prepared(one, environ) as env:
        states, numbers = (
            b"".join(streamed(one, env, ("--no-renames", how, "-z"))).decode("utf-8", "replace").split("\0")
            for how in ("--name-status", "--numstat")
        )
    status = dict(zip(states[1::2], states[::2], strict=False))
    counts = (row.split("\t", 2) for row in numbers if row.count("\t") >= 2)
    lines = {path: (_number(added), _number(deleted)) for added, deleted, path in counts}
    return [File(path, status[path], *lines.get(path, (None, None))) for path in sorted(status)]


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def commits(one: Comparison) -> int:
    count = git.lines_of(one.cwd, "rev-list", "--count", one.tip, f"^{one.start}") if one.tip else []
    return int(count[0]) if count else 0
