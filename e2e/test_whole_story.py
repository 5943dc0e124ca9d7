"""One ticket of `standard` where all is real but the model and GitHub: Claude Code, gh, git, the installed command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.conftest import AgentHome
from e2e.forge import TOKEN, ForgeHome
from e2e.servers.github import GitHub
from e2e.servers.script import Asked, Say, Script
from e2e.story import LAST_WORDS, implement
from e2e.tickets import FUNCTION, IMPLEMENT, PLAN, REVIEW, TICKET

ANSWER = f"# Answer the review of {TICKET}"


@pytest.fixture
def story(tmp_path: Path, binary: Path, agent_home: AgentHome, github: GitHub) -> Iterator[ForgeHome]:
    env = agent_home.bare_env() | {"USER": "dev"}
    home = ForgeHome(tmp_path, github, env, real=agent_home.real, server=agent_home.server)
    yield home
    home.close()


def test_claude_works_through_a_ticket_and_its_review_and_the_runner_does_the_rest(
    story: ForgeHome, script: Script
) -> None:
    implement(script.when(IMPLEMENT), story)
    script.when(REVIEW).run("git log -p -1").say("It does what the ticket asks.\n\n**PASS**")
    script.when(f"# Simplify the change for {TICKET}").run("git status --short").say("Nothing to simplify.")
    verify = script.when(f"# Verify {TICKET}").run("python3 -B -m unittest 2>&1; echo token: ${GH_TOKEN:-none}")
    verify.judge(lambda found: f"{found}\n\n{'PASS' if 'OK' in found and TOKEN not in found else 'FAIL'}")
    answer = script.when(ANSWER).run(
        "sed -i 's/Takes leave/Says goodbye/' greetings.py && git commit -qam 'T-1: Reword'"
    )
    answer.then(lambda asked: Say(f"HANDLED {thread_in(asked)}: It says goodbye now."))
    story.start("run", PLAN, TICKET)
    pull = story.pull()
    assert LAST_WORDS in pull.body
    thread = pull.thread("ann", "greetings.py", 7, "Is 'takes leave' the word?")
    pull.review("ann", "CHANGES_REQUESTED")
    story.wait_left("push_review")
    assert thread.resolved
    assert thread.comments[-1].body.startswith("It says goodbye now.")
    pull.review("ann", "APPROVED")
    story.wait_in("await_merge")
    pull.merge("ann", "SQUASH")
    story.wait_status("complete")
    assert FUNCTION.replace("Takes leave", "Says goodbye").strip() in story.world.bare.git("show", "main:greetings.py")
    assert story.main()[1:] == ["Say hello"]


def thread_in(asked: Asked) -> str:
    return next(word.strip("`:,.()[]") for word in asked.prompt.split() if "PRRT_" in word)
