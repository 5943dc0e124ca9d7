"""A hint for a file system: it never gets in the way, wherever the folder lies."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from orchestrator.adapters.ext4 import keep_apart


def file_system(folder: Path) -> str:
    return subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True, check=False).stdout


def test_it_is_told_once_and_stays(tmp_path: Path) -> None:
    if "ext" not in file_system(tmp_path) or shutil.which("lsattr") is None:
        pytest.skip("needs ext4 below the temporary folder, and e2fsprogs")
    for _ in range(2):
        keep_apart(tmp_path)
        shown = subprocess.run(["lsattr", "-d", tmp_path], capture_output=True, text=True, check=True).stdout
        assert "T" in shown.split()[0]


def test_where_there_is_no_such_thing_nothing_happens(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "none", tmp_path / "file", Path("/dev/shm"), Path("/proc")):
        keep_apart(folder)
