"""`workflow list` and `workflow check`; the others have files of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orchestrator.cli import output
from orchestrator.cli.draw.graph import graph
from orchestrator.cli.draw.simulate import simulate
from orchestrator.cli.objects import problem_objects
from orchestrator.cli.opened import opened
from orchestrator.cli.options import command, group, json_option
from orchestrator.cli.output import clean, say
from orchestrator.cli.verdict import counted, verdict

if TYPE_CHECKING:
    from orchestrator.control.checking import Checked


@group("workflow")
def workflow() -> None:
    """List, check, draw and try workflows.

    Workflows are YAML files, found by their `name` in the home's `workflows` folder (or workflowDir), then among those
    that come with the program.
    """


@command("list")
@json_option
def list_(as_json: bool) -> int:
    """List the workflows that plans can name.

    \b
    --json: [{"name", "description", "tags", "file", "bundled", "phases": [{"id", "type"}], "usable"}]
    """
    from orchestrator.control import checking

    found = checking.list_workflows(opened(needs_file=False).config)
    if as_json:
        output.show_json([_object(one) for one in found])
        return 0
    rows = [(one.name, "bundled" if one.bundled else "yours", _about(one)) for one in found]
    say(*output.table([("NAME", "FROM", "ABOUT"), *rows], indent=""))
    return 0


def _about(one: Checked) -> str:
    if one.workflow is None:
        return f"cannot be used; `orchestrator workflow check {one.name}` says why"
    phases = f"{len(one.workflow.phases)} phases"
    return clean(f"{one.workflow.description} ({phases})" if one.workflow.description else phases)


def _object(one: Checked) -> dict[str, object]:
    w = one.workflow
    return {
        "name": one.name,
        "description": w.description if w else None,
        "tags": w.tags if w else (),
        "file": one.file,
        "bundled": one.bundled,
        "phases": [{"id": phase.id, "type": phase.__struct_config__.tag} for phase in w.phases] if w else [],
        "usable": w is not None,
    }


def _checked(one: Checked) -> dict[str, object]:
    return {"name": one.name, "file": one.file, "problems": problem_objects(one.problems)}


@command("check")
@click.argument("names", metavar="[NAME|FILE]...", nargs=-1)
@click.option("--strict", is_flag=True, help="Warnings fail too.")
@json_option
def check(names: tuple[str, ...], strict: bool, as_json: bool) -> int:
    """Check workflows, and what they use.

    All of them, or those named, or files. Each problem comes with file, line and column. A broken file does not hide
    the others. Exit code 1 on errors, with --strict on warnings too.

    \b
    --json: [{"name", "file", "problems": [{"where", "what", "severity", "hint", "file", "line", "column"}]}]
    """
    from orchestrator.control import checking

    found = checking.check_workflows(opened(needs_file=False).config, names)
    problems = [problem for one in found for problem in one.problems]
    if as_json:
        output.show_json([_checked(one) for one in found])
        return verdict(problems, strict)
    return verdict(problems, strict, counted(len(found), "workflow"))


workflow.add_command(list_)
workflow.add_command(check)
workflow.add_command(graph)
workflow.add_command(simulate)
