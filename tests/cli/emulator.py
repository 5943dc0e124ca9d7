"""A terminal for tests: a real pseudo-terminal that a program runs on, and what a person would see there."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import subprocess
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

import pyte

from tests.waiting import DEADLINE, wait_for

OWN_TERMINAL = 'exec <"$0" >"$0" 2>&1; exec "$@"'
"""A session leader that opens a terminal gets it for its own: Ctrl-C and Ctrl-Z then reach the program."""


class _Screen(pyte.Screen):
    def select_graphic_rendition(self, *attrs: int, private: bool = False) -> None:
        """Private ones are questions about the keyboard, and no colours."""
        if not private:
            super().select_graphic_rendition(*attrs)


NOBODY = ("CI", "GITHUB_ACTIONS")
"""With these a program takes it that no person sits there, whatever its terminal is."""


class Terminal:
    def __init__(self, columns: int = 80, lines: int = 24) -> None:
        self.screen = _Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self._master, self._slave = os.openpty()
        self.printed = b""
        self._resize(columns, lines)

    def start(self, *argv: str, **environ: str) -> subprocess.Popen[bytes]:
        person = {name: value for name, value in os.environ.items() if name not in NOBODY}
        env = {**person, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **environ}
        name = os.ttyname(self._slave)
        return subprocess.Popen(["/bin/sh", "-c", OWN_TERMINAL, name, *argv], env=env, start_new_session=True)

    def _resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def resize(self, columns: int, lines: int) -> None:
        self.read()
        self.screen.resize(lines, columns)
        self._resize(columns, lines)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def read(self) -> None:
        """Take what was printed until now."""
        while select.select([self._master], [], [], 0)[0]:
            try:
                content = os.read(self._master, 65536)
            except OSError:
                return
            self.printed += content
            self._stream.feed(content)

    @property
    def lines(self) -> list[str]:
        self.read()
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines).strip("\n")

    def shows(self, *words: str) -> str:
        """Waits until all of it can be seen at once."""
        try:
            return wait_for(
                lambda: (text := self.text) and all(word in text for word in words) and text, what=str(words)
            )
        except AssertionError as error:
            raise AssertionError(f"{error}; the terminal shows:\n{self.text}") from None

    def ended(self, program: subprocess.Popen[bytes]) -> int:
        """Waits, and takes meanwhile what is printed."""
        wait_for(lambda: (self.read(), program.poll() is not None)[1], what="the end of the program")
        self.read()
        return program.wait(DEADLINE)

    @property
    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self._slave)[tty.LFLAG] & termios.ECHO)

    @property
    def reads_lines(self) -> bool:
        return bool(termios.tcgetattr(self._slave)[tty.LFLAG] & termios.ICANON)

    @property
    def is_as_before(self) -> bool:
        """Echo, lines, cursor, and no screen of somebody else's."""
        self.read()
        entered, left = self.printed.rfind(b"\x1b[?1049h"), self.printed.rfind(b"\x1b[?1049l")
        wraps = self.printed.rfind(b"\x1b[?7h") >= self.printed.rfind(b"\x1b[?7l")
        return self.echoes and self.reads_lines and not self.screen.cursor.hidden and left >= entered and wraps

    def close(self) -> None:
        for fd in (self._master, self._slave):
            try:
                os.close(fd)
            except OSError:
                pass

    def go_away(self) -> None:
        """As when its window is closed."""
        os.close(self._slave)
        os.close(self._master)


@contextmanager
def running(terminal: Terminal, *argv: str, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    program = terminal.start(*argv, **environ)
    try:
        yield program
    finally:
        if program.poll() is None:
            os.kill(program.pid, signal.SIGCONT)
            program.kill()
        program.wait(DEADLINE)
