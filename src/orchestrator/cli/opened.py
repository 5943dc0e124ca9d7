"""What a command works on: the configuration that this call of the program chose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.adapters.logs import Tell
    from orchestrator.core.model import Key
    from orchestrator.core.settings import Config
    from orchestrator.engine.home import Home
    from orchestrator.wiring import Loaded, Options


class Chosen:
    """What this call of the program uses; the error boundary asks where its log is."""

    config_file: str | None = None
    log_file: str | None = None

    def forget(self) -> None:
        self.config_file = self.log_file = None


chosen = Chosen()


def options(**more: Any) -> Options:
    from orchestrator.wiring import Options

    return Options(config=chosen.config_file, **more)


def opened(**more: Any) -> Loaded:
    """The configuration that counts."""
    from orchestrator import wiring

    loaded = wiring.load(options(**more))
    remember(loaded.config)
    return loaded


def opened_home(tell: Tell | None = None, warns: bool = False, **more: Any) -> Home:
    """`warns`: what is odd in the configuration is told as an event."""
    from orchestrator import wiring

    loaded = opened(**more)
    home = wiring.open_home(loaded.config, tell)
    if warns:
        wiring.warn(home, loaded)
    return home


def remember(config: Config) -> None:
    chosen.log_file = f"{config.log_dir}/orchestrator.log"


def key_of(plan: str, ticket: str) -> Key:
    from orchestrator.control.reading import ticket_key

    return ticket_key(plan, ticket)
