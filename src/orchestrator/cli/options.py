"""What every command has: `-C/--config` before or after its name, `-h/--help`, and a record of what was opened.

`command` and `group` make commands of plain functions that return an exit code (None is 0).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from orchestrator.adapters.logs import Tell
    from orchestrator.core.model import Key
    from orchestrator.core.settings import Config
    from orchestrator.engine.home import Home
    from orchestrator.wiring import Loaded, Options

SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
Run = Callable[..., int | None]


class Chosen:
    """What this call of the program uses; the error boundary asks where its log is."""

    config_file: str | None = None
    log_file: str | None = None

    def forget(self) -> None:
        self.config_file = self.log_file = None


chosen = Chosen()


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


def options(**more: Any) -> Options:
    from orchestrator.wiring import Options

    return Options(config=chosen.config_file, **more)


def opened(**more: Any) -> Loaded:
    """The configuration that counts."""
    from orchestrator import wiring

    loaded = wiring.load(options(**more))
    remember(loaded.config)
    return loaded


def opened_home(tell: Tell | None = None, **more: Any) -> Home:
    from orchestrator import wiring

    return wiring.open_home(opened(**more).config, tell)


def remember(config: Config) -> None:
    chosen.log_file = f"{config.log_dir}/orchestrator.log"


def key_of(plan: str, ticket: str) -> Key:
    from orchestrator.control.reading import ticket_key

    return ticket_key(plan, ticket)
