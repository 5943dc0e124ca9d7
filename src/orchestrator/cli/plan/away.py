"""`plan archive`, `plan restore`, `plan remove`."""

from __future__ import annotations

import sys

import click

from orchestrator.cli import output
from orchestrator.cli.opened import opened_home
from orchestrator.cli.options import command, json_option
from orchestrator.cli.output import clean, say
from orchestrator.errors import UsageError


@command("archive")
@click.argument("plan_id", metavar="PLAN")
def archive(plan_id: str) -> int:
    """Put a plan away, as a whole.

    It goes to archive/ in the state directory; `plan restore` brings it back as it was. Refused while a ticket is under
    way: `pause-plan` stops that. Logs and worktrees stay where they are.
    """
    from orchestrator.control.planning import archiving

    say(clean(archiving.archive(opened_home(), plan_id).text))
    return 0


@command("restore")
@click.argument("name", metavar="[PLAN]", required=False)
@json_option
def restore(name: str | None, as_json: bool) -> int:
    """Bring an archived plan back as it was; without a name, list the archived ones.

    \b
    --json: [{"name": "login", "plan": "login"}], the archived ones: by name they are brought back
    """
    if name is not None and as_json:
        raise UsageError("--json is for the list: leave out the name")
    from orchestrator.control.planning import archiving

    home = opened_home()
    if name is not None:
        say(clean(archiving.restore(home, name).text))
        return 0
    found = archiving.archived(home)
    if as_json:
        output.show_json([{"name": one, "plan": plan_id} for one, plan_id in found.items()])
        return 0
    for one, plan_id in found.items():
        say(clean(one if one == plan_id else f"{one}  (plan {plan_id})"))
    if not found:
        say("no plan is archived")
    return 0


@command("remove")
@click.argument("plan_id", metavar="PLAN")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help="Also while attempts are under way: pause the plan, and wait for them.")
def remove(plan_id: str, yes: bool, force: bool) -> int:
    """Remove a plan and its tickets for good.

    Refused while an attempt is under way. Worktrees and branches are not touched (`orchestrator gc` removes those that
    nobody needs), and the logs stay. `plan archive` puts a plan away instead.
    """
    from orchestrator.control.planning import archiving

    home = opened_home()
    if not yes and not _confirmed(plan_id, archiving.size(home, plan_id)):
        say("nothing was removed")
        return 1
    say(clean(archiving.remove(home, plan_id, force).text))
    return 0


def _confirmed(plan_id: str, tickets: int) -> bool:
    """Raises UsageError: there is nobody to be asked."""
    if not sys.stdin.isatty():
        raise UsageError(f"plan {plan_id} would be removed with its {tickets:,} tickets: say --yes")
    return click.confirm(f"remove plan {clean(plan_id)} with its {tickets:,} tickets for good?", default=False)
