"""`sessions` and `resume-session`."""

from __future__ import annotations

import os
import time

import click

from orchestrator.cli import output
from orchestrator.cli.opened import key_of, opened_home
from orchestrator.cli.options import command, json_option
from orchestrator.cli.output import complain, say
from orchestrator.cli.times import clock


@command("sessions")
@click.argument("plan", metavar="PLAN")
@click.argument("ticket", metavar="TICKET")
@click.option("--phase", metavar="PHASE", help="Only sessions of this phase.")
@json_option
def sessions(plan: str, ticket: str, phase: str | None, as_json: bool) -> int:
    """List the agent sessions of a ticket.

    Oldest first, those of the history and the one that is running or that the next attempt continues.

    \b
    --json: [{"phase", "status", "startedAt", "completedAt", "sessionId", "agent"}]
    """
    from orchestrator.control import sessions as control

    found = control.sessions(opened_home(), key_of(plan, ticket), phase)
    if as_json:
        output.show_json(found)
        return 0
    if not found:
        say(f"No sessions found for ticket {ticket}.")
        return 0
    now = time.time()
    rows = [(one.phase, one.status, clock(one.started_at, now), one.agent or "", one.session_id) for one in found]
    say(*output.table([("PHASE", "STATUS", "STARTED", "AGENT", "SESSION"), *rows], indent=""))
    return 0


@command("resume-session")
@click.argument("plan", metavar="PLAN")
@click.argument("ticket", metavar="TICKET")
@click.argument("session_id", metavar="[SESSION]", required=False)
@click.option("--phase", metavar="PHASE", help="The latest session of this phase.")
def resume_session(plan: str, ticket: str, session_id: str | None, phase: str | None) -> int:
    """Continue an agent's session interactively.

    Starts the agent's own program in the ticket's worktree, in this terminal: in the latest session, or the one that is
    named. Pause the ticket first if an attempt is under way.
    """
    from orchestrator.control import sessions as control
    from orchestrator.errors import OrchestratorError

    wanted = control.resume(opened_home(), key_of(plan, ticket), session_id, phase)
    complain(f"continuing session {wanted.session} in {wanted.cwd}")
    os.chdir(wanted.cwd)
    try:
        os.execvpe(wanted.argv[0], wanted.argv, wanted.env)
    except OSError as error:
        raise OrchestratorError(f"cannot start {wanted.argv[0]}: {error.strerror}; is it installed?") from error
