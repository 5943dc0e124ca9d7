"""What is wrong with a workflow, found without its text: small named rules, each a finding with the path to its key.

Who has the text turns a `Found` into a `Problem` with line and column (`formats.workflow_yaml.problem_at`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator

import msgspec

from orchestrator.core.checks.check_plan import Known, plan_problems
from orchestrator.core.problems import Severity, did_you_mean
from orchestrator.core.workflow import AgentPhase, Phase, PollPhase, ScriptPhase, TerminalPhase, Workflow, targets

__all__ = ["Found", "Known", "plan_problems", "resource_problems", "variable_problems", "workflow_problems"]

MAX_ID = 128


class Found(msgspec.Struct, frozen=True):
    what: str
    path: tuple[str | int, ...] = ()
    """To the value in the file: `("phases", 3, "onExit", "2")`."""
    phase: str | None = None
    severity: Severity = "error"
    hint: str | None = None


Rule = Callable[[Workflow], Iterator[Found]]


def workflow_problems(workflow: Workflow) -> list[Found]:
    return found_by((*NAME_RULES, *REACH_RULES), workflow)


def found_by(rules: Iterable[Rule], workflow: Workflow) -> list[Found]:
    return [found for rule in rules for found in rule(workflow)]


# --- names ----------------------------------------------------------------------------------------------------------


def no_phases(workflow: Workflow) -> Iterator[Found]:
    if not workflow.phases:
        yield Found("phases is empty", ("phases",), hint="a workflow needs at least one phase")


def unusable_ids(workflow: Workflow) -> Iterator[Found]:
    """Logs lie in a directory that is named after the phase."""
    for i, phase in enumerate(workflow.phases):
        if len(phase.id) > MAX_ID or not phase.id.isprintable() or "/" in phase.id:
            hint = f"no /, nothing unprintable, at most {MAX_ID} characters"
            yield Found(f"{phase.id!r} cannot be a phase id", ("phases", i, "id"), phase.id, hint=hint)


def duplicate_ids(workflow: Workflow) -> Iterator[Found]:
    seen: set[str] = set()
    for i, phase in enumerate(workflow.phases):
        if phase.id and phase.id in seen:
            yield Found(f'phase id "{phase.id}" is there twice', ("phases", i, "id"), phase.id)
        seen.add(phase.id)


def unknown_targets(workflow: Workflow) -> Iterator[Found]:
    ids = _ids(workflow)
    known = ids.keys() | workflow.aliases.keys()
    for i, phase in enumerate(workflow.phases):
        for key, target in targets(phase).items():
            if target not in known:
                what = f'{key} names unknown phase "{target}"'
                yield Found(what, ("phases", i, *key.split(" ")), phase.id, "error", _instead(target, ids))


def routes_of_signals(workflow: Workflow) -> Iterator[Found]:
    for i, phase in enumerate(workflow.phases):
        for code in phase.on_exit if isinstance(phase, ScriptPhase | PollPhase) else ():
            if not 0 <= code <= 255 or 128 < code <= 192:
                why = f"it means the end by signal {code - 128}" if 128 < code <= 192 else "there is no such exit code"
                path = ("phases", i, "onExit", str(code))
                yield Found(f"onExit {code} never matches: {why}", path, phase.id, "warning", "use 1 to 128")


def lanes_of_terminals(workflow: Workflow) -> Iterator[Found]:
    for i, phase in enumerate(workflow.phases):
        if phase.lane and isinstance(phase, TerminalPhase):
            what = "lane has no effect here: a ticket that ends leaves the lane"
            yield Found(what, ("phases", i, "lane"), phase.id, "warning", "remove it")


def alias_targets(workflow: Workflow) -> Iterator[Found]:
    ids = _ids(workflow)
    for old, new in workflow.aliases.items():
        path = ("aliases", old)
        if new not in ids:
            yield Found(f'alias "{old}" names unknown phase "{new}"', path, hint=_instead(new, ids))
        elif old in ids:
            what = f'alias "{old}" has no effect: there is a phase of that id'
            yield Found(what, path, severity="warning", hint="remove the alias")


# --- ways -----------------------------------------------------------------------------------------------------------


def unreachable_phases(workflow: Workflow) -> Iterator[Found]:
    reached = reachable(workflow)
    for i, phase in enumerate(workflow.phases):
        if phase.id not in reached:
            what = f"cannot be reached from the first phase, {workflow.phases[0].id}"
            hint = "no onSuccess, onFailure or onExit leads here"
            yield Found(what, ("phases", i, "id"), phase.id, "warning", hint)


def no_terminal_reachable(workflow: Workflow) -> Iterator[Found]:
    reached = reachable(workflow)
    if not workflow.phases or any(p.id in reached and isinstance(p, TerminalPhase) for p in workflow.phases):
        return
    what = f"no terminal phase can be reached from the first phase, {workflow.phases[0].id}"
    yield Found(what, ("phases",), severity="warning", hint="add a phase of type terminal, and let a phase lead to it")


def reachable(workflow: Workflow) -> set[str]:
    """Ids of the phases that a ticket can come to. A target with a typo counts as what it was meant to be, so that one
    fault is not reported twice."""
    ids = _ids(workflow)
    reached: set[str] = set()
    ahead = [workflow.phases[0].id] if workflow.phases else []
    while ahead:
        here = ahead.pop()
        if here in reached:
            continue
        reached.add(here)
        if not isinstance(ids[here], TerminalPhase):
            meant = (_meant(target, workflow, ids) for target in targets(ids[here]).values())
            ahead.extend(target for target in meant if target in ids)
    return reached


def _meant(target: str, workflow: Workflow, ids: dict[str, Phase]) -> str:
    target = target if target in ids else workflow.aliases.get(target, target)
    hint = None if target in ids else did_you_mean(target, ids)
    return hint.removeprefix("did you mean ").removesuffix("?") if hint else target


def _ids(workflow: Workflow) -> dict[str, Phase]:
    ids: dict[str, Phase] = {}
    for phase in workflow.phases:
        ids.setdefault(phase.id, phase)
    return ids


def _instead(word: str, known: Collection[str]) -> str | None:
    return did_you_mean(word, known) or _listed("there are", [one for one in known if one])


def _listed(opening: str, names: Iterable[str]) -> str | None:
    return f"{opening} {', '.join(names)}" if names else None


NAME_RULES: tuple[Rule, ...] = (
    no_phases, unusable_ids, duplicate_ids, unknown_targets, routes_of_signals, lanes_of_terminals, alias_targets,
)  # fmt: skip
"""What the phases call each other; these hold whatever else is wrong."""

REACH_RULES: tuple[Rule, ...] = (unreachable_phases, no_terminal_reachable)
"""Where the phases lead to; without meaning while ids and targets cannot be read."""


# --- what a workflow takes from outside -----------------------------------------------------------------------------


def resource_problems(
    workflow: Workflow,
    has_script: Callable[[str], bool],
    has_prompt: Callable[[str], bool],
    *,
    agents: Collection[str] | None = None,
    script_path: Iterable[str] = (),
    prompt_path: Iterable[str] = (),
    scripts: Collection[str] = (),
    prompts: Collection[str] = (),
) -> list[Found]:
    """Missing scripts and prompts (warnings: they fail the ticket that gets there) and agents that the config does not
    define (errors). `agents=None`: not looked up. `scripts`, `prompts`: those that exist, to suggest one."""
    found: list[Found] = []
    for i, phase in enumerate(workflow.phases):
        if isinstance(phase, ScriptPhase | PollPhase) and not has_script(phase.command):
            hint = did_you_mean(phase.command, scripts)
            found.append(_missing("script", phase.command, ("phases", i, "command"), phase.id, script_path, hint))
        if isinstance(phase, AgentPhase) and not has_prompt(phase.prompt_template):
            name, path = phase.prompt_template, ("phases", i, "promptTemplate")
            found.append(_missing("prompt", name, path, phase.id, prompt_path, did_you_mean(name, prompts)))
        if (
            isinstance(phase, AgentPhase)
            and phase.agent is not None
            and agents is not None
            and phase.agent not in agents
        ):
            hint = _listed("the config defines", sorted(agents)) or "the config defines no agent"
            found.append(Found(f'unknown agent "{phase.agent}"', ("phases", i, "agent"), phase.id, "error", hint))
    return found


def _missing(
    kind: str, name: str, path: tuple[str | int, ...], phase: str, folders: Iterable[str], hint: str | None
) -> Found:
    looked = list(folders)
    where = f" (looked in {', '.join(looked)})" if looked else ""
    return Found(f"missing {kind} {name}{where}", path, phase, "warning", hint)


Use = tuple[str, str, int | None]
"""A name, the key whose text uses it (`promptTemplate`, `args.0`, `capture.head`), its line in a prompt file."""


def variable_problems(
    workflow: Workflow, names_used: Callable[[Phase], Iterable[Use]], known: Collection[str]
) -> list[Found]:
    """Variables that nothing defines: printing one stops the attempt before it starts. What a phase captures is known
    in all of them, as `x` and as `context.x`."""
    captured = workflow.captured_names()
    defined = {*known, *captured, *(f"context.{name}" for name in captured), "context"}
    found: list[Found] = []
    for i, phase in enumerate(workflow.phases):
        uses = Counter((name, key, line) for name, key, line in names_used(phase) if name not in defined)
        for name, key, line in uses:
            what = f"{key} uses the variable {name}, which nothing defines"
            what += f" (line {line} of the prompt)" if line and key == "promptTemplate" else ""
            path = ("phases", i, *(int(step) if step.isdecimal() else step for step in key.split(".")))
            found.append(Found(what, path, phase.id, "warning", did_you_mean(name, defined)))
    return found
