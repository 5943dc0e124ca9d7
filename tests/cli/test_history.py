"""`history` shows every attempt, what happened in between, and a time line that fits."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from orchestrator.cli.columns import cells
from tests.cli.kit import Site


def lived(site: Site) -> None:
    """A ticket whose first attempt failed, and whose second was fine."""
    site.plan({"id": "T-1"})
    site.script("work.sh", "#!/bin/sh\n[ -e '@/tried' ] && exit 0; touch '@/tried'; echo it broke; exit 7\n")
    assert site.call("run", "p", "T-1").code == 0


def entry(phase: str, minute: int, status: str = "success", **fields: Any) -> dict[str, Any]:
    at = {"startedAt": f"2026-01-01T10:{minute:02d}:00.000Z", "completedAt": f"2026-01-01T10:{minute + 5:02d}:00.000Z"}
    return {"phase": phase, "status": status, **at, "output": "said this", **fields}


def test_every_attempt_is_told_with_how_it_ended(site: Site) -> None:
    lived(site)
    rows = site.call("history", "p", "T-1").out.splitlines()
    assert rows[:2] == ["p/T-1 — Title T-1", "  complete in done"]
    assert [row.split()[0:2] for row in rows[3:7]] == [["#", "PHASE"], ["1", "work"], ["2", "work"], ["3", "ask"]]
    assert rows[4].endswith("failure     7  exit code 7: it broke")
    assert "work (retry 1)" in rows[5] and rows[5].endswith("success     0")
    assert rows[7].endswith("reached done")
    assert rows[9].startswith("  3 attempts (1 failure, 2 success) · ")


def test_the_time_line_has_a_bar_for_each_attempt(site: Site) -> None:
    site.plan({"id": "T-1", "phaseHistory": [entry("work", 0, "failure"), entry("work", 5), entry("ask", 20)]})
    rows = site.call("history", "p", "T-1").out.splitlines()
    bars = [row.partition("│ ")[2] for row in rows if "│ " in row]
    assert [bar.strip()[0] for bar in bars] == ["▒", "█", "█"]
    starts = [len(bar) - len(bar.lstrip()) for bar in bars]
    ends = [len(bar) for bar in bars]
    assert starts[0] == 0 and ends[0] - starts[1] in (0, 1) and starts[2] > ends[1]


def test_as_json(site: Site) -> None:
    lived(site)
    found = site.call("history", "p", "T-1", "--json").json
    assert list(found) == ["plan", "ticket", "title", "status", "phase", "attempts", "events", "totals"]
    first, second, poll = found["attempts"]
    assert list(first) == [
        "attempt", "phase", "kind", "visit", "retry", "startedAt", "completedAt", "seconds", "outcome", "reason",
        "exitCode", "routedTo", "agent", "sessionId", "costUsd", "inputTokens", "cachedTokens", "outputTokens",
        "turns",
    ]  # fmt: skip
    assert (first["attempt"], first["kind"], first["outcome"], first["exitCode"]) == (1, "script", "failure", 7)
    assert (second["retry"], second["outcome"], poll["kind"], poll["outcome"]) == (1, "success", "poll", "success")
    assert [(one["event"], one["phase"]) for one in found["events"]] == [("reached", "done")]
    assert found["totals"]["outcomes"] == {"failure": 1, "success": 2}


def test_a_ticket_that_was_never_started_has_none(site: Site) -> None:
    site.plan({"id": "T-1"})
    called = site.call("history", "p", "T-1")
    assert (called.code, called.out.splitlines()[-1]) == (0, "nothing has happened to ticket T-1 yet")
    assert site.call("history", "p", "T-1", "--json").json["attempts"] == []


def test_without_logs_the_ticket_s_file_tells(site: Site) -> None:
    lived(site)
    shutil.rmtree(site.root / "logs")
    found = site.call("history", "p", "T-1", "--json").json
    assert [(one["attempt"], one["outcome"]) for one in found["attempts"]] == [
        (None, "failure"), (None, "success"), (None, "success"),
    ]  # fmt: skip
    assert "it broke" in site.call("history", "p", "T-1").out


@pytest.mark.parametrize("content", [None, "{", '{"planId": "p", "ticketId": "T-1", "phaseHistory": 3}'])
def test_without_the_ticket_s_file_the_logs_tell(site: Site, content: str | None) -> None:
    lived(site)
    site.file().write_text(content) if content is not None else site.file().unlink()
    found = site.call("history", "p", "T-1", "--json").json
    assert found["status"] == ("missing" if content is None else "unreadable")
    assert [one["attempt"] for one in found["attempts"]] == [1, 2, 3]


def test_broken_logs_hide_nothing_else(site: Site) -> None:
    lived(site)
    logs = site.root / "logs/p/T-1"
    (logs / "journal.jsonl").write_bytes(b'\xff{"at": 3}\n[]\n{"at":"x","kind":"event","event":[]}\n{"decis')
    (logs / "001-work/attempt.json").write_text("{")
    (logs / "002-work/outcome.json").write_text("[]")
    assert [one["outcome"] for one in site.call("history", "p", "T-1", "--json").json["attempts"]].count("success") == 2
    assert site.call("history", "p", "T-1").code == 0


def test_a_running_attempt_is_open(site: Site) -> None:
    site.plan({"id": "T-1"})
    site.hold()
    site.daemon()
    site.running()
    (one,) = site.call("history", "p", "T-1", "--json").json["attempts"]
    assert (one["outcome"], one["completedAt"]) == ("running", None)
    assert "▶" in site.call("history", "p", "T-1").out


def test_a_pause_is_told_with_how_long_it_was(site: Site) -> None:
    site.plan({"id": "T-1"})
    site.hold()
    site.daemon()
    site.running()
    site.call("pause", "p", "T-1")
    site.is_now("paused")
    assert "still" in site.call("history", "p", "T-1").out
    site.call("resume", "p", "T-1")
    site.release()
    site.is_now("complete")
    events = site.call("history", "p", "T-1", "--json").json["events"]
    assert [one["event"] for one in events] == ["paused", "reached"]
    assert events[0]["until"] is not None


def test_what_there_is_not_is_an_error(site: Site) -> None:
    site.plan({"id": "T-1"})
    assert (site.call("history", "p", "T-9").code, site.call("history", "q", "T-1").code) == (1, 1)
    assert site.call("history", "p", "../x").code == 2


@pytest.mark.parametrize("columns", [24, 40, 80, 200])
def test_on_a_terminal_every_line_fits(site: Site, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.cli.output.is_terminal", lambda stream=None: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    long = [entry(f"phase_{i}_合計をカートに", i, "failure", output="why " * 60, sessionId="s" * 36) for i in range(30)]
    site.plan({"id": "LONG-" * 8 + "1", "title": "合計をカートに" * 12, "phaseHistory": long, "error": "word " * 50})
    rows = site.call("history", "p", "LONG-" * 8 + "1").out.splitlines()
    assert [row for row in rows if cells(row) > columns] == []
    assert any("▒" in row for row in rows)


def test_a_poor_terminal_gets_ascii(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    site.plan({"id": "T-1", "title": "Größe — 🚀", "phaseHistory": [entry("work", 0), entry("ask", 9, "failure")]})
    out = site.call("history", "p", "T-1").out
    assert out.isascii()
    assert "work | ####" in out and "ask  | " in out and "xxx" in out


def test_what_a_file_says_cannot_steer_the_terminal(site: Site) -> None:
    bad = entry("ph\x1b[2Jase", 0, "failure", output="\x1b]0;owned\x07", sessionId="\x1b[31m", agent="\x07")
    site.plan({"id": "T-1", "title": "\x1b[2J", "phaseHistory": [bad], "error": "\x1b[1m"})
    out = site.call("history", "p", "T-1").out
    assert "\x1b" not in out and "\x07" not in out
    assert json.loads(site.call("history", "p", "T-1", "--json").out)["title"] == "\x1b[2J"


ROUTES = """
name: w
phases:
  - {id: work, type: script, command: work.sh, onExit: {3: mend}, onSuccess: done}
  - {id: mend, type: script, command: mend.sh, onSuccess: done}
  - {id: done, type: terminal}
"""


def test_an_exit_code_that_has_a_way_of_its_own_is_no_failure(site: Site) -> None:
    site.workflow("w", ROUTES)
    site.plan({"id": "T-1"})
    site.script("work.sh", "#!/bin/sh\necho a conflict; exit 3\n")
    site.script("mend.sh", "#!/bin/sh\nexit 0\n")
    assert site.call("run", "p", "T-1").code == 0
    rows = site.call("history", "p", "T-1").out.splitlines()
    assert rows[4].endswith("routed      3  exit code 3: a conflict → mend")
    assert any("2 attempts (1 routed, 1 success)" in row for row in rows)
    assert "▓ routed" in rows[-1] and "failure" not in rows[-1]
    found = site.call("history", "p", "T-1", "--json").json
    assert [(one["outcome"], one["routedTo"]) for one in found["attempts"]] == [("failure", "mend"), ("success", None)]
    site.workflow("w", ROUTES.replace("mend", "other"))
    assert site.call("history", "p", "T-1", "--json").json["attempts"][0]["routedTo"] is None
