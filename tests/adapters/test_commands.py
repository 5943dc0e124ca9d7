"""A command that was started is ended by whoever stops us, at whatever moment that is."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters import commands


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_while_it_is_being_started_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, when: str
) -> None:
    begin, begun = subprocess.Popen, []

    def start(*args: Any, **options: Any) -> subprocess.Popen[bytes]:
        if when == "before":
            os.kill(os.getpid(), number)
        begun.append(begin(*args, **options))
        if when == "after":
            os.kill(os.getpid(), number)
        return begun[0]

    monkeypatch.setattr(subprocess, "Popen", start)
    ended = commands.run(["sleep", "60"], tmp_path, os.environ, tmp_path / "log", "it", 50, 1)
    assert ended.code is None and ended.stopped == f"stopped by {signal.Signals(number).name}"
    assert begun[0].poll() is not None
    assert "stopped by" in (tmp_path / "log").read_text()
