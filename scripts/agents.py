"""The table of docs/agents.md that the suite with the real programs makes: what each was seen to do.

`--check` writes nothing, and fails when the page does not show what is in e2e/conformance.json, when that is not
complete, or when it is about other versions than those that the suite installs and the adapters were made for.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from e2e import conformance
from e2e.install import AGENTS as PROGRAMS
from orchestrator.agents.base import Option
from orchestrator.agents.registry import AGENTS

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/agents.md"
BEGIN, END = "<!-- seen by make e2e -->\n", "<!-- end of what was seen -->"
TITLES = {"claude": "Claude Code", "codex": "Codex", "gemini": "Gemini CLI", "opencode": "OpenCode", "pi": "pi"}
RENEW = "make conformance"


def main(words: list[str], page: Path = PAGE) -> int:
    seen = conformance.read()
    wrong = list(problems(seen))
    old = page.read_text(encoding="utf-8")
    new = replaced(old, table(seen))
    if new is None:
        wrong.append(f"docs/{page.name} lacks the lines {BEGIN.strip()} and {END}")
    elif words != ["--check"]:
        page.write_text(new, encoding="utf-8")
    elif new != old:
        wrong.append(f"docs/{page.name}: its table is not that of {conformance.FILE.name}; make agents")
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


def problems(seen: conformance.Seen) -> Iterator[str]:
    """What is missing, and what is about something else than what is there today."""
    file = conformance.FILE.name
    for name, program in PROGRAMS.items():
        known = seen.get(name, {})
        for key in conformance.CAPABILITIES:
            if key not in known:
                yield f'{file}: {name} lacks {key}; {RENEW} ARGS="-k {name}"'
        told, tested = known.get("version"), getattr(AGENTS[name].versions, "tested", None)
        if not told == program.version == tested:
            yield (
                f"{file}: {name} was seen in version {told}; e2e/install.py installs {program.version}, "
                f'and its adapter was tested with {tested}; {RENEW} ARGS="-k {name}"'
            )
        for option in (Option.MODEL, Option.ALLOWED_TOOLS, Option.MAX_TURNS):
            if (known.get(option.value) == "yes") is not (option in AGENTS[name].options):
                yield f'{file}: {name}: {option.value}: the adapter says something else; {RENEW} ARGS="-k {name}"'


def table(seen: conformance.Seen) -> str:
    rows = [["", *TITLES.values()], ["---"] * (len(TITLES) + 1)]
    for key, title in conformance.CAPABILITIES.items():
        rows.append([title, *(seen.get(name, {}).get(key, "") for name in TITLES)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def replaced(text: str, new: str) -> str | None:
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    return f"{before}{begin}\n{new}\n{end}{after}" if begin and end else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
