"""`plan check` of plans and drafts: everything at once, each with its place and what to write instead."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.kit import Site

TEN = """\
name: Ten faults
repo: {root}/repo
worktreeRoot: /dev/null/trees
tickets:
  - {{title: One, id: A-1, blockedBy: [A-2], criteria: [answers 200], branch: x}}
  - {{title: Two, id: A-2, blockedBy: [A-1], criteria: [], branch: x}}
  - title: Three
    blockedBy: [Onne]
    workflow: standrd
    criteria: [it works]
    worktree: {root}/t
    touches: [src/**]
  - title: Four
    agent: wrker
    worktree: {root}/t
    touches: [src/a.py]
    criteria: [answers 404]
  - title: Five
    repo: /no/where
    criteria: [answers 500]
"""
FAULTS = {
    'unknown ticket "Onne"': (8, "One"), "is in a cycle": (5, "remove one blocker"),
    "has the same branch as A-1": (6, "own"),
    'unknown workflow "standrd"': (9, "standard"), 'unknown agent "wrker"': (14, "worker"),
    "the same worktree": (15, "own"),
    "the repo /no/where does not exist": (19, "absolute path"), "is not writable": (3, "write a worktreeRoot"),
    "has no acceptance criteria": (6, "answers 200"), 'cannot be tested: "it works"': (10, "answers 200"),
    "touches the same files": (12, "blockedBy"),
}  # fmt: skip


@pytest.fixture
def there(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    subprocess.run(["git", "init", "-q", str(site.root / "repo")], check=True)
    monkeypatch.chdir(site.root)
    return site


def problems(site: Site, *words: str) -> list[dict[str, Any]]:
    (found,) = site.call("plan", "check", *words, "--json").json
    return list(found["problems"])


def test_all_faults_of_a_draft_come_in_one_report(there: Site) -> None:
    (there.root / "d.yaml").write_text(TEN.format(root=there.root))
    found = problems(there, "d.yaml")
    assert all(one["hint"] and one["file"] == "d.yaml" and one["line"] for one in found)
    for what, (line, hint) in FAULTS.items():
        (one,) = [one for one in found if what in one["what"]]
        assert one["line"] == line and hint in one["hint"], one
    assert len(found) == len(FAULTS)
    assert there.call("plan", "check", "d.yaml").code == 1
    refused = there.call("plan", "create", "d.yaml")
    assert refused.code == 1 and all(what in refused.err for what in FAULTS)
    assert not list((there.root / "state/plans").iterdir())


def test_a_sound_draft_is_shown_and_not_written(there: Site) -> None:
    ticket = {"title": "T", "criteria": ["answers 1"]}
    draft = {"name": "N", "repo": str(there.root / "repo"), "agent": "worker", "tickets": [ticket]}
    (there.root / "d.json").write_text(json.dumps(draft))
    assert problems(there, "d.json") == []
    shown = there.call("plan", "show", "d.json").out
    for words in ("tier 1", "t-1-t", "worktrees/n/T-1", "answers 1", "standard"):
        assert words in shown
    assert there.call("plan", "show", "d.json", "--json").json["tiers"] == [["T-1"]]
    assert not list((there.root / "state/plans").iterdir())


def test_unfinished_tickets_of_other_plans_keep_their_branches_and_worktrees(there: Site) -> None:
    taken = {"branch": "b", "worktree": str(there.root / "t")}
    there.plan({"id": "A", **taken}, plan="one")
    there.plan({"id": "B", **taken}, plan="two")
    said = [one["what"] for one in problems(there, "two")]
    assert [what.partition(" of another plan")[0] for what in said] == [
        "has the same branch as one/A",
        "has the same worktree as one/A",
    ]
    there.plan({"id": "A", "status": "complete", **taken}, plan="one")
    assert problems(there, "two") == []


def test_problems_of_files_have_their_lines(there: Site) -> None:
    there.plan({"id": "T-1"}, {"id": "T-2"}, blockers={"T-2": ["T-9"]})
    for file in (there.root / "state/plans/p").rglob("*.json"):
        file.write_text(json.dumps(json.loads(file.read_text()), indent=2))
    ticket = there.file("T-1")
    ticket.write_text(ticket.read_text().replace('"title": "Title T-1"', '"title": "x",\n  "agent": "robot"'))
    found = {one["what"].split(" ")[0]: one for one in problems(there, "p")}
    for what, key in (("unknown", '"agent": "robot"'), ("blockedBy", '"blockedBy": [')):
        lines = Path(found[what]["file"]).read_text().splitlines()
        assert key in lines[found[what]["line"] - 1]


def test_a_folder_without_git_is_told_where_the_workflow_needs_it(site: Site) -> None:
    site.plan({"id": "T-1", "acceptanceCriteria": ["answers 1"]}, workflow="standard")
    assert "is not a git repository" in site.call("plan", "check", "p").out
    site.plan({"id": "T-1"})
    assert site.call("plan", "check", "p").code == 0


def test_a_plan_is_found_by_its_folder_and_files_too(there: Site) -> None:
    there.plan({"id": "T-1"})
    for word in ("p", "state/plans/p", "state/plans/p/plan.json", "state/plans/p/tickets/T-1.json"):
        assert there.call("plan", "check", word, "--json").json == [{"plan": "p", "problems": []}]
    assert there.call("plan", "check", "nope.yaml").code == there.call("plan", "check", "nope").code == 1


def test_a_plan_of_thousands_is_shown_in_a_page(there: Site) -> None:
    there.plan(*({"id": f"T-{n}"} for n in range(1200)), blockers={f"T-{n}": [f"T-{n - 1}"] for n in range(1, 600)})
    out = there.call("plan", "show", "p").out
    assert len(out.splitlines()) < 80 and "600 of 1,200 tickets" in out and "560" in out
    assert "tier    3 of 600" in there.call("plan", "show", "p", "T-2").out
