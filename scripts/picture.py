"""Pictures of the terminal in docs/images/: the demo, and what `status`, `watch`, `history` and `logs` show of it.

Each command is started in a pseudo-terminal, what it writes is given to a terminal emulator, and the screens that this
had are the picture. Nothing in it is drawn by hand.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pyte

from scripts.terminal_svg import Frame, Shown, frame_of, svg, text_of

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs/images"
COLUMNS, LINES = 100, 30
AFTERWARDS = {
    "history": ("history", "demo", "SHOP-5"),
    "logs": ("logs", "demo", "SHOP-5", "--phase", "self_review"),
}
LEAVES = b"q"
PAUSE = 0.4
"""Seconds between two screens of the film."""
LAST = 5.0
"""Seconds that the end is shown."""
LIMIT = 200_000
"""Bytes."""
PATIENCE = 120.0
SAID = "A terminal runs orchestrator demo: three tickets in flight, others waiting for them, until six are merged"

_COUNTS = re.compile(r"(\d+) of \d+ complete(?: ·|,) (\d+) running")
_FOLDER = re.compile(r"The demo lies in (\S+)")


class Taken(NamedTuple):
    at: float
    frame: Frame


def main() -> int:
    with tempfile.TemporaryDirectory() as home:
        env = environment(Path(home))
        made = {"demo": demo(env), **screens(env)}
    for name, picture in made.items():
        (IMAGES / f"{name}.svg").write_text(picture, encoding="utf-8")
        print(f"docs/images/{name}.svg: {len(picture):,} bytes")
    return 0


def demo(env: dict[str, str]) -> str:
    """All of its run as a film."""
    taken = film(("orchestrator", "demo"), env)
    found = _FOLDER.search("\n".join(text_of(one.frame) for one in taken))
    if found and Path(found[1]).name.startswith("orchestrator-demo-"):
        shutil.rmtree(found[1], ignore_errors=True)
    return smaller(taken)


def smaller(taken: Sequence[Taken]) -> str:
    """On a slow machine there are more screens than fit: then with half of those between the first and the last."""
    picture = svg(shown(taken), best([one.frame for one in taken]), "orchestrator demo", SAID)
    return picture if len(picture) <= LIMIT else smaller([*taken[:-1:2], taken[-1]])


def screens(env: dict[str, str]) -> dict[str, str]:
    """What the commands that look show of a second run: some of them while it runs, the others when it is over."""
    with tempfile.TemporaryDirectory(prefix="orchestrator-") as name:
        folder = Path(name) / "home"
        runs = subprocess.Popen(["orchestrator", "demo", "--keep", str(folder)], env=env, stdout=subprocess.DEVNULL)
        env = {**env, "ORCHESTRATOR_HOME": str(folder)}
        while not (folder / "state/plans/demo/plan.json").exists():
            time.sleep(0.05)
        with ThreadPoolExecutor() as pool:
            watched = pool.submit(film, ("orchestrator", "watch"), env, 30, lambda: runs.poll() is not None)
            asked = []
            while runs.poll() is None:
                asked += film(("orchestrator", "status"), env)[-1:]
        found = {"watch": watched.result(), "status": asked}
        for name, words in AFTERWARDS.items():
            found[name] = film(("orchestrator", *words), env, 60)[-1:]
    return {name: still(name, [one.frame for one in taken]) for name, taken in found.items()}


def still(name: str, frames: Sequence[Frame]) -> str:
    """The best of them, as high as it has to be."""
    frame = frames[best(frames)]
    last = max(i for i, row in enumerate(frame) if row)
    words = " ".join(("orchestrator", *AFTERWARDS.get(name, (name,))))
    return svg([Shown(frame[: last + 1], 1)], 0, words, f"A terminal shows what {words} prints")


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


def film(
    command: Sequence[str], env: dict[str, str], lines: int = LINES, is_over: Callable[[], bool] = lambda: False
) -> list[Taken]:
    """The screens, with the time of each. Once `is_over`, it is left by its key."""
    screen = pyte.Screen(COLUMNS, lines)
    stream = pyte.ByteStream(screen)
    stream.feed(f"\x1b[32m$\x1b[0m {' '.join(command)}\r\n".encode())
    taken = [Taken(time.monotonic(), frame_of(screen))]
    for written in session(command, env, lines, is_over):
        stream.feed(plain(written))
        frame = frame_of(screen)
        if time.monotonic() - taken[-1].at >= PAUSE and frame != taken[-1].frame:
            taken.append(Taken(time.monotonic(), frame))
    taken.append(Taken(time.monotonic(), frame_of(screen)))
    return taken


def session(command: Sequence[str], env: dict[str, str], lines: int, is_over: Callable[[], bool]) -> Iterator[bytes]:
    """What the program writes to its terminal, as it comes. One that fails makes no picture."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", lines, COLUMNS, 0, 0))
    program = subprocess.Popen(command, env=env, stdin=its, stdout=its, stderr=its, start_new_session=True)
    os.close(its)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if not select.select([ours], [], [], 0.05)[0]:
            yield b""
            if is_over():
                os.write(ours, LEAVES)
            continue
        try:
            written = os.read(ours, 65_536)
        except OSError:  # Linux says so at the end
            break
        if not written:
            break
        yield written
    os.close(ours)
    if program.wait(5):
        raise SystemExit(f"{' '.join(command)} ended with {program.returncode}")


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
