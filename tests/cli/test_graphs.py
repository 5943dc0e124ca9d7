"""`workflow graph`, `workflow simulate`, and the tiers of `plan show`: what they print, where, with which exit code."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.kit import PROGRAM, Site

BROKEN = """\
name: broken
phases:
  - {id: a, type: script, command: work.sh, onSuccess: dnoe, onFailure: done}
  - {id: done, type: terminal}
"""

# --- workflow graph


def test_a_workflow_is_drawn_with_its_ways_named(site: Site) -> None:
    called = site.call("workflow", "graph", "w")
    assert (called.code, called.err) == (0, "")
    rows = called.out.splitlines()
    assert rows[0] == "w" and "● work" in called.out and "↻ 1 retry" in called.out
    assert [row.split()[:3] for row in rows if "failed" in row][:1] == [["├─", "✗", "failed"]]


def test_the_bundled_workflows_fit_into_eighty_columns(site: Site) -> None:
    for name in ("standard", "bugfix", "local", "minimal"):
        rows = on_terminal(80, "workflow", "graph", name, NO_COLOR="1")
        assert max(len(row) for row in rows) <= 80
        assert not any("…" in row for row in rows)


@pytest.mark.parametrize("format_", ["terminal", "mermaid", "dot", "svg"])
def test_phases_of_the_lane_are_marked(site: Site, format_: str) -> None:
    drawn = [site.call("workflow", "graph", name, "--format", format_).out for name in ("local", "minimal")]
    assert [one.count("lane") for one in drawn] == [4, 0]


def test_a_sign_of_the_legend_stays_on_a_line_with_what_it_means(site: Site) -> None:
    for columns in (60, 80, 110):
        rows = on_terminal(columns, "workflow", "graph", "standard", NO_COLOR="1")
        legend = rows[next(i for i, row in enumerate(rows) if row.startswith("● script   ")) :]
        assert [row[0] for row in legend if row and row[0] not in "●◆○■✓✗↻≤"] == []


def test_a_workflow_with_errors_is_drawn_and_told(site: Site) -> None:
    site.workflow("broken", BROKEN)
    called = site.call("workflow", "graph", "broken")
    assert called.code == 1
    assert "there is no such phase" in called.out and "did you mean done?" in called.out


@pytest.mark.parametrize("format_", ["mermaid", "dot", "svg"])
def test_for_other_programs_the_problems_go_to_stderr(site: Site, format_: str) -> None:
    site.workflow("broken", BROKEN)
    called = site.call("workflow", "graph", "broken", "--format", format_)
    assert called.code == 1 and "did you mean done?" in called.err and "did you mean" not in called.out
    assert "dnoe" in called.out
    assert site.call("workflow", "graph", "standard", "--format", format_).err == ""


def test_what_cannot_be_read_at_all_is_told(site: Site, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("phases: {a: b\n")
    for words in ([], ["--format", "svg"]):
        called = site.call("workflow", "graph", str(tmp_path / "x.yaml"), *words)
        assert called.code == 1 and "not yaml" in called.out + called.err and "<svg" not in called.out
    assert site.call("workflow", "graph", "nope").code == 1
    assert site.call("workflow", "graph", "w", "--format", "gif").code == 2


def test_the_graph_as_json_has_every_phase_and_way(site: Site) -> None:
    found = site.call("workflow", "graph", "w", "--json").json
    assert found == site.call("workflow", "graph", "w", "--format", "json").json
    assert [one["id"] for one in found["phases"]] == ["work", "ask", "done"]
    ways = [(one["from"], one["to"], one["kind"], one["ends"]) for one in found["edges"]]
    assert ("work", "ask", "success", None) in ways and ("work", None, "failure", "failed") in ways
    assert ("work", "work", "retry", None) in ways and ("ask", "ask", "not_yet", None) in ways
    assert (found["first"], found["problems"]) == ("work", [])


def on_terminal(columns: int, *words: str, **environ: str) -> list[str]:
    """What a terminal of so many columns gets."""
    ours, theirs = pty.openpty()
    env = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm", **environ}
    process = subprocess.Popen([PROGRAM, *words], stdout=theirs, stderr=theirs, env=env)
    os.close(theirs)
    said = b""
    try:
        while part := os.read(ours, 65536):
            said += part
    except OSError:
        pass  # the end of a terminal
    os.close(ours)
    process.wait()
    return said.decode().replace("\r\n", "\n").splitlines()


def test_colour_is_for_terminals_that_want_it_and_ascii_for_those_that_need_it(site: Site) -> None:
    assert "\x1b[" not in site.call("workflow", "graph", "w").out
    assert any("\x1b[" in row for row in on_terminal(80, "workflow", "graph", "w"))
    assert not any("\x1b[" in row for row in on_terminal(80, "workflow", "graph", "w", NO_COLOR="1"))
    plain = on_terminal(80, "workflow", "graph", "w", NO_COLOR="1", LC_ALL="C")
    assert all(row.isascii() for row in plain) and any(row.startswith("* work") for row in plain)
    assert site.call("workflow", "graph", "w", "--ascii").out.isascii()


# --- workflow simulate


def test_a_simulation_prints_path_visits_and_bounds(site: Site) -> None:
    called = site.call("workflow", "simulate", "local", "--outcome", "verify=failure")
    assert (called.code, called.err) == (0, "")
    assert "ends needs_attention in implement" in called.out
    assert "bounds reached: maxVisits of implement (10)" in called.out and "implement 10 of 10" in called.out
    assert [row.split()[1] for row in called.out.splitlines() if row[:2] in ("1 ", "2 ", "3 ")] == [
        "setup", "implement", "self_review",
    ]  # fmt: skip


def test_outcomes_may_be_given_together_or_apart(site: Site) -> None:
    together = site.call("workflow", "simulate", "w", "--json", "--outcome", "work=failure,success,ask=not_yet,success")
    apart = ["--outcome", "work=failure", "--outcome", "work=success", "--outcome", "ask=not_yet,ask=success"]
    assert together.json == site.call("workflow", "simulate", "w", "--json", *apart).json
    found = together.json
    assert (found["status"], found["attempts"], found["checks"], found["bounds"]) == ("complete", 2, 2, [])
    assert [one["why"] for one in found["steps"]] == [
        "retry 1 of 1", "onSuccess", "asked again later", "onSuccess", "a terminal phase",
    ]  # fmt: skip


def test_nothing_is_started_and_nothing_written_by_a_simulation(site: Site) -> None:
    before = sorted(site.root.rglob("*"))
    assert site.call("workflow", "simulate", "w").code == 0
    assert sorted(site.root.rglob("*")) == before


@pytest.mark.parametrize("said", ["wrok=failure", "work=falure", "work", "done=success", "ask=lost"])
def test_what_cannot_be_understood_is_wrong_usage(site: Site, said: str) -> None:
    called = site.call("workflow", "simulate", "w", "--outcome", said)
    assert (called.code, called.out) == (2, "") and called.err.startswith("orchestrator: ")


def test_a_workflow_with_errors_is_not_walked(site: Site) -> None:
    site.workflow("broken", BROKEN)
    called = site.call("workflow", "simulate", "broken")
    assert called.code == 1 and called.out == ""
    assert "did you mean done?" in called.err
    site.workflow("other", "name: other\nphases: [{id: a, type: agent, promptTemplate: implement.md, agent: robot}]")
    called = site.call("workflow", "simulate", "other")
    assert called.code == 1 and 'unknown agent "robot"' in called.err


# --- plan show


def diamond(site: Site) -> None:
    tickets: list[dict[str, Any]] = [{"id": f"T-{i}"} for i in range(1, 6)]
    times = {"startedAt": "2026-01-01T00:00:00Z", "completedAt": "2026-01-01T00:02:00Z"}
    tickets[0] |= {"status": "complete", "phaseHistory": [{"phase": "work", "status": "success", **times}]}
    site.plan(*tickets, blockers={"T-2": ["T-1"], "T-3": ["T-1"], "T-4": ["T-2", "T-3"]})


def test_a_plan_is_drawn_in_tiers_with_its_critical_path(site: Site) -> None:
    diamond(site)
    out = site.call("plan", "show", "p").out
    assert "critical path: 3 of 5 tickets, 1 complete (2m00s)" in out and "T-1 → T-2 → T-4" in out
    drawn = ("tier 1, 2 side by side", "T-5", "tier 2, 2 side by side", "tier 3", "│ ◆ T-4")
    places = [out.index(words) for words in drawn]
    assert places == sorted(places)
    assert "after T-2, T-3" in out


def test_within_a_tier_the_order_of_the_plan_counts(site: Site) -> None:
    site.plan({"id": "T-1"}, {"id": "T-2"})
    file = site.root / "state/plans/p/plan.json"
    file.write_text(file.read_text().replace('"T-1", "order": 0', '"T-1", "order": 5'))
    assert site.call("plan", "show", "p", "--json").json["tiers"] == [["T-2", "T-1"]]


def test_a_cycle_an_unknown_blocker_and_another_plan_are_told_in_the_tiers(site: Site) -> None:
    site.plan({"id": "A"}, plan="q")
    site.plan(
        {"id": "T-1"}, {"id": "T-2"}, {"id": "T-3"}, {"id": "T-4"},
        blockers={"T-1": ["T-2"], "T-2": ["T-1"], "T-3": ["nope"], "T-4": ["q/A"]},
    )  # fmt: skip
    out = site.call("plan", "show", "p").out
    assert "in a cycle or behind one: these never start" in out
    assert "after nope (missing)" in out and "after q/A (queued)" in out
    found = site.call("plan", "show", "p", "--json").json
    assert (found["tiers"], found["cyclic"]) == ([["T-3", "T-4"]], ["T-1", "T-2"])


def test_tickets_without_a_file_or_an_entry_are_there_too(site: Site) -> None:
    site.plan({"id": "T-1"}, {"id": "T-2"})
    site.file("T-2").unlink()
    site.write("T-9", "p", {"planId": "p", "ticketId": "T-9", "title": "spare"})
    out = site.call("plan", "show", "p").out
    assert "T-2  missing" in out and "not listed in plan.json: these never start" in out
    assert site.call("plan", "show", "p", "--json").json["unlisted"] == ["T-9"]


def test_a_large_plan_takes_a_line_per_ticket_unless_asked_for_in_full(site: Site) -> None:
    site.plan(*({"id": f"T-{i}", **({"agent": "worker"} if i == 7 else {})} for i in range(500)))
    short = site.call("plan", "show", "p").out
    assert len(short.splitlines()) < 530 and "agent worker" in short and "--full` shows" in short
    full = site.call("plan", "show", "p", "--full").out
    assert "branch" in full and "499. T-498" in full


def test_a_plan_whose_file_cannot_be_used_has_no_tiers(site: Site) -> None:
    site.plan({"id": "T-1"})
    (site.root / "state/plans/p/plan.json").write_text("{")
    assert site.call("plan", "show", "p", "--json").json["tiers"] == []


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_the_tiers_fit_into_the_terminal(site: Site, columns: int) -> None:
    diamond(site)
    for row in on_terminal(columns, "plan", "show", "p", NO_COLOR="1"):
        assert len(row) <= columns or not row.startswith(("│", "├", "╭"))
