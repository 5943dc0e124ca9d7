"""The scripts of tickets. `@` is the home's folder; each writes down itself when it ran, with the clock of its shell.

They start no process that a scenario does not need: what a spawn costs is measured elsewhere.
"""

from __future__ import annotations

import shutil
import subprocess
from functools import cache

SHELL = "/bin/bash"


@cache
def find_shell() -> str | None:
    """A bash that tells the time by itself (5 or newer); not the one of every system is."""
    for shell in (SHELL, shutil.which("bash")):
        if shell is not None and _tells_time(shell):
            return shell
    return None


def _tells_time(shell: str) -> bool:
    try:
        done = subprocess.run([shell, "-c", "echo $EPOCHREALTIME"], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return bool(done.stdout.strip())


MARK = """\
#!/bin/bash
echo "start $1 $2 $EPOCHREALTIME $$" >>'@/marks'
"""
"""The shortest one that says who ran when: one process, one write."""

BOTH = """\
#!/bin/bash
echo "start $1 $2 $EPOCHREALTIME $$" >>'@/marks'
echo "end $1 $2 $EPOCHREALTIME $$" >>'@/marks'
"""

WORK = """\
#!/bin/bash
read -r seconds <'@/seconds/'"$1"
echo "start $1 $2 $EPOCHREALTIME $$" >>'@/marks'
sleep "$seconds"
echo "end $1 $2 $EPOCHREALTIME $$" >>'@/marks'
"""

HOLD = """\
#!/bin/bash
say() { echo "$1 $ticket $phase $EPOCHREALTIME $$" >>'@/marks'; }
ticket=$1 phase=$2
trap 'say signal; exit 1' INT TERM
exec 3<>"@/gates/$ticket"
say start
read -r -u 3
say end
"""
"""Waits until somebody writes into its gate, or a signal comes."""

AGENT = """\
#!/bin/bash
echo "start agent $1 $EPOCHREALTIME $$" >>'@/marks'
sleep 0.3
yes 'a hundred characters that an agent might well print while it thinks about something, and a line end' |
    head -c "$1"000000
echo "end agent $1 $EPOCHREALTIME $$" >>'@/marks'
"""
"""Prints as many megabytes as its prompt says."""
