"""What scripts note beside a worktree's index, in its git directory: a line in a small file each.

The law: a note says what has been done. It goes away with the worktree, so whoever reads it can do without.
"""

from __future__ import annotations

from pathlib import Path

from orchestrator.adapters.files import write_atomically
from orchestrator.adapters.repository import git

BASE = git.KEPT_BASE
PUSHED = "orchestrator-pushed"
"""The commit that we pushed last."""
NUMBER = "orchestrator-pr"
"""The pull request."""
ASKED_BASE = "orchestrator-pr-base"
"""The base that we gave it."""


def note(worktree: str, name: str) -> str:
    """Empty: there is none."""
    folder = git.git_dir(worktree)
    try:
        return (folder / name).read_text().strip() if folder else ""
    except (OSError, UnicodeDecodeError):
        return ""


def write_note(worktree: str, name: str, text: str) -> None:
    """Raises StoreError."""
    folder = git.git_dir(worktree)
    if folder is not None:
        write_atomically(Path(folder) / name, f"{text}\n".encode(), durable=False)
