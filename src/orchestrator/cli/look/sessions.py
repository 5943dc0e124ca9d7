"""`sessions` and `resume-session`."""

from __future__ import annotations

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
@click.option("--pause", is_flag=True, help="Pause the ticket first, and wait until its attempt has ended.")
def resume_session(plan: str, ticket: str, session_id: str | None, phase: str | None, pause: bool) -> int:
    """Take over an agent's session, interactively.

    Starts the agent's own program in the ticket's worktree, in this terminal: in the latest session, or the one that is
    named. While an attempt is under way that is refused, unless `--pause` is given. Nothing else starts for the ticket
    until the program has ended; `orchestrator resume` then lets a paused ticket go on, in the same session if it was
    that of the attempt that was stopped.

    Exit code: that of the program.
    """
    from orchestrator.cli import foreground
    from orchestrator.control import takeover

    home, wanted = opened_home(), takeover.Wanted(key_of(plan, ticket), session_id, phase)
    takeover.check(home, wanted, pause)
    with takeover.held(home, wanted.key, pause, complain):
        chosen = takeover.interactive(home, wanted)
        complain(f"continuing session {chosen.session} of {chosen.agent} in {chosen.cwd}")
        code = foreground.run(chosen.argv, chosen.cwd, chosen.env)
    if (then := takeover.afterwards(home, wanted.key, chosen.session)) is not None:
        complain(then)
    return code
