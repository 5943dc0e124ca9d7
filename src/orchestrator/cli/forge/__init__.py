"""`forge`: what the bundled scripts ask of the forge and have it do; small commands, each loaded when called.

The law: 0 it is so, or it is done · 1 not now, asking again may help · 2 it cannot be. Where a verb says more, its help
tells it.
"""

from __future__ import annotations

import click

from orchestrator.cli.options import SETTINGS, config_option

VERBS = {
    "state": ("ask:state", "Say whether a pull request is open, merged or closed."),
    "show": ("ask:show", "Show what the forge says of a pull request."),
    "look": ("create:look", "Say whether a branch has its pull request."),
    "create": ("create:create", "Open the pull request of a pushed branch, unless it has one."),
    "find": ("ask:find", "List the pull requests of a branch."),
    "review": ("review:review", "Say what a pull request needs now, in one word."),
    "feedback": ("review:feedback", "Print what is new in a review, for the agent that answers it."),
    "answer": ("review:answer", "Send what an agent answered to a review, read from standard input."),
    "await-merge": (
        "merge:await_merge",
        "Say whether an approved pull request is merged, or what came between.",
    ),
    "ready": ("merge:ready", "Say whether a pull request that was just pushed may be merged still."),
    "mergeable": ("merge:mergeable", "Say whether the runner may merge a pull request now."),
    "merge": ("merge:merge", "Merge a pull request, by the method of `mergeMethod`."),
}
"""Name → place below orchestrator.cli.forge, first line of help."""


class Verbs(click.Group):
    """Verbs by name, loaded when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        from importlib import import_module

        module, _, name = VERBS[cmd_name][0].partition(":")
        found: click.Command = getattr(import_module(f"orchestrator.cli.forge.{module}"), name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_) for name, (_, help_) in VERBS.items()])


@click.group("forge", cls=Verbs, context_settings=SETTINGS)
def forge() -> None:
    """Ask the forge about pull requests, as the bundled scripts do.

    The forge is GitHub, asked through ghCommand: the remote named origin, or the only one that there is. What cannot be
    asked is exit code 1 and a reason on stderr, never an answer.
    """


forge.params.append(config_option)
