"""Makes .venv: the program with its dependencies, at level `dev` the tools for tests and checks, at level `docs` what
builds the documentation too.

A set-up that did not come to its end is thrown away and made anew, because nobody can say what is in it. One that did
leaves a stamp saying from what it was made; as long as that is still true there is nothing to do.
Runs before anything is installed: standard library only.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LEVELS = ("run", "dev", "docs")
"""Each has what those before it have."""
GROUPS = {"run": (), "dev": ("dev",), "docs": ("dev", "docs")}
TOOLS = {"run": "", "dev": ", tools for tests and checks", "docs": ", tools for tests, checks and documentation"}
MISLEADING = (
    "PYTHONPATH",
    "PYTHONHOME",
    "PIP_USER",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_REQUIRE_VIRTUALENV",
    "VIRTUAL_ENV",
)
"""Variables that would make pip or uv install somewhere else."""


class SetupError(Exception):
    """The message says what failed and what to do."""


def main(argv: list[str]) -> int:
    level = argv[-1] if argv else "dev"
    if level not in LEVELS:
        print(f"usage: setup.py [--ready] {'|'.join(LEVELS)}", file=sys.stderr)
        return 2
    if argv[0] == "--ready":
        return 0 if is_ready(VENV, wanted(ROOT), level) else 1
    try:
        set_up(level)
    except SetupError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return 1
    return 0


def set_up(level: str) -> None:
    """One at a time per checkout: the lock is on the folder itself, and a killed set-up lets go of it."""
    folder = os.open(ROOT, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    want = wanted(ROOT)
    if is_ready(VENV, want, level):
        return
    level = max(level, stamp(VENV).get("level", level), key=LEVELS.index)
    started = time.monotonic()
    make(level)
    write_stamp(VENV, want, level)
    unfinished(VENV).unlink()
    print(f"set-up: ready in {time.monotonic() - started:.0f} s", flush=True)


def make(level: str) -> None:
    """Makes or mends the environment; on return everything is installed, but not yet stamped."""
    packages = requirements(ROOT, level)
    what = "the program and its dependencies" + TOOLS[level]
    uv = shutil.which("uv")
    print(f"set-up: {what} → .venv ({'uv' if uv else 'pip'}, Python {this_python()})", flush=True)
    try:
        create_and_install(uv, packages)
    except SetupError as error:
        if uv is None:
            raise
        print(f"set-up: {error}\nset-up: once more, with pip", file=sys.stderr, flush=True)
        remove(VENV)
        create_and_install(None, packages)
    compile_all()


def create_and_install(uv: str | None, packages: list[str]) -> None:
    python = VENV / "bin/python"
    if unusable(VENV):
        remove(VENV)
        create(uv)
    unfinished(VENV).touch()
    (VENV / "stamp.json").unlink(missing_ok=True)
    try:
        if uv:
            run([uv, "pip", "install", "-q", "--python", str(python), *packages])
        else:
            run([str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-compile", *packages])
    except SetupError:
        unfinished(VENV).unlink()  # it came to an end, and said why; what was there before is still good
        raise


def create(uv: str | None) -> None:
    VENV.mkdir()
    unfinished(VENV).touch()
    python = str(getattr(sys, "_base_executable", sys.executable))
    if uv:
        run([uv, "venv", "-q", "--allow-existing", "--python", python, str(VENV)])
    else:
        run([python, "-m", "venv", str(VENV)])


def compile_all() -> None:
    """All at once and on every core; what cannot be compiled (files for other Pythons) is left alone."""
    folders = [str(path) for path in VENV.glob("lib/python*/site-packages")] + [str(ROOT / "src")]
    subprocess.run([VENV / "bin/python", "-m", "compileall", "-qq", "-j", "0", *folders], check=False)


# --- what there is, and what there should be


def wanted(root: Path) -> dict[str, str]:
    """What an environment is made from: when one of these changes it has to be made again."""
    project = tomllib.loads((root / "pyproject.toml").read_text())
    parts = {key: project.get(key) for key in ("build-system", "project", "dependency-groups")}
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    return {"project": digest, "place": str(root)}


def requirements(root: Path, level: str) -> list[str]:
    """What to install. The groups are read here, because older pips and uvs do not know `--group`."""
    project: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text())
    return ["-e", str(root), *(one for group in GROUPS[level] for one in project["dependency-groups"][group])]


def write_stamp(venv: Path, want: dict[str, str], level: str) -> None:
    (venv / "stamp.json").write_text(json.dumps({"level": level, "from": want}))


def stamp(venv: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((venv / "stamp.json").read_text())
    except (OSError, ValueError):
        return {}
    return found


def is_ready(venv: Path, want: dict[str, str], level: str) -> bool:
    found = stamp(venv)
    enough = found.get("level") in LEVELS[LEVELS.index(level) :]
    return enough and found.get("from") == want and not unfinished(venv).exists() and unusable(venv) is None


def unusable(venv: Path) -> str | None:
    """Why this environment has to be made from nothing, or None."""
    if not (venv / "bin/python").exists():
        return "absent"
    if unfinished(venv).exists():
        return "interrupted"
    if stamp(venv).get("from", {}).get("place", str(ROOT)) != str(ROOT):
        return "moved"
    if not shutil.which("uv") and not any(venv.glob("lib/python*/site-packages/pip")):
        return "has no pip, and there is no uv"
    version = python_of(venv)
    if version is None or tuple(map(int, version.split("."))) < (3, 11):
        return "its Python is gone"
    if os.environ.get("PYTHON") and version != this_python():
        return "another Python is asked for"
    return None


def unfinished(venv: Path) -> Path:
    return venv / "unfinished"


def this_python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def python_of(venv: Path) -> str | None:
    """`3.12`; None when its interpreter does not run."""
    if Path(sys.prefix) == venv:
        return this_python()
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        found = subprocess.run([venv / "bin/python", "-c", code], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip()


# --- doing


def remove(venv: Path) -> None:
    if venv.is_symlink():
        venv.unlink()
    elif venv.exists():
        shutil.rmtree(venv)


def run(argv: list[str]) -> None:
    env = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    if subprocess.run(argv, env=env, check=False, stdin=subprocess.DEVNULL).returncode:
        advice = "Its message is above. Is the package index within reach? Then try again."
        raise SetupError(f"failed: {' '.join(argv)}\n        {advice}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
