"""`run`, `daemon` and `demo` on a real terminal: what a person sees, and how the terminal is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.cli.emulator import Terminal, running
from tests.cli.kit import DEADLINE, PROGRAM, Site
from tests.waiting import wait_for

pytestmark = pytest.mark.thorough(every=2)

NASTY = "a\x1b[2J\x1b]0;title\x07\x9b5nb\x07\x08 中文 🚀"
SAYS = """\
#!/bin/sh
cat '@/words'
while [ -e '@/hold' ]; do sleep 0.01; done
"""
JOB = 'exec <"$0" >"$0" 2>&1; set -m; "$@"; echo "stopped with $?"; read line; fg >/dev/null; echo "over with $?"'


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.close()


def held(site: Site, tickets: int = 1) -> None:
    """Programs that wait until they are released, in a plan of some tickets."""
    site.plan(*({"id": f"T-{i + 1}"} for i in range(tickets)))
    site.config(pollInterval=1, grace=0.3, maxConcurrency=tickets)
    site.hold()


def is_there_once(text: str) -> bool:
    """The region."""
    lines = text.splitlines()
    rows, summaries = (sum(line.startswith(start) for line in lines) for start in ("T-1  work  ", "0 of 1 complete"))
    return rows == summaries == 1


# --- what is shown


def test_a_daemon_shows_who_is_in_flight_and_in_the_end_a_summary(site: Site, terminal: Terminal) -> None:
    held(site)
    with running(terminal, PROGRAM, "daemon") as daemon:
        text = terminal.shows("T-1  work  1/3  #1", "working on T-1", "0 of 1 complete · 1 running · 1 of 1 slots")
        assert text.startswith("daemon started\n") and is_there_once(text)
        assert not terminal.echoes
        site.release()
        terminal.shows("1 of 1 complete")
        terminal.type("\x03")
        assert terminal.ended(daemon) == 0
    assert terminal.lines[0] == "daemon started" and "#1" not in terminal.text
    assert terminal.text.splitlines()[-1] == "daemon stopped"
    assert terminal.text.splitlines()[-2].startswith("1 of 1 complete · ")
    assert terminal.is_as_before


def test_what_waits_says_why(site: Site, terminal: Terminal) -> None:
    site.plan({"id": "T-1"}, {"id": "T-2"}, {"id": "T-3", "status": "paused"}, blockers={"T-2": ["T-1"]})
    site.hold()
    with running(terminal, PROGRAM, "daemon"):
        terminal.shows("T-2  queued  waits for T-1 (running)", "T-3  paused")


def test_a_poll_tells_when_it_asks_again(site: Site, terminal: Terminal) -> None:
    site.workflow("w", "name: w\nphases: [{id: ask, type: poll, command: no.sh, intervalSeconds: 60}]")
    site.script("no.sh", "#!/bin/sh\nexit 1\n")
    site.plan({"id": "T-1"})
    with running(terminal, PROGRAM, "daemon"):
        terminal.shows("T-1  ready  ask said not yet", "· in 5")


def test_run_shows_the_one_ticket_and_leaves_its_lines_and_a_summary(site: Site, terminal: Terminal) -> None:
    held(site, 2)
    with running(terminal, PROGRAM, "run", "p", "T-2") as run:
        text = terminal.shows("T-2  work  1/3  #1", "running · ")
        assert "T-1" not in text
        site.release()
        assert terminal.ended(run) == 0
    assert terminal.text.splitlines()[-1] == "ticket T-2 is complete" and terminal.is_as_before


def test_run_beside_a_daemon_shows_how_its_ticket_stands_and_a_signal_leaves_the_terminal_as_it_was(
    site: Site, terminal: Terminal
) -> None:
    held(site)
    site.daemon()
    with running(terminal, PROGRAM, "run", "p", "T-1") as run:
        terminal.shows("following ticket T-1", "T-1  work  1/3  #1")
        run.terminate()
        assert terminal.ended(run) == -signal.SIGTERM
    assert terminal.is_as_before


def test_the_first_ctrl_c_says_that_it_stops_and_the_second_kills(site: Site, terminal: Terminal) -> None:
    held(site)
    site.config(grace=DEADLINE)
    site.script("work.sh", "#!/bin/sh\ntrap : INT TERM\necho working\nwhile [ -e '@/hold' ]; do sleep 0.01; done\n")
    with running(terminal, PROGRAM, "daemon") as daemon:
        terminal.shows("T-1  work  1/3  #1", "working")
        terminal.type("\x03")
        terminal.shows("stopping … 1 in flight")
        terminal.type("\x03")
        assert terminal.ended(daemon) == 0
    assert "daemon stopped" in terminal.text and terminal.is_as_before


def test_an_error_leaves_the_terminal_as_it_was(site: Site, terminal: Terminal) -> None:
    site.plan({"id": "T-1", "status": "paused"})
    with running(terminal, PROGRAM, "run", "p", "T-1") as run:
        assert terminal.ended(run) == 1
    assert "orchestrator resume p T-1" in terminal.text and terminal.is_as_before


# --- kinds of terminals


def test_a_terminal_that_is_not_clever_gets_plain_lines(site: Site, terminal: Terminal) -> None:
    site.plan({"id": "T-1"})
    with running(terminal, PROGRAM, "run", "p", "T-1", TERM="dumb") as run:
        assert terminal.ended(run) == 0
    assert b"\x1b" not in terminal.printed and "ticket T-1 is complete" in terminal.text


def test_no_colour_is_still_live(site: Site, terminal: Terminal) -> None:
    held(site)
    with running(terminal, PROGRAM, "daemon", NO_COLOR="1"):
        terminal.shows("T-1  work  1/3  #1", "1 of 1 slots")
    assert b"\x1b[K" in terminal.printed
    assert not any(f"\x1b[{code}m".encode() in terminal.printed for code in range(100))


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"LC_ALL": "en_US.ISO-8859-1"}, {"LC_ALL": "", "LANG": "C"}])
def test_where_there_is_no_utf_8_only_ascii_is_printed(site: Site, terminal: Terminal, locale: dict[str, str]) -> None:
    (site.root / "words").write_text("größer 中文 …")
    site.script("work.sh", SAYS)
    held(site)
    with running(terminal, PROGRAM, "daemon", **locale):
        terminal.shows("gr??er", "1 of 1 slots")
    assert terminal.printed.isascii()


def test_what_programs_and_titles_say_is_shown_and_not_obeyed(site: Site, terminal: Terminal) -> None:
    (site.root / "words").write_bytes(f"{NASTY} said\n".encode())
    site.script("work.sh", SAYS)
    site.plan({"id": "T-1", "title": "x"}, {"id": "T-2", "title": NASTY, "status": "failed", "error": f"{NASTY} error"})
    site.hold()
    with running(terminal, PROGRAM, "daemon"):
        terminal.shows("said", "error", "中文 🚀"[:1])
    assert terminal.screen.title == "" and b"\x1b[2J" not in terminal.printed and b"\x07" not in terminal.printed
    assert b"\x08" not in terminal.printed and "\x9b".encode() not in terminal.printed


# --- sizes


def test_a_change_of_size_leaves_nothing_behind(site: Site, terminal: Terminal) -> None:
    held(site)
    with running(terminal, PROGRAM, "daemon"):
        terminal.shows("1 of 1 slots")
        for columns, lines in ((50, 20), (38, 12), (120, 40), (60, 10)):
            terminal.resize(columns, lines)
            wait_for(lambda: is_there_once(terminal.text), what=f"one region at {columns} columns")
            assert terminal.lines.count("daemon started") == 1


def test_on_the_smallest_terminal_there_is_still_a_row_and_a_summary(site: Site) -> None:
    held(site, 5)
    terminal = Terminal(20, 5)
    with running(terminal, PROGRAM, "daemon"):
        terminal.shows("T-1  work", "… and 3 more", "0 of 5 complete")
    terminal.close()


def test_of_many_tickets_in_flight_as_many_as_fit_are_shown(site: Site, terminal: Terminal) -> None:
    held(site, 40)
    with running(terminal, PROGRAM, "daemon"):
        text = terminal.shows("0 of 40 complete · 40 running", "more in flight")
        rows = sum(line.startswith("T-") for line in text.splitlines())
        assert rows >= 15 and f"… and {40 - rows} more in flight" in text


# --- terminals that do not do what they should


def test_a_terminal_that_hangs_holds_up_nothing(site: Site, terminal: Terminal) -> None:
    """Nobody reads what it prints: its buffer is full at once."""
    site.config(pollInterval=1, grace=0.3, maxConcurrency=30)
    site.plan(*({"id": f"T-{i}", "title": "x" * 100} for i in range(60)))
    with running(terminal, PROGRAM, "daemon") as daemon:
        wait_for(lambda: all(site.ticket(f"T-{i}").get("status") == "complete" for i in range(60)), deadline=60)
        site.plan({"id": "A"}, plan="later")
        wait_for(lambda: site.ticket("A", "later").get("status") == "complete", what="the loop goes on")
        daemon.terminate()
        assert daemon.wait(DEADLINE) == 0


def test_a_terminal_that_goes_away_does_not_stop_the_daemon(site: Site) -> None:
    held(site)
    terminal = Terminal()
    with running(terminal, PROGRAM, "daemon") as daemon:
        terminal.shows("T-1  work  1/3")
        terminal.go_away()
        site.release()
        site.is_now("complete")
        daemon.terminate()
        assert daemon.wait(DEADLINE) == 0


def test_ctrl_z_gives_the_terminal_back_and_afterwards_it_goes_on(site: Site, terminal: Terminal) -> None:
    held(site)
    name = os.ttyname(terminal._slave)
    env = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    argv = ["/bin/bash", "-c", JOB, name, PROGRAM, "daemon"]
    shell = subprocess.Popen(argv, env=env, start_new_session=True)
    try:
        terminal.shows("T-1  work  1/3", "1 of 1 slots")
        terminal.type("\x1a")
        text = terminal.shows("stopped with")
        assert terminal.is_as_before and "1 of 1 slots" not in text
        terminal.type("\n")
        terminal.shows("T-1  work  1/3", "1 of 1 slots")
        terminal.type("\x03")
        terminal.shows("over with 0")
        assert terminal.is_as_before
    finally:
        site.release()
        os.killpg(shell.pid, signal.SIGKILL)
        shell.wait(DEADLINE)


def test_typing_does_not_disturb_it(site: Site, terminal: Terminal) -> None:
    held(site)
    with running(terminal, PROGRAM, "daemon"):
        terminal.shows("1 of 1 slots")
        terminal.type("hello\n\n\n")
        terminal.resize(70, 20)
        wait_for(lambda: is_there_once(terminal.text), what="the region, once")
        assert "hello" not in terminal.text


# --- no terminal


def test_in_a_pipe_there_are_lines_only_as_ever(site: Site) -> None:
    site.plan({"id": "T-1"})
    run = site.start("run", "p", "T-1")
    out, err = run.communicate(timeout=DEADLINE)
    assert run.returncode == 0 and "\x1b" not in out and err == ""
    assert json.loads(site.file().read_bytes())["status"] == "complete"
    assert out.splitlines()[-1] == "ticket T-1 is complete" and "slots" not in out
