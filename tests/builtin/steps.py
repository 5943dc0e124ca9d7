"""Scripts that are killed on their way: at each of their calls of git, before it and after it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.builtin.scripts import SCRIPTS, Said

GIT = """#!/bin/sh
# Counts the calls of whoever runs it; at the one that is named its whole group dies, before or after.
n=$(($(cat "{folder}/n" 2>/dev/null || echo 0) + 1))
echo $n >"{folder}/n"
read -r at when <"{folder}/at"
[ "$n $when" != "$at before" ] || kill -9 0
"{git}" "$@"
code=$?
[ "$n $when" != "$at after" ] || kill -9 0
exit $code
"""
LONGEST = 400
EACH = bool(int(os.environ.get("ORCHESTRATOR_CHAOS", "0")))
"""Killed at each call, and not only at each `step`th: for a long run."""


def killed_at_each_git(root: Path, script: str, *args: str | Path, again: Sequence[int] = (), step: int = 1) -> Said:
    """One life of the script after another, each killed at a later call of git than the one before, until one ends by
    itself with none of `again`. Returns what that one said."""
    folder = root / "killing git"
    folder.mkdir()
    stand_in = folder / "git"
    stand_in.write_text(GIT.format(folder=folder, git=shutil.which("git")))
    stand_in.chmod(0o755)
    env = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    for at in range(1, LONGEST, 1 if EACH else step):
        (folder / "n").unlink(missing_ok=True)
        (folder / "at").write_text(f"{at} {('before', 'after')[at % 2]}\n")
        command = ["/bin/bash", str(SCRIPTS / script), *map(str, args)]
        done = subprocess.run(
            command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
            start_new_session=True,
        )  # fmt: skip
        if done.returncode >= 0 and done.returncode not in again:
            return Said(done.returncode, done.stdout, done.stderr)
    raise AssertionError("it never ends")
