"""`logs`: what happened to a ticket, and what its attempts printed."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from orchestrator.cli import output
from orchestrator.cli.columns import screen, without_escapes, wrapped
from orchestrator.cli.opened import key_of, opened
from orchestrator.cli.options import command, json_option
from orchestrator.cli.output import clean, paint, say

if TYPE_CHECKING:
    from orchestrator.control.transcripts import AttemptLog, Filter, Piece
    from orchestrator.core.model import Key
    from orchestrator.core.settings import Config

_EVENT = re.compile(r"(\S+ )((?:[A-Z]+ )?)(\w+)(.*)\Z", re.DOTALL)
_LEVELS = {"ERROR": "red", "WARNING": "yellow"}
INDENT = "    "


@command("logs")
@click.argument("plan", metavar="PLAN")
@click.argument("ticket", metavar="TICKET")
@click.option("--phase", metavar="PHASE", help="The output of the attempts at this phase.")
@click.option("--attempt", type=click.IntRange(min=1), metavar="N", help="The output of this attempt.")
@click.option("-f", "--follow", is_flag=True, help="Show what comes, new attempts too, until the ticket has ended.")
@click.option("--raw", is_flag=True, help="What attempts printed, byte by byte: stdout to stdout, stderr to stderr.")
@json_option
def logs(plan: str, ticket: str, phase: str | None, attempt: int | None, follow: bool, raw: bool, as_json: bool) -> int:
    """Show what happened to a ticket, and follow it.

    Its events, one per line, with what its agents said and did: text, calls of tools, edits, results. With --phase or
    --attempt the output of these attempts (stdout, then stderr): an agent's stream readably, a script's as it is. With
    --raw an agent's stream as it is, too. Everything lies in the log directory, one folder per attempt.

    \b
    --json: {"plan", "ticket", "events": […], "attempts": [{"attempt", "phase", "kind", "agent",
    "sessionId", "startedAt", "exitCode", "outcome", "directory"}]}; with --phase or --attempt also
    "output", the last 1,000 of {"attempt", "phase", "stream", "kind", "text", "detail"}: "stream" is
    events, stdout or stderr; "kind" event, line or, of an agent, text, thinking, tool, edit, result,
    error, note, done.
    --json --follow: such an object per line, as they come.
    """
    from orchestrator.control import logbooks
    from orchestrator.control.transcripts import Filter

    if raw and as_json:
        raise click.UsageError("--raw shows bytes, --json objects; choose one of them")
    config, key = opened().config, key_of(plan, ticket)
    chosen = Filter(phase, attempt, raw)
    logbooks.check(config, key)
    if as_json and not follow:
        output.show_json(logbooks.document(config, key, chosen))
        return 0
    if not follow:
        logbooks.attempts(config, key, chosen)
    pieces = logbooks.follow(config, key, chosen) if follow else logbooks.pieces(config, key, chosen)
    if raw or as_json:
        _copy(pieces) if raw else _json_lines(pieces)
        return 0
    if not _show(pieces, titled=chosen.names_attempts) and not follow:
        say(_nothing(config, key, chosen))
    return 0


def _nothing(config: Config, key: Key, chosen: Filter) -> str:
    from orchestrator.control import logbooks

    if chosen.names_attempts:
        return "it has printed nothing"
    if logbooks.has_history(config, key):
        return (
            f"there are no logs of ticket {key.ticket}; "
            f"`orchestrator history {key.plan} {key.ticket}` tells what its file says"
        )
    return f"nothing has happened to ticket {key.ticket} yet"


def _copy(pieces: Iterator[Piece]) -> None:
    from orchestrator.control.transcripts import STDERR

    for piece in pieces:
        stream = sys.stderr if piece.stream == STDERR else sys.stdout
        stream.buffer.write(piece.content)
        stream.flush()


def _json_lines(pieces: Iterator[Piece]) -> None:
    import msgspec

    from orchestrator.control.logbooks import spoken

    for piece in pieces:
        for one in spoken(piece):
            sys.stdout.write(msgspec.json.encode(one).decode() + "\n")
        sys.stdout.flush()


def _show(pieces: Iterator[Piece], titled: bool) -> bool:
    shown = False
    screen = _Screen(titled)
    for piece in pieces:
        shown = True
        screen.show(piece)
        sys.stdout.flush()
    return shown


class _Screen:
    """Bytes as they are where nobody looks; on a terminal only what cannot harm it."""

    def __init__(self, titled: bool) -> None:
        from orchestrator.cli.look.said import Style

        self._titled = titled
        self._style, self._terminal = Style.of_stdout(), output.is_terminal()
        self._whose: tuple[AttemptLog | None, str] | None = None
        self._ends = True
        """The last line is whole."""

    def show(self, piece: Piece) -> None:
        whose = (piece.attempt, piece.stream)
        if whose != self._whose:
            self._begin(piece)
            self._whose = whose
        if piece.said is not None:
            lines = [line for said in piece.said for line in self._telling.lines(said)]
            say(*(lines or [""]))
        elif piece.attempt is None and self._terminal:
            sys.stdout.write(self._event(piece.content))
        else:
            self._write(piece.content)

    def _begin(self, piece: Piece) -> None:
        from orchestrator.cli.look.said import Telling

        if not self._ends:
            say("")
            self._ends = True
        if piece.attempt is not None and self._titled:
            say(self._title(piece.attempt, piece.stream))
        root = ""
        if piece.attempt is not None and piece.said is not None:
            from orchestrator.control.transcripts import worktree_of

            root = worktree_of(piece.attempt)
        self._telling = Telling(self._style, "" if self._titled else INDENT, root)

    def _title(self, attempt: AttemptLog, stream: str) -> str:
        return paint(f"==> attempt {attempt.n}, {clean(attempt.phase)}: {stream}", "bold", self._style.colour)

    def _write(self, content: bytes) -> None:
        self._ends = content.endswith(b"\n")
        if self._terminal:
            sys.stdout.write(output.clean_lines(without_escapes(content.decode("utf-8", "replace"))))
        else:
            sys.stdout.flush()
            sys.stdout.buffer.write(content)

    def _event(self, content: bytes) -> str:
        text = output.clean_lines(without_escapes(content.decode("utf-8", "replace")))
        first, *more = wrapped(text.rstrip("\n"), screen())
        if more:
            more = wrapped(INDENT + " ".join(line.strip() for line in more), screen())
        return "".join(f"{line}\n" for line in [self._marked(first), *more])

    def _marked(self, line: str) -> str:
        match = _EVENT.match(line)
        if match is None:
            return line
        at, level, verb, rest = match.groups()
        colour = _LEVELS.get(level.strip(), "bold")
        on = self._style.colour
        return f"{paint(at, 'dim', on)}{paint(level, colour, on)}{paint(verb, colour, on)}{rest}"
