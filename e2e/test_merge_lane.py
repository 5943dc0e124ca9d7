"""Pull requests that the runner merges itself, one at a time, each on the base as it is then."""

from __future__ import annotations

import subprocess

import pytest

from e2e.forge import REMOTE, ForgeHome
from e2e.tickets import DEADLINE, PLAN, TICKET
from tests.waiting import wait_for

THREE = ("T-1", "T-2", "T-3")
SHARED = """
echo "made by $ORCHESTRATOR_TICKET" >>shared.txt
git add shared.txt && git commit -qm "$ORCHESTRATOR_TICKET: Do it" && echo "Wrote shared.txt."
"""
BOTH = """
git rebase -q origin/main && exit
sed -i '/^[<=>]\\{7\\}/d' shared.txt
git add shared.txt && GIT_EDITOR=true git rebase --continue
echo "Kept both lines."
"""


def test_the_runner_merges_by_the_method_of_the_configuration_when_checks_have_passed(forge: ForgeHome) -> None:
    forge.configure(autoMerge=True, mergeMethod="squash")
    forge.start("run", PLAN, TICKET)
    pull = forge.pull()
    pull.check("unit", None)
    pull.review("ann", "APPROVED")
    forge.wait_polled(3)
    assert pull.state == "OPEN"
    pull.check("unit", "SUCCESS")
    forge.wait_status("complete")
    assert (pull.ended_by, len(forge.main()), len(forge.main("%P")[0].split())) == ("runner", 2, 1)


@pytest.mark.parametrize("forge", [{"tickets": THREE}], ids=["three"], indirect=True)
def test_three_tickets_on_one_file_are_merged_one_after_another_and_lose_nothing(forge: ForgeHome) -> None:
    forge.configure(autoMerge=True, mergeMethod="rebase", maxConcurrency=3)
    forge.does("implement", SHARED)
    forge.does("resolve_conflicts", BOTH)
    forge.start("daemon")
    for name in THREE:
        forge.pull(name).review("ann", "APPROVED")
    for name in THREE:
        forge.wait_status("complete", name)
    assert sorted(forge.world.bare.git("show", "main:shared.txt").splitlines()) == [f"made by {name}" for name in THREE]
    assert all(len(parents.split()) <= 1 for parents in forge.main("%P"))
    assert len(forge.github.done("mutation mergePullRequest")) == 3
    assert sum(forge.phases(name).count("resolve_conflicts") for name in THREE) >= 2


@pytest.mark.parametrize("forge", [{"tickets": THREE}], ids=["three"], indirect=True)
def test_who_comes_second_is_verified_again_on_the_base_that_moved_and_only_once(forge: ForgeHome) -> None:
    forge.configure(autoMerge=True, mergeMethod="rebase", maxConcurrency=3)
    forge.start("daemon")
    pulls = [forge.pull(name) for name in THREE]
    for pull in pulls:
        pull.review("ann", "APPROVED")
    for name in THREE:
        forge.wait_status("complete", name)
    phases = {name: forge.phases(name) for name in THREE}
    for again in ("verify_rebased", "push_rebased", "await_checks"):
        assert sorted(some.count(again) for some in phases.values()) == [0, 1, 1], phases
    assert sum(some.count("resolve_conflicts") + some.count("implement") for some in phases.values()) == 3
    assert [pull.ended_by for pull in pulls] == ["runner"] * 3
    assert len(forge.github.done("mutation mergePullRequest")) == 3
    assert (len(forge.world.pulls), len(forge.main())) == (3, 4)
    assert all(len(parents.split()) <= 1 for parents in forge.main("%P"))
    assert [forge.world.bare.git("show", f"main:{name}.txt") for name in THREE] == [f"made by {name}" for name in THREE]


def test_a_base_that_moved_into_the_way_is_rebased_onto_before_a_person_merges(forge: ForgeHome) -> None:
    forge.does("implement", SHARED)
    forge.does("resolve_conflicts", BOTH)
    forge.start("run", PLAN, TICKET)
    pull = forge.pull()
    forge.wait_in("await_review")
    script = f"""
        git clone -q {REMOTE} other && cd other && echo "made by ann" >shared.txt && git add . && git commit -qm Other
        git push -q origin main
    """
    subprocess.run(["bash", "-ec", script], cwd=forge.root, env=forge.env, check=True)
    forge.wait_left("resolve_conflicts")
    (told,) = forge.told("resolve_conflicts")
    assert ("shared.txt" in told, "made by ann" in told) == (True, True)
    forge.wait_left("create_pr", 2)
    pull.review("ann", "APPROVED")
    forge.wait_in("await_merge")
    pull.merge("ann")
    forge.wait_status("complete")
    merged = forge.world.bare.git("show", "main:shared.txt").splitlines()
    assert sorted(merged) == ["made by T-1", "made by ann"]
    assert len(forge.world.pulls) == 1


@pytest.mark.parametrize("forge", [{"tickets": THREE[:2]}], ids=["two"], indirect=True)
def test_a_stacked_ticket_starts_from_its_blockers_branch_and_is_merged_after_it(forge: ForgeHome) -> None:
    forge.block("T-2", "T-1", stack=True)
    forge.does("implement", 'cat T-1.txt; exec "$AGENT" usual', "T-2")
    forge.start("daemon")
    first, second = forge.pull("T-1"), forge.pull("T-2")
    assert forge.of("T-1")["status"] != "complete"
    assert "made by T-1" in forge.world.bare.git("show", f"{second.head}:T-1.txt")
    first.review("ann", "APPROVED")
    forge.wait_in("await_merge", name="T-1")
    first.merge("ann", "SQUASH")
    forge.wait_status("complete", "T-1")
    second.review("ann", "APPROVED")
    wait_for(lambda: second.base == "main", DEADLINE, "the pull request to go to main")
    forge.wait_left("create_pr", 2, "T-2")
    forge.wait_in("await_merge", name="T-2")
    second.merge("ann", "SQUASH")
    forge.wait_status("complete", "T-2")
    assert len(forge.main()) == 3
    assert [forge.world.bare.git("show", f"main:{name}.txt") for name in THREE[:2]] == ["made by T-1", "made by T-2"]
