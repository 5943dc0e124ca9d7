"""`plan edit`: the planner's part of a plan or ticket, in an editor or by `--set`."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import output
from orchestrator.cli.objects import problem_objects
from orchestrator.cli.opened import opened_home
from orchestrator.cli.options import command, json_option
from orchestrator.cli.output import complain, problem_lines, say
from orchestrator.cli.verdict import counted
from orchestrator.errors import OrchestratorError, PlanRejectedError, UsageError

if TYPE_CHECKING:
    from orchestrator.control.planning.editing import Edited, Opened
    from orchestrator.engine.home import Home

ABOUT = """\
# {what}: change what you like, save, and leave the editor. Nothing is written if there is an error.
# Other keys: {keys}
# The runner's part is not here; what somebody changes meanwhile is kept.
"""
OF_TICKET = "order, linearUrl, repo, workflow, branch, worktree, agent, base, touches, stack, budgets"
OF_PLAN = (
    "repo, workflow, agent, reviewAgent, worktreeRoot, base, stack, allowOverlap, autoMerge, mergeMethod, "
    "pullRequest, budgets"
)
EDITORS = ("sensible-editor", "nano", "vi", "vim")
"""Where neither VISUAL nor EDITOR is set."""


@command("edit")
@click.argument("plan_id", metavar="PLAN")
@click.argument("ticket_id", metavar="[TICKET]", required=False)
@click.option("--set", "values", metavar="KEY=VALUE", multiple=True, help="Set a key without an editor; several times.")
@json_option
def edit(plan_id: str, ticket_id: str | None, values: tuple[str, ...], as_json: bool) -> int:
    """Change a plan, or one of its tickets.

    Opens the planner's part as YAML in $VISUAL or $EDITOR; what you save is checked as `plan check` does, and written
    only if that finds no new error. A daemon may run: it follows at once. Only what you changed is written; what others
    changed meanwhile stays. The runner's part (status, phase, history) is for pause, resume, skip and retry.

    With --set no editor is opened: --set title="Fix the login" --set agent=claude. A list is written [a, b], or by
    several --set of the same key; an empty value takes a key away. Tickets that have not begun follow repo, workflow
    and worktreeRoot of their plan where they say the same.

    \b
    --json: {"plan": "login", "changed": {"T-1": ["title"], "": ["name"]},
     "problems": [{"where", "what", "severity", "hint", "file", "line", "column"}]}, "" is the plan itself
    """
    from orchestrator.control.planning import editing, setting

    home = opened_home()
    was = editing.opened(home, plan_id, ticket_id)
    if not values:
        if as_json:
            raise UsageError("--json is for --set; an editor needs the terminal")
        return _in_editor(home, was)
    pairs = [one.partition("=") for one in values]
    for key, equals, _ in pairs:
        if not equals or not key:
            raise UsageError(f'--set "{key}": write KEY=VALUE')
    text = setting.with_values(was, [(key.strip(), value) for key, _, value in pairs])
    try:
        return _told(editing.save(home, was, text, "--set"), as_json)
    except PlanRejectedError as error:
        if as_json:
            output.show_json({"plan": plan_id, "changed": {}, "problems": problem_objects(error.problems)})  # type: ignore[arg-type]
        else:
            _refused(error)
        return 1


def _in_editor(home: Home, was: Opened) -> int:
    from orchestrator.cli import foreground
    from orchestrator.control.planning import editing

    argv = _editor()
    what, keys = f"plan {was.plan.id}", OF_PLAN
    if was.ticket_id is not None:
        what, keys = f"ticket {was.plan.id}/{was.ticket_id}", OF_TICKET
    folder = tempfile.mkdtemp(prefix="orchestrator-edit-")
    file = Path(folder) / f"{was.ticket_id or was.plan.id}.yaml"
    begun = ABOUT.format(what=what, keys=keys) + was.text
    file.write_text(begun, encoding="utf-8")
    while True:
        code = foreground.run([*argv, str(file)], str(Path.cwd()), dict(os.environ))
        try:
            text = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise OrchestratorError(f"cannot read what the editor left in {file}: {error}") from None
        if code or text == begun:
            shutil.rmtree(folder, ignore_errors=True)
            say(f"nothing was changed{f': the editor ended with {code}' if code else ''}")
            return 1 if code else 0
        try:
            edited = editing.save(home, was, text, str(file))
        except OrchestratorError as error:
            _refused(error)
            if not _again():
                complain(f"what you wrote is in {file}")
                return 1
            continue
        shutil.rmtree(folder, ignore_errors=True)
        return _told(edited, False)


def _editor() -> list[str]:
    said = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    found = said or (next((one for one in EDITORS if shutil.which(one)), "") if sys.stdin.isatty() else "")
    if not found:
        raise OrchestratorError("there is no editor: set VISUAL or EDITOR, or use --set KEY=VALUE")
    return shlex.split(found)


def _again() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and click.confirm("edit again?", default=True)


def _refused(error: OrchestratorError) -> None:
    if isinstance(error, PlanRejectedError):
        complain(*problem_lines(error.problems), "orchestrator: nothing was changed")
    else:
        complain(f"orchestrator: {error}; nothing was changed")


def _told(edited: Edited, as_json: bool) -> int:
    if as_json:
        changed = {name: list(keys) for name, keys in edited.changed.items()}
        problems = problem_objects(edited.problems)
        output.show_json({"plan": edited.plan_id, "changed": changed, "problems": problems})
        return 0
    say(*problem_lines(edited.problems))
    if not edited.changed:
        say("nothing was changed")
        return 0
    tickets = [name for name in edited.changed if name]
    if len(tickets) > 3:
        say(f"changed {counted(len(tickets), 'ticket')} of plan {edited.plan_id}")
    for name in ["", *tickets] if len(tickets) <= 3 else [""]:
        if name in edited.changed:
            what = f"ticket {name} in plan {edited.plan_id}" if name else f"plan {edited.plan_id}"
            say(f"changed {', '.join(edited.changed[name])} of {what}")
    say(f"`orchestrator plan show {edited.plan_id}` shows it")
    return 0
