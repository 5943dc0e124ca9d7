"""`config show` and `config check`."""

from __future__ import annotations

from typing import Any

from orchestrator.cli import output
from orchestrator.cli.objects import problem_objects
from orchestrator.cli.opened import options
from orchestrator.cli.options import command, group, json_option
from orchestrator.cli.output import clean, say
from orchestrator.cli.verdict import verdict


@group("config")
def config() -> None:
    """Show and check the configuration.

    \b
    Looked for in this order:
      1. --config PATH
      2. $ORCHESTRATOR_HOME/config.yaml, or ~/.orchestrator/config.yaml
      3. ./orchestrator.yaml
    """


@command("show")
@json_option
def show(as_json: bool) -> int:
    """Show the configuration that counts, and where each value came from.

    Values of `env`, URLs of `notify` and the arguments of its commands are masked, unless they only name a variable of
    the environment.

    \b
    --json: {"file", "home", "stateDir", "logDir", "workflowPath", "promptPath", "scriptPath",
    "skillsPath", "settings": {…}, "from": {key: "file" | "default"}}
    """
    from orchestrator import wiring
    from orchestrator.control import describing

    document = describing.config_document(wiring.load(options()).config)
    if as_json:
        output.show_json(document)
        return 0
    say(*_paths(document), "", *_settings(document))
    return 0


def _paths(document: dict[str, Any]) -> list[str]:
    rows = [("file", document["file"] or "none, only defaults"), ("home", document["home"])]
    rows += [(key, document[key]) for key in ("stateDir", "logDir")]
    for key in ("workflowPath", "promptPath", "scriptPath", "skillsPath"):
        rows += [(key if i == 0 else "", path) for i, path in enumerate(document[key])]
    return output.table([(name, clean(value)) for name, value in rows], indent="")


def _settings(document: dict[str, Any]) -> list[str]:
    import msgspec

    rows: list[tuple[str, str, str]] = [("KEY", "FROM", "VALUE")]
    for key, value in document["settings"].items():
        if isinstance(value, dict):
            told = [(name, one) for name, one in value.items() if one not in (None, [], "")]
            rows += [(f"{key}.{name}", document["from"][key], _short(one)) for name, one in told]
        elif key == "notify":
            rows += [(f"{key}[{i}]", document["from"][key], _short(one)) for i, one in enumerate(value)]
        elif value is not None:
            rows.append(
                (key, document["from"][key], value if isinstance(value, str) else msgspec.json.encode(value).decode())
            )
    return output.table([(key, origin, clean(value)) for key, origin, value in rows], indent="")


def _short(value: Any) -> str:
    """One agent or server in one line: what it says, without what it leaves to defaults."""
    import msgspec

    if not isinstance(value, dict):
        return value if isinstance(value, str) else msgspec.json.encode(value).decode()
    said = {key: one for key, one in value.items() if one not in (None, [], {}, (), "arg")}
    return msgspec.json.encode(said).decode()


@command("check")
@json_option
def check(as_json: bool) -> int:
    """Check the configuration.

    Exit code 1 when there are errors; warnings (an unknown key, a variable that is not set, arguments that an agent's
    program refuses, a channel of `notify` that cannot work on this machine, a skill that agents cannot read, what a
    source names and is not there) do not count.

    \b
    --json: {"file", "problems": [{"where", "what", "severity", "hint", "file", "line", "column"}]}
    """
    from orchestrator import wiring

    looked = wiring.look(options())
    problems = looked.problems
    if looked.config is not None and looked.found.file is not None:
        from orchestrator.control import remarks

        problems = (*problems, *remarks.of_config(looked.config.settings, looked.found.file))
    if looked.config is not None and looked.config.settings.notify:
        from orchestrator.control import notifying

        problems = (*problems, *notifying.problems(looked.config))
    if looked.config is not None:
        from orchestrator.control import checking, skills

        problems = (*problems, *skills.problems(looked.config), *checking.source_problems(looked.config))
    if as_json:
        output.show_json({"file": looked.found.file, "problems": problem_objects(problems)})
        return verdict(problems, False)
    return verdict(problems, False, looked.found.file or "no config file, the defaults")


config.add_command(show)
config.add_command(check)
