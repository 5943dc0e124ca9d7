"""What stands in the skills and in the planner's prompt, and what of it the code does not know.

Each `…_faults` takes a text, so that a test can also show that it notices what is wrong.
"""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

import click
import msgspec

from orchestrator.cli import commands
from tests.docs.pages import CODE, SOURCE

BUILTIN = SOURCE / "builtin"
SKILLS = BUILTIN / "skills"
PROMPT = BUILTIN / "prompts/interactive-system.md"
MADE = SKILLS / "cli/references/commands.md"
"""Written by scripts/reference.py, and held to the commands by that."""
FILES = (*sorted(SKILLS.rglob("*.md")), PROMPT)
TEXTS = {str(file.relative_to(BUILTIN)): file.read_text(encoding="utf-8") for file in FILES}
BY_HAND = {name: text for name, text in TEXTS.items() if not name.endswith(str(MADE.relative_to(SKILLS)))}

PROMPTS = {file.name for file in (BUILTIN / "prompts").iterdir()}
SCRIPTS = {file.name for file in (BUILTIN / "scripts").iterdir()}
ALIASES = {"criteria": "acceptanceCriteria", "id": "ticketId", "url": "linearUrl"}
"""Short names in drafts."""

FENCE = re.compile(r"^([ ]*)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
CELL = re.compile(r"(?<!\\)\|")


class Block(NamedTuple):
    page: str
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.text.splitlines()[0][:40]}"


def blocks(language: str) -> list[Block]:
    return [
        Block(page, found[2], textwrap.dedent(found[3]))
        for page, text in TEXTS.items()
        for found in FENCE.finditer(text)
        if found[2] == language
    ]


def codes(text: str) -> list[str]:
    return CODE.findall(FENCE.sub("", text))


def section(page: str, title: str) -> str:
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", TEXTS[page], re.MULTILINE | re.DOTALL)
    assert found, f"{page} has no heading {title}"
    return FENCE.sub("", found[1])


def rows(text: str, header: str) -> dict[str, str]:
    """The rest of each row of the table whose first column is called so, by every name of its first cell."""
    lines = text.splitlines()
    begin = next(i for i, line in enumerate(lines) if line.startswith(f"| {header} |"))
    found = {}
    for line in lines[begin + 2 :]:
        if not line.startswith("|"):
            break
        first, rest = CELL.split(line.strip("|"), maxsplit=1)
        for name in CODE.findall(first):
            assert name not in found, f"{name} is there twice"
            found[name] = rest
    return found


def keys(record: Any) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(record)}


# --- commands


def typed(text: str) -> Iterator[tuple[str, bool]]:
    """What is to be typed; whether it is whole, as in a block."""
    for found in FENCE.finditer(text):
        if found[2] == "sh":
            yield from ((line.strip(), True) for line in found[3].splitlines() if "orchestrator " in line)
    yield from ((code, False) for code in codes(text) if code.startswith("orchestrator "))


def command_faults(text: str) -> list[str]:
    return [fault for line, is_whole in typed(text) for fault in line_faults(line, is_whole)]


def line_faults(line: str, is_whole: bool) -> Iterator[str]:
    words = shlex.split(line, comments=True)[1:]
    if "-C" in words:
        del words[words.index("-C") : words.index("-C") + 2]
    command: click.Command = commands.cli
    while isinstance(command, click.Group) and words and not words[0].startswith("-") and words[0] != "COMMAND":
        inner = command.get_command(click.Context(command), words[0])
        if inner is None:
            yield f"{line}: there is no {words[0]}"
            return
        command, words = inner, words[1:]
    if isinstance(command, click.Group):
        return
    try:
        given, left, _ = command.make_parser(click.Context(command, **command.context_settings)).parse_args(words)
    except click.UsageError as error:
        yield f"{line}: {error.format_message()}"
        return
    if left:
        yield f"{line}: {left[0]} is too much"
    for one in command.params:
        value = given.get(one.name or "")
        if isinstance(one.type, click.Choice) and isinstance(value, str) and value not in one.type.choices:
            yield f"{line}: {value} is not to be chosen"
        if is_whole and one.required and not isinstance(value, str | tuple | list):
            yield f"{line}: {one.name} is missing"


@cache
def tree() -> dict[str, click.Command]:
    """Every command that does something, by its words."""

    def below(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
        ctx = click.Context(group)
        for name in group.list_commands(ctx):
            command = group.get_command(ctx, name)
            assert command is not None
            if isinstance(command, click.Group):
                yield from below(command, f"{path}{name} ")
            else:
                yield f"{path}{name}", command

    return dict(below(commands.cli, ""))


def option_faults(text: str, of_others: set[str]) -> list[str]:
    """Options that are named by themselves."""
    known = {name for one in tree().values() for param in one.params for name in param.opts} | {"--version", "--help"}
    named = {code.split()[0].partition("=")[0] for code in codes(text) if re.match(r"--?[a-z]", code)}
    return sorted(named - known - of_others)


# --- names


def variable_faults(text: str, known: Callable[[str], bool]) -> list[str]:
    named = set(re.findall(r"\b(?:ORCHESTRATOR|LINEAR|GH|GITHUB)_[A-Z_]*[A-Z]\b", text))
    return sorted(name for name in named if not known(name))


def word_faults(text: str, known: set[str]) -> list[str]:
    """Single words of code that nothing in the program is called. Ids and variables of the environment are no words."""
    words = {code.removesuffix(":") for code in codes(text)}
    named = {word for word in words if re.fullmatch(r"[A-Za-z_][\w-]*", word) and not re.fullmatch(r"[A-Z_\d-]+", word)}
    return sorted(named - known)


def file_faults(text: str, known: set[str]) -> list[str]:
    named = {word for code in codes(text) for word in re.findall(r"^[\w./-]+\.(?:sh|md|yaml|json)\b", code)}
    return sorted(name for name in named if name not in known)


def link_faults(page: str, text: str) -> list[str]:
    """Links lead to files of the same skill."""
    folder = (BUILTIN / page).parent
    links = re.findall(r"\]\(([^)#\s]+)\)", FENCE.sub("", text))
    return [link for link in links if "://" not in link and not (folder / link).is_file()]
