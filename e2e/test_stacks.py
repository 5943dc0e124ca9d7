"""A ticket on its blocker's branch follows that wherever it goes, with real git and the real gh."""

from __future__ import annotations

import pytest

from e2e.forge import ForgeHome
from tests.waiting import wait_for

pytestmark = pytest.mark.parametrize("forge", [{"tickets": ["T-1", "T-2"]}], ids=["two"], indirect=True)
STACK = "dev/t-2-say-goodbye"


def test_it_follows_the_review_fixes_of_its_blocker(forge: ForgeHome) -> None:
    forge.block("T-2", "T-1", stack=True)
    forge.start("daemon")
    first, second = forge.pull("T-1"), forge.pull("T-2")
    assert (second.base, forge.of("T-2")["stackedOn"]) == (first.head, f"{forge.of('T-1')['planId']}/T-1")
    first.review("ann", "CHANGES_REQUESTED", "Say it shorter.")
    bare = forge.world.bare
    wait_for(lambda: "answered" in bare.git("show", f"{first.head}:T-1.txt"), 60, "the answer of the first")
    wait_for(lambda: "answered" in bare.git("show", f"{STACK}:T-1.txt"), 60, "the answer below the second")
    assert second.base == first.head
    assert forge.of("T-1")["status"] != "complete"


def test_what_it_was_stacked_on_may_be_merged_and_gone_before_it_has_a_pull_request(forge: ForgeHome) -> None:
    forge.block("T-2", "T-1", stack=True)
    gate = forge.hold("implement")
    gate.open()
    forge.start("daemon")
    first = forge.pull("T-1")
    held = forge.hold("verify")
    held.wait()
    first.review("ann", "APPROVED")
    forge.wait_in("await_merge", name="T-1")
    first.merge("ann", "SQUASH")
    forge.world.bare.git("branch", "-D", first.head)
    forge.wait_status("complete", "T-1")
    held.open()
    second = forge.pull("T-2")
    assert second.base == "main"
    second.review("ann", "APPROVED")
    forge.wait_in("await_merge", name="T-2")
    assert len(forge.world.bare.git("log", "--format=%s", f"main..{STACK}").splitlines()) == 1, "only its own commit"
    second.merge("ann", "SQUASH")
    forge.wait_status("complete", "T-2")
