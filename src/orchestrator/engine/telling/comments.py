"""What the issues of tickets are told, beside the loop: that a pull request was opened, and how a ticket ended.

The law: what is to be said follows from the tickets' files, and what was said is remembered beside them before and
after each try, so that a crash neither loses a comment nor writes it twice. Nobody waits for it: each is tried
TRIES times, then the log says once why it is not there.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from orchestrator.adapters.files import make_folder, read_whole, try_lock, write_atomically
from orchestrator.core.board import Board
from orchestrator.core.forge.wording import one_line
from orchestrator.core.model import Key, Status, Ticket
from orchestrator.core.times import epoch_or
from orchestrator.engine.home import Home
from orchestrator.errors import OrchestratorError

LOOK_SECONDS = 1.0
REST_SECONDS = 5.0
TRIES = 3
END_SECONDS = 3.0
REASON = 300
ENDED = {Status.COMPLETE: "is complete", Status.FAILED: "failed", Status.NEEDS_ATTENTION: "needs attention"}
_SECRET = re.compile(r"\b(?:gh[pousr]_|github_pat_|lin_\w+_|sk-|xox[a-z]-)[\w-]{8,}|(?<=://)[^/\s@]+(?=@)")
_LINK = re.compile(r"\b(?:https?|ftp)://\S+|\bwww\.\S+", re.IGNORECASE)
_PULL = re.compile(r"https?://[\w.:/-]+\Z")


class Said(msgspec.Struct, frozen=True):
    tries: dict[str, int] = {}
    over: tuple[str, ...] = ()


class Remark(NamedTuple):
    id: str
    text: str

    @property
    def mark(self) -> str:
        return f"orchestrator:comment {self.id}"


def remarks(state: str, ticket: Ticket, since: float) -> Iterator[Remark]:
    """All that its issue is to be told by now."""
    pull = ticket.context.get("pr_url", "").strip()
    pull = pull if _PULL.match(pull) else ""
    last = ticket.phase_history[-1].completed_at if ticket.phase_history else None
    if epoch_or(last, since) < since:
        return
    name = f"`{ticket.ticket_id}` of plan `{ticket.plan_id}`"
    if pull:
        yield Remark(_id(state, ticket.key, "pull", pull), f"Pull request opened for ticket {name}:\n{pull}")
    if ticket.status in ENDED:
        lines = [f"Ticket {name} {ENDED[ticket.status]}."]
        lines += [f"Reason: {plain(ticket.error)}"] if ticket.error and ticket.status is not Status.COMPLETE else []
        lines += [f"Pull request: {pull}"] if pull else []
        yield Remark(_id(state, ticket.key, str(ticket.status), last or ""), "\n".join(lines))


def plain(text: str) -> str:
    """One line as code: nobody is mentioned, nothing is loaded, no token is shown."""
    hidden = _LINK.sub("(link)", _SECRET.sub("***", text))
    return f"`{one_line(hidden.replace('`', chr(39)).replace('@', '@' + chr(0x200B)), REASON)}`"


def _id(state: str, key: Key, *parts: str) -> str:
    return hashlib.blake2b("\0".join((state, str(key), *parts)).encode(errors="replace"), digest_size=12).hexdigest()


class Comments:
    def __init__(self, home: Home, board: Board, tell: Callable[[Callable[[], None]], None]) -> None:
        self._home, self._board, self._tell = home, board, tell
        self._stop = threading.Event()
        self._folder = Path(home.places.state) / ".comments"
        self._rest: dict[str, float] = {}
        self._known: dict[Key, Ticket] = {}
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
            self._warn_once("all", None, f"{type(error).__name__}: {error}")

    def _look_at_all(self, last: bool) -> None:
        from orchestrator.adapters.trackers.comment import has_issue  # few tell a tracker anything

        since = self._since()
        for key, ticket in list(self._board.tickets.items()):
            if self._stop.is_set() and not last:
                return
            is_known = ticket is self._known.get(key)
            if not is_known and (not has_issue(ticket.linear_url) or self._say_all(key, ticket, since)):
                self._known[key] = ticket

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

    def _say_all(self, key: Key, ticket: Ticket, since: float) -> bool:
        """Whether nothing is left to be said."""
        all_over = True
        for remark in remarks(str(self._home.places.state), ticket, since):
            said = self._said(key)
            if remark.id not in said.over and not self._say(key, ticket, remark, said):
                all_over = False
        return all_over

    def _say(self, key: Key, ticket: Ticket, remark: Remark, said: Said) -> bool:
        from orchestrator.adapters.forge.gh import Gh
        from orchestrator.adapters.trackers import comment

        if time.monotonic() < self._rest.get(remark.id, 0):
            return False
        tries = said.tries.get(remark.id, 0) + 1
        said = Said(said.tries | {remark.id: tries}, said.over)
        self._remember(key, said)
        home, why = self._home, None
        try:
            gh = Gh(home.settings.gh_command, str(home.places.state))
            body = f"{remark.text}\n\n<!-- {remark.mark} -->\n"
            comment.write(ticket.linear_url or "", body, remark.mark, tries > 1, gh, home.environ)
        except OrchestratorError as error:
            why = plain(str(error))
        if why is not None and tries < TRIES:
            self._rest[remark.id] = time.monotonic() + REST_SECONDS * tries
            return False
        self._remember(key, Said(said.tries, (*said.over, remark.id)))
        if why is not None:
            self._warn_once(remark.id, key, why)
        else:
            self._tell(lambda: home.logs.event("commented", key, "info", id=remark.id))
        return True

    def _warn_once(self, name: str, key: Key | None, why: str) -> None:
        if name not in self._rest or key is not None:
            self._tell(lambda: self._home.logs.event("comment_failed", key, "warning", reason=why))
        self._rest[name] = time.monotonic()

    def _said(self, key: Key) -> Said:
        with suppress(FileNotFoundError, msgspec.DecodeError):
            return msgspec.json.decode(read_whole(str(self._file(key))), type=Said)
        return Said()

    def _remember(self, key: Key, said: Said) -> None:
        make_folder(self._file(key).parent)
        write_atomically(self._file(key), msgspec.json.encode(said) + b"\n")

    def _file(self, key: Key) -> Path:
        return self._folder / key.plan / f"{key.ticket}.json"
