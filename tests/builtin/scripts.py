"""What the tests of the bundled scripts share: real repositories, and the scripts as the runner calls them."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import orchestrator

BUILTIN = Path(orchestrator.__file__).parent / "builtin"
SCRIPTS = BUILTIN / "scripts"


class Said(NamedTuple):
    code: int
    out: str
    err: str


def run(script: str, *args: str | Path, cwd: Path | None = None, **env: str) -> Said:
    done = subprocess.run(
        ["/bin/bash", str(SCRIPTS / script), *map(str, args)],
        cwd=cwd,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def git(cwd: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"git {' '.join(words)}: {done.stderr}"
    return done.stdout.strip()


def commit(tree: Path, **files: str) -> str:
    """A commit of these files (`a__b=` is a/b); returns its id."""
    for name, text in files.items():
        path = tree / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "-m", f"change {', '.join(files)}")
    return git(tree, "rev-parse", "HEAD")


def lone_repo(path: Path) -> Path:
    """A repository without a remote, on main."""
    path.mkdir(parents=True)
    git(path, "init", "--quiet", "-b", "main")
    commit(path, shared="".join(f"line {n}\n" for n in range(1, 31)))
    return path


def repo_with_origin(path: Path) -> Path:
    """A repository whose origin is bare and lies beside it."""
    origin = path.parent / "origin.git"
    lone_repo(path)
    git(path.parent, "init", "--quiet", "--bare", "-b", "main", str(origin))
    git(path, "remote", "add", "origin", str(origin))
    git(path, "push", "--quiet", "origin", "main")
    return path


def origin_of(repo: Path) -> Path:
    return repo.parent / "origin.git"


def elsewhere(repo: Path, **files: str) -> str:
    """Somebody else pushes a commit to origin's main."""
    other = repo.parent / "elsewhere"
    if not other.exists():
        git(repo.parent, "clone", "--quiet", str(origin_of(repo)), str(other))
    git(other, "pull", "--quiet", "--ff-only")
    sha = commit(other, **files)
    git(other, "push", "--quiet", "origin", "HEAD:main")
    return sha


@contextmanager
def turn_of(repo: Path) -> Iterator[IO[str]]:
    """It is somebody else's turn in this repository, until the file is closed."""
    with (repo / ".git" / "orchestrator-lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.write("process 1 (a test)\n")
        held.flush()
        yield held
