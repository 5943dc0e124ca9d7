"""The text of config.yaml → settings, or every problem with its place; and the path arithmetic around it.

Nothing here looks at the disk: what exists is asked through a predicate, the environment comes in as a mapping.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from orchestrator.core.budgets import Budgets
from orchestrator.core.problems import Problem
from orchestrator.core.settings import AgentSettings, Config, Settings
from orchestrator.formats.configuration.agents import name_agents
from orchestrator.formats.fields import is_mapping, read_fields
from orchestrator.formats.problem_list import AT_LEAST_0, AT_LEAST_1, POSITIVE, Range, Reading, Where
from orchestrator.formats.yaml_tree import INVALID, read_yaml

DEFAULT_AGENTS = {
    "claude": AgentSettings(command="claude", default_args=("--dangerously-skip-permissions",)),
    "codex": AgentSettings(command="codex", default_args=("--dangerously-bypass-approvals-and-sandbox",)),
    "pi": AgentSettings(command="pi"),
}
"""What counts when the config does not mention agents at all."""

RANGES = {
    "pollInterval": POSITIVE,
    "maxConcurrency": AT_LEAST_1,
    "grace": AT_LEAST_0,
    "idleTimeoutSeconds": POSITIVE,
    **dict.fromkeys((field.encode_name for field in msgspec.structs.fields(Budgets)), POSITIVE),
    **dict.fromkeys(("input", "cachedInput", "output", "minFreeGb"), AT_LEAST_0),
    "timeoutSeconds": POSITIVE,
    **dict.fromkeys(("first", "count"), Range(lambda n: 1 <= n <= 65535, "from 1 to 65535")),
}

WHERE = Where("config")

Environ = Mapping[str, str]


# --- text → settings ------------------------------------------------------------------------------------------------


class ParsedSettings(NamedTuple):
    settings: Settings | None
    """None when there are errors."""
    problems: tuple[Problem, ...]


def default_settings() -> Settings:
    """Without any config file."""
    return Settings(agents=DEFAULT_AGENTS)


def parse_settings(text: str, file: str) -> ParsedSettings:
    """Never raises. A file without any key is one of defaults."""
    reading = Reading(read_yaml(text), file)
    reading.report_faults(WHERE)
    settings = _settings(reading)
    return ParsedSettings(None if reading.failed else settings, reading.in_order())


def places_in(text: str) -> Settings:
    """What can be told of a file with errors: where things lie. Never raises."""
    value = read_yaml(text).value
    fields = {field.encode_name: field.name for field in msgspec.structs.fields(Settings) if field.name in _PLACES}
    written = value if isinstance(value, dict) else {}
    told = {name: written[key] for key, name in fields.items() if isinstance(written.get(key), str)}
    return Settings(agents=DEFAULT_AGENTS, **told)


_PLACES = frozenset({"state_dir", "log_dir", "workflow_dir", "prompt_dir", "script_dir", "gh_command"})


def _settings(reading: Reading) -> Settings | None:
    value = {} if reading.tree.value is None else reading.tree.value
    if value is INVALID or not is_mapping(reading, WHERE, (), value):
        return None
    plain = {key: one for key, one in value.items() if key not in ("notify", "sources")}
    fields = read_fields(reading, WHERE, (), Settings, RANGES, value=plain)
    if value.get("notify") is not None:
        from orchestrator.formats.configuration.notify import (
            read_notify,  # few have it, and every command would wait for it
        )

        fields["notify"] = read_notify(reading, WHERE, value["notify"])
    if value.get("sources") is not None:
        from orchestrator.formats.configuration.sources import read_sources

        fields["sources"] = read_sources(reading, WHERE, value["sources"])
    if "worktree" in fields or "ports" in fields:
        from orchestrator.formats.configuration.worktree import check_around

        check_around(reading, fields, value)
    if not value.get("agents"):
        fields["agents"] = DEFAULT_AGENTS
    if isinstance(value.get("agents"), dict | None) and isinstance(value.get("defaultAgent"), str | None):
        name_agents(reading, value, fields, list(value.get("agents") or DEFAULT_AGENTS))
    return Settings(**fields)


# --- ${VAR} ---------------------------------------------------------------------------------------------------------

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def expand_env(value: str, environ: Environ) -> str:
    """`${VAR}` filled in, once; what is not set is empty (`env_problems` warns of it)."""
    return _VARIABLE.sub(lambda match: environ.get(match[1], ""), value)


def env_problems(settings: Settings, environ: Environ, file: str | None = None) -> tuple[Problem, ...]:
    """A warning for each `${VAR}` in an `env`, or in the URL of a notification, that is not set."""
    return tuple(
        Problem("config", f"{key} needs ${{{name}}}, which is not set", "warning", f"export {name}", file)
        for key, value in _env_values(settings)
        for name in dict.fromkeys(_VARIABLE.findall(value))
        if name not in environ
    )


def _env_values(settings: Settings) -> Iterator[tuple[str, str]]:
    for kind, owners in (("agents", settings.agents), ("mcpServers", settings.mcp_servers)):
        for name, owner in owners.items():
            for variable, value in owner.env.items():
                yield f"{kind}.{name}.env.{variable}", value
    for i, entry in enumerate(settings.notify):
        for url in (entry.url,) if isinstance(entry.url, str) else entry.url or ():
            yield f"notify[{i}].url", url


# --- which file -----------------------------------------------------------------------------------------------------


class Found(NamedTuple):
    file: str | None
    """None: no file, only defaults."""
    home: str
    searched: tuple[str, ...]
    apart: bool = False
    """Given explicitly or found in the current directory, so that it may be a home of its own."""
    error: str | None = None
    """Why there is no going on: the message for a ConfigError."""


def find_config(
    explicit: str | None, environ: Environ, cwd: str, exists: Callable[[str], bool], user_home: str
) -> Found:
    """--config, then $ORCHESTRATOR_HOME (or ~/.orchestrator), then ./orchestrator.yaml. With $ORCHESTRATOR_HOME set
    there may be no file at all: that home then has the defaults."""
    asked = environ.get("ORCHESTRATOR_HOME")
    home = _absolute(asked, cwd, user_home) if asked else posixpath.join(user_home, ".orchestrator")
    if explicit is not None:
        file = _absolute(explicit, cwd, user_home)
        error = None if exists(file) else f"config file {file} does not exist; check --config"
        return Found(file, home, (file,), True, error)
    of_home, of_cwd = posixpath.join(home, "config.yaml"), posixpath.join(cwd, "orchestrator.yaml")
    searched = (of_home, of_cwd)
    if exists(of_home):
        return Found(of_home, home, searched)
    if exists(of_cwd):
        return Found(of_cwd, home, searched, True)
    error = f"no config file found; looked in {', '.join(searched)}; run `orchestrator init`"
    return Found(None, home, searched, error=None if asked else error)


def home_of(found: Found, settings: Settings) -> str:
    """A config that stands apart and says where its state is makes its own directory the home."""
    if found.apart and found.file and settings.state_dir is not None:
        return posixpath.dirname(found.file)
    return found.home


# --- which paths ----------------------------------------------------------------------------------------------------


def resolve(settings: Settings, file: str | None, home: str, bundled: str) -> Config:
    """Absolute paths for everything. Relative ones count from the config file, without one from the home."""
    base = posixpath.dirname(file) if file else home

    def path(configured: str | None, default: str) -> str:
        return _absolute(configured, base) if configured else posixpath.join(home, default)

    def search(configured: str | None, name: str) -> tuple[str, ...]:
        return (path(configured, name), posixpath.join(bundled, name))

    return Config(
        settings=_with_commands(settings, base),
        file=file,
        home=home,
        state_dir=path(settings.state_dir, "state"),
        log_dir=path(settings.log_dir, "logs"),
        workflow_path=search(settings.workflow_dir, "workflows"),
        prompt_path=search(settings.prompt_dir, "prompts"),
        script_path=search(settings.script_dir, "scripts"),
        skills_path=search(settings.skills_dir, "skills"),
    )


def _with_commands(settings: Settings, base: str) -> Settings:
    """Programs that are given by a path: they would else be looked for in whatever directory they are started in."""
    agents = {
        name: msgspec.structs.replace(agent, command=_program(agent.command, base))
        for name, agent in settings.agents.items()
    }
    servers = {
        name: msgspec.structs.replace(server, command=server.command and _program(server.command, base))
        for name, server in settings.mcp_servers.items()
    }
    notify = tuple(
        msgspec.structs.replace(entry, command=(_program(entry.command[0], base), *entry.command[1:]))
        if isinstance(entry.command, tuple)
        else entry
        for entry in settings.notify
    )
    gh_command = _program(settings.gh_command, base)
    sources = tuple(
        msgspec.structs.replace(source, repo=source.repo and _absolute(source.repo, base))
        for source in settings.sources
    )
    return msgspec.structs.replace(
        settings, agents=agents, mcp_servers=servers, notify=notify, gh_command=gh_command, sources=sources
    )


def _program(command: str, base: str) -> str:
    """A bare name is left to PATH."""
    return _absolute(command, base) if "/" in command else command


def _absolute(path: str, base: str, user_home: str | None = None) -> str:
    if user_home is not None and (path == "~" or path.startswith("~/")):
        path = user_home + path[1:]
    return posixpath.normpath(posixpath.join(base, posixpath.expanduser(path)))
