"""The figures of README.md and docs/performance.md, exactly those of benchmarks/results.json.

`--check` writes nothing and fails when a document says something else. Without saved results both say so.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import table
from benchmarks.results import Results, load
from benchmarks.rows import Row

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks/results.json"
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->"
NOT_YET = "Nothing is saved yet: `make bench` measures and prints them.\n"

CHOSEN = {
    "help.wall": "`orchestrator --help`",
    "status10.wall": "`orchestrator status`, 10 tickets",
    "status10000.wall": "`orchestrator status`, 10,000 tickets",
    "phase50.overhead": "overhead per script phase, 50 in a row",
    "phase500.overhead": "overhead per script phase, 500 in a row",
    "load2.tickets": "1,000 tickets × 3 phases, 2 at once",
    "load8.tickets": "1,000 tickets × 3 phases, 8 at once",
    "load32.tickets": "1,000 tickets × 3 phases, 32 at once",
    "dependent": "a blocker completes → its dependent starts",
    "edit": "a file is edited → its ticket starts",
    "pause.saved": "paused → first signal",
    "slots4.used": "slots used, of 4",
    "boot": "daemon's start with 10,000 tickets → first dispatch",
    "idle.cpu": "idle with 10,000 tickets: CPU, of one core",
    "idle.rss": "idle with 10,000 tickets: memory",
    "output.growth": "memory gained while an agent prints 1 GB",
    "recovery": "`kill -9` with 20 attempts open: start → all slots used again",
}
"""What the README shows, in its words."""


def main(words: list[str], root: Path = ROOT, results: Path = RESULTS) -> int:
    found = load(results) if results.exists() else None
    if found is not None and found.quick:
        print(f"{results.name} comes from a quick run; take it anew: make bench ARGS=--save")
        return 1
    stale = 0
    for name, text in {"README.md": readme(found), "docs/performance.md": page(found)}.items():
        file = root / name
        old = file.read_text(encoding="utf-8")
        new = replaced(old, text)
        if new is None:
            print(f"{name}: lacks the lines {BEGIN.strip()} and {END}")
            stale += 1
        elif words != ["--check"]:
            file.write_text(new, encoding="utf-8")
        elif new != old:
            print(f"{name}: its figures are not those of benchmarks/results.json")
            stale += 1
    return 1 if stale else 0


def replaced(text: str, figures: str) -> str | None:
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    return f"{before}{begin}\n{figures}\n{end}{after}" if begin and end else None


def readme(found: Results | None) -> str:
    """A few figures, in words."""
    if found is None:
        return NOT_YET
    rows = {row.figure.key: row for _, _, block in found.blocks() for row in block if row.own}
    head = ["what", "median", "beside the bare equivalent", "budget", "original", "better by"]
    lines = [head, ["---", *["--:"] * 5]]
    lines += [_line(title, rows[key]) for key, title in CHOSEN.items() if key in rows]
    return f"{_markdown(lines)}\n\n{machine(found)}\n"


def _line(title: str, row: Row) -> list[str]:
    unit = row.figure.unit
    assert row.own is not None
    return [
        title, table.number(row.own.median, unit), table.number(row.ratio, "×"), table.budget(row.figure),
        table.number(row.figure.original, unit), table.number(row.factor, "×"),
    ]  # fmt: skip


def page(found: Results | None) -> str:
    """All of them."""
    if found is None:
        return NOT_YET
    blocks = [(scenario.title, rows) for scenario, _, rows in found.blocks()]
    return f"{machine(found)}\n\n{table.markdown(blocks, bool(found.peer))}\n"


def machine(found: Results) -> str:
    """On what it was measured; nothing of who measured."""
    known = found.machine
    named = [
        known.get("cpu"), f"{known.get('cores')} cores", known.get("memory"), known.get("system"),
        f"Python {known.get('python', '').partition(' ')[0]}", f"{known.get('date', '').partition(' ')[0]}",
    ]  # fmt: skip
    return (
        f"Medians, measured by `make bench` on {', '.join(filter(None, named))}. "
        "The original's figures were taken on a machine of two cores."
    )


def _markdown(lines: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
