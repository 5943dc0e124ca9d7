"""`workflow`, `plan` and `config`: what they find, where, and with which exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.cli.main import main
from orchestrator.control import checking
from orchestrator.core.model import Attempt
from orchestrator.core.rules import Rules
from orchestrator.core.workflow import Workflow
from orchestrator.engine.attempt import prepare
from tests import factories
from tests.cli.kit import Site

BROKEN = """\
name: broken
phases:
  - {id: a, type: script, command: work.sh, onSuccess: dnoe}
  - {id: done, type: terminal}
"""
SUSPECT = """\
name: suspect
phases:
  - {id: a, type: agent, promptTemplate: p.md, agnt: x, onSuccess: b}
  - {id: b, type: script, command: nope.sh, args: ["{{ titel }}"], onSuccess: done}
  - {id: done, type: terminal}
"""


# --- workflows


def test_the_bundled_workflows_have_no_problems(site: Site) -> None:
    called = site.call("workflow", "check", "--strict", "standard", "bugfix", "minimal", "local")
    assert called == (0, "4 workflows checked: no problems\n", "")


def test_workflows_are_listed_with_where_they_come_from(site: Site) -> None:
    found = {one["name"]: one for one in site.call("workflow", "list", "--json").json}
    assert found["w"] == {
        "name": "w", "description": "", "tags": [], "file": str(site.root / "workflows/w.yaml"), "bundled": False,
        "phases": [{"id": "work", "type": "script"}, {"id": "ask", "type": "poll"}, {"id": "done", "type": "terminal"}],
        "usable": True,
    }  # fmt: skip
    assert found["standard"]["bundled"]
    assert {"bugfix", "local", "minimal", "standard", "w"} <= set(site.call("workflow", "list").out.split())


def test_an_error_has_file_line_column_and_a_suggestion_and_hides_nothing(site: Site) -> None:
    file = site.workflow("broken", BROKEN)
    called = site.call("workflow", "check")
    assert called.code == 1
    problem = 'workflow broken: phase a: onSuccess names unknown phase "dnoe" (did you mean done?)'
    assert f"  error: {file}:3:56: {problem}\n" in called.out
    assert "6 workflows checked: 1 error\n" in called.out
    assert site.call("workflow", "check", "w").code == 0
    assert "cannot be used" in site.call("workflow", "list").out


def test_warnings_count_only_when_strict(site: Site) -> None:
    site.workflow("suspect", SUSPECT)
    (site.root / "prompts/p.md").write_text("Do {{ title }}\nand {{ extra }}")
    called = site.call("workflow", "check", "suspect")
    assert called.code == 0
    for words in ('unknown key "agnt" (did you mean agent?)', "missing script nope.sh", "the variable titel",
                  "did you mean title?", "the variable extra", "(line 2 of the prompt)"):  # fmt: skip
        assert words in called.out
    assert site.call("workflow", "check", "suspect", "--strict").code == 1


def test_a_prompt_that_cannot_be_rendered_and_an_unknown_agent_are_errors(site: Site) -> None:
    site.workflow("suspect", SUSPECT.replace("agnt: x", "agent: robot"))
    (site.root / "prompts/p.md").write_text("Do\n{{ title")
    called = site.call("workflow", "check", "suspect")
    assert called.code == 1
    assert 'unknown agent "robot" (the config defines worker)' in called.out
    assert "p.md:2" in called.out


def test_a_file_can_be_checked_before_it_is_in_its_place(site: Site, tmp_path: Path) -> None:
    (tmp_path / "new.yaml").write_text(BROKEN)
    (one,) = site.call("workflow", "check", str(tmp_path / "new.yaml"), "--json").json
    assert (one["name"], one["problems"][0]["line"], one["problems"][0]["column"]) == ("broken", 3, 56)
    assert site.call("workflow", "check", "nope").code == 1


def test_a_file_that_another_one_hides_is_told(site: Site) -> None:
    site.workflow("a", BROKEN.replace("dnoe", "done").replace("broken", "w"))
    assert "w.yaml: workflow w: is hidden: " in site.call("workflow", "check").out


def test_every_variable_that_a_phase_is_given_is_known_to_the_check(tmp_path: Path) -> None:
    rules = Rules(workflow=Workflow(name="w", phases=()), plan=factories.plan("T-1"))
    attempt = Attempt(n=1, id="x", phase="work", started_at="")
    ticket = factories.ticket()
    scene = prepare.Scene(ticket, {}, rules, attempt, tmp_path)
    names = set(prepare.variables(scene, "{{ base_branch }}"))
    assert names - checking.PLANNER_FIELDS - checking.RUNNER_FIELDS <= checking.GIVEN <= names


# --- plans


def test_a_sound_plan_has_no_problems(site: Site) -> None:
    site.plan({"id": "T-1"})
    assert site.call("plan", "check") == (0, "1 plan checked: no problems\n", "")
    assert site.call("plan", "check", "p", "--json").json == [{"plan": "p", "problems": []}]


@pytest.mark.parametrize(
    ("blockers", "fields", "said"),
    [
        ({"T-1": ["T-2"], "T-2": ["T-1"]}, {}, "T-1 → T-2 → T-1"),
        ({"T-1": ["T-9"]}, {}, 'unknown ticket "T-9"'),
        ({"T-1": ["q/A"]}, {}, 'unknown ticket "q/A"'),
        ({}, {"workflow": "ww"}, 'unknown workflow "ww"'),
        ({}, {"agent": "robot"}, 'unknown agent "robot"'),
        ({}, {"repo": None}, "has no repo"),
        ({}, {"repo": "/no/where"}, "plan p: the repo /no/where does not exist"),
        ({}, {"workflow": "broken"}, 'workflow "broken" cannot be used'),
    ],
)
def test_problems_of_a_plan_fail_the_check(
    site: Site, blockers: dict[str, list[str]], fields: dict[str, str | None], said: str
) -> None:
    site.workflow("broken", BROKEN)
    site.plan({"id": "T-1"}, {"id": "T-2"}, blockers=blockers, **fields)
    called = site.call("plan", "check", "p")
    assert called.code == 1 and said in called.out


def test_all_plans_are_checked_by_default_broken_ones_too(site: Site) -> None:
    site.plan({"id": "T-1"})
    (site.root / "state/plans/bad").mkdir()
    (site.root / "state/plans/bad/plan.json").write_text("{")
    called = site.call("plan", "check")
    assert called.code == 1 and "bad/plan.json:1" in called.out and "2 plans checked: 1 error" in called.out
    assert site.call("plan", "check", "p").code == 0
    assert site.call("plan", "check", "nope").code == 1


def test_a_plan_is_shown_as_it_will_be_walked(site: Site) -> None:
    criteria = {"acceptanceCriteria": ["it works"], "description": "Do it.\nWell."}
    site.plan({"id": "T-1", **criteria}, {"id": "T-2"}, blockers={"T-2": ["T-1"]})
    out = site.call("plan", "show", "p").out
    wanted = ["1. T-1  Title T-1", "- it works", "2. T-2", "blocked by", "tester/t-1-title-t-1", f"{site.root}/wt/T-1"]
    assert [words for words in wanted if words not in out] == []
    shown = site.call("plan", "show", "p", "--json").json
    assert shown == {
        **site.call("status", "-p", "p", "--json").json,
        "tiers": [["T-1"], ["T-2"]], "criticalPath": ["T-1", "T-2"], "cyclic": [], "unlisted": [],
    }  # fmt: skip
    assert site.call("plan", "show", "nope").code == 1


# --- configuration


def test_the_configuration_says_where_each_value_came_from(site: Site) -> None:
    env = {"TOKEN": "${TOKEN}", "SECRET": "hunter2", "MIXED": "x${TOKEN}"}
    site.config(maxConcurrency=7, agents={"worker": {"command": "true", "env": env}})
    found = site.call("config", "show", "--json").json
    assert (found["settings"]["maxConcurrency"], found["from"]["maxConcurrency"]) == (7, "file")
    assert (found["settings"]["pollInterval"], found["from"]["pollInterval"]) == (10, "default")
    assert found["settings"]["agents"]["worker"]["env"] == {"TOKEN": "${TOKEN}", "SECRET": "***", "MIXED": "***"}
    assert found["stateDir"] == str(site.root / "state")
    shown = site.call("config", "show").out
    assert "hunter2" not in shown and str(site.root / "config.yaml") in shown


def test_config_check_fails_on_errors_and_not_on_warnings(site: Site) -> None:
    site.config(maxConcurency=3)
    called = site.call("config", "check")
    assert called.code == 0 and "did you mean maxConcurrency?" in called.out
    site.config(maxConcurrency=0)
    called = site.call("config", "check", "--json")
    assert called.code == 1
    assert called.json["problems"][0]["severity"] == "error" and called.json["file"] == str(site.root / "config.yaml")


def test_config_check_tells_what_a_source_names_and_is_not_there(site: Site) -> None:
    source = {"type": "github", "repository": "a/b", "workflow": "ww", "agent": "claud", "repo": "/no/where"}
    site.config(sources=[source, {"type": "github", "repository": "c/d", "workflow": "w", "repo": str(site.root)}])
    called = site.call("config", "check", "--json")
    assert called.code == 0
    assert [(one["where"], one["what"], one["severity"]) for one in called.json["problems"]] == [
        ("config: sources[0] (github a/b)", what, "warning")
        for what in ('unknown workflow "ww"', 'unknown agent "claud"', "the repo /no/where does not exist")
    ]


def test_config_check_tells_of_a_skill_that_agents_cannot_read_and_does_not_fail(site: Site) -> None:
    site.config()
    (site.root / "skills/house").mkdir(parents=True)
    (site.root / "skills/house/SKILL.md").write_text("# House rules\n")
    called = site.call("config", "check")
    assert called.code == 0 and "skill house: has no front matter" in called.out
    assert str(site.root / "skills") in site.call("config", "show").out


def test_workflows_are_listed_before_there_is_a_home(
    monkeypatch: pytest.MonkeyPatch, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ORCHESTRATOR_HOME", raising=False)
    assert main(["workflow", "list"]) == 0
    assert "minimal" in capsys.readouterr().out
    assert main(["workflow", "list", "-C", str(home / "none.yaml")]) == 1, "a file that was named must be there"
