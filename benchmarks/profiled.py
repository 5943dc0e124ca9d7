"""Runs a Python program under the profiler, and keeps the profile even when it leaves in a hurry.

    python profiled.py OUT SCRIPT [ARG …]

Writes `OUT.PID` when the program ends. Standard library only: the program's own environment has to find the rest.
"""

import cProfile
import os
import runpy
import sys
from typing import NoReturn


def main(words: list[str]) -> None:
    out, *sys.argv = words
    profile = cProfile.Profile()
    leave = os._exit

    def keep() -> None:
        profile.disable()
        profile.dump_stats(f"{out}.{os.getpid()}")

    def leave_in_a_hurry(status: int) -> NoReturn:
        keep()
        leave(status)

    os._exit = leave_in_a_hurry
    sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))  # noqa: PTH100, PTH120 - as Python itself does it
    try:
        profile.runcall(runpy.run_path, sys.argv[0], run_name="__main__")
    finally:
        keep()


if __name__ == "__main__":
    main(sys.argv[1:])
