"""Rules about the instrument: it counts rightly, knows nothing of the program, and tells what one cannot do."""

from __future__ import annotations

import ast
import json
import pstats
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import report, results, table
from benchmarks.__main__ import main
from benchmarks.errors import Unable
from benchmarks.figures import Figure, least, most
from benchmarks.home import Home, Ticket
from benchmarks.program import Program, daemon
from benchmarks.room import Room, Sample
from benchmarks.rounds import BARE, Course, Measured, measure
from benchmarks.rows import row
from benchmarks.scenarios import SCENARIOS, chosen
from benchmarks.scenarios.scenario import Scenario
from benchmarks.scenarios.slots import ideal, mean_running
from benchmarks.stats import paired, spread

ROOT = Path(__file__).resolve().parent.parent
FIGURES = [figure for scenario in SCENARIOS for figure in scenario.figures]
HELP = Figure("help.wall", "--help", "ms", most(5, of="ratio"), original=150, beat=2.5)


def runs(*values: float, key: str = "help.wall") -> list[Sample]:
    return [{key: [value]} for value in values]


def bench(tmp_path: Path, *words: str) -> int:
    return main(["--folder", str(tmp_path), "--out", str(tmp_path / "results.json"), "--runs", "1", "--quick", *words])


# --- the table of scenarios


def test_the_docs_list_every_scenario_and_no_other() -> None:
    lines = (ROOT / "benchmarks/README.md").read_text().splitlines()
    listed = [name.strip(" `") for line in lines if line.startswith("| `") for name in line.split("|")[1].split(",")]
    assert listed == [scenario.name for scenario in SCENARIOS]


def test_no_two_figures_have_the_same_key() -> None:
    assert sorted({figure.key for figure in FIGURES}) == sorted(figure.key for figure in FIGURES)


def test_scenarios_are_chosen_by_name_and_by_family() -> None:
    assert [scenario.name for scenario in chosen(["load-8", "phase"])] == ["phase-50", "phase-500", "load-8"]
    assert chosen([""]) == SCENARIOS
    with pytest.raises(KeyError, match="lode"):
        chosen(["lode"])


@pytest.mark.parametrize("file", sorted((ROOT / "benchmarks").rglob("*.py")), ids=lambda file: file.name)
def test_nothing_of_the_program_is_known_to_what_measures_it(file: Path) -> None:
    nodes = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = [getattr(node, "module", None) or alias.name for node in nodes for alias in node.names]
    assert [name for name in names if name.partition(".")[0] == "orchestrator"] == []


# --- counting


def test_the_spread_is_the_median_and_all_of_it() -> None:
    assert spread([3, 1, 2, 10]) == (2.5, 1, 10, 4)


def test_a_ratio_is_the_median_of_pairs_that_were_measured_together() -> None:
    assert paired([10, 20, 90], [1, 10, 10]) == 9  # the medians alone would give 2
    assert paired([], [1]) is None


def test_a_budget_of_ratio_is_held_against_the_bare_equivalent_of_the_same_run() -> None:
    assert row(HELP, runs(40, 80), runs(10, 20), None).held is True
    assert row(HELP, runs(60, 120), runs(10, 20), None).held is False
    assert row(HELP, [], runs(10), None).held is None


def test_the_least_that_must_be_reached_is_no_upper_limit() -> None:
    figure = Figure("load", "", "/s", least(10))
    assert row(figure, runs(11, key="load"), [], None).held is True
    assert row(figure, runs(9, key="load"), [], None).held is False


def test_the_original_is_what_was_recorded_or_the_peer_of_the_same_run() -> None:
    recorded = row(HELP, runs(50), runs(10), None)
    beside = row(HELP, runs(50), runs(10), runs(100))
    assert (recorded.factor, recorded.beaten) == (3, True)
    assert (beside.factor, beside.beaten) == (2, False)


def test_more_tickets_per_second_are_better_and_more_milliseconds_are_worse() -> None:
    rate = Figure("load", "", "/s", more_is_better=True)
    assert row(rate, runs(60, key="load"), [], runs(10, key="load")).factor == 6
    assert row(HELP, runs(10), [], runs(60)).factor == 6


def test_the_ideal_schedule_starts_each_as_soon_as_a_slot_is_free() -> None:
    assert ideal([1, 1, 5, 1], 2) == 6
    assert ideal([5, 1, 1, 1], 2) == 5


def test_used_slots_are_counted_until_the_last_one_starts() -> None:
    assert mean_running([(0, 2), (0, 1), (2, 9)]) == 1.5


@pytest.mark.parametrize(
    ("value", "shown"), [(3899.6, "3,900 ms"), (42.06, "42.1 ms"), (8.845, "8.85 ms"), (0.004, "0.00 ms")]
)
def test_three_digits_are_shown(value: float, shown: str) -> None:
    assert table.number(value, "ms") == shown


@pytest.mark.parametrize("peer", [False, True])
@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_a_narrow_terminal_gets_fewer_columns_and_no_broken_lines(width: int, peer: bool) -> None:
    shown = table.line(row(HELP, runs(50, 60), runs(10), runs(100, 120)), peer, width)
    assert len(shown) <= width
    assert "55.0 ms" in shown
    assert ("yes" in shown) == (width >= 80)


# --- measuring


def scenario(measured: object) -> Scenario:
    return Scenario("x", "X", "nothing", (HELP,), lambda room: {"help.wall": [1.0]}, measured, runs=3)  # type: ignore[arg-type]


def test_the_bare_equivalent_is_measured_anew_before_each_run(tmp_path: Path) -> None:
    order: list[str] = []

    def bare(room: Room) -> Sample:
        order.append(BARE)
        return {}

    def measured(program: Program, room: Room, _: Sample) -> Sample:
        order.append(program.name)
        return {}

    programs = [Program("a", ()), Program("b", ())]
    measure(scenario(measured)._replace(bare=bare), programs, Course(tmp_path, runs=2))
    assert order == [BARE, "a", "b"] * 2


def test_what_one_program_cannot_do_ends_its_part_alone(tmp_path: Path) -> None:
    def measured(program: Program, room: Room, _: Sample) -> Sample:
        if program.name == "b":
            raise Unable("it has no such command")
        (room.folder / "log").write_bytes(b"x" * 2_000_000)
        return {"help.wall": [2.0]}

    found = measure(scenario(measured), [Program("a", ()), Program("b", ())], Course(tmp_path))
    assert found.unable == {"b": "it has no such command"}
    assert (len(found.runs["a"]), found.runs["b"]) == (3, [])
    assert {path.stat().st_size for path in tmp_path.glob("*/log")} == {0}


def test_a_daemon_that_ends_says_why_in_the_table(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", 1)
    program = Program("x", (sys.executable, "-c", "raise SystemExit('Error: no such thing')"))
    with daemon(program, home) as running, pytest.raises(Unable, match="code 1: Error: no such thing"):
        running.wait_for(lambda: False, 10, "never")


def test_a_ticket_that_failed_is_named_when_something_does_not_come(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", 1)
    home.plan("plan", "one", [Ticket("T1", "only")])
    file = home.ticket_file("plan", "T1")
    file.write_text(json.dumps({**home.ticket("plan", "T1"), "error": "no such script"}))
    program = Program("x", (sys.executable, "-c", "import time; time.sleep(60)"))
    with (
        daemon(program, home) as running,
        pytest.raises(Unable, match=r"phase: not within 0\.1 s \(T1: no such script"),
    ):
        running.wait_for(lambda: False, 0.1, "phase")


def test_results_read_again_give_the_same_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    measured = Measured("start-help", {BARE: runs(10), "orchestrator": runs(40), "peer": []}, {"peer": "cannot"})
    found = results.Results({"cpu": "some"}, {"orchestrator": ["o"], "peer": ["p"]}, False, [measured])
    results.save(found, tmp_path / "results.json")
    report.show(results.load(tmp_path / "results.json"), False)
    shown = capsys.readouterr().out
    assert "  peer: could not do it: cannot" in shown
    report.show(found, False)
    assert capsys.readouterr().out == shown
    assert json.loads((tmp_path / "results.json").read_text())["figures"][0]["ratio"] == 4


def test_a_profile_is_kept_of_a_program_that_leaves_in_a_hurry(tmp_path: Path) -> None:
    (tmp_path / "hurried.py").write_text("import os\ndef work(): sum(range(1000))\nwork()\nos._exit(3)\n")
    words = [sys.executable, str(ROOT / "benchmarks/profiled.py"), str(tmp_path / "out"), str(tmp_path / "hurried.py")]
    assert subprocess.run(words, check=False).returncode == 3
    stats = pstats.Stats(str(next(tmp_path.glob("out.*"))))
    assert any(name == "work" for _, _, name in stats.stats)  # type: ignore[attr-defined]


# --- from end to end


def test_start_up_is_measured_from_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench(tmp_path, "--only", "start-help,start-status10") == 0
    assert "--help" in capsys.readouterr().out
    figures = {one["key"]: one for one in json.loads((tmp_path / "results.json").read_text())["figures"]}
    assert figures["help.wall"]["own"]["median"] > figures["help.wall"]["bare"] > 0
    assert figures["status10.wall"]["held"] in (True, False)


def test_a_daemon_is_measured_from_end_to_end(tmp_path: Path) -> None:
    assert bench(tmp_path, "--only", "dependent,recovery") == 0
    figures = {one["key"]: one for one in json.loads((tmp_path / "results.json").read_text())["figures"]}
    assert figures["dependent"]["own"]["runs"] == 5
    assert figures["recovery.kept"]["own"]["median"] == 20
    assert figures["recovery.twice"]["own"]["median"] == 0


def test_a_peer_that_can_do_nothing_is_no_failure_and_a_program_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench(tmp_path, "--only", "start-help", "--peer", "false") == 0
    assert "peer: could not do it: --help: exit code 1" in capsys.readouterr().out
    assert bench(tmp_path, "--only", "start-help", "--program", "false") == 1


def test_without_a_shell_that_knows_the_time_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.__main__.find_shell", lambda: None)
    assert main(["--only", "phase-50"]) == 2


def test_wrong_words_are_refused_with_the_right_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "lode"])
    assert "load-8" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--save", "--quick"])
    assert "a whole run" in capsys.readouterr().err
