"""The part of docs/commands.md that the commands themselves know: what they say of themselves, and their options; and a
short form of the same for the skill `cli`.

`--check` writes nothing and fails when a page is not what would be written today.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from orchestrator.cli.commands import SECTIONS, cli

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/commands.md"
SKILL = ROOT / "src/orchestrator/builtin/skills/cli/references/commands.md"
BEGIN = "<!-- from here on written by scripts/reference.py -->\n"
EVERYWHERE = ("--config", "--help")
"""Options of every command; the page says so once."""


def main(words: list[str], page: Path = PAGE, skill: Path = SKILL) -> int:
    is_check = words == ["--check"]
    results = [written(page, reference(), is_check), written(skill, reference(is_short=True), is_check)]
    return max(results)


def written(page: Path, made: str, is_check: bool) -> int:
    old = page.read_text(encoding="utf-8")
    by_hand, found, _ = old.partition(BEGIN)
    if not found:
        print(f"{page.name} lacks the line {BEGIN.strip()}")
        return 1
    new = by_hand + BEGIN + made
    if is_check and new != old:
        print(f"{page}: out of date")
        return 1
    if new != old:
        page.write_text(new, encoding="utf-8")
    return 0


def reference(is_short: bool = False) -> str:
    """Every command, by section."""
    parts = []
    for title, section in SECTIONS.items():
        parts.append(f"\n## {title}\n")
        for name in section:
            command = cli.get_command(click.Context(cli), name)
            assert command is not None
            parts += (shortly if is_short else described)(command, f"orchestrator {name}")
    return "".join(parts)


def described(command: click.Command, path: str) -> Iterator[str]:
    """The command, then those below it."""
    ctx = click.Context(command, info_name=path, **command.context_settings)  # or it would keep --help without -h
    yield f"\n### {path.removeprefix('orchestrator ')}\n\n"
    yield f"```text\n{usage(command, ctx)}\n```\n"
    yield from paragraphs(command.help or "")
    if told := options_of(command):
        yield "\n" + "".join(option(one, ctx) for one in told)
    for inner, name in below(command, ctx):
        yield from described(inner, f"{path} {name}")


def shortly(command: click.Command, path: str) -> Iterator[str]:
    """The same for who can ask `--help` for the rest: what it does in a line, and its options."""
    ctx = click.Context(command, info_name=path, **command.context_settings)
    if not isinstance(command, click.Group):
        yield f"\n`{usage(command, ctx)}`: {command.get_short_help_str(limit=200)}\n"
        if told := options_of(command):
            yield "\n" + "".join(option(one, ctx) for one in told)
    for inner, name in below(command, ctx):
        yield from shortly(inner, f"{path} {name}")


def usage(command: click.Command, ctx: click.Context) -> str:
    words = [piece for piece in command.collect_usage_pieces(ctx) if piece != "[OPTIONS]"]
    return " ".join([ctx.info_name or "", *["[OPTIONS]"] * bool(options_of(command)), *words])


def options_of(command: click.Command) -> list[click.Option]:
    return [one for one in command.params if isinstance(one, click.Option) and not set(one.opts) & set(EVERYWHERE)]


def below(command: click.Command, ctx: click.Context) -> Iterator[tuple[click.Command, str]]:
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            inner = command.get_command(ctx, name)
            assert inner is not None
            yield inner, name


def paragraphs(text: str) -> Iterator[str]:
    """Prose as it is; what the terminal shows line by line, as a block."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        first, _, rest = paragraph.partition("\n")
        if first.strip() == "\b":
            yield f"\n```text\n{inspect.cleandoc(rest)}\n```\n"
        elif paragraph.startswith(" "):
            yield f"\n```text\n{inspect.cleandoc(paragraph)}\n```\n"
        else:
            yield f"\n{marked(' '.join(paragraph.split()))}\n"


def marked(text: str) -> str:
    """What is to be typed looks like it."""
    return re.sub(r"(?<![\w`-])--[a-z][a-z-]*", r"`\g<0>`", text)


def option(one: click.Option, ctx: click.Context) -> str:
    names = ", ".join(sorted(one.opts, key=len))
    value = "" if one.is_flag else f" {one.make_metavar(ctx)}"
    default = one.default if one.show_default and one.default is not None else None
    said = marked(re.sub(r"\[default: (.*)\]", r"Default: \1.", (one.help or "").rstrip()))
    return f"- `{names}{value}`: {said}{f' Default: {default}.' if default is not None else ''}\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
