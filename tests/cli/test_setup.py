"""`init`, `schema`, `interactive` and `demo`."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from orchestrator.control import showcase
from orchestrator.planner.demo import make_demo
from tests.cli.kit import Site


def test_init_makes_a_home_and_never_overwrites(site: Site, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.delenv("ORCHESTRATOR_HOME")
    assert site.call("status").code == 1
    config = home / ".orchestrator/config.yaml"
    assert f"Created {config}" in site.call("init").out
    assert (home / ".orchestrator/state/plans").is_dir() and (home / ".orchestrator/logs").is_dir()
    assert site.call("config", "check").code == 0
    config.write_text("# mine\n")
    assert site.call("init") == (0, f"{config} is there already and stays as it is\n", "")
    assert config.read_text() == "# mine\n"


def test_what_a_new_configuration_proposes_about_money_and_agents_can_be_taken_as_it_is(site: Site) -> None:
    site.call("init", "-d", str(site.root / "new"))
    config = site.root / "new/config.yaml"
    text = config.read_text()
    for key in ("budgets", "reviewAgent", "fallbackAgents"):
        assert f"\n# {key}: " in text
        text = text.replace(f"\n# {key}: ", f"\n{key}: ")
    config.write_text(text)
    assert site.call("config", "check", "-C", str(config)).out == f"{config} checked: no problems\n"


def test_init_makes_the_home_that_the_environment_names(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHESTRATOR_HOME", str(site.root / "new"))
    assert site.call("init").code == 0
    assert site.call("config", "show", "--json").json["home"] == str(site.root / "new")


@pytest.mark.parametrize("option", ["-d", "--dir"])
def test_init_with_a_folder_makes_it_self_contained(site: Site, option: str) -> None:
    folder = site.root / "apart"
    assert site.call("init", option, str(folder)).code == 0
    found = site.call("-C", str(folder / "config.yaml"), "config", "show", "--json").json
    assert (found["stateDir"], found["logDir"]) == (str(folder / "state"), str(folder / "logs"))
    assert site.call("status", "-C", str(folder / "config.yaml")).out == "No plans found.\n"


def test_init_where_nothing_can_be_written_is_an_error(site: Site) -> None:
    called = site.call("init", "--dir", "/proc/nowhere")
    assert called.code == 1 and called.err.startswith("orchestrator: init: cannot write /proc/nowhere")


@pytest.mark.parametrize("kind", ["plan", "ticket", "workflow", "config"])
def test_schemas_are_those_of_the_project(site: Site, kind: str) -> None:
    project = Path(__file__).resolve().parents[2]
    assert site.call("schema", kind).out == (project / f"schemas/{kind}.schema.json").read_text()


def test_interactive_without_a_terminal_says_so(site: Site) -> None:
    called = site.call("interactive", "--repo", ".", "-w", "standard", "--worktree-root", "x")
    assert (called.code, called.out) == (1, "")
    assert "needs a terminal" in called.err and "plan create" in called.err


@pytest.mark.thorough
def test_the_demo_merges_every_ticket_and_shows_how(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(showcase, "make_demo", partial(make_demo, pace=0))
    folder = site.root / "demo"
    called = site.call("demo", "--keep", str(folder))
    assert (called.code, called.err) == (0, "")
    events, _, rest = called.out.partition("What was merged")
    assert f"The demo lies in {folder}\n" in events and "SHOP-1" in events
    names = [f"SHOP-{i}" for i in range(1, 7)]
    assert all(f" {name}: " in rest for name in names)
    rows = [row.split()[:2] for row in rest.splitlines() if row.split()[:1] and row.split()[0] in names]
    assert rows == [[name, "complete"] for name in names]
    shown = site.call("status", "--json", "-C", str(folder / "config.yaml")).json
    assert [plan["plan"]["status"] for plan in shown] == ["complete"]
    assert json.loads((folder / "config.yaml").read_text())["defaultAgent"] == "demo"


def test_the_demo_refuses_a_folder_that_has_something_in_it(site: Site) -> None:
    called = site.call("demo", "--keep", str(site.root))
    assert called.code == 1 and "is not empty" in called.err
