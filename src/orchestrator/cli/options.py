"""What every command has: `-C/--config` before or after its name, and `-h/--help`.

`command` and `group` make commands of plain functions that return an exit code (None is 0).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from orchestrator.cli.opened import chosen

SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
Run = Callable[..., int | None]


def _remember(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        chosen.config_file = value
    return value


config_option = click.Option(
    ["-C", "--config"],
    metavar="PATH",
    callback=_remember,
    expose_value=False,
    help="Config file. [default: $ORCHESTRATOR_HOME/config.yaml, ~/.orchestrator/config.yaml, ./orchestrator.yaml]",
)


def command(name: str) -> Callable[[Run], click.Command]:
    def make(run: Run) -> click.Command:
        made = click.command(name, context_settings=SETTINGS)(run)
        made.params.append(config_option)
        return made

    return make


def group(name: str) -> Callable[[Run], click.Group]:
    def make(run: Run) -> click.Group:
        made = click.group(name, context_settings=SETTINGS)(run)
        made.params.append(config_option)
        return made

    return make


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
