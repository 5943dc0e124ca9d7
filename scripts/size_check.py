"""No file of src over 300 lines, no function over 60, unless size_exceptions.toml lists it with a reason.

An exception that is no longer needed fails too, so that the list only gets shorter by itself.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
LISTED = "scripts/size_exceptions.toml"
MAX_FILE = 300
MAX_FUNCTION = 60


class Excess(NamedTuple):
    name: str
    """`cli/main.py`, or `cli/main.py:function`, `cli/main.py:Class.method`."""
    lines: int
    limit: int


def main(folder: Path = ROOT / "src/orchestrator", listed: Path = ROOT / LISTED) -> int:
    complaints = problems(list(excesses(folder)), tomllib.loads(listed.read_text()))
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


def problems(found: list[Excess], exceptions: dict[str, object]) -> list[str]:
    """One line per excess without a reason, and per reason without an excess."""
    over = [
        f"{one.name}: {one.lines} lines, at most {one.limit}: split it, or give a reason in {LISTED}"
        for one in found
        if not str(exceptions.get(one.name, "")).strip()
    ]
    stale = exceptions.keys() - {one.name for one in found}
    return over + [f"{name}: is within the limits: remove it from {LISTED}" for name in sorted(stale)]


def excesses(folder: Path) -> Iterator[Excess]:
    for file in sorted(folder.rglob("*.py")):
        name = file.relative_to(folder).as_posix()
        text = file.read_text()
        if len(text.splitlines()) > MAX_FILE:
            yield Excess(name, len(text.splitlines()), MAX_FILE)
        for function, lines in functions(ast.parse(text)):
            if lines > MAX_FUNCTION:
                yield Excess(f"{name}:{function}", lines, MAX_FUNCTION)


def functions(tree: ast.AST, inside: str = "") -> Iterator[tuple[str, int]]:
    """Every function, also nested ones, with its lines from `def` to the end (decorators do not count)."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield inside + node.name, (node.end_lineno or node.lineno) - node.lineno + 1
        named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        yield from functions(node, f"{inside}{node.name}." if named else inside)  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.exit(main())
