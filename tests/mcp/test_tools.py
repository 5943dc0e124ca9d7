"""Tools answer in words whatever they are sent, and no answer is longer than a model reads. Called without a server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.mcp import _desk
from orchestrator.mcp.answers import Answer
from orchestrator.mcp.calling import Backing, answer
from orchestrator.mcp.tools import BY_NAME, TOOLS
from tests.cli.kit import Site

DOC = Path(__file__).parents[2] / "docs/mcp.md"


def call(name: str, /, **arguments: Any) -> Answer:
    return answer(Backing(_desk, "1", lambda error: "the log"), name, arguments)


def test_everything_that_is_wrong_with_a_call_is_told_at_once(site: Site) -> None:
    found = call("status", plam="p", limit="5", states=["runing"])
    assert found.failed
    assert [one["where"] for one in found.content["problems"]] == ["status: plam", "status: states", "status: limit"]
    assert "did you mean plan?" in found.text and "did you mean running?" in found.text


def test_what_is_needed_and_was_not_sent_is_named(site: Site) -> None:
    found = call("pause", plan=None)
    assert found.failed and [one["what"] for one in found.content["problems"]] == ["is missing", "is missing"]


@pytest.mark.parametrize("name", [tool.name for tool in TOOLS if any(field.name == "plan" for field in tool.fields)])
def test_a_plan_that_is_not_there_is_an_answer_in_words(site: Site, name: str) -> None:
    given = {"ticket": "T-1", "phase": "work", "tickets": [{"title": "One"}]}
    takes = {field.name for field in BY_NAME[name].fields}
    found = call(name, plan="nope", **{key: value for key, value in given.items() if key in takes})
    assert found.failed and 'no plan "nope"' in found.text


def test_a_mistake_of_ours_is_kept_and_ends_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = BY_NAME["status"]._replace(call=lambda *_: 1 / 0)  # type: ignore[arg-type, return-value]
    monkeypatch.setitem(BY_NAME, "status", broken)
    assert call("status").text == "this is a bug: ZeroDivisionError: division by zero; the traceback is in the log"


def test_a_configuration_that_is_broken_is_told_by_whatever_needs_it(site: Site) -> None:
    (site.root / "config.yaml").write_text("maxConcurrency: many\n")
    found = call("status")
    assert found.failed and "maxConcurrency" in found.text


def test_a_plan_that_cannot_be_read_is_told_beside_the_others(site: Site) -> None:
    site.plan({"id": "T-1"})
    (site.root / "state/plans/q").mkdir()
    (site.root / "state/plans/q/plan.json").write_text("{")
    found = call("status")
    assert not found.failed
    assert [one["id"] for one in found.content["plans"]] == ["p"]
    assert any("q/plan.json" in one.get("file", "") for one in found.content["problems"])


def test_faults_of_reading_and_of_judging_come_in_one_report_and_nothing_is_written(site: Site) -> None:
    tickets = [{"title": "One", "criteria": 5, "blockedBy": ["zz"]}, {"title": "Two", "agent": "nobody"}]
    found = call("create_plan", draft={"name": "Bad", "repo": "/nowhere", "tickets": tickets})
    assert found.failed and found.text.startswith("nothing was written")
    for word in ("criteria", '"zz"', '"nobody"', "/nowhere"):
        assert word.lower() in found.text.lower()
    assert not any((site.root / "state/plans").iterdir())


def test_the_keys_of_a_draft_themselves_and_its_text_are_drafts_too(site: Site) -> None:
    (site.root / "repo/.git").mkdir()
    tickets = [{"title": "One", "criteria": ["it runs"]}]
    bare = call("create_plan", name="A", repo=str(site.root / "repo"), workflow="w", tickets=tickets, paused=True)
    assert bare.content["plan"] == "a" and bare.content["paused"], bare.text
    text = f"name: B\nrepo: {site.root}/repo\nworkflow: w\ntickets:\n- title: One\n  criteria: [it runs]\n"
    assert call("create_plan", draft=text, dryRun=True).content["written"] is False
    assert call("add_tickets", plan="a", tickets=[{"title": "Two", "blockedBy": ["T-1"]}]).content["tickets"] == ["T-2"]


def test_no_answer_grows_with_the_number_of_tickets(site: Site) -> None:
    site.plan(*({"id": f"T-{n}", "description": "long " * 100} for n in range(400)), status="paused")
    for name, more in (("status", {"limit": 500}), ("show_plan", {"limit": 500}), ("check_plan", {})):
        found = call(name, plan="p", **more)
        assert not found.failed and len(found.text) < 30_000, name
    last = call("show_plan", plan="p", offset=399).content
    assert (last["total"], [one["id"] for one in last["tickets"]]) == (400, ["T-399"])


def test_a_tool_that_looks_says_so_and_one_that_stops_work_is_marked() -> None:
    assert {tool.name for tool in TOOLS if tool.hints.destroys} == {"pause", "pause_plan", "retry", "skip"}
    changing = {"create_plan", "add_tickets", "pause", "resume", "retry", "skip", "pause_plan", "resume_plan"}
    assert {tool.name for tool in TOOLS if not tool.hints.reads} == changing


def test_the_documents_list_exactly_the_tools_that_there_are() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \|", DOC.read_text(), re.MULTILINE)
    assert rows == [tool.name for tool in TOOLS]
