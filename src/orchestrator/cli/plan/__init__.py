"""`plan`: make, check, show, change and put away plans; small commands, each loaded when called."""

from __future__ import annotations

import click

from orchestrator.cli.options import SETTINGS, config_option

VERBS = {
    "create": ("make:create", "Make a plan of a draft, or of titles."),
    "add": ("make:add", "Add tickets to a plan."),
    "import": ("importing:import_", "Make a plan of issues of a tracker, or of a file, and bring it up to date later."),
    "check": ("look:check", "Check a plan, all plans, or a draft."),
    "show": ("look:show", "Show what a plan wants, and in which order it can be walked."),
    "edit": ("edit:edit", "Change a plan, or one of its tickets."),
    "archive": ("away:archive", "Put a plan away, as a whole."),
    "restore": ("away:restore", "Bring an archived plan back as it was."),
    "remove": ("away:remove", "Remove a plan and its tickets for good."),
}
"""Name → place below orchestrator.cli.plan, first line of help."""


class Verbs(click.Group):
    """Verbs by name, loaded when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        from importlib import import_module

        module, _, name = VERBS[cmd_name][0].partition(":")
        found: click.Command = getattr(import_module(f"orchestrator.cli.plan.{module}"), name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_) for name, (_, help_) in VERBS.items()])


@click.group("plan", cls=Verbs, context_settings=SETTINGS)
def plan() -> None:
    """Make, check, show and change plans.

    A plan is a folder below state/plans: plan.json, and one file per ticket in tickets/.
    """


plan.params.append(config_option)
