"""Questions to git, asked through its command line. Nothing here changes a repository.

The law: git sees the directory that it is asked about, and nothing else: no variable that binds it to another
repository, no lock taken, no prompt, no wait without an end. Where git cannot answer it is None or False: no guess.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from stat import S_ISREG

from orchestrator.adapters.environment import BOUND

TIMEOUT = 30.0
LARGE = 8 * 1024 * 1024
_REFLOG = re.compile(r"([0-9a-f]{40,}) HEAD@\{(\d+)\} commit")
_PUSH = re.compile(r"(\S+)\t(.*) \(push\)")
STRAYS = 20
"""Commits that are looked for at most."""
_WHOLE = (
    "--binary", "--no-ext-diff", "--no-textconv", "--no-renames", "--ignore-submodules=none", "--submodule=diff",
)  # fmt: skip
KEPT_BASE = "orchestrator-base"
"""Beside a worktree's index: the base that its setup chose."""


def head(cwd: str | Path) -> str | None:
    """The commit that is checked out; None where there is no repository or no commit."""
    return _ask(cwd, "rev-parse", "--quiet", "--verify", "HEAD^{commit}")


def branch(cwd: str | Path) -> str | None:
    """The branch that is checked out, with or without a commit; None where HEAD is detached or there is none."""
    return _ask(cwd, "symbolic-ref", "--quiet", "--short", "HEAD")


def commits_since(cwd: str | Path, sha: str | None) -> int:
    """How many commits HEAD has that `sha` lacks; a rewritten branch counts anew. None: there were no commits."""
    count = _ask(cwd, "rev-list", "--count", f"{sha}..HEAD" if sha else "HEAD", "--")
    return int(count) if count else 0


def strays(cwd: str | Path, at: float) -> dict[str, str]:
    """Commits that were made here since `at` (epoch seconds) and that HEAD lacks → a branch that has them, or nothing;
    the latest first, and none that another of them has."""
    log = (_ask(cwd, "reflog", "show", "--date=unix", "--format=%H %gd %gs", "HEAD") or "").splitlines()
    rows = (_REFLOG.match(row) for row in log)
    made = dict.fromkeys(row[1] for row in rows if row and int(row[2]) >= int(at))
    found: dict[str, str] = {}
    for sha in list(made)[:STRAYS]:
        count = _ask(cwd, "rev-list", "--count", sha, *(f"^{known}" for known in ("HEAD", *found)), "--")
        if count and int(count):
            names = _ask(cwd, "for-each-ref", "--contains", sha, "--format=%(refname:short)", "refs/heads")
            found[sha] = (names or "").partition("\n")[0]
    return found


def changes_since(cwd: str | Path, sha: str | None) -> str:
    """A mark of how the files differ from `sha`: committed, staged, unstaged or untracked (ignored ones do not count),
    in submodules too. Empty when they do not; the same as long as nobody changes any. None: there were no commits."""
    sha = sha or _ask(cwd, "hash-object", "-t", "tree", os.devnull)
    if sha is None:
        return ""
    tracked = _ask(cwd, "diff", *_WHOLE, sha, "--")
    untracked = _ask(cwd, "ls-files", "--others", "--exclude-standard", "-z")
    if not tracked and not untracked:
        return ""
    import hashlib  # not at the top: few ask

    mark = hashlib.sha256((tracked or "").encode())
    for name in filter(None, (untracked or "").split("\0")):
        mark.update(name.encode(errors="surrogateescape") + b"\0" + _content(Path(cwd, name)))
    return mark.hexdigest()


def _content(path: Path) -> bytes:
    """Of a large file its size and time will do."""
    try:
        stat = path.lstat()
        if not S_ISREG(stat.st_mode) or stat.st_size > LARGE:
            return f"{stat.st_mode} {stat.st_size} {stat.st_mtime_ns}".encode()
        return path.read_bytes()
    except OSError:
        return b"?"


def identity(cwd: str | Path) -> dict[str, str]:
    """Who commits there, as variables for a git that is kept from the user's configuration."""
    told = _ask(cwd, "config", "-z", "--get-regexp", r"^user\.(name|email)$") or ""
    known = dict(entry.partition("\n")[::2] for entry in told.split("\0") if entry)
    given = {"GIT_CONFIG_COUNT": str(len(known))} if known else {}
    for n, (key, value) in enumerate(known.items()):
        given |= {f"GIT_CONFIG_KEY_{n}": key, f"GIT_CONFIG_VALUE_{n}": value}
    return given


def is_worktree(path: str | Path) -> bool:
    """Whether `path` itself is the top of a working tree, main or linked; a directory inside one is not."""
    if not (Path(path) / ".git").exists():
        return False
    top = _ask(path, "rev-parse", "--show-toplevel")
    return top is not None and Path(top) == Path(path).resolve()


def git_dir(path: str | Path) -> Path | None:
    """Where git keeps what belongs to this worktree alone."""
    found = _ask(path, "rev-parse", "--absolute-git-dir")
    return Path(found) if found else None


def common_dir(path: str | Path) -> Path | None:
    """Where git keeps what all worktrees of the repository share."""
    found = _ask(path, "rev-parse", "--git-common-dir") if Path(path).is_dir() else None
    return Path(os.path.realpath(Path(path, found))) if found else None


def loose_files(cwd: str | Path) -> set[str]:
    """Untracked files that are not ignored."""
    found = _ask(cwd, "-c", "core.quotePath=false", "ls-files", "--others", "--exclude-standard", "-z")
    return set(filter(None, (found or "").split("\0")))


def ignored_files(cwd: str | Path, patterns: str | Path) -> list[str]:
    """Files that git ignores there and that the patterns of this file match, too; not those of other repositories."""
    listing = ("ls-files", "--others", "--ignored", "-z")
    ignored, matching = (_names(cwd, *listing, how) for how in ("--exclude-standard", f"--exclude-from={patterns}"))
    return sorted(ignored & matching)


def ignored_of(cwd: str | Path, names: list[str]) -> set[str]:
    """Those of the paths that git would ignore there; none of them may lie beyond a link."""
    asked = b"".join(b"./" + os.fsencode(name) + b"\0" for name in names)
    found = _answer(cwd, "check-ignore", "-z", "--stdin", given=asked) if names else None
    return {os.fsdecode(name).removeprefix("./") for name in (found or b"").split(b"\0")}


def _names(cwd: str | Path, *words: str) -> set[str]:
    names = (os.fsdecode(name) for name in (_answer(cwd, *words) or b"").split(b"\0"))
    return {name for name in names if name and not name.endswith("/")}


def default_base(path: str | Path, asked: str | None = None) -> str | None:
    """Short name of the branch that work in this repository or worktree starts from and returns to; asks no network.

    What setup kept for the worktree; else the one that is asked for; else the HEAD branch of the remote; else the one
    checked out in the main tree (the worktree's own is the ticket's); else main, master.
    """
    own = git_dir(path)
    if own is None:
        return asked
    kept = own / KEPT_BASE
    if kept.is_file() and (name := kept.read_text().strip()):
        return name
    return asked or _base_of_remote(path) or _own_base(path)


def remote(path: str | Path) -> str | None:
    """The remote that work comes from and goes to: `origin`, else the only one, else git's checkout.defaultRemote."""
    names = lines_of(path, "remote")
    if "origin" in names or not names:
        return "origin" if names else None
    wanted = names[0] if len(names) == 1 else _ask(path, "config", "checkout.defaultRemote")
    return wanted if wanted in names else None


def lines_of(cwd: str | Path, *words: str) -> list[str]:
    """What git prints; nothing when it cannot say."""
    return (_ask(cwd, *words) or "").splitlines()


def remotes(path: str | Path) -> dict[str, str] | None:
    """Name → the address that it pushes to, as `gh` reads them too. None: no repository that git can read."""
    said = _ask(path, "remote", "--verbose")
    if said is None:
        return None
    rows = (_PUSH.match(line) for line in said.splitlines())
    return {row[1]: row[2] for row in reversed([row for row in rows if row])}


def is_part(cwd: str | Path, sha: str) -> bool:
    """Whether HEAD has this commit; one that is not known here it has not."""
    return bool(sha) and _ask(cwd, "merge-base", "--is-ancestor", sha, "HEAD") is not None


def adds_to(cwd: str | Path, sha: str, base: str) -> bool | None:
    """Whether HEAD has a change that neither `sha` nor the base has, in whatever commit. None: `sha` is not known."""
    ref = f"refs/remotes/{remote(cwd)}/{base}"
    known = [f"^{ref}"] if _ask(cwd, "rev-parse", "-q", "--verify", ref) else []
    count = _ask(
        cwd, "rev-list", "--count", "--no-merges", "--cherry-pick", "--right-only", f"{sha}...HEAD", *known, "--"
    )
    return None if count is None else int(count) > 0


def _base_of_remote(path: str | Path) -> str | None:
    name = remote(path)
    if name is None:
        return None
    prefix = f"refs/remotes/{name}/"
    lines = lines_of(path, "for-each-ref", "--format=%(refname) %(symref)", prefix)
    refs = dict(line.partition(" ")[::2] for line in lines)
    target = refs.pop(f"{prefix}HEAD", "")
    here = _main_branch(path)
    candidates = (target.removeprefix(prefix), here, "main", "master")
    return next((name for name in candidates if name and prefix + name in refs), None)


def _own_base(path: str | Path) -> str | None:
    here = _main_branch(path)
    names = [name for name in (here, "main", "master") if name]
    return next((name for name in names if _ask(path, "rev-parse", "-q", "--verify", f"refs/heads/{name}")), None)


def _main_branch(path: str | Path) -> str | None:
    common = _ask(path, "rev-parse", "--git-common-dir")
    if common is None:
        return None
    place = Path(path, common).absolute()
    return _ask(path, f"--git-dir={place}", "symbolic-ref", "--quiet", "--short", "HEAD")


def _ask(cwd: str | Path, *words: str) -> str | None:
    """What git prints, stripped; None when it cannot say."""
    said = _answer(cwd, *words)
    return None if said is None else said.decode(errors="replace").strip()


def _answer(cwd: str | Path, *words: str, given: bytes = b"") -> bytes | None:
    try:
        done = subprocess.run(
            ["git", *words],
            cwd=cwd,
            env=_environment(),
            input=given,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _environment() -> dict[str, str]:
    free = {name: value for name, value in os.environ.items() if name not in BOUND}
    return {**free, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
