"""Opens a home as the command line asks for it: which config file, which overrides.

The law: a configuration is either sound and whole or a ConfigError that says everything that is wrong with it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from orchestrator.core.problems import Problem, did_you_mean
from orchestrator.errors import ConfigError

if TYPE_CHECKING:
    from orchestrator.adapters.logs import Tell
    from orchestrator.control.checkup.doctor import Patient
    from orchestrator.core.settings import Config, Settings
    from orchestrator.engine.home import Home
    from orchestrator.formats.configuration.config import Found

BUNDLED = str(Path(__file__).parent / "builtin")


class Options(NamedTuple):
    """What the command line says about the configuration."""

    config: str | None = None
    concurrency: int | None = None
    agent: str | None = None
    needs_file: bool = True
    """Without a config file anywhere there is nothing to work on; False: the defaults will do."""


class Loaded(NamedTuple):
    config: Config
    problems: tuple[Problem, ...]
    """Warnings."""


class Look(NamedTuple):
    """A configuration that is looked at, sound or not."""

    found: Found
    config: Config | None
    problems: tuple[Problem, ...]


def look(options: Options, environ: Mapping[str, str] = os.environ) -> Look:
    """Raises ConfigError only when there is no file to look at."""
    from orchestrator.formats.configuration import config as configs

    found = configs.find_config(options.config, environ, _cwd(), os.path.isfile, str(Path.home()))
    if found.error is not None and (options.needs_file or found.file is not None):
        raise ConfigError(found.error)
    if found.file is None:
        return Look(found, _resolved(found, configs.default_settings(), options), ())
    parsed = configs.parse_settings(_text(found.file), found.file)
    if parsed.settings is None:
        return Look(found, None, parsed.problems)
    problems = (*parsed.problems, *configs.env_problems(parsed.settings, environ, found.file))
    return Look(found, _resolved(found, parsed.settings, options), problems)


def patient(options: Options, environ: Mapping[str, str] = os.environ) -> Patient:
    """What `doctor` examines; whatever is wrong with the configuration is one of its findings. Never raises."""
    from orchestrator.control.checkup.doctor import Patient
    from orchestrator.formats.configuration import config as configs

    try:
        looked = look(options, environ)
    except ConfigError as error:
        home = environ.get("ORCHESTRATOR_HOME") or str(Path.home() / ".orchestrator")
        nothing = configs.Found(None, os.path.abspath(home), ())  # noqa: PTH100
        is_missing = options.config is None and str(error).startswith("no config file found")
        return Patient(_resolved(nothing, configs.default_settings(), Options()), (), str(error), is_missing)
    if looked.config is not None:
        return Patient(looked.config, looked.problems)
    rest = configs.places_in(_text(looked.found.file or ""))
    return Patient(_resolved(looked.found, rest, Options()), looked.problems)


def load(options: Options, environ: Mapping[str, str] = os.environ) -> Loaded:
    """Raises ConfigError."""
    looked = look(options, environ)
    if looked.config is None:
        raise ConfigError("\n".join(str(problem) for problem in looked.problems if problem.severity == "error"))
    return Loaded(looked.config, looked.problems)


def loader(options: Options, home: Home) -> Callable[[], Config]:
    """For the runner, which loads the configuration again when its file changes; warnings go to the home's logs."""

    def again() -> Config:
        loaded = load(options)
        warn(home, loaded)
        return loaded.config

    return again


def warn(home: Home, loaded: Loaded) -> None:
    """Log what is odd in the configuration, each thing once."""
    for problem in loaded.problems:
        if str(problem) not in home.warned:
            home.warned.add(str(problem))
            home.logs.event("config_warning", None, "warning", reason=str(problem))


def open_home(config: Config, tell: Tell | None = None) -> Home:
    from orchestrator.engine.home import Home

    home = Home(config, tell=tell)
    _log_into(home)
    return home


def _cwd() -> str:
    try:
        return os.getcwd()  # noqa: PTH109
    except FileNotFoundError:
        raise ConfigError("the current directory does not exist (any more); change to another one") from None


def _text(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"config file {file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"config file {file} is not UTF-8 text (byte {error.start})") from error


def _resolved(found: Found, settings: Settings, options: Options) -> Config:
    from msgspec.structs import replace

    from orchestrator.formats.configuration import config as configs

    if options.concurrency is not None:
        settings = replace(settings, max_concurrency=options.concurrency)
    if options.agent is not None:
        _check_agent(settings, options.agent)
        settings = replace(settings, default_agent=options.agent)
    return configs.resolve(settings, found.file, configs.home_of(found, settings), BUNDLED)


def _check_agent(settings: Settings, name: str) -> None:
    if name in settings.agents:
        return
    near = did_you_mean(name, settings.agents)
    known = ", ".join(sorted(settings.agents)) or "none"
    raise ConfigError(f'unknown agent "{name}" ({f"{near} " if near else ""}the configuration defines {known})')


def _log_into(home: Home) -> None:
    """What modules log goes to the log file of this home, not to the terminal."""
    import logging

    class ToLog(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            home.logs.event("log", None, record.levelname.lower(), source=record.name, text=record.getMessage())

    root = logging.getLogger()
    root.handlers[:] = [ToLog(logging.WARNING)]
    root.setLevel(logging.WARNING)
