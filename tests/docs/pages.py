"""What stands in the documents: tables, blocks of code, code within a line, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
SOURCE = ROOT / "src/orchestrator"
PAGES = (*sorted(DOCS.glob("*.md")), ROOT / "README.md")

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


class Block(NamedTuple):
    page: Path
    language: str
    text: str
    is_run: bool
    """`<!-- run -->` stands before it."""

    def __str__(self) -> str:
        return f"{self.page.name}:{self.text.splitlines()[0][:40]}"


@cache
def text(name: str) -> str:
    """`configuration`, `README`."""
    return next(page for page in PAGES if page.stem == name).read_text(encoding="utf-8")


@cache
def blocks(language: str) -> tuple[Block, ...]:
    return tuple(block for page in PAGES for block in _blocks(page) if block.language == language)


def _blocks(page: Path) -> Iterator[Block]:
    source = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(source):
        before = source[: found.start()].rstrip()
        yield Block(page, found[1], found[2], before.endswith("<!-- run -->"))


def section(name: str, title: str) -> str:
    """What stands under a heading, up to the next one of any level."""
    source = FENCE.sub("", text(name))
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", source, re.MULTILINE | re.DOTALL)
    assert found, f"{name}.md has no heading {title}"
    return found[1]


def table(name: str, title: str, header: str) -> dict[str, list[str]]:
    """The other cells of the table whose first column is called so, by each name of their first cell."""
    lines = section(name, title).splitlines()
    begin = next(i for i, line in enumerate(lines) if line.startswith(f"| {header} |"))
    rows: dict[str, list[str]] = {}
    for line in lines[begin + 2 :]:
        if not line.startswith("|"):
            break
        first, *others = (cell.strip() for cell in line.strip("|").split("|"))
        for word in CODE.findall(first) or [first]:
            assert word not in rows, f"{name}.md, {title}: {word} is there twice"
            rows[word] = others
    return rows


def codes(source: str) -> list[str]:
    """Code within lines of prose and tables."""
    return CODE.findall(FENCE.sub("", source))


@cache
def constants() -> tuple[str, ...]:
    """Every text of the source, f-strings in pieces, and the bundled scripts line by line."""
    import ast

    found: list[str] = []
    for file in SOURCE.rglob("*.py"):
        nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        found += [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    for script in SOURCE.rglob("*.sh"):
        found += script.read_text(encoding="utf-8").splitlines()
    return tuple(found)
