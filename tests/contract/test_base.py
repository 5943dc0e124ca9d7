"""The base that work starts from and returns to: the ticket's, else the plan's, else the configuration's."""

from __future__ import annotations

import pytest

from tests.contract.kit_b import Place, script


@pytest.mark.parametrize(
    ("config", "plan", "ticket", "counts"),
    [
        ({}, {}, {}, "main"),
        ({"base": "of-config"}, {}, {}, "of-config"),
        ({"base": "of-config"}, {"base": "of-plan"}, {"base": None}, "of-plan"),
        ({"base": "of-config"}, {"base": "of-plan"}, {"base": "of/ticket"}, "of/ticket"),
    ],
)
def test_a_worktree_starts_from_the_nearest_base_that_is_named(
    here: Place, config: dict[str, str], plan: dict[str, str], ticket: dict[str, str | None], counts: str
) -> None:
    here.git_repo()
    here.git("branch", "-M", "main")
    for name in ("of-config", "of-plan", "of/ticket"):
        here.git("switch", "-qc", name, "main")
        (here.repo / "whose").write_text(name)
        here.git("add", "whose")
        here.git("commit", "-qm", name)
    here.git("switch", "-q", "main")
    here.config(**config)
    here.script("show.sh", 'echo "${ORCHESTRATOR_BASE-none} $1" >"$2"')
    here.workflow(
        script("setup", "setup-worktree.sh", args=["{{ repo }}", "{{ branch }}", "{{ worktree }}"], onSuccess="show"),
        script("show", "show.sh", args=["{{ base_branch }}", f"{here.root}/said"]),
    )
    here.plan({"T": ticket}, **plan)
    done = here.run()
    assert done.returncode == 0, here.ticket()
    asked = "none" if counts == "main" else counts
    assert (here.root / "said").read_text() == f"{asked} {counts}\n"
    assert here.git("rev-parse", "HEAD", at=here.worktrees / "T") == here.git("rev-parse", counts)


def test_a_base_that_does_not_exist_ends_the_ticket_in_words(here: Place) -> None:
    here.git_repo()
    here.config()
    here.workflow(script("setup", "setup-worktree.sh", args=["{{ repo }}", "{{ branch }}", "{{ worktree }}"]))
    here.plan({"T": {"base": "nowhere"}})
    assert here.run().returncode == 1
    assert "the base nowhere does not exist" in here.ticket()["error"] + str(here.ticket()["phaseHistory"])
