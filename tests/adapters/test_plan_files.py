"""Plans are written whole, or not at all, whatever happens in the middle."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from orchestrator.adapters.files import write_atomically
from orchestrator.adapters.places import Places
from orchestrator.adapters.planning import import_files, plan_files, plan_removal
from orchestrator.adapters.planning.plan_files import BEGUN, PlanFiles
from orchestrator.adapters.state.store import Store
from orchestrator.core.model import Plan, PlanEntry, PlanStatus, Ticket
from orchestrator.core.planning.imported import Imported
from orchestrator.errors import NotFoundError, OrchestratorError, StoreError, TakenError
from tests.adapters.shelf import config_of, rules
from tests.factories import AT

NAMES = ("T-1", "T-2", "T-3")

KILLED = """
import os, signal, sys
from pathlib import Path
from orchestrator.adapters.planning import import_files
from orchestrator.adapters.planning import plan_files
from orchestrator.adapters.planning import plan_removal
from tests.adapters.test_plan_files import files_of, plan, tickets
writes = [0]
def write(path, *rest, **named):
    writes[0] += 1
    if writes[0] == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return real(path, *rest, **named)
real, plan_files.write_atomically = plan_files.write_atomically, write
files_of(Path(sys.argv[1])).write(plan(), tickets())
"""


def files_of(root: Path) -> PlanFiles:
    places = Places(config_of(root))
    return PlanFiles(places, Store(places, rules, lambda: AT))


def plan(id_: str = "p", names: Sequence[str] = NAMES) -> Plan:
    return Plan(id=id_, name="P", tickets=tuple(PlanEntry(ticket_id=one, order=1) for one in names))


def tickets(id_: str = "p", names: Sequence[str] = NAMES) -> list[Ticket]:
    return [Ticket(plan_id=id_, ticket_id=one, title=f"Title {one}") for one in names]


def there(root: Path) -> list[str]:
    plans = root / "state/plans"
    return sorted(str(one.relative_to(plans)) for one in plans.rglob("*") if one.is_file())


WHOLE = ["p/plan.json", *(f"p/tickets/{name}.json" for name in NAMES)]


def test_tickets_are_written_first_and_plan_json_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(
        plan_files, "write_atomically", lambda path, *_, **__: written.append(path.name) or write_atomically(path, *_)
    )
    files_of(tmp_path).write(plan(), tickets())
    assert written == ["T-1.json", "T-2.json", "T-3.json", "plan.json"]
    assert there(tmp_path) == WHOLE


@pytest.mark.parametrize("at", [1, 3, 4])
def test_whatever_the_disk_refuses_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    count = [0]

    def write(path: Path, content: bytes) -> None:
        count[0] += 1
        if count[0] == at:
            raise StoreError("no space left on device")
        write_atomically(path, content)

    monkeypatch.setattr(plan_files, "write_atomically", write)
    with pytest.raises(StoreError):
        files_of(tmp_path).write(plan(), tickets())
    assert list((tmp_path / "state/plans").iterdir()) == []


@pytest.mark.parametrize("at", [2, pytest.param(4, marks=pytest.mark.thorough)])
def test_after_a_kill_in_the_middle_there_is_no_plan_and_the_same_goes_through(tmp_path: Path, at: int) -> None:
    words = [sys.executable, "-c", KILLED, str(tmp_path), str(at)]
    ended = subprocess.run(words, check=False, cwd=Path(__file__).parents[2])
    assert ended.returncode == -signal.SIGKILL
    assert "p/plan.json" not in there(tmp_path)
    files_of(tmp_path).write(plan(names=NAMES[1:]), tickets(names=NAMES[1:]))
    assert there(tmp_path) == ["p/plan.json", "p/tickets/T-2.json", "p/tickets/T-3.json"]


def test_a_plan_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    files_of(tmp_path).write(plan(), tickets())
    before = (tmp_path / "state/plans/p/plan.json").read_bytes()
    for id_ in ("p", "P"):
        with pytest.raises(TakenError):
            files_of(tmp_path).write(replace(plan(id_), name="Other"), tickets(id_))
    assert (tmp_path / "state/plans/p/plan.json").read_bytes() == before
    assert there(tmp_path) == WHOLE


def test_what_somebody_else_has_begun_is_theirs(tmp_path: Path) -> None:
    theirs = tmp_path / "state/plans/p/tickets/T-9.json"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("{}")
    with pytest.raises(OrchestratorError, match=r"but no plan\.json"):
        files_of(tmp_path).write(plan(), tickets())
    assert there(tmp_path) == ["p/tickets/T-9.json"]
    assert not (tmp_path / f"state/plans/p/{BEGUN}").exists()


def test_an_empty_folder_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / "state/plans/p/tickets").mkdir(parents=True)
    files_of(tmp_path).write(plan(), tickets())
    assert there(tmp_path) == WHOLE


# -- more tickets -----------------------------------------------------------------------------------------------------


def more(root: Path, *names: str) -> Plan:
    return files_of(root).add("p", [PlanEntry(ticket_id=one, order=9) for one in names], tickets(names=names))


def edit(root: Path, **keys: object) -> None:
    file = root / "state/plans/p/plan.json"
    file.write_text(json.dumps({**json.loads(file.read_bytes()), **keys}))


def test_more_tickets_keep_what_others_wrote_into_the_plan(tmp_path: Path) -> None:
    files_of(tmp_path).write(plan(), tickets())
    edit(tmp_path, theirs={"a": 1})
    more(tmp_path, "T-4")
    content = json.loads((tmp_path / "state/plans/p/plan.json").read_bytes())
    assert [one["ticketId"] for one in content["tickets"]] == [*NAMES, "T-4"]
    assert content["theirs"] == {"a": 1}


def test_more_tickets_reopen_a_plan_that_is_complete(tmp_path: Path) -> None:
    files_of(tmp_path).write(plan(), tickets())
    edit(tmp_path, status="complete")
    assert more(tmp_path, "T-4").status is PlanStatus.ACTIVE
    edit(tmp_path, status="paused")
    assert more(tmp_path, "T-5").status is PlanStatus.PAUSED


def test_ids_that_the_plan_has_are_refused_and_nothing_is_left(tmp_path: Path) -> None:
    files_of(tmp_path).write(plan(), tickets())
    with pytest.raises(TakenError):
        more(tmp_path, "T-4", "t-1")
    assert there(tmp_path) == WHOLE


def test_what_a_kill_left_of_the_same_ticket_is_taken_over_but_no_other(tmp_path: Path) -> None:
    files_of(tmp_path).write(plan(), tickets())
    more(tmp_path, "T-4")
    edit(tmp_path, tickets=[{"ticketId": name, "order": 1} for name in NAMES])  # as if killed before plan.json
    more(tmp_path, "T-4")
    stray = tmp_path / "state/plans/p/tickets/T-5.json"
    stray.write_text('{"planId": "p", "ticketId": "T-5", "title": "theirs"}')
    with pytest.raises(TakenError):
        more(tmp_path, "T-5")
    assert "theirs" in stray.read_text()


def test_no_plan_gets_no_tickets(tmp_path: Path) -> None:
    (tmp_path / "state/plans").mkdir(parents=True)
    with pytest.raises(NotFoundError):
        more(tmp_path, "T-1")
    assert there(tmp_path) == []


def test_an_end_that_comes_a_moment_too_late_takes_nothing_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(path: Path, content: bytes, expected: bytes | None = None) -> None:
        write_atomically(path, content, expected=expected)
        if path.name == "plan.json":
            raise KeyboardInterrupt

    monkeypatch.setattr(plan_files, "write_atomically", write)
    with pytest.raises(KeyboardInterrupt):
        files_of(tmp_path).write(plan(), tickets())
    assert set(there(tmp_path)) >= set(WHOLE)
    with pytest.raises(KeyboardInterrupt):
        more(tmp_path, "T-4")
    assert "p/tickets/T-4.json" in there(tmp_path)


def test_where_a_plan_came_from_is_known_before_the_plan_and_forgotten_with_it(tmp_path: Path) -> None:
    files, places = files_of(tmp_path), Places(config_of(tmp_path))
    files.write(plan(), tickets(), Imported(("github acme/shop",)))
    assert import_files.known(places) == {"p": Imported(("github acme/shop",))}
    plan_removal.remove(places, "p")
    files.write(plan(), tickets())
    assert import_files.known(places) == {}
    killed = [sys.executable, "-c", KILLED, str(tmp_path), "4"]
    (tmp_path / "state/.imports").mkdir(exist_ok=True)
    plan_removal.remove(places, "p")
    import_files.write(places, "p", Imported(("old",)))
    assert subprocess.run(killed, check=False, cwd=Path(__file__).parents[2]).returncode == -signal.SIGKILL
    assert import_files.read(places, "p") == Imported(), "of another plan of that id"
