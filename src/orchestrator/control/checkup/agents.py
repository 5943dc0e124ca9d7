"""The examination of the agents: installed, of a version that is known, called with what they still take, logged in.

The law: a program that no adapter knows is only looked for, never started: whatever it is given may be a prompt to it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

from orchestrator.adapters.asking import Answer, ask
from orchestrator.adapters.attempts.program import StartError, program
from orchestrator.adapters.environment import VARIABLE, agent_env
from orchestrator.agents.base import Agent
from orchestrator.agents.registry import AGENTS, agent_for
from orchestrator.control import remarks
from orchestrator.core.findings import Finding, State, is_before, not_in, version_in
from orchestrator.core.settings import AgentSettings, Config
from orchestrator.errors import ConfigError

Environ = Mapping[str, str]
LARGEST = 1 << 20
"""Bytes of a file in which an agent keeps its login."""


class Patient(NamedTuple):
    name: str
    settings: AgentSettings
    agent: Agent
    used: str | None
    """Who asks for it; None: nobody, so nothing that is wrong with it keeps work from being done."""
    env: dict[str, str]
    """What it would see."""

    @property
    def bad(self) -> State:
        return "broken" if self.used else "warning"

    def find(self, what: str, state: State, text: str, hint: str | None = None) -> Finding:
        return Finding("agents", f"{self.name} {what}".strip(), state, text, hint)


def looks(
    agents: Mapping[str, AgentSettings], used: Mapping[str, str], environ: Environ
) -> list[Callable[[], Iterable[Finding]]]:
    """One for each agent of the configuration, and one for names that it does not define. `used`: who asks for it."""
    found: list[Callable[[], Iterable[Finding]]] = [
        partial(examined, name, settings, used.get(name), environ) for name, settings in agents.items()
    ]
    return [*found, lambda: _undefined(used, agents)]


def _undefined(used: Mapping[str, str], agents: Mapping[str, AgentSettings]) -> Iterator[Finding]:
    for name, who in used.items():
        if name not in agents:
            listed = ", ".join(sorted(agents)) or "none"
            hint = f"define it in agents of the configuration, or name another: it defines {listed}"
            yield Finding("agents", name, "broken", f"is not defined; {who}", hint)


def examined(name: str, settings: AgentSettings, used: str | None, environ: Environ) -> Iterator[Finding]:
    try:
        agent = agent_for(settings)
    except ConfigError as error:
        state: State = "broken" if used else "warning"
        yield Finding("agents", name, state, str(error), "say a type that there is")
        return
    unset = [one for value in settings.env.values() for one in VARIABLE.findall(value) if one not in environ]
    plain = {key: value for key, value in settings.env.items() if not set(VARIABLE.findall(value)) & set(unset)}
    patient = Patient(name, settings, agent, used, _environment(environ, settings, plain, agent))
    yield from _installed(patient)
    for variable in dict.fromkeys(unset):
        text = f"its env needs ${{{variable}}}, which is not set here, so it is never started"
        yield patient.find("env", patient.bad, text, f"export {variable} where the runner is started")


def _environment(environ: Environ, settings: AgentSettings, env: dict[str, str], agent: Agent) -> dict[str, str]:
    from msgspec.structs import replace

    return agent_env(environ, replace(settings, env=env), agent.login_env, {})


def _installed(patient: Patient) -> Iterator[Finding]:
    command = patient.settings.command
    try:
        place = program(command, "/", patient.env.get("PATH", os.defpath))
    except StartError as error:
        text = "is not installed" if "/" not in command else str(error)
        who = patient.used or "nothing asks for it"
        hint = f"install `{command}`, or say in agents.{patient.name}.command where it is"
        yield patient.find("", patient.bad, f"{text}; {who}", hint)
        return
    if patient.agent is AGENTS["command"]:
        yield patient.find("", "ok", f"{place} (any program: nothing more is known of it)")
        return
    yield from _versioned(patient, place)


def _versioned(patient: Patient, place: str) -> Iterator[Finding]:
    calls = (("--version",), *patient.agent.help_calls)
    with ThreadPoolExecutor(len(calls)) as pool:
        answer, *helps = pool.map(lambda call: ask((place, *call), patient.env), calls)
    version = version_in(answer.text)
    if answer.code is None:
        yield patient.find("", patient.bad, f"{place} --version: {answer.error}", f"see what `{place} --version` does")
        return
    if answer.code != 0:
        said = _last_line(answer.text) or "says nothing"
        text = f"{place} --version ends with code {answer.code}: {said}"
        yield patient.find("", patient.bad, text, "install it anew")
        return
    yield _in_range(patient, version, place)
    yield from _called(patient, helps)
    yield from _logged_in(patient)


def _in_range(patient: Patient, version: str | None, place: str) -> Finding:
    known = patient.agent.versions
    if version is None:
        return patient.find(
            "", "warning", f"{place} does not say which version it is", "see that it is the right program"
        )
    if known is None:
        return patient.find("", "ok", f"{version}, {place}")
    tested = f"tested with {known.tested}"
    if is_before(version, known.least):
        text = f"{version} is older than {known.least}, for which this was made ({tested}); {place}"
        alike = _made_for(patient.agent, version)
        return patient.find("", "warning", text, f"say `type: {alike}`" if alike else "update it")
    if not is_before(version, known.below):
        text = f"{version} is newer than what this was made for (below {known.below}, {tested}); {place}"
        return patient.find(
            "", "warning", text, f"if it misbehaves, install {known.tested}, or update the orchestrator"
        )
    return patient.find("", "ok", f"{version} ({tested}), {place}")


def _made_for(agent: Agent, version: str) -> str | None:
    """Another adapter of the same program that is made for this version."""
    for name, other in AGENTS.items():
        known = other.versions if name.startswith(f"{agent.name}-") else None
        if known is not None and not is_before(version, known.least) and is_before(version, known.below):
            return name
    return None


def _called(patient: Patient, answers: list[Answer]) -> Iterator[Finding]:
    """Whether it still takes what it is given."""
    agent = patient.agent
    for what, hint in remarks.said(patient.name, patient.settings):
        yield patient.find("defaultArgs", "warning", what, hint or f"change agents.{patient.name}.defaultArgs")
    if not agent.help_calls or not agent.flags:
        return
    asked = " and ".join(f"`{patient.settings.command} {' '.join(call)}`" for call in agent.help_calls)
    text = "\n".join(answer.text for answer in answers)
    if any(answer.code is None for answer in answers) or not text.strip():
        why = next((answer.error for answer in answers if answer.error), "they print nothing")
        yield patient.find("flags", "warning", f"not known: {asked}: {why}", f"see what {asked} print")
        return
    gone = not_in(text, agent.flags)
    if gone:
        hint = (
            f"install {agent.versions.tested}, or update the orchestrator"
            if agent.versions
            else "install another version"
        )
        yield patient.find("flags", patient.bad, f"it no longer tells of {', '.join(gone)}, which it is given", hint)
    else:
        yield patient.find("flags", "ok", f"all {len(agent.flags)} that it is given are in its help")


def _logged_in(patient: Patient) -> Iterator[Finding]:
    known, how = patient.agent.login(patient.env, partial(_read, patient.env))
    if known:
        yield patient.find("login", "ok", how)
    elif known is None:
        yield patient.find("login", "warning", "not known without asking a model", how)
    else:
        yield patient.find("login", patient.bad, "not logged in", how.removeprefix("not logged in; "))


def _read(env: Environ, file: str) -> str | None:
    home = env.get("HOME") or str(Path.home())
    path = Path(home + file[1:] if file == "~" or file.startswith("~/") else file)
    try:
        with path.open("rb") as stream:
            return stream.read(LARGEST).decode("utf-8", "replace")
    except OSError:
        return None


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


# -- what could be used -----------------------------------------------------------------------------------------------


def others(config: Config, environ: Environ) -> Iterator[Finding]:
    """Programs that an adapter knows, that are there, and that no agent of the configuration starts."""
    known = {one.command.rpartition("/")[2] for one in config.settings.agents.values()}
    for name in AGENTS:
        if name in known or name == "command" or name in config.settings.agents:
            continue
        try:
            place = program(name, "/", environ.get("PATH", os.defpath))
        except StartError:
            continue
        text = f"{place} is installed, and no agent of the configuration"
        yield Finding("agents", name, "ok", text, f"to use it: agents: {{{name}: {{command: {name}}}}}")
