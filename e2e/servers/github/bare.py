"""What git knows of the bare repository behind the scripted GitHub."""

from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

_IDENTITY = {
    "GIT_AUTHOR_NAME": "GitHub", "GIT_AUTHOR_EMAIL": "noreply@github.com", "GIT_COMMITTER_NAME": "GitHub",
    "GIT_COMMITTER_EMAIL": "noreply@github.com", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
}  # fmt: skip


class GitRefusedError(Exception):
    """git said no; its words."""


@dataclass(frozen=True)
class Commit:
    oid: str
    at: str
    author: str
    email: str
    subject: str
    parents: tuple[str, ...]


@dataclass(frozen=True)
class Bare:
    path: Path

    def git(self, *words: str, text: str = "") -> str:
        env = {**os.environ, **_IDENTITY}
        command = ["git", "--git-dir", str(self.path), *words]
        done = subprocess.run(command, env=env, input=text, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise GitRefusedError(f"git {words[0]}: {(done.stderr or done.stdout).strip()}")
        return done.stdout.strip()

    def tip(self, branch: str) -> str | None:
        try:
            return self.git("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}^{{commit}}")
        except GitRefusedError:
            return None

    def branches(self) -> list[str]:
        return self.git("for-each-ref", "--format=%(refname:short)", "refs/heads").splitlines()

    def between(self, base: str, head: str) -> list[Commit]:
        """Oldest first."""
        form = "%H%x1f%cI%x1f%an%x1f%ae%x1f%s%x1f%P"
        lines = self.git("log", "--reverse", f"--format={form}", f"{base}..{head}").splitlines()
        return [Commit(*(parts := line.split("\x1f"))[:5], tuple(parts[5].split())) for line in lines]

    def commit(self, oid: str) -> Commit:
        parts = self.git("log", "-1", "--format=%H%x1f%cI%x1f%an%x1f%ae%x1f%s%x1f%P", oid).split("\x1f")
        return Commit(*parts[:5], tuple(parts[5].split()))

    def files(self, base: str, head: str) -> list[tuple[str, int, int]]:
        lines = self.git("diff", "--numstat", "--no-renames", f"{base}...{head}").splitlines()
        rows = [line.split("\t") for line in lines]
        return [(path, int(more) if more != "-" else 0, int(less) if less != "-" else 0) for more, less, path in rows]

    def merged_tree(self, base: str, head: str) -> str | None:
        """None: they conflict."""
        try:
            return self.git("merge-tree", "--write-tree", base, head).splitlines()[0]
        except GitRefusedError:
            return None

    def is_ancestor(self, older: str, newer: str) -> bool:
        try:
            self.git("merge-base", "--is-ancestor", older, newer)
        except GitRefusedError:
            return False
        return True

    def move(self, branch: str, new: str, old: str) -> None:
        self.git("update-ref", f"refs/heads/{branch}", new, old)

    def delete(self, branch: str) -> None:
        self.git("update-ref", "-d", f"refs/heads/{branch}")

    def merge(self, base: str, head: str, subject: str) -> str:
        tree = self.merged_tree(base, head)
        if tree is None:
            raise GitRefusedError("Merge conflict")
        return self.git("commit-tree", tree, "-p", base, "-p", head, "-m", subject)

    def squash(self, base: str, head: str, subject: str) -> str:
        tree = self.merged_tree(base, head)
        if tree is None:
            raise GitRefusedError("Merge conflict")
        return self.git("commit-tree", tree, "-p", base, "-m", subject)

    def rebase(self, base: str, head: str) -> str:
        """Each commit anew, also where it would not be necessary, as GitHub does."""
        with tempfile.TemporaryDirectory() as spare:
            self.git("clone", "--quiet", "--shared", "--no-checkout", str(self.path), spare)
            there = Bare(Path(spare) / ".git")
            there.git("--work-tree", spare, "checkout", "--quiet", "--detach", head)
            there.git("-C", spare, "--work-tree", spare, "rebase", "--quiet", "--force-rebase", base)
            self.git("fetch", "--quiet", spare, "HEAD")
            return there.git("rev-parse", "HEAD")
