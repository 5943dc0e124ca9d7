"""What the issues of tickets are told, beside the loop: that a pull request was opened, and how a ticket ended.

The law: what is to be said follows from the tickets' files, and what was said is remembered beside them before and
after each try, so that a crash neither loses a comment nor writes it twice. Nobody waits for it: each is tried for a
day, more and more seldom, and the log says once why it is not there.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from orchestrator.adapters.files import make_folder, read_whole, try_lock, write_atomically
from orchestrator.core.board import Board
from orchestrator.core.model import Key, Ticket
from orchestrator.core.remarks import Remark, plain, remarks
from orchestrator.core.tries import LONGEST, TOLD_FROM, Said, begun, due, rest
from orchestrator.engine.home import Home

if TYPE_CHECKING:
    from orchestrator.adapters.trackers.comment import NotWrittenError

LOOK_SECONDS = 1.0
END_SECONDS = 3.0
OVER = math.inf


class Comments:
    def __init__(self, home: Home, board: Board, tell: Callable[[Callable[[], None]], None]) -> None:
        self._home, self._board, self._tell = home, board, tell
        self._stop = threading.Event()
        self._folder = Path(home.places.state) / ".comments"
        self._known: dict[Key, tuple[Ticket, float]] = {}
        """What was looked at, and when to look again."""
        self._warned = ""
        self._thread: threading.Thread | None = None

    def start(self) -> Comments:
        self._thread = threading.Thread(target=self._work, name="comments", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stop.set()

    def finish(self) -> None:
        """The runner is about to end, and nobody hurries it: say what can be said in a moment."""
        self._stop.set()
        if self._home.settings.tracker.comment:
            if self._thread is not None:
                self._thread.join(END_SECONDS)
            last = threading.Thread(target=self._look, args=(True,), name="comments", daemon=True)
            last.start()
            last.join(END_SECONDS)

    def _work(self) -> None:
        while not self._stop.is_set():
            if self._home.settings.tracker.comment:
                self._look()
            self._stop.wait(LOOK_SECONDS)

    def _look(self, last: bool = False) -> None:
        try:
            lock = try_lock(self._home.places.locks / ".comments")
            if lock is not None:
                with lock:
                    self._look_at_all(last)
        except Exception as error:  # a comment must not cost anything else; the next look tries again
            why = f"{type(error).__name__}: {error}"
            if why != self._warned:
                self._warned = why
                self._warn(None, why, "try again")

    def _look_at_all(self, last: bool) -> None:
        from orchestrator.adapters.trackers.comment import has_issue  # few tell a tracker anything

        since = self._since()
        for key, ticket in list(self._board.tickets.items()):
            if self._stop.is_set() and not last:
                return
            seen, until = self._known.get(key, (None, 0.0))
            if ticket is not seen or ((time.time() >= until or last) and until != OVER):
                told = has_issue(ticket.linear_url)
                self._known[key] = ticket, self._say_all(key, ticket, since, last) if told else OVER

    def _since(self) -> float:
        """When comments were first wanted: what was over before that is no news."""
        path = self._folder / ".since"
        with suppress(FileNotFoundError):
            return path.stat().st_mtime
        make_folder(self._folder)
        path.touch()
        begun = time.time() - 60
        os.utime(path, (begun, begun))
        return begun

    def _say_all(self, key: Key, ticket: Ticket, since: float, last: bool) -> float:
        """When there is something to be said next."""
        until = OVER
        for remark in remarks(str(self._home.places.state), ticket, since):
            said = self._said(key)
            if remark.id not in said.over:
                until = min(until, self._say(key, ticket, remark, said, last))
        return until

    def _say(self, key: Key, ticket: Ticket, remark: Remark, said: Said, last: bool) -> float:
        from orchestrator.adapters.trackers import comment

        link, now = ticket.linear_url or "", time.time()
        before = said.last.get(remark.id)
        at = due(before, now, last, comment.lingers(link))
        if now < at:
            return at
        one = begun(before, now)
        said = said.tried(remark.id, one)
        self._remember(key, said)
        error = self._write(link, remark, said.tries[remark.id] > 1)
        if error is None:
            self._remember(key, said.ended(remark.id))
            self._tell(lambda: self._home.logs.event("commented", key, "info", id=remark.id))
            return OVER
        seconds, now = rest(said.tries[remark.id], error.lasts, error.wait), time.time()
        gives_up = now + seconds > one.first + LONGEST
        tells = gives_up or (seconds >= TOLD_FROM and not one.told)
        if gives_up:
            self._remember(key, said.ended(remark.id))
        else:
            self._remember(key, said.failed(remark.id, replace(one, due=now + seconds, told=one.told or tells)))
        if tells:
            self._warn(key, plain(str(error)), "give it up" if gives_up else f"try again in {seconds:.0f} s")
        return OVER if gives_up else now + seconds

    def _write(self, link: str, remark: Remark, look: bool) -> NotWrittenError | None:
        from orchestrator.adapters.forge.gh import Gh
        from orchestrator.adapters.trackers import comment

        gh = Gh(self._home.settings.gh_command, str(self._home.places.state), listens=True)
        body = f"{remark.text}\n\n<!-- {remark.mark} -->\n"
        try:
            comment.write(link, body, remark.mark, look, gh, self._home.environ)
        except comment.NotWrittenError as error:
            return error
        return None

    def _warn(self, key: Key | None, why: str, will: str) -> None:
        self._tell(lambda: self._home.logs.event("comment_failed", key, "warning", reason=why, will=will))

    def _said(self, key: Key) -> Said:
        try:
            return msgspec.json.decode(read_whole(str(self._file(key))), type=Said)
        except FileNotFoundError:
            return Said()
        except msgspec.DecodeError:
            return Said(unknown=True)

    def _remember(self, key: Key, said: Said) -> None:
        make_folder(self._file(key).parent)
        write_atomically(self._file(key), msgspec.json.encode(said) + b"\n")

    def _file(self, key: Key) -> Path:
        return self._folder / key.plan / f"{key.ticket}.json"
