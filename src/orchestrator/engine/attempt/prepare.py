"""What an attempt needs before it can start: program, arguments, directory, environment, prompt.

An agent runs only in the ticket's worktree; a script too once that exists, and before that in the repo. Nothing ever
falls back to wherever the runner was started.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from orchestrator.adapters.attempts.process import Request
from orchestrator.adapters.environment import agent_env, attempt_vars, script_env
from orchestrator.adapters.paths import expanded
from orchestrator.adapters.repository import git
from orchestrator.agents.base import Call
from orchestrator.core.model import Attempt, Key, PhaseStatus, Ticket
from orchestrator.core.rules import Rules, asked_base
from orchestrator.core.workflow import DEFAULT_AGENT_TIMEOUT, AgentPhase, PollPhase, ScriptPhase
from orchestrator.engine.attempt.answers import asked_for
from orchestrator.engine.home import Home
from orchestrator.engine.turns import belongings, stacks
from orchestrator.errors import CannotRunError, OrchestratorError
from orchestrator.formats.plan_json import encode
from orchestrator.formats.template import templates

GO_ON = (
    "You were interrupted before you had finished. Go on with the task from where you stopped, to its end, "
    "as you were first instructed. Look at the state of the working directory before you change anything.\n"
)


class MissingDirectoryError(OrchestratorError):
    """The directory in which the phase is to run does not exist: the phase has failed."""


class Scene(msgspec.Struct, frozen=True):
    """Everything about one attempt that is known before it starts."""

    ticket: Ticket
    raw: dict[str, Any]
    """The ticket's file, with the keys that are not ours."""
    rules: Rules
    attempt: Attempt
    directory: Path

    @property
    def key(self) -> Key:
        return self.ticket.key

    @property
    def repo(self) -> str | None:
        repo = self.ticket.repo or self.rules.plan.repo
        return str(expanded(repo)) if repo else None

    @property
    def base(self) -> str | None:
        return asked_base(self.rules, self.ticket)

    @property
    def worktree(self) -> str | None:
        return str(expanded(self.ticket.worktree)) if self.ticket.worktree else None


def variables(scene: Scene, source: str) -> dict[str, Any]:
    """What templates see: the ticket's keys, captured values, and what the phase is given. What takes time to find is
    there when the source may ask for it, itself or in what it includes."""
    ticket, may_include = scene.ticket, "{%" in source
    whole = encode(replace(ticket, phase_history=()))  # when there is a history, the file has it
    raw = {"phase": scene.attempt.phase, "plan_name": scene.rules.plan.name, **whole, **scene.raw}
    raw |= {
        "repo": scene.repo,
        "worktree": scene.worktree,
        "branch": ticket.branch,
        "workflow": scene.rules.workflow.name,
        "currentPhase": ticket.current_phase,
    }
    given: dict[str, Any] = {"attempt": scene.attempt.n, "previous_output": ""}
    if may_include or "previous_output" in source:
        said = (e.output for e in reversed(ticket.phase_history) if e.status is not PhaseStatus.SKIPPED and e.output)
        given["previous_output"] = next(said, "")
    if may_include or "base_branch" in source:
        place = scene.worktree if scene.worktree and Path(scene.worktree).is_dir() else scene.repo
        given["base_branch"] = (git.default_base(place, scene.base) if place else scene.base) or ""
    return templates.variables(raw, given)


def request(home: Home, scene: Scene, phase: ScriptPhase | PollPhase | AgentPhase) -> Request:
    """Raises CannotRunError (no retry would help), MissingDirectoryError (the phase failed), TemplateError."""
    _check_captures(home, scene, phase)
    if isinstance(phase, AgentPhase):
        return _agent_request(home, scene, phase)
    return _script_request(home, scene, phase)


def _check_captures(home: Home, scene: Scene, phase: ScriptPhase | PollPhase | AgentPhase) -> None:
    """A capture that is refused whatever is captured: better said now than after an agent's work."""
    for key, source in phase.capture.items():
        if source != "stdout":
            known = variables(scene, source)
            templates.shell_command(
                source, known, captured=scene.rules.workflow.captured_names(), name=f"capture {key} of {phase.id}"
            )


def _script_request(home: Home, scene: Scene, phase: ScriptPhase | PollPhase) -> Request:
    script = home.catalog.script(phase.command)
    if script is None:
        looked = ", ".join(home.config.script_path)
        raise CannotRunError(f"missing script {phase.command} (looked in {looked})")
    cwd = _script_directory(scene)
    known = variables(scene, " ".join(phase.args)) if phase.args else {}
    captured = scene.rules.workflow.captured_names()
    args = [
        templates.render(arg, known, captured=captured, load=home.catalog.prompt, name=f"args[{i}] of {phase.id}")
        for i, arg in enumerate(phase.args)
    ]
    return _request(
        scene,
        phase.id,
        kind="poll" if isinstance(phase, PollPhase) else "script",
        argv=(*_program(script), *args),
        cwd=cwd,
        env=script_environment(home, scene),
        timeout_seconds=phase.timeout_seconds,
    )


def _script_directory(scene: Scene) -> str:
    _refuse_relative("worktree", scene.worktree)
    if scene.worktree and Path(scene.worktree).is_dir():
        return scene.worktree
    if scene.repo is None:
        raise CannotRunError("no repo: neither the ticket nor its plan names one; set `repo` in plan.json")
    _refuse_relative("repo", scene.repo)
    if not Path(scene.repo).is_dir():
        raise MissingDirectoryError(f"the repo {scene.repo} does not exist")
    return scene.repo


def _refuse_relative(name: str, path: str | None) -> None:
    """It would be looked for wherever the runner was started."""
    if path and not Path(path).is_absolute():
        raise CannotRunError(f"the {name} {path} is not an absolute path; nothing is run anywhere else instead")


def _program(script: Path) -> tuple[str, ...]:
    """Without `#!` or the executable bit a script is run by bash."""
    with script.open("rb") as stream:
        direct = stream.read(2) == b"#!"
    return (str(script),) if direct and os.access(script, os.X_OK) else ("/bin/bash", str(script))


def _agent_request(home: Home, scene: Scene, phase: AgentPhase) -> Request:
    attempt, cwd = scene.attempt, scene.worktree
    settings, agent = home.agent(attempt.agent or home.settings.default_agent)
    schema = phase.output_schema
    if isinstance(schema, str):
        raise CannotRunError(f"missing outputSchema {schema} (looked in {', '.join(home.config.prompt_path)})")
    prompt = asked_for(agent, phase, _prompt(home, scene, phase))
    _refuse_relative("worktree", cwd)
    if cwd is None or not Path(cwd).is_dir():
        raise MissingDirectoryError(f"the worktree {cwd} does not exist; an agent runs nowhere else")
    call = Call(
        settings=settings,
        prompt=prompt,
        prompt_file=str(scene.directory / "prompt.md"),
        session=attempt.session,
        resume=attempt.resume,
        allowed_tools=phase.allowed_tools,
        max_turns=phase.max_turns,
        max_cost_usd=home.purse.allowance(scene.ticket, phase, attempt.id),
        output_schema=schema,
        folder=str(scene.directory),
    )
    command = agent.command(call)
    _tell_once(home, scene, agent.adjusted(settings))
    head = git.head(cwd)
    return _request(
        scene,
        phase.id,
        kind="agent",
        argv=command.argv,
        stdin=command.stdin or prompt,
        reads_stdin=bool(command.stdin),
        cwd=cwd,
        env={
            **command.env,
            **(git.identity(cwd) if command.hides_git_config else {}),
            **agent_env(home.environ, settings, agent.login_env, _given(home, scene, settings.env)),
        },
        files=dict(command.files),
        timeout_seconds=phase.timeout_seconds or DEFAULT_AGENT_TIMEOUT,
        idle_timeout_seconds=phase.idle_timeout_seconds or settings.idle_timeout_seconds,
        head=head,
        branch=git.branch(cwd) if phase.evidence != "none" else None,
        changes=git.changes_since(cwd, head) if phase.evidence == "diff" else "",
    )


def _tell_once(home: Home, scene: Scene, adjusted: str | None) -> None:
    """That arguments are replaced. The attempt's own record has what was started."""
    name = scene.attempt.agent or home.settings.default_agent
    if adjusted is not None and (said := f"agents.{name}.defaultArgs: {adjusted}") not in home.warned:
        home.warned.add(said)
        home.logs.event("config_warning", scene.key, "warning", reason=said)


def _prompt(home: Home, scene: Scene, phase: AgentPhase) -> str:
    if scene.attempt.resume:
        return scene.attempt.say or GO_ON
    try:
        source = home.catalog.prompt(phase.prompt_template)
    except (OSError, UnicodeDecodeError) as error:
        raise CannotRunError(f"prompt {phase.prompt_template} cannot be read: {error}") from error
    if source is None:
        looked = ", ".join(home.config.prompt_path)
        raise CannotRunError(f"missing prompt {phase.prompt_template} (looked in {looked})")
    return templates.render(
        source,
        variables(scene, source),
        captured=scene.rules.workflow.captured_names(),
        load=home.catalog.prompt,
        name=phase.prompt_template,
    )


def _request(scene: Scene, phase: str, **known: Any) -> Request:
    attempt = scene.attempt
    return Request(
        id=attempt.id,
        n=attempt.n,
        phase=phase,
        started_at=attempt.started_at,
        agent=attempt.agent,
        session=attempt.session,
        resume=attempt.resume,
        **known,
    )


def script_environment(home: Home, scene: Scene) -> dict[str, str]:
    """The environment of scripts, poll checks and capture commands."""
    return script_env(home.environ, _for_scripts(home, scene) | _given(home, scene), home.settings.gh_command)


def _for_scripts(home: Home, scene: Scene) -> dict[str, str]:
    """How a script asks this very program, with this very configuration, and what somebody asks for."""
    base = stacks.base_of(home, scene.ticket)
    told = {
        "ORCHESTRATOR_CONFIG": home.config.file,
        "ORCHESTRATOR_STATE_DIR": home.config.state_dir,
        "ORCHESTRATOR_BASE": base.name,
        "ORCHESTRATOR_STACKED": "1" if base.is_open else None,
        "ORCHESTRATOR_UNSTACKED": "1" if scene.ticket.stacked_on and not base.is_open else None,
        "ORCHESTRATOR_MERGE_METHOD": scene.rules.plan.merge_method or home.settings.merge_method,
    }
    return {"ORCHESTRATOR_PYTHON": sys.executable, **{name: value for name, value in told.items() if value}}


def _given(home: Home, scene: Scene, written: Mapping[str, str] | None = None) -> dict[str, str]:
    """`written`: what the configuration says itself of the environment. Raises StoreError."""
    a, own = scene.attempt, belongings.given(home, scene.ticket)
    return {name: value for name, value in own.items() if name not in (written or {})} | attempt_vars(
        plan=scene.key.plan,
        ticket=scene.key.ticket,
        phase=a.phase,
        n=a.n,
        attempt_id=a.id,
        attempt_dir=scene.directory,
        worktree=scene.worktree,
    )
