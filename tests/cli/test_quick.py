"""The short way to `status` understands what the parser understands, and reads what the index reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.adapters.places import Places
from orchestrator.adapters.state.bulk import load
from orchestrator.adapters.state.index import Index
from orchestrator.cli import commands, opened, quick
from orchestrator.cli.look import overview
from orchestrator.wiring import Options
from orchestrator.wiring import load as load_config
from tests.cli.kit import Site

FORMS = [
    "status", "status --json", "status -p X", "status --plan X --json", "-C c status", "status -C c -p X",
    "--config c status --json", "-C a status -C b", "status -p X -p Y", "status --json --json",
    "status -s failed", "status --status failed,ready -p X --json", "status -s failed --status ready --all",
]  # fmt: skip
OTHERS = [
    "status -h", "status --plan", "status -p -x", "status --plan=X", "-C", "--json status", "-p X status", "status X",
    "run status p", "", "status status", "status -pX", "--version", "status --config=c", "status -p ''",
    "status -s", "-s failed status", "status --status=failed", "--all status",
]  # fmt: skip


@pytest.mark.parametrize("words", FORMS)
def test_the_parser_would_have_understood_the_same(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[object] = []

    def show(plan: str | None, as_json: bool, states: tuple[str, ...], every: bool) -> int:
        found.append((opened.chosen.config_file, plan, as_json, states, every))
        return 0

    monkeypatch.setattr(overview, "show", show)
    asked = quick.status_asked(words.split())
    assert asked is not None
    opened.chosen.forget()
    assert commands.call(words.split()) == 0
    assert found == [tuple(asked)]
    assert quick.status(asked) == 0
    assert found[0] == found[1]


@pytest.mark.parametrize("words", OTHERS)
def test_everything_else_is_left_to_the_parser(words: str) -> None:
    assert quick.status_asked([word.strip("'") for word in words.split()]) is None


def test_reading_in_bulk_makes_the_board_that_a_scan_makes(site: Site, tmp_path: Path) -> None:
    odd = {"planId": "p", "ticketId": "T-2", "context": {"n": 3}, "retries": None}
    site.plan({"id": "T-1"}, {"id": "T-3", "description": "x" * 200_000}, blockers={"T-1": ["T-2"]})
    site.write("T-2", "p", odd)
    site.write("T-4", "p", {"planId": "q", "ticketId": "T-4"})
    site.file("T-5").write_text("{")
    site.file("T-6").symlink_to("/nowhere")
    site.file("T-7").write_bytes(b'\xef\xbb\xbf{"planId": "p", "ticketId": "T-7"}')
    (site.root / "state/plans/empty").mkdir()
    (site.root / "state/plans/.hidden").mkdir()
    places = Places(load_config(Options()).config)
    scanned, bulk, kept = Index(places), Index(places), dict[str, bytes]()
    scanned.scan()
    load(bulk, kept)
    assert bulk.board.tickets == scanned.board.tickets
    assert bulk.board.plans == scanned.board.plans
    assert set(bulk.doubtful) == set(scanned.doubtful)
    assert bulk.problems == scanned.problems
    assert {Path(path).stem for path in kept} == {"T-1", "T-2", "T-3", "T-7"}
