"""Installs the project as a user would, away from the source, and runs it: nothing may depend on the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src/orchestrator"


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = folder / "venv"
        install(environment)
        (package,) = environment.glob("lib/python*/site-packages/orchestrator")
        complaints = compare(tracked(), package)
        for complaint in complaints:
            print(complaint)
        for words in ("--version", "workflow list", "schema ticket"):
            complaints += start(environment, folder, words)
    print("package: not as it should be" if complaints else "package: installed and runs")
    return 1 if complaints else 0


def install(environment: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", *(["--without-pip"] if uv() else []), str(environment)], check=True)
    python = str(environment / "bin/python")
    tool = [uv() or "", "pip", "install", "--python", python] if uv() else [python, "-m", "pip", "install"]
    subprocess.run([*tool, "-q", str(ROOT)], check=True)


def uv() -> str | None:
    return shutil.which("uv")


def tracked() -> list[str]:
    """The package's files by git, because the folder may hold others."""
    listed = subprocess.run(["git", "ls-files", "-z", "."], cwd=SOURCE, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name and (SOURCE / name).exists()]


def compare(names: list[str], package: Path) -> list[str]:
    """What is missing from the installed package, or has lost its x bit."""
    missing = [f"not in the package: {name}" for name in names if not (package / name).exists()]
    bits = [
        f"no longer executable in the package: {name}"
        for name in names
        if os.access(SOURCE / name, os.X_OK) and (package / name).exists() and not os.access(package / name, os.X_OK)
    ]
    return missing + bits


def start(environment: Path, folder: Path, words: str) -> list[str]:
    """Runs one command in an empty folder with an empty home."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    env = {"PATH": os.environ["PATH"], "HOME": str(home)}
    argv = [str(environment / "bin/orchestrator"), *words.split()]
    done = subprocess.run(argv, cwd=home, env=env, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        print(f"orchestrator {words}: {len(done.stdout.splitlines())} lines")
        return []
    print(f"orchestrator {words}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return [words]


if __name__ == "__main__":
    sys.exit(main())
