"""Which commands there are, and what the parser of the command line makes of the words.

The law: a module is loaded when its command is called.
"""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

import click

from orchestrator import __version__
from orchestrator.cli.options import SETTINGS, config_option

USAGE = 2


class Entry(NamedTuple):
    place: str
    """`module:function` below orchestrator.cli."""
    help: str
    """Its first line of help, here too so that `--help` loads nothing."""


SECTIONS: dict[str, dict[str, Entry]] = {
    "Begin": {
        "init": Entry("setup:init", "Create a home folder with a default config."),
        "demo": Entry("demo:demo", "Watch it work on a small real project."),
    },
    "Plan": {
        "interactive": Entry("interactive:interactive", "Plan work with an interactive agent session."),
        "plan": Entry("plan:plan", "Make, check, show and change plans."),
        "add": Entry("plan.make:add_one", "Make one ticket of a sentence, and run it if you like."),
        "import": Entry("importing:import_", "Look at trackers for new tickets, as sources says."),
        "mcp": Entry("mcp:mcp", "Serve agents over the Model Context Protocol."),
    },
    "Run": {
        "daemon": Entry("walk:daemon", "Walk all tickets until stopped."),
        "run": Entry("walk:run", "Walk one ticket to its end."),
        "tick": Entry("walk:tick", "Dispatch once, and walk until all ends or waits."),
    },
    "Look": {
        "status": Entry("look.status:status", "Show plans and tickets."),
        "watch": Entry("live.watch:watch", "Follow live what a daemon does."),
        "logs": Entry("look.logs:logs", "Show what happened to a ticket, and follow it."),
        "history": Entry("look.history:history", "Show every attempt of a ticket, and a time line."),
        "diff": Entry("look.changes:diff", "Show what a ticket has changed."),
        "open": Entry("look.changes:open_", "Print where everything of a ticket is, or open it."),
        "costs": Entry("look.costs:costs", "Show what agents have cost, and what is left of budgets."),
        "sessions": Entry("look.sessions:sessions", "List the agent sessions of a ticket."),
        "resume-session": Entry("look.sessions:resume_session", "Take over an agent's session, interactively."),
    },
    "Steer": {
        "pause": Entry("steer:pause", "Pause a ticket; stops its attempt."),
        "resume": Entry("steer:resume", "Let a paused ticket go on."),
        "skip": Entry("steer:skip", "Move a ticket to another phase."),
        "retry": Entry("steer:retry", "Run a ticket's phase again, with fresh counters."),
        "pause-plan": Entry("steer:pause_plan", "Pause a plan; stops its attempts."),
        "resume-plan": Entry("steer:resume_plan", "Let a paused plan go on."),
        "accounts": Entry("accounts:accounts", "Show which accounts are held, and release one."),
        "gc": Entry("gc:gc", "Remove worktrees and temporary files that nobody needs any more."),
        "worktree": Entry("worktree:worktree", "Set up a worktree, as setup-worktree.sh has it done."),
    },
    "Check": {
        "workflow": Entry("workflow:workflow", "List, check, draw and try workflows."),
        "forge": Entry("forge:forge", "Ask the forge about pull requests, as the bundled scripts do."),
        "config": Entry("config:config", "Show and check the configuration."),
        "notify": Entry("notify:notify", "Send a test through every channel of notify."),
        "doctor": Entry("doctor:doctor", "Find out whether everything is there that the work needs."),
        "schema": Entry("setup:schema", "Print the JSON Schema of a kind of file."),
    },
}


class Commands(click.Group):
    """Commands by name, loaded when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for section in SECTIONS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = next((section[cmd_name] for section in SECTIONS.values() if cmd_name in section), None)
        if entry is None:
            return None
        from importlib import import_module

        module, _, name = entry.place.partition(":")
        found: click.Command = getattr(import_module(f"orchestrator.cli.{module}"), name)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            from orchestrator.core.problems import did_you_mean

            near = did_you_mean(args[0], self.list_commands(ctx))
            raise click.UsageError(f'there is no command "{args[0]}"{f" ({near})" if near else ""}', ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, section in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(15), entry.help) for name, entry in section.items()])


@click.group(cls=Commands, context_settings=SETTINGS, no_args_is_help=True)
@click.version_option(__version__, "--version", prog_name="orchestrator", message="%(prog)s %(version)s")
def cli() -> None:
    """Run many tickets through coding agents, each in its own git worktree, by a deterministic workflow.

    A plan is a folder of JSON files under the state directory; anyone may write there. `orchestrator daemon` walks its
    tickets through the phases of their workflows; the other commands look and steer, while it runs or not.

    Each command explains itself: orchestrator COMMAND --help. With --json, commands that show something print JSON.

    \b
    Exit codes: 0 done, 1 what was asked for failed, 2 wrong usage,
    3 a bug (its traceback is in the log), 130 interrupted.
    Environment: ORCHESTRATOR_HOME (default ~/.orchestrator), NO_COLOR.
    """


cli.params.append(config_option)


def call(words: list[str]) -> int:
    """The exit code. Raises what the command raises."""
    if "_ORCHESTRATOR_COMPLETE" in os.environ:
        cli.main(words, prog_name="orchestrator")  # completion in the shell
    try:
        with cli.make_context("orchestrator", list(words)) as ctx:
            return int(cli.invoke(ctx) or 0)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)
        return USAGE
    except click.ClickException as error:
        return _wrong_usage(error)
    except click.Abort:
        raise KeyboardInterrupt from None


def _wrong_usage(error: click.ClickException) -> int:
    lines = [f"orchestrator: {error.format_message()}"]
    ctx = getattr(error, "ctx", None)
    if ctx is not None:
        lines += [ctx.get_usage(), f"`{ctx.command_path} --help` says more"]
    print("\n".join(lines), file=sys.stderr)
    return USAGE
