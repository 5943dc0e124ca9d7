"""Everything that `make check` looks at. All of it is run, then it says what failed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


class Check(NamedTuple):
    name: str
    argv: list[str]
    remedy: str


def main() -> int:
    with tempfile.TemporaryDirectory() as fresh:
        failed = [check.name for check in checks(Path(fresh)) if not passes(check)]
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


def checks(fresh: Path) -> list[Check]:
    python = sys.executable
    return [
        Check("lint", [f"{BIN}/ruff", "check", "-q", "."], "some of it goes away with: make format"),
        Check("format", [f"{BIN}/ruff", "format", "--check", "-q", "."], "make format"),
        Check("types", [f"{BIN}/mypy", "--no-error-summary"], ""),
        Check("import rules", [f"{BIN}/lint-imports", "--no-logo"], "see ARCHITECTURE.md: imports point down"),
        Check("sizes", [python, "scripts/size_check.py"], ""),
        Check("schemas", [python, "scripts/schema_check.py", str(fresh)], "make schemas"),
        Check("diagrams", [python, "scripts/diagrams.py", "--check"], "make diagrams"),
        Check("commands", [python, "scripts/reference.py", "--check"], "make reference"),
        Check("figures", [python, "-m", "scripts.figures", "--check"], "make figures"),
        Check("agents", [python, "-m", "scripts.agents", "--check"], "make agents, or make conformance"),
    ]


def passes(check: Check) -> bool:
    started = time.monotonic()
    done = subprocess.run(check.argv, cwd=ROOT, capture_output=True, text=True, check=False)
    word = "FAILED" if done.returncode else "ok"
    print(f"{check.name:14}{word:8}{time.monotonic() - started:4.1f} s", flush=True)
    if done.returncode:
        print(done.stdout + done.stderr + (f"→ {check.remedy}" if check.remedy else ""), flush=True)
    return not done.returncode


if __name__ == "__main__":
    sys.exit(main())
