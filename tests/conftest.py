"""Every test has a home of its own, and no test can start a real agent or a real forge by accident.

The names of those programs resolve to a stand-in that refuses, and the test that called it fails, even when the
code under test took the refusal for an ordinary failure. A test that wants such a program puts its own fake on PATH.
"""

from __future__ import annotations

import fnmatch
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.thorough import chosen

# `deadline` and `too_slow` measure the machine, not the program.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("project-ci", parent=settings.get_profile("project"), derandomize=True, database=None)
settings.load_profile("project-ci" if os.environ.get("CI") else "project")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A test that is named one by one runs in any case."""
    if any("::" in argument for argument in config.args):
        return
    kept, left = chosen(items)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept


NEVER_REAL = ("claude", "codex", "pi", "gemini", "opencode", "gh")

NOT_INHERITED = (
    "ORCHESTRATOR_*", "GIT_*", "XDG_*", "*_TOKEN", "*_API_KEY", "ANTHROPIC_*", "CLAUDE*", "OPENAI_*", "CODEX_*",
    "GEMINI_*", "EDITOR", "VISUAL", "PAGER", "NO_COLOR", "FORCE_COLOR", "CLICOLOR*", "COLUMNS", "LINES",
)  # fmt: skip

GIT_CONFIG = """\
[user]
\tname = Test Person
\temail = test@example.invalid
[init]
\tdefaultBranch = main
[commit]
\tgpgSign = false
[tag]
\tgpgSign = false
[gc]
\tauto = 0
[maintenance]
\tauto = false
"""

STAND_IN = """\
#!/bin/sh
echo "{name} $*" >> '{calls}'
echo "{name}: tests never start the real one; put a fake on PATH" >&2
exit 97
"""


@pytest.fixture(scope="session")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a refusing program for each name in NEVER_REAL."""
    folder = tmp_path_factory.mktemp("stand-ins")
    for name in NEVER_REAL:
        program = folder / name
        program.write_text(STAND_IN.format(name=name, calls=folder / "calls"))
        program.chmod(0o755)
    return folder


@pytest.fixture(autouse=True)
def no_real_programs(stand_ins: Path) -> Iterator[None]:
    """Fails the test that called a stand-in."""
    calls = stand_ins / "calls"
    calls.unlink(missing_ok=True)
    yield
    if calls.exists():
        pytest.fail(f"a test tried to start a real program: {calls.read_text().strip()}", pytrace=False)


@pytest.fixture(scope="session")
def temporary() -> Iterator[Path]:
    """Where tickets of tests have their temporary folders: a short path, and gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="o-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(autouse=True)
def home(
    tmp_path_factory: pytest.TempPathFactory, stand_ins: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A fresh HOME (and working directory, so that nothing can touch this project), with a git identity."""
    folder = tmp_path_factory.mktemp("home")
    (folder / ".gitconfig").write_text(GIT_CONFIG)
    for name in list(os.environ):
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in NOT_INHERITED):
            monkeypatch.delenv(name)
    for name, value in _environment(folder, stand_ins).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.chdir(folder)
    return folder


def _environment(folder: Path, stand_ins: Path) -> dict[str, str]:
    bin_folder = str(Path(sys.executable).parent)
    return {
        "HOME": str(folder),
        "USER": "tester",
        "XDG_CONFIG_HOME": str(folder / ".config"),
        "XDG_DATA_HOME": str(folder / ".local" / "share"),
        "XDG_STATE_HOME": str(folder / ".local" / "state"),
        "XDG_CACHE_HOME": str(folder / ".cache"),
        "GIT_CONFIG_GLOBAL": str(folder / ".gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "PATH": os.pathsep.join([str(stand_ins), bin_folder, os.environ["PATH"]]),
    }
