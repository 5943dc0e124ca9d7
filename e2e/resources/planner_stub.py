"""In an agent's place: says what reaches it of a terminal, and ends as it is told.

What it was started with lies in the file that STUB_SEEN names.
"""

import json
import os
import signal
import sys
from pathlib import Path


def on_resize(*_: object) -> None:
    size = os.get_terminal_size()
    print(f"size {size.columns}x{size.lines}", flush=True)


def on_interrupt(*_: object) -> None:
    print("interrupted", flush=True)


def main() -> int:
    signal.signal(signal.SIGINT, on_interrupt)
    signal.signal(signal.SIGWINCH, on_resize)
    seen = Path(os.environ["STUB_SEEN"])
    seen.with_suffix(".new").write_text(json.dumps({"argv": sys.argv, "env": dict(os.environ), "cwd": str(Path.cwd())}))
    seen.with_suffix(".new").rename(seen)
    print("stub is ready", flush=True)
    for line in sys.stdin:
        match line.split():
            case ["end", code]:
                return int(code)
            case ["die", number]:
                os.kill(os.getpid(), int(number))
            case ["raw"]:
                os.system("stty raw -echo")  # and leaves it so
                return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
