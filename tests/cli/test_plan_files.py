"""Files that drafts and tickets come from: whatever is named is read whole, or refused in words, soon."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from pathlib import Path

import pytest

from orchestrator.formats import yaml_nodes
from orchestrator.formats.drafts.draft import read_draft
from tests.cli.kit import Site


@pytest.fixture
def there(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    subprocess.run(["git", "init", "-q", str(site.root / "repo")], check=True)
    monkeypatch.chdir(site.root)
    return site


def plans(site: Site) -> list[str]:
    return [one.name for one in (site.root / "state/plans").iterdir()]


@pytest.mark.parametrize("words", [["check"], ["create"], ["show"], ["import", "file"]])
def test_what_never_ends_is_given_up(there: Site, words: list[str]) -> None:
    (there.root / "zero.yaml").symlink_to("/dev/zero")
    called = there.call("plan", *words, "zero.yaml")
    assert called.code == 1 and "zero.yaml: it has more than 32 MiB" in called.err and plans(there) == []


@pytest.mark.parametrize("words", [["check"], ["create"], ["show"], ["import", "file"]])
def test_a_link_that_leads_to_itself_is_no_draft(there: Site, words: list[str]) -> None:
    (there.root / "loop.yaml").symlink_to("loop.yaml")
    called = there.call("plan", *words, "loop.yaml")
    assert called.code == 1 and "loop.yaml" in called.err and "bug" not in called.err


def test_a_huge_list_is_given_up_before_it_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_nodes, "MAX_NODES", 100)
    (problem,) = read_draft("- title: x\n" * 100, "d").problems
    assert (problem.what, problem.line) == ("more than 100 keys and values", 34)


def test_paths_in_what_comes_through_a_pipe_count_from_here(there: Site) -> None:
    os.mkfifo(there.root / "pipe.yaml")
    pipe = there.root / "pipe.yaml"
    folder = there.root / "elsewhere"
    folder.mkdir()
    pipe.rename(folder / "pipe.yaml")
    draft = json.dumps({"repo": "repo", "tickets": [{"title": "T", "criteria": ["answers 200"]}]})
    writer = threading.Thread(target=(folder / "pipe.yaml").write_text, args=(draft,))
    writer.start()
    called = there.call("plan", "check", "elsewhere/pipe.yaml")
    writer.join()
    assert called.code == 0, called


@pytest.mark.parametrize(
    ("name", "text"),
    [("t.csv", "id,title\nA-1,x\na-1,x\n"), ("t.md", "# P\n\n## A-1: x\n\n## a-1: x\n")],
)
def test_no_ticket_is_lost_because_another_has_its_id(there: Site, name: str, text: str) -> None:
    Path(name).write_text(text)
    called = there.call("plan", "import", "file", name, "--repo", "repo")
    assert called.code == 1 and 'two tickets have the id "a-1": "x" and "x"' in called.err and plans(there) == []


def test_a_plan_of_somebody_else_is_no_earlier_import(there: Site) -> None:
    Path("t.md").write_text("# Sprint\n\n## One\n\n## Two\n")
    words = ("plan", "import", "file", "t.md", "--repo", "repo", "--json")
    assert there.call(*words).json["created"] == ["T-1", "T-2"]
    assert there.call(*words).json["unchanged"] == ["T-1", "T-2"]
    assert there.call("plan", "remove", "sprint", "--yes").code == 0
    assert there.call("plan", "create", "--id", "sprint", "-r", "repo", "-t", "Mine").code == 0
    again = there.call(*words).json
    assert (again["plan"], again["created"]) == ("sprint-2", ["T-1", "T-2"])


def test_a_file_that_is_brought_into_a_plan_for_the_first_time_keeps_its_workflow(there: Site) -> None:
    there.plan({"id": "T-1"}, repo=str(there.root / "repo"))
    Path("d.yaml").write_text("workflow: minimal\ntickets:\n- title: One\n")
    called = there.call("plan", "import", "file", "d.yaml", "--plan", "p", "--json")
    assert called.code == 0, called
    assert there.ticket(called.json["created"][0])["workflow"] == "minimal"
    edited = there.call("plan", "edit", "p", "--set", "workflow=standard")
    assert edited.code == 0, edited
    Path("d.yaml").write_text("workflow: minimal\ntickets:\n- title: One\n- title: Two\n")
    (created,) = there.call("plan", "import", "file", "d.yaml", "--plan", "p", "--json").json["created"]
    assert there.ticket(created)["workflow"] == "standard"


WRONG = ["~nobody-here/x", "/a\0b", "/" + "x" * 300, "/" + "x/" * 2500, "/\ud800"]


@pytest.mark.parametrize("path", WRONG)
def test_what_can_be_no_path_is_a_problem_of_its_plan_and_no_bug(site: Site, path: str) -> None:
    site.plan({"id": "T-1", "repo": path, "worktree": f"{path}/w"}, repo=path, worktreeRoot=path)
    site.plan({"id": "T-1"}, plan="good")
    checked = site.call("plan", "check")
    assert checked.code == 1 and "does not exist" in checked.out and "bug" not in checked.err
    for words in (
        ["plan", "show", "p"],
        ["status"],
        ["gc", "--dry-run"],
        ["plan", "edit", "p", "T-1", "--set", "title=x"],
    ):
        called = site.call(*words)
        assert "bug" not in called.err, called
    assert site.call("run", "p", "T-1").code == 1 and site.ticket()["status"] == "failed"
    assert "does not exist" in site.ticket()["error"]
    created = site.call("plan", "create", "-t", "x", "-r", path)
    assert created.code == 1 and "bug" not in created.err and sorted(plans(site)) == ["good", "p"]
