"""`watch` and `status --watch`: what is seen of a daemon elsewhere, or of files that nobody walks."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator

import pytest

from tests.cli.emulator import Terminal, running
from tests.cli.kit import DEADLINE, PROGRAM, Site
from tests.waiting import wait_for

pytestmark = pytest.mark.thorough(every=2)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.close()


def test_it_shows_what_a_daemon_elsewhere_does_and_q_leaves_it(site: Site, terminal: Terminal) -> None:
    site.plan({"id": "T-1"}, {"id": "T-2"}, blockers={"T-2": ["T-1"]})
    site.hold()
    daemon = site.daemon()
    with running(terminal, PROGRAM, "watch") as watch:
        text = terminal.shows("working on T-1", "T-2  queued  waits for T-1 (running)", "started, attempt 1")
        assert text.startswith(f"A daemon runs here (pid {daemon.pid})") and not terminal.echoes
        site.release()
        terminal.shows("2 of 2 complete")
        terminal.type("q")
        assert terminal.ended(watch) == 0
    assert terminal.is_as_before and b"\x1b[?1049h" in terminal.printed


def test_without_a_daemon_it_says_so_and_follows_the_files_until_ctrl_c(site: Site, terminal: Terminal) -> None:
    site.plan({"id": "T-1"}, {"id": "T-2"})
    with running(terminal, PROGRAM, "watch") as watch:
        terminal.shows("No daemon runs here", "T-1", "0 of 2 complete")
        site.write("T-1", "p", {**site.ticket(), "status": "failed", "error": "by hand"})
        terminal.shows("T-1  failed  by hand", "1 failed")
        site.daemon()
        terminal.shows("A daemon runs here", "1 of 2 complete")
        terminal.type("\x03")
        assert terminal.ended(watch) == 130
    assert terminal.is_as_before


def test_it_changes_nothing(site: Site, terminal: Terminal) -> None:
    site.plan({"id": "T-1", "status": "running"}, {"id": "T-2"})
    before = {path: path.read_bytes() for path in site.root.rglob("*") if path.is_file()}
    with running(terminal, PROGRAM, "watch"):
        terminal.shows("0 of 2 complete")
    after = {path: path.read_bytes() for path in site.root.rglob("*") if path.is_file()}
    assert after == before


def test_one_plan_is_shown_with_what_it_waits_for_in_others(site: Site, terminal: Terminal) -> None:
    site.plan({"id": "A"}, {"id": "B", "status": "failed"}, plan="q")
    site.plan({"id": "T-1"}, {"id": "T-2"}, blockers={"T-1": ["q/B"]})
    with running(terminal, PROGRAM, "watch", "-p", "p"):
        text = terminal.shows("T-1  queued  waits for q/B (failed)", "0 of 2 complete")
        assert "q/A" not in text


def test_a_plan_that_does_not_exist_is_an_error_and_no_screen(site: Site, terminal: Terminal) -> None:
    site.plan({"id": "T-1"})
    with running(terminal, PROGRAM, "watch", "-p", "nope") as watch:
        assert terminal.ended(watch) == 1
    assert 'there is no plan "nope"' in terminal.text and b"\x1b[?1049h" not in terminal.printed


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_as_it_was(site: Site, terminal: Terminal, sig: signal.Signals) -> None:
    site.plan({"id": "T-1"})
    with running(terminal, PROGRAM, "watch") as watch:
        terminal.shows("0 of 1 complete")
        watch.send_signal(sig)
        assert terminal.ended(watch) == -sig
    assert terminal.is_as_before


@pytest.mark.parametrize(("columns", "lines"), [(20, 5), (40, 10), (200, 50)])
def test_it_fits_and_is_drawn_anew_when_the_size_changes(
    site: Site, terminal: Terminal, columns: int, lines: int
) -> None:
    site.plan(*({"id": f"T-{i}", "status": "failed", "error": "long " * 80} for i in range(60)))
    with running(terminal, PROGRAM, "watch"):
        terminal.shows("0 of 60 complete")
        terminal.resize(columns, lines)

        def is_drawn() -> bool:
            shown = terminal.lines
            return len(shown) == lines and shown[-1].startswith("0 of 60") and shown[0].startswith("No daemon")

        wait_for(is_drawn, what="a screen of the new size")
        assert sum("0 of 60 complete" in line for line in terminal.lines) == 1


def test_in_a_pipe_it_tells_how_things_stand_and_then_what_happens(site: Site) -> None:
    site.plan({"id": "T-1"})
    watch = site.start("watch")
    assert watch.stdout is not None
    assert watch.stdout.readline().startswith("no daemon runs here")
    assert watch.stdout.readline().startswith("T-1")
    assert watch.stdout.readline() == "0 of 1 complete · 1 queued\n"
    site.call("run", "p", "T-1")
    line = watch.stdout.readline()
    assert "T-1" in line and "started, attempt 1" in line and "\x1b" not in line
    watch.send_signal(signal.SIGINT)
    assert watch.wait(DEADLINE) == 130


def test_when_nobody_reads_the_pipe_any_more_it_ends(site: Site) -> None:
    site.plan({"id": "T-1"})
    watch = site.start("watch")
    assert watch.stdout is not None and watch.stdout.readline()
    watch.stdout.close()
    assert watch.wait(DEADLINE) == 0


# --- status --watch


def test_status_is_drawn_again_when_something_changes(site: Site, terminal: Terminal) -> None:
    site.plan({"id": "T-1"}, {"id": "T-2", "status": "paused"})
    plain = site.call("status").out
    with running(terminal, PROGRAM, "status", "--watch") as status:
        text = terminal.shows("T-2  paused", "q leaves")
        assert all(line in text for line in plain.strip("\n").splitlines())
        site.call("resume", "p", "T-2")
        terminal.shows("T-2  ready")
        terminal.type("q")
        assert terminal.ended(status) == 0
    assert terminal.is_as_before


def test_a_line_of_status_leaves_the_last_column_free_as_terminals_clear_it(site: Site, terminal: Terminal) -> None:
    site.plan({"id": "T-1", "title": "long " * 80})
    with running(terminal, PROGRAM, "status", "--watch"):
        terminal.shows("q leaves")
        row = next(row for row in terminal.lines if "T-1" in row)
        assert row.rstrip().endswith("…") and len(row.rstrip()) == 79


def test_what_is_longer_than_the_terminal_can_be_moved(site: Site, terminal: Terminal) -> None:
    site.plan(*({"id": f"T-{i:02}"} for i in range(40)))
    with running(terminal, PROGRAM, "status", "--watch"):
        assert "T-39" not in terminal.shows("T-00", "lines 1 to 23")
        terminal.type("G")
        assert "T-00" not in terminal.shows("T-39")
        terminal.type("\x1b[5~")
        assert "T-39" not in terminal.shows("T-00")
        terminal.type("\x1b[B\x1b[Bj")  # at once, as from a key that is held
        terminal.shows("lines 4 to 26")
        terminal.type("g")
        terminal.shows("lines 1 to 23")


def test_status_watch_of_what_does_not_exist_is_an_error_and_no_screen(site: Site, terminal: Terminal) -> None:
    site.plan({"id": "T-1"})
    with running(terminal, PROGRAM, "status", "--watch", "-p", "nope") as status:
        assert terminal.ended(status) == 1
    assert 'there is no plan "nope"' in terminal.text and b"\x1b[?1049h" not in terminal.printed


def test_json_cannot_be_watched(site: Site) -> None:
    called = site.call("status", "--watch", "--json")
    assert called.code == 2 and "cannot watch" in called.err


def test_status_watch_in_a_pipe_prints_again_what_has_changed(site: Site) -> None:
    site.plan({"id": "T-1"})
    status = site.start("status", "--watch")
    assert status.stdout is not None
    first = [status.stdout.readline() for _ in range(4)]
    site.write("T-1", "p", {**site.ticket(), "status": "paused"})
    wait_for(lambda: "paused" in status.stdout.readline(), what="the change")  # type: ignore[union-attr]
    assert any("T-1" in line for line in first) and json.dumps(first).isascii()
