"""A terminal as a person has it: tmux, with a shell in it, into which a test types and whose screen it reads.

    with Terminal(env, folder, columns=80) as terminal:
        terminal.type("orchestrator interactive")
        terminal.wait_for("What do you want to plan?")

Each has a tmux of its own, with nobody's configuration. At its end the window is closed, as a person would.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from tests.waiting import wait_for

DEADLINE = 30.0
LACKING = "tmux is not installed: `apt-get install tmux` or `brew install tmux`"
PROMPT = "ready>"
"""Of the shell. What a test types has it on no line of its own."""
_CODE = re.compile(r"^code=(\d+)=", re.MULTILINE)


def installed() -> bool:
    return shutil.which("tmux") is not None


class Terminal:
    """`env` is the shell's whole environment."""

    def __init__(self, env: Mapping[str, str], cwd: Path, columns: int = 80, rows: int = 40) -> None:
        self.env, self.cwd, self.columns, self.rows = dict(env), cwd, columns, rows
        # not below the test's folder: the name of a socket is at most 107 bytes long
        self._folder = Path(tempfile.mkdtemp(prefix="e2e-tmux-"))

    def __enter__(self) -> Terminal:
        shell = ["env", f"PS1={PROMPT} ", "bash", "--noprofile", "--norc", "-i"]
        size = ["-x", str(self.columns), "-y", str(self.rows)]
        self._tmux("new-session", "-d", *size, "-c", str(self.cwd), *shell)
        self._tmux("set-option", "-g", "history-limit", "5000")
        self._tmux("set-option", "-sg", "escape-time", "0")
        wait_for(lambda: PROMPT in self.screen(), DEADLINE, "the shell's prompt")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            print(f"--- the terminal, {self.columns} × {self.rows}\n{self.screen()}")
        self._end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _end(self) -> None:
        """The window is closed; what lives on then is the test's to find."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self._tmux("kill-server")

    def _tmux(self, *words: str) -> str:
        command = ["tmux", "-S", str(self._folder / "socket"), "-f", "/dev/null", "-u", *words]
        env = {"LANG": "C.UTF-8", **self.env}
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=DEADLINE)
        return done.stdout

    # -- the person's hands -------------------------------------------------------------------------------------------

    def keys(self, *names: str) -> None:
        """Enter, Escape, Down, C-c, C-z …"""
        self._tmux("send-keys", *names)

    def write(self, text: str) -> None:
        """Without Enter."""
        self._tmux("send-keys", "-l", text)

    def insist(self, text: str, seen: str) -> None:
        """Without Enter, for a program that has drawn where to write, and does not listen yet: the first letter is
        written until it is seen there."""

        def heard() -> bool:
            self.write(text[0])
            with contextlib.suppress(AssertionError):
                wait_for(lambda: seen + text[0] in self.screen(), 0.5)
            return seen + text[0] in self.screen()

        wait_for(heard, DEADLINE, f"{text!r} to be heard")
        self.write(text[1:])

    def type(self, text: str) -> None:
        """And Enter, once the text is on the screen: a program that is busy would take it for pasted lines."""
        self.write(text)
        self.wait_for(text[-20:])
        self.keys("Enter")

    def resize(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    # -- and eyes -----------------------------------------------------------------------------------------------------

    def screen(self, colours: bool = False) -> str:
        """What is to be seen now, lines that were wrapped put together."""
        return self._tmux("capture-pane", "-p", "-J", *(["-e"] if colours else []))

    def rows_shown(self) -> list[str]:
        """As they are, one for each line of the terminal."""
        return self._tmux("capture-pane", "-p").splitlines()

    def scrolled(self) -> str:
        """With what has left the screen above."""
        return self._tmux("capture-pane", "-p", "-J", "-S", "-")

    def wait_for(self, *texts: str, deadline: float = DEADLINE) -> str:
        """The screen with all of these, however the program breaks its lines."""

        def seen() -> str:
            screen = self.screen()
            words = " ".join(screen.split())
            return screen if all(" ".join(text.split()) in words for text in texts) else ""

        try:
            return wait_for(seen, deadline, f"{texts} on the screen")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.screen()}") from None

    def exit_code(self) -> int:
        """Of the command that was typed last, once the shell is back."""

        def back() -> bool:
            lines = self.screen().rstrip().splitlines()
            return bool(lines) and lines[-1].strip() == PROMPT

        wait_for(back, DEADLINE, f"the shell\n{self.screen()}")
        self.keys("C-l")
        self.type('echo "code=$?="')
        wait_for(lambda: _CODE.search(self.screen()), DEADLINE, "the exit code")
        found = _CODE.search(self.screen())
        assert found is not None
        return int(found[1])
