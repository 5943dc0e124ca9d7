"""Another agent reviews, from outside: `reviewAgent` in the plan or the configuration."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.kit_b import Place, agent

REVIEW = agent(id="self_review", verdict=True, onSuccess="done")


def two_agents(here: Place, **config: Any) -> None:
    """Each says who it is; both write PASS."""
    agents = {name: {"command": here.program(name, f"echo {name}; echo PASS")} for name in ("writer", "critic")}
    here.config(defaultAgent="writer", agents=agents, **config)
    here.prompt("work.md", "go")
    here.workflow(agent(onSuccess="self_review"), REVIEW)
    here.worktree()


def who(here: Place, ticket: str = "T") -> dict[str, str]:
    found = {entry["phase"]: entry["agent"] for entry in here.ticket(ticket)["phaseHistory"] if "agent" in entry}
    for phase, name in found.items():
        assert here.output(phase, ticket).startswith(name)
    return found


def test_the_reviewer_of_the_plan_reviews_beside_a_daemon(here: Place) -> None:
    two_agents(here)
    here.plan(reviewAgent="critic")
    here.daemon()
    here.wait_state("complete")
    assert who(here) == {"work": "writer", "self_review": "critic"}


def test_the_reviewer_of_the_config_reviews_every_plan_that_names_none(here: Place) -> None:
    two_agents(here, reviewAgent="critic")
    here.plan(agent="writer")
    assert here.run().returncode == 0
    assert who(here) == {"work": "writer", "self_review": "critic"}
    assert "critic does self_review" in here.cli("plan", "show", "p").stdout


def test_a_reviewer_that_is_not_defined_is_named_by_the_check_with_its_line_and_nothing_runs(here: Place) -> None:
    two_agents(here)
    text = json.dumps(json.loads((here.home / "config.yaml").read_text()) | {"reviewAgent": "critik"}, indent=1)
    (here.home / "config.yaml").write_text(text)
    line = 1 + next(i for i, row in enumerate(text.splitlines()) if "reviewAgent" in row)
    checked = here.cli("config", "check")
    assert checked.returncode == 1
    assert f"config.yaml:{line}:" in checked.stdout and "did you mean critic?" in checked.stdout
    here.plan()
    refused = here.run()
    assert refused.returncode == 1 and "critik" in refused.stderr and here.attempts() == []


def test_a_plan_whose_reviewer_is_not_defined_fails_at_the_review_with_the_list(here: Place) -> None:
    two_agents(here)
    here.plan(reviewAgent="nobody")
    checked = here.cli("plan", "check", "p")
    assert checked.returncode == 1 and 'unknown reviewAgent "nobody"' in checked.stdout
    assert here.run().returncode == 1
    ticket = here.ticket()
    assert (ticket["status"], ticket["currentPhase"]) == ("failed", "self_review")
    assert all(word in ticket["error"] for word in ("nobody", "critic", "writer"))


@pytest.mark.parametrize("name", ["standard", "local"])
def test_the_reviews_of_the_bundled_workflows_are_reviews(here: Place, name: str) -> None:
    two_agents(here, reviewAgent="critic")
    here.plan(workflow=name)
    assert "critic does self_review" in here.cli("plan", "show", "p").stdout
