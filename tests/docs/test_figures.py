"""The figures that are published are those that were measured, and tell nothing of who measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.results import Results, save
from benchmarks.rounds import BARE, Measured
from benchmarks.scenarios import SCENARIOS
from scripts import figures

MACHINE = {
    "date": "2026-11-22 17:41:32 +0000", "cpu": "Some CPU", "cores": "2", "memory": "4.0 GiB", "system": "Linux 6",
    "python": "3.11.7 (/secret/bin/python)", "folder": "/secret/bench on ext4", "load": "0.1", "commit": "abc",
}  # fmt: skip


def results(is_quick: bool = False) -> Results:
    """`--help` was measured, and nothing else."""
    own, bare = [{"help.wall": [50.0]}, {"help.wall": [60.0]}], [{"help.wall": [10.0]}, {"help.wall": [20.0]}]
    name = next(one.name for one in SCENARIOS if any(f.key == "help.wall" for f in one.figures))
    measured = Measured(scenario=name, runs={"orchestrator": own, BARE: bare}, unable={})
    return Results(MACHINE, {"orchestrator": ["/secret/bin/orchestrator"]}, is_quick, [measured])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    for name in ("README.md", "docs/performance.md"):
        (tmp_path / name).write_text(f"before\n{figures.BEGIN}{figures.END}\nafter\n")
    return tmp_path


def test_what_the_readme_shows_is_measured_by_some_scenario() -> None:
    known = {figure.key for scenario in SCENARIOS for figure in scenario.figures}
    assert figures.CHOSEN.keys() - known == set()


def test_saved_results_are_shown_in_both_documents(root: Path) -> None:
    save(results(), root / "results.json")
    assert figures.main(["--check"], root, root / "results.json") == 1
    assert figures.main([], root, root / "results.json") == 0
    assert figures.main(["--check"], root, root / "results.json") == 0
    readme = (root / "README.md").read_text()
    assert "| `orchestrator --help` | 55.0 ms | 4.00 × | ≤ 5 × | 157 ms | 2.85 × |" in readme
    assert readme.startswith("before\n") and readme.endswith("\nafter\n")
    assert "55.0 ms" in (root / "docs/performance.md").read_text()


def test_figures_tell_of_the_machine_and_of_nobody_who_used_it(root: Path) -> None:
    save(results(), root / "results.json")
    figures.main([], root, root / "results.json")
    readme = (root / "README.md").read_text()
    assert "Some CPU, 2 cores, 4.0 GiB, Linux 6, Python 3.11.7, 2026-11-22" in readme
    assert "/secret" not in readme + (root / "docs/performance.md").read_text()


def test_a_quick_run_is_not_published(root: Path) -> None:
    save(results(is_quick=True), root / "results.json")
    assert figures.main([], root, root / "results.json") == 1
    assert (root / "README.md").read_text() == f"before\n{figures.BEGIN}{figures.END}\nafter\n"
