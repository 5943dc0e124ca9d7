"""Starts a program a number of times, one after the other, and prints what each run took.

    python -I -S spawner.py COUNT PROGRAM [ARG …]

A process of its own and a small one, because the peak memory that the system tells of a child is never below that of
the process that started it. It starts programs in the quickest way that there is: this is the floor.
Prints: a line per run (wall ns, user s, system s, peak KiB, exit code), then begin ns, end ns, its own CPU s.
"""

import os
import sys
import time


def main(words: list[str]) -> int:
    count, argv = int(words[0]), words[1:]
    null = os.open(os.devnull, os.O_RDWR)
    silent = [(os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, null, 1)]
    lines = []
    begin = time.monotonic_ns()
    for _ in range(count):
        started = time.monotonic_ns()
        pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=silent)
        _, status, used = os.wait4(pid, 0)
        wall = time.monotonic_ns() - started
        lines.append(f"{wall} {used[0]} {used[1]} {used[2]} {os.waitstatus_to_exitcode(status)}")
    end, own = time.monotonic_ns(), os.times()
    print("\n".join(lines))
    print(begin, end, own.user + own.system)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
