"""`pause`, `resume`, `skip`, `retry`, `pause-plan`, `resume-plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orchestrator.cli.opened import key_of, opened_home
from orchestrator.cli.options import command
from orchestrator.cli.output import say

if TYPE_CHECKING:
    from orchestrator.control.steering import Said

PLAN = click.argument("plan", metavar="PLAN")
TICKET = click.argument("ticket", metavar="TICKET")


@command("pause")
@PLAN
@TICKET
def pause(plan: str, ticket: str) -> int:
    """Pause a ticket; stops its attempt.

    The ticket stays in its phase. An attempt under way is stopped (INT, TERM, KILL) by the runner that walks it, or
    here if none is alive. If it had already ended, its outcome counts and the ticket is paused in its next phase.
    """
    from orchestrator.control import steering

    return _tell(steering.pause(opened_home(), key_of(plan, ticket)))


@command("resume")
@PLAN
@TICKET
def resume(plan: str, ticket: str) -> int:
    """Let a paused ticket go on.

    It becomes ready, or queued while it waits for its blockers. An agent that was stopped continues its session.
    """
    from orchestrator.control import steering

    return _tell(steering.resume(opened_home(), key_of(plan, ticket)))


@command("skip")
@PLAN
@TICKET
@click.argument("phase", metavar="PHASE")
def skip(plan: str, ticket: str, phase: str) -> int:
    """Move a ticket to another phase.

    Possible in every state. An attempt under way is stopped and its outcome does not count; the history gets a
    `skipped` entry, and all counters start again. A complete plan becomes active again.
    """
    from orchestrator.control import steering

    return _tell(steering.skip(opened_home(), key_of(plan, ticket), phase))


@command("retry")
@PLAN
@TICKET
def retry(plan: str, ticket: str) -> int:
    """Run a ticket's phase again, with fresh counters.

    For tickets that are failed, needs_attention or paused. From a terminal phase it goes back to the last phase that
    was worked in. A complete plan becomes active again.
    """
    from orchestrator.control import steering

    return _tell(steering.retry(opened_home(), key_of(plan, ticket)))


@command("pause-plan")
@PLAN
def pause_plan(plan: str) -> int:
    """Pause a plan; stops its attempts.

    Its tickets keep their own states, so that `resume-plan` does not wake those that were paused one by one.
    """
    from orchestrator.control import reading, steering

    return _tell(steering.pause_plan(opened_home(), reading.checked_id("plan", plan)))


@command("resume-plan")
@PLAN
def resume_plan(plan: str) -> int:
    """Let a paused plan go on."""
    from orchestrator.control import reading, steering

    return _tell(steering.resume_plan(opened_home(), reading.checked_id("plan", plan)))


def _tell(said: Said) -> int:
    say(said.text)
    return 0
