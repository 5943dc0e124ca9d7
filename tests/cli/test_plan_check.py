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


def test_what_is_no_ticket_at_all_does_not_move_the_places_of_the_others(there: Site) -> None:
    lines = ["status: [a]", "tickets:", "- 17", "- title: ''", "- title: [a]", "- {title: Main, branch: a b}"]
    (there.root / "d.yaml").write_text("\n".join(lines))
    found = {(one["line"], one["what"].split(":")[0].split(",")[0]): one["hint"] for one in problems(there, "d.yaml")}
    assert found[1, "status must be active or paused"] == "leave it out"
    assert found[4, "title is empty"] == found[5, "title must be a text"] == "say in a few words what shall be done"
    assert (4, "has no title") in found and (5, "has no title") in found
    assert (6, "git refuses the branch 'a b'") in found
    (there.root / "t.yaml").write_text("tickets: 5")
    assert there.call("plan", "check", "t.yaml").code == 1


def test_a_draft_in_json_with_halves_of_letters_has_places_too(there: Site) -> None:
    (there.root / "d.json").write_text('{"tickets": [{"title": "\\ud83c\\udf89",\n\t"branch": "a b", "criteria": []}]}')
    (found,) = (one for one in problems(there, "d.json") if "git refuses" in one["what"])
    assert (found["file"], found["line"], found["column"]) == ("d.json", 2, 2)


def test_a_blocker_that_two_could_be_is_said_to_be_ambiguous_wherever_it_is_written(there: Site) -> None:
    tickets = [{"title": "Same"}, {"title": "Same"}, {"title": "Other", "blockedBy": ["Same"]}]
    (there.root / "d.json").write_text(json.dumps({"repo": "repo", "id": "p", "tickets": tickets}))
    whats = [one["what"] for one in problems(there, "d.json") if one["severity"] == "error"]
    assert whats == ['blockedBy names the title "Same", which is ambiguous: T-1, T-2 have it']
    del tickets[2]["blockedBy"]
    (there.root / "d.json").write_text(json.dumps({"repo": "repo", "id": "p", "tickets": tickets}))
    assert there.call("plan", "create", "d.json").code == 0
    for words in (("edit", "p", "T-3", "--set", "blockedBy=[Same]"), ("add", "p", "-t", "x", "--blocked-by", "Same")):
        refused = there.call("plan", *words)
        assert refused.code == 1 and "ambiguous: T-1, T-2 have it (write the id of the one" in refused.err


def test_the_branch_that_is_checked_out_is_no_ticket_s(there: Site) -> None:
    head = (there.root / "repo/.git/HEAD").read_text().strip().removeprefix("ref: refs/heads/")
    draft = {"repo": "repo", "tickets": [{"title": "T", "branch": head}]}
    (there.root / "d.json").write_text(json.dumps(draft))
    assert f'its branch "{head}" is the one that is checked out' in there.call("plan", "create", "d.json").err


def test_one_ticket_is_shown_alone_in_json_too(there: Site) -> None:
    there.plan({"id": "T-1"}, {"id": "T-2", "mine": 1}, {"id": "T-3"}, blockers={"T-2": ["T-1", "T-9"], "T-3": ["T-2"]})
    shown = there.call("plan", "show", "p", "T-2", "--json").json
    assert shown["ticket"] == there.ticket("T-2") and shown["ticket"]["mine"] == 1
    assert (shown["tier"], shown["blockedBy"], shown["blocks"]) == (2, ["T-1", "T-9"], ["T-3"])
    assert [one["what"] for one in shown["problems"]] == ['blockedBy names unknown ticket "T-9"']
    assert there.call("plan", "show", "p", "T-7", "--json").code == 1
    there.file("T-3").write_text("{")
    assert "nothing can be shown of T-3" in there.call("plan", "show", "p", "T-3", "--json").err
    (there.root / "d.json").write_text(json.dumps({"tickets": [{"title": "One"}, {"title": "Two"}]}))
    assert there.call("plan", "show", "d.json", "T-2", "--json").json["ticket"]["title"] == "Two"


def test_a_base_that_a_repository_without_remotes_does_not_have_is_told(there: Site) -> None:
    repo = there.root / "repo"
    ticket = {"title": "T", "criteria": ["answers 200"]}
    text = json.dumps({"repo": "repo", "base": "dev", "tickets": [ticket, {**ticket, "title": "U", "base": "rel/1"}]})
    (there.root / "d.json").write_text(text)
    found = [(one["what"].partition(" has ")[2], one["severity"]) for one in problems(there, "d.json")]
    assert found == [(f'no branch "{one}" to start from', "warning") for one in ("dev", "rel/1")]
    (repo / ".git/refs/heads/dev").write_text("0" * 40)
    (repo / ".git/packed-refs").write_text(f"{'0' * 40} refs/heads/rel/1\n")
    assert problems(there, "d.json") == []
    (repo / ".git/packed-refs").unlink()
    subprocess.run(["git", "-C", str(repo), "remote", "add", "up", "/x"], check=True)
    assert problems(there, "d.json") == []
