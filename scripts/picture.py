"""docs/images/demo.svg: the demo, as it really ran in a terminal a moment ago.

`orchestrator demo` is started in a pseudo-terminal, what it writes is given to a terminal emulator, and the screens
that this had are the picture. Nothing in it is drawn by hand.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyte

from scripts.terminal_svg import Frame, Shown, frame_of, svg, text_of

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs/images/demo.svg"
COLUMNS, LINES = 100, 30
COMMAND = ("orchestrator", "demo")
PAUSE = 0.4
"""Seconds between two screens of the film."""
LAST = 5.0
"""Seconds that the end is shown."""
LIMIT = 200_000
"""Bytes."""
PATIENCE = 120.0
SAID = "A terminal runs orchestrator demo: three tickets in flight, others waiting for them, until six are merged"

_COUNTS = re.compile(r"(\d+) of \d+ complete · (\d+) running")
_FOLDER = re.compile(r"The demo lies in (\S+)")


class Taken(NamedTuple):
    at: float
    frame: Frame


def main() -> int:
    with tempfile.TemporaryDirectory() as home:
        code, taken = film(COMMAND, environment(Path(home)))
    found = _FOLDER.search("\n".join(text_of(one.frame) for one in taken))
    if found and Path(found[1]).name.startswith("orchestrator-demo-"):
        shutil.rmtree(found[1], ignore_errors=True)
    picture = svg(shown(taken), best([one.frame for one in taken]), "orchestrator demo", SAID)
    if code or len(picture) > LIMIT or not best([one.frame for one in taken]):
        print(f"no picture: the demo ended with {code}, {len(taken)} screens make {len(picture):,} bytes")
        return 1
    PICTURE.write_text(picture, encoding="utf-8")
    print(f"{PICTURE.relative_to(ROOT)}: {len(taken)} screens, {len(picture):,} bytes")
    return 0


def environment(home: Path) -> dict[str, str]:
    """A user of whom nothing is known."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return {
        "PATH": path,
        "HOME": str(home),
        "USER": "me",
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "TMPDIR": "/tmp",
    }


def film(command: Sequence[str], env: dict[str, str]) -> tuple[int, list[Taken]]:
    """The exit code, and the screens, with the time of each."""
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(screen)
    stream.feed(f"\x1b[32m$\x1b[0m {' '.join(command)}\r\n".encode())
    taken = [Taken(time.monotonic(), frame_of(screen))]
    ended: list[int] = []
    for written in session(command, env, ended):
        stream.feed(plain(written))
        frame = frame_of(screen)
        if time.monotonic() - taken[-1].at >= PAUSE and frame != taken[-1].frame:
            taken.append(Taken(time.monotonic(), frame))
    taken.append(Taken(time.monotonic(), frame_of(screen)))
    return ended[0], taken


def session(command: Sequence[str], env: dict[str, str], ended: list[int]) -> Iterator[bytes]:
    """What the program writes to its terminal, as it comes; then its exit code is in `ended`."""
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        os.execvpe(command[0], list(command), env)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.05)[0]:
            yield b""
            continue
        try:
            written = os.read(terminal, 65_536)
        except OSError:  # Linux says so at the end
            break
        if not written:
            break
        yield written
    os.close(terminal)
    ended.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def plain(written: bytes) -> bytes:
    """The emulator knows no faint text: it becomes grey."""
    return written.replace(b"\x1b[2m", b"\x1b[90m")


def shown(taken: Sequence[Taken]) -> list[Shown]:
    """Each until the next; the last long enough to be read."""
    ends = [*(one.at for one in taken[1:]), taken[-1].at + LAST]
    return [Shown(one.frame, end - one.at) for one, end in zip(taken, ends, strict=True)]


def best(frames: Sequence[Frame]) -> int:
    """The screen in the middle of the run: most in flight, and something done already."""
    scores = [_score(text_of(frame)) for frame in frames]
    return scores.index(max(scores))


def _score(text: str) -> tuple[int, bool, int]:
    counted = _COUNTS.findall(text)
    complete, running = map(int, counted[-1]) if counted else (0, 0)
    return running, complete > 0, text.count("waits for")


if __name__ == "__main__":
    sys.exit(main())
