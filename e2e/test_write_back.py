"""What the issue of a ticket is told, by the real gh: each once, also when a runner is killed meanwhile."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.forge import ForgeHome
from e2e.servers.github.issues import Issue, made
from e2e.tickets import DEADLINE, PLAN, TICKET
from tests.waiting import let_pass, wait_for

WORKFLOW = "id: short\nname: short\nphases:\n  - id: done\n    type: terminal\n"


@pytest.fixture
def issue(forge: ForgeHome) -> Issue:
    """Of a ticket that is complete as soon as a runner looks at it."""
    forge.configure(tracker={"comment": True})
    (forge.home / "workflows/short.yaml").write_text(WORKFLOW)
    forge.write_ticket(linearUrl="https://github.com/acme/demo/issues/42", workflow="short")
    return made(forge.world, 42, "Say goodbye")


def kept(forge: ForgeHome) -> dict[str, Any]:
    files = list((forge.home / "state/.comments").rglob("*.json"))
    return dict(json.loads(files[0].read_bytes())) if files else {}


def is_over(forge: ForgeHome) -> bool:
    return len(kept(forge).get("over", ())) == 1


def log(forge: ForgeHome) -> str:
    return "".join(path.read_text() for path in forge.home.glob("logs/*/*/ticket.log"))


def started(forge: ForgeHome) -> None:
    out = forge.root / f"runner-{len(forge.runners) - 1}.log"
    wait_for(lambda: "daemon started" in out.read_text(), DEADLINE, "the runner to start")


def test_an_issue_is_told_once_however_often_runners_start(forge: ForgeHome, issue: Issue) -> None:
    for _ in range(2):
        daemon = forge.start("daemon")
        started(forge)
        wait_for(lambda: is_over(forge), DEADLINE, "the comment to be written")
        daemon.terminate()
        daemon.wait(DEADLINE)
    assert len(issue.comments) == 1 and f"Ticket `{TICKET}` of plan `{PLAN}` is complete." in issue.comments[0]


@pytest.mark.parametrize("how", ["cut", "slow"])
def test_a_runner_that_is_killed_while_it_tells_leaves_one_comment(forge: ForgeHome, issue: Issue, how: Any) -> None:
    """`cut`: GitHub has done it, and nobody heard; `slow`: it does it when the next runner is there already."""
    daemon = forge.start("daemon")
    if how == "cut":
        forge.github.faults.add("cut", "mutation addComment", times=1, then=daemon.kill)
    else:
        forge.github.faults.add("slow", "mutation addComment", times=1, seconds=8)
        wait_for(lambda: forge.github.calls("mutation addComment"), DEADLINE, "the comment to be on its way")
        daemon.kill()
    daemon.wait(DEADLINE)
    assert not is_over(forge) and sum(kept(forge)["tries"].values()) == 1
    forge.start("daemon")
    wait_for(lambda: is_over(forge), DEADLINE, "the comment to be found")
    assert len(issue.comments) == 1 and len(forge.github.calls("mutation addComment")) == 1


def test_what_cannot_be_written_now_is_tried_again_and_never_holds_up_the_ticket(
    forge: ForgeHome, issue: Issue
) -> None:
    forge.github.faults.add("502", "mutation addComment", times=1)
    forge.start("daemon")
    wait_for(lambda: forge.of(TICKET).get("status") == "complete", 10, "the ticket to be complete")
    wait_for(lambda: is_over(forge), DEADLINE, "the comment to be written")
    assert len(issue.comments) == 1


def test_who_may_not_write_is_told_of_once_and_asks_seldom(forge: ForgeHome, issue: Issue) -> None:
    forge.github.faults.add("401")
    daemon = forge.start("daemon")
    wait_for(lambda: "comment_failed" in log(forge), DEADLINE, "the trouble to be told")
    asked = len(forge.github.journal)
    daemon.terminate()
    daemon.wait(DEADLINE)
    forge.start("daemon")
    started(forge)
    let_pass(4)
    assert len(forge.github.journal) == asked
    assert log(forge).count("comment_failed") == 1 and "try again in 3600 s" in log(forge)
    assert issue.comments == []
