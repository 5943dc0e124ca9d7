"""`plan edit`, `plan archive`, `plan restore`, `plan remove`: what is changed and what is not, beside a daemon too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.control import steering
from orchestrator.control.planning import archiving
from orchestrator.engine import locks
from orchestrator.engine.home import Home
from orchestrator.wiring import Options, load, open_home
from tests.cli.kit import Site
from tests.waiting import wait_for


@pytest.fixture
def care(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    site.plan({"id": "T-1"}, {"id": "T-2"}, status="paused", mine={"keep": 1})
    monkeypatch.delenv("VISUAL", raising=False)
    return site


def plan_json(site: Site, folder: str = "plans/p") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((site.root / f"state/{folder}/plan.json").read_bytes())
    return found


def editor(site: Site, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Python that gets the text as `text`, its file as `file` and the home as `root`."""
    script = site.root / "editor.py"
    script.write_text(
        "import json, pathlib, sys\n"
        f"root = pathlib.Path({str(site.root)!r}); file = pathlib.Path(sys.argv[1]); text = file.read_text()\n"
        f"{body}\nfile.write_text(text)\n"
    )
    monkeypatch.setenv("EDITOR", f"python3 {script}")


# --- edit


def test_keys_are_set_and_nothing_else_is_touched(care: Site) -> None:
    before = plan_json(care)
    called = care.call("plan", "edit", "p", "T-2", "--set", "title=New", "--set", "blockedBy=T-1", "--json")
    assert called.code == 0 and called.json["changed"] == {"T-2": ["title", "blockedBy"]}
    assert care.ticket("T-2") == {"planId": "p", "ticketId": "T-2", "title": "New"} | care.ticket("T-2")
    after = plan_json(care)
    assert after["tickets"][1]["blockedBy"] == ["T-1"] and after["mine"] == {"keep": 1}
    assert {**after, "tickets": 0} == {**before, "tickets": 0}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["T-1", "--set", "status=ready"], "it is the runner's; the commands are pause, resume, skip, retry"),
        (["T-1", "--set", "titel=x"], "did you mean title?"),
        (["T-1", "--set", "id=x"], "an id cannot be changed"),
        (["T-1", "--set", "agent=robot"], 'unknown agent "robot"'),
        (["--set", "status=active"], "resume-plan p"),
        (["--set", "workflow=ww"], 'unknown workflow "ww"'),
    ],
)
def test_what_would_be_wrong_is_refused(care: Site, words: list[str], said: str) -> None:
    files = [care.file("T-1"), care.file("T-2"), care.root / "state/plans/p/plan.json"]
    before = [one.read_bytes() for one in files]
    called = care.call("plan", "edit", "p", *words)
    assert called.code == 1 and said in called.err
    assert [one.read_bytes() for one in files] == before


def test_what_others_change_while_the_editor_is_open_stays(care: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    editor(
        care, monkeypatch,
        "f = root / 'state/plans/p/tickets/T-1.json'; d = json.loads(f.read_text())\n"
        "f.write_text(json.dumps({**d, 'linearUrl': 'https://x', 'theirs': 1}))\n"
        "text = text.replace('Title T-1', 'Mine')",
    )  # fmt: skip
    assert care.call("plan", "edit", "p", "T-1").code == 0
    now = care.ticket("T-1")
    assert (now["title"], now["linearUrl"], now["theirs"]) == ("Mine", "https://x", 1)


def test_where_both_change_the_same_the_other_one_stays_and_the_text_is_kept(
    care: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(
        care, monkeypatch,
        "f = root / 'state/plans/p/tickets/T-1.json'; d = json.loads(f.read_text())\n"
        "f.write_text(json.dumps({**d, 'title': 'Theirs'}))\n"
        "text = text.replace('Title T-1', 'Mine')",
    )  # fmt: skip
    called = care.call("plan", "edit", "p")
    assert called.code == 1 and "changed title meanwhile" in called.err
    assert care.ticket("T-1")["title"] == "Theirs"
    kept = Path(called.err.split("what you wrote is in ")[1].strip())
    assert "Mine" in kept.read_text()


def test_a_plan_is_edited_as_a_whole(care: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    editor(care, monkeypatch, "text = text.replace('Title T-', 'Better T-').replace('Plan p', 'Name')")
    assert care.call("plan", "edit", "p").code == 0
    assert [care.ticket(name)["title"] for name in ("T-1", "T-2")] == ["Better T-1", "Better T-2"]
    assert plan_json(care)["name"] == "Name"


@pytest.mark.parametrize("change", ["text", "text.replace('ticketId: T-2', 'ticketId: T-9')", "text + '\\nrev: 5\\n'"])
def test_an_edit_neither_adds_nor_renames(care: Site, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    editor(care, monkeypatch, f"text = {change}")
    before = care.file("T-2").read_bytes()
    called = care.call("plan", "edit", "p", "T-2")
    assert (called.code == 0) == (change == "text") and care.file("T-2").read_bytes() == before


def test_without_an_editor_it_says_what_to_do(care: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDITOR", raising=False)
    called = care.call("plan", "edit", "p")
    assert called.code == 1 and "set VISUAL or EDITOR, or use --set" in called.err


OTHER = """
name: other
phases:
  - {id: begin, type: script, command: work.sh, onSuccess: done}
  - {id: done, type: terminal}
"""


def test_a_ticket_that_has_not_begun_can_go_by_another_workflow(care: Site) -> None:
    care.workflow("other", OTHER)
    care.write("T-1", "p", {"planId": "p", "ticketId": "T-1", "title": "T", "workflow": "w", "currentPhase": "work"})
    assert care.call("plan", "edit", "p", "T-1", "--set", "workflow=other").code == 0
    assert (care.ticket()["workflow"], care.ticket()["currentPhase"]) == ("other", None)
    begun = [{"phase": "work", "status": "failure", "startedAt": None, "completedAt": None}]
    care.write("T-2", "p", {**care.ticket("T-2"), "workflow": "w", "currentPhase": "work", "phaseHistory": begun})
    refused = care.call("plan", "edit", "p", "T-2", "--set", "workflow=other")
    assert refused.code == 1 and 'unknown currentPhase "work"' in refused.err


def test_what_was_filled_in_of_a_plan_follows_it_where_nothing_has_begun(care: Site) -> None:
    care.workflow("other", OTHER)
    (care.root / "repo2/.git").mkdir(parents=True)
    filled = {"repo": str(care.root / "repo"), "workflow": "w", "worktree": str(care.root / "wt/T-1")}
    own = {"repo": "/own", "workflow": "other", "worktree": "/own/w"}
    care.plan({"id": "T-1", **filled}, {"id": "T-2", "attempts": 1, **filled}, {"id": "T-3", **own}, status="paused")
    words = [f"repo={care.root}/repo2", "workflow=other", f"worktreeRoot={care.root}/wt2"]
    called = care.call("plan", "edit", "p", *(one for word in words for one in ("--set", word)), "--json")
    assert called.json["changed"] == {
        "": ["repo", "workflow", "worktreeRoot"],
        "T-1": ["repo", "workflow", "worktree"],
    }
    now = care.ticket()
    assert (now["repo"], now["workflow"]) == (str(care.root / "repo2"), "other")
    assert now["worktree"] == str(care.root / "wt2/T-1")


# --- archive, restore, remove


def test_an_archived_plan_comes_back_as_it_was(care: Site) -> None:
    before = {one.name: one.read_bytes() for one in (care.root / "state/plans/p").rglob("*.json")}
    called = care.call("plan", "archive", "p")
    assert called.code == 0 and "plan restore p" in called.out
    assert care.call("status", "--json").json == [] and care.call("plan", "restore").out == "p\n"
    assert care.call("plan", "restore", "--json").json == [{"name": "p", "plan": "p"}]
    assert care.call("plan", "restore", "p").code == 0
    assert {one.name: one.read_bytes() for one in (care.root / "state/plans/p").rglob("*.json")} == before


def test_nothing_comes_back_over_a_plan_that_is_there(care: Site) -> None:
    care.call("plan", "archive", "p")
    (care.root / "state/plans").mkdir(exist_ok=True)
    care.plan({"id": "T-7"})
    called = care.call("plan", "restore", "p")
    assert called.code == 1 and 'there is a plan "p" already' in called.err
    assert care.call("plan", "restore", "q").code == 1


def test_a_ticket_under_way_keeps_its_plan(site: Site) -> None:
    site.plan({"id": "T-1"})
    site.hold()
    site.daemon()
    site.running()
    for verb in (["archive"], ["remove", "--yes"]):
        called = site.call("plan", verb[0], "p", *verb[1:])
        assert called.code == 1 and "T-1 is under way; `orchestrator pause-plan p`" in called.err
    assert site.plan_status() == "active" and site.left()
    assert site.call("plan", "remove", "p", "--yes", "--force").code == 0
    assert not (site.root / "state/plans/p").exists() and (site.root / "logs/p/T-1/ticket.log").exists()
    wait_for(lambda: not site.left(), what="its processes end")


@pytest.mark.parametrize("verb", ["archive", "remove"])
def test_a_plan_that_completes_just_then_goes_as_well(care: Site, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    care.plan({"id": "T-1"}, status="active")
    pause = steering.pause_plan

    def completed_before(home: Home, plan_id: str) -> object:
        care.plan({"id": "T-1"}, status="complete")
        return pause(home, plan_id)

    monkeypatch.setattr(locks, "running", lambda _: 1)
    monkeypatch.setattr(steering, "pause_plan", completed_before)
    home = open_home(load(Options(str(care.root / "config.yaml"))).config)
    getattr(archiving, verb)(home, "p")
    assert not (care.root / "state/plans/p").exists()
    if verb == "archive":
        assert plan_json(care, "archive/p")["status"] == "complete"


def test_removal_asks_first_and_then_leaves_the_logs(care: Site) -> None:
    assert care.call("plan", "remove", "p").code == 2
    assert care.file("T-1").exists()
    assert care.call("plan", "remove", "p", "--yes").code == 0
    assert not (care.root / "state/plans/p").exists()
    assert care.call("plan", "remove", "p", "--yes").code == 1


def test_what_a_killed_removal_has_left_goes_with_the_next(care: Site) -> None:
    left = care.root / "state/archive/.removed-p-1-2"
    left.mkdir(parents=True)
    assert care.call("plan", "remove", "p", "--yes").code == 0
    assert not left.exists()


def test_who_waits_for_a_plan_that_goes_is_named(care: Site) -> None:
    care.plan({"id": "A"}, {"id": "B", "status": "complete"}, plan="q", blockers={"A": ["p/T-1"], "B": ["p/T-1"]})
    assert "; q/A waits for tickets of it" in care.call("plan", "archive", "p").out
    assert care.call("plan", "restore", "p").code == 0
    assert "; q/A waits for tickets of it" in care.call("plan", "remove", "p", "--yes").out


def test_a_broken_plan_can_be_removed(care: Site) -> None:
    (care.root / "state/plans/p/plan.json").write_text("{")
    assert care.call("plan", "remove", "p", "--yes").code == 0
    assert not (care.root / "state/plans/p").exists()
