"""A folder for the files of one session: nobody else reads it, and nothing of it outlives the session."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.adapters.planning.private_folder import PrivateFolder
from orchestrator.errors import StoreError

LEFT_BEHIND = """
import os, sys
from pathlib import Path
from orchestrator.adapters.planning.private_folder import PrivateFolder
folder = PrivateFolder({"TMPDIR": sys.argv[1]}, Path(sys.argv[1]) / "state")
folder.write("secret", "x")
folder.link(Path(sys.argv[1]) / "link", "secret")
print(folder.path, flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A path that is short enough for temporary files."""
    monkeypatch.setattr("orchestrator.adapters.attempts.temporary.LONGEST", 400)
    return tmp_path


def made(root: Path) -> PrivateFolder:
    return PrivateFolder({"TMPDIR": str(root)}, root / "state")


def test_nobody_else_can_read_it(root: Path) -> None:
    with made(root) as folder:
        folder.write("a/b/secret", "x")
        assert folder.path.stat().st_mode & 0o777 == 0o700
        assert (folder.path / "a/b/secret").stat().st_mode & 0o777 == 0o600


def test_it_is_gone_when_it_is_left_with_the_links_to_it(root: Path) -> None:
    (root / "skill").mkdir()
    (root / "skill/SKILL.md").touch()
    with made(root) as folder:
        folder.write("secret", "x")
        folder.place("skills/one", root / "skill")
        folder.link(root / "config/link", "secret")
        assert (root / "config/link").read_text() == "x" and (folder.path / "skills/one/SKILL.md").exists()
    assert not folder.path.exists() and not (root / "config/link").is_symlink()
    assert (root / "skill/SKILL.md").exists(), "what a link leads to stays"


def test_what_a_person_has_is_neither_written_over_nor_taken_away(root: Path) -> None:
    (root / "own").write_text("mine")
    with made(root) as folder:
        folder.write("secret", "x")
        with pytest.raises(StoreError, match=r"cannot make .*own: File exists"):
            folder.link(root / "own", "secret")
        folder.link(root / "link", "secret")
        (root / "link").unlink()
        (root / "link").write_text("mine, too")
    assert ((root / "own").read_text(), (root / "link").read_text()) == ("mine", "mine, too")


def test_what_was_left_behind_is_taken_away_by_the_next_and_what_is_in_use_is_not(tmp_path: Path) -> None:
    with made(tmp_path) as used:
        used.write("secret", "x")
        argv = [sys.executable, "-c", LEFT_BEHIND, str(tmp_path)]
        ended = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        left = Path(ended.stdout.strip())
        assert left.exists() and (tmp_path / "link").is_symlink()
        with PrivateFolder({"TMPDIR": os.fspath(tmp_path)}, tmp_path / "state"):
            assert not left.exists() and not (tmp_path / "link").is_symlink()
            assert (used.path / "secret").exists()
