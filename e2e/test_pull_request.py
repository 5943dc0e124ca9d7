"""A ticket of `standard` and `bugfix` from setup to merged, by the real gh, at the scripted GitHub."""

from __future__ import annotations

from e2e.forge import ForgeHome
from e2e.tickets import PLAN, TICKET, TITLE

BEFORE = ["setup", "implement", "self_review", "simplify", "verify", "create_pr"]
AFTER = ["await_review", "await_merge", "cleanup", "complete"]


def test_a_ticket_goes_through_every_phase_until_a_person_has_merged_it(forge: ForgeHome) -> None:
    forge.start("run", PLAN, TICKET)
    pull = forge.pull()
    assert (pull.title, pull.base, pull.draft) == (f"{TICKET}: {TITLE}", "main", False)
    pull.review("ann", "APPROVED")
    forge.wait_in("await_merge")
    pull.merge("ann")
    forge.wait_status("complete")
    assert forge.phases() == [*BEFORE, *AFTER]
    assert len(forge.github.done("mutation createPullRequest")) == 1
    assert "made by T-1" in forge.world.bare.git("show", "main:T-1.txt")
    assert not forge.worktree.exists()
