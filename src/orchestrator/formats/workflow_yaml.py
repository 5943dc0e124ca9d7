"""The text of a workflow → the workflow, or everything that is wrong with it, each with line and column.

A phase that cannot be read is stood in for, so that one fault does not hide the others.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from orchestrator.core.checks.check import NAME_RULES, REACH_RULES, Found, found_by
from orchestrator.core.problems import Problem, did_you_mean
from orchestrator.core.workflow import AgentPhase, Phase, PollPhase, ScriptPhase, TerminalPhase, Workflow
from orchestrator.formats import answer_schema
from orchestrator.formats.fields import is_mapping, read_fields
from orchestrator.formats.problem_list import AT_LEAST_0, AT_LEAST_1, POSITIVE, Reading, Where
from orchestrator.formats.yaml_tree import INVALID, Path, Tree, read_yaml

PHASES: dict[str, type[ScriptPhase] | type[AgentPhase] | type[PollPhase] | type[TerminalPhase]] = {
    "script": ScriptPhase,
    "agent": AgentPhase,
    "poll": PollPhase,
    "terminal": TerminalPhase,
}

RANGES = {
    "maxRetries": AT_LEAST_0,
    "maxVisits": AT_LEAST_1,
    "maxTurns": AT_LEAST_1,
    "retryDelaySeconds": AT_LEAST_0,
    "timeoutSeconds": POSITIVE,
    "intervalSeconds": POSITIVE,
    "idleTimeoutSeconds": POSITIVE,
    "maxCostUsd": POSITIVE,
}


class ParsedWorkflow(NamedTuple):
    workflow: Workflow | None
    """None when there are errors; warnings alone leave it usable."""
    problems: tuple[Problem, ...]
    """In order of their place."""
    file: str
    tree: Tree
    read: Workflow | None = None
    """What could be read of it, also when there are errors; None when nothing can be said about its phases."""
    whole: bool = False
    """`read` is all of it: if there are errors, they are in what the phases call each other."""


def parse_workflow(text: str, file: str) -> ParsedWorkflow:
    """Never raises, whatever the text is."""
    tree = read_yaml(text)
    reading = Reading(tree, file)
    where = Where(_named(tree.value))
    reading.report_faults(where)
    workflow = _workflow(reading, where) if tree.value is not INVALID else None
    _check_answers(reading, where.text, workflow)
    whole = not reading.failed
    if workflow is not None:
        rules = NAME_RULES if _ways_are_lost(tree.value["phases"]) else (*NAME_RULES, *REACH_RULES)
        reading.problems += [_problem(found, workflow, file, tree) for found in found_by(rules, workflow)]
    usable = None if reading.failed else workflow
    return ParsedWorkflow(usable, reading.in_order(), file, tree, workflow, whole)


def _check_answers(reading: Reading, named: str, workflow: Workflow | None) -> None:
    """Of schemas that stand in the workflow itself; the others are in files."""
    for i, phase in enumerate(workflow.phases if workflow else ()):
        if isinstance(phase, AgentPhase) and isinstance(phase.output_schema, dict):
            for fault in answer_schema.faults(phase.output_schema):
                path = ("phases", i, "outputSchema", *fault.path)
                reading.report(Where(_in_phase(named, phase.id)), path, _of_answer(fault))


def _of_answer(fault: answer_schema.Fault) -> str:
    return f"{'.'.join(['outputSchema', *map(str, fault.path)])} {fault.what}"


def problem_at(parsed: ParsedWorkflow, found: Found) -> Problem:
    """What a check found later (missing scripts, unknown variables), with its place in the file."""
    assert parsed.read is not None, "only what could be read is checked further"
    return _problem(found, parsed.read, parsed.file, parsed.tree)


def _problem(found: Found, workflow: Workflow, file: str, tree: Tree) -> Problem:
    where = _in_phase(_named(tree.value), found.phase) if found.phase else _named(tree.value)
    line, column = tree.place(found.path)
    return Problem(where, found.what, found.severity, found.hint, file, line, column)


def _named(value: Any) -> str:
    name = value.get("name") if isinstance(value, dict) else None
    return f"workflow {name}" if isinstance(name, str) else "workflow"


def _in_phase(workflow: str, phase: str) -> str:
    return f"{workflow}: phase {phase}"


# --- the workflow ---------------------------------------------------------------------------------------------------


class _Top(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """`Workflow` without its phases."""

    name: str
    description: str = ""
    tags: tuple[str, ...] = ()
    max_visits: int = 0
    aliases: dict[str, str] = {}


def _workflow(reading: Reading, where: Where) -> Workflow | None:
    """As much of it as can be read; None when nothing can be said about its phases."""
    value = reading.tree.value
    if value is None:
        reading.report(where, (), "the file is empty", "a workflow has a name and phases")
        return None
    if not is_mapping(reading, where, (), value):
        return None
    fields = {"name": ""} | read_fields(reading, where, (), _Top, RANGES, also_known=("phases",), value=value)
    phases = value.get("phases")
    if phases is None:
        reading.report(where, (), "phases is missing", at_key=True)
    elif not isinstance(phases, list):
        _not_a_list(reading, where, phases)
    else:
        return Workflow(**fields, phases=tuple(_phase(reading, where.text, i, raw) for i, raw in enumerate(phases)))
    return None


def _not_a_list(reading: Reading, where: Where, phases: Any) -> None:
    if phases is not INVALID:
        hint = "begin each phase with `- id: …`" if isinstance(phases, dict) else None
        reading.report(where, ("phases",), "phases must be a list", hint)


# --- one phase ------------------------------------------------------------------------------------------------------


def _phase(reading: Reading, workflow: str, index: int, value: Any) -> Phase:
    path: Path = ("phases", index)
    phase_id = value.get("id") if isinstance(value, dict) else None
    where = Where(_in_phase(workflow, phase_id if isinstance(phase_id, str) else f"number {index + 1}"), len(path))
    if value is INVALID or not is_mapping(reading, where, path, value):
        return ScriptPhase(id="", command="")
    record = _record(reading, where, path, value)
    if record is None:
        return _phase_of_no_type(reading, where, path, value)
    kind = value["type"]
    fields = read_fields(
        reading,
        where,
        path,
        record,
        RANGES,
        also_known=("type",),
        explain=lambda key: _elsewhere(key, kind),
        value=value,
    )
    stand_ins = {name: "" for name in ("id", "command", "prompt_template") if name in record.__struct_fields__}
    phase: Phase = record(**(stand_ins | fields))
    return phase


def _record(reading: Reading, where: Where, path: Path, value: dict[str, Any]) -> Any:
    """The record of its type, or None once that is reported."""
    kind = value.get("type")
    known = f"{', '.join(list(PHASES)[:-1])} or {list(PHASES)[-1]}"
    if kind is None:
        reading.report(where, path, "type is missing", f"write {known}", at_key=True)
    elif not isinstance(kind, str):
        if kind is not INVALID:
            reading.report(where, (*path, "type"), f"type must be {known}")
    elif kind not in PHASES:
        hint = did_you_mean(kind, PHASES) or f"write {known}"
        reading.report(where, (*path, "type"), f'unknown phase type "{kind}"', hint)
    else:
        return PHASES[kind]
    return None


class _AnyPhase(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What can be checked in a phase whose type is not known: where it leads to."""

    id: str
    on_success: str | None = None
    on_failure: str | None = None
    on_exit: dict[int, str] = {}


def _phase_of_no_type(reading: Reading, where: Where, path: Path, value: dict[str, Any]) -> Phase:
    every = {key for kind in PHASES for key in _keys(kind)} | {"type"}
    fields = read_fields(reading, where, path, _AnyPhase, RANGES, also_known=every, value=value)
    return ScriptPhase(**({"id": "", "command": ""} | fields))


def _elsewhere(key: str, kind: str) -> str | None:
    """Why a known key does not belong to a phase of this type."""
    owners = [other for other in PHASES if key in _keys(other)]
    if not owners:
        return None
    article = "an" if kind == "agent" else "a"
    return f"{article} {kind} phase has none, it belongs to {' and '.join(owners)} phases"


def _keys(kind: str) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(PHASES[kind])}


def _ways_are_lost(phases: list[Any]) -> bool:
    """Some phase's id, type or targets could not be read: what can be reached is then not known. Without this, one
    fault would be followed by a warning for every phase behind it."""
    return any(_way_is_lost(phase) for phase in phases)


def _way_is_lost(phase: Any) -> bool:
    if not isinstance(phase, dict) or not isinstance(phase.get("id"), str) or phase.get("type") not in list(PHASES):
        return True
    routes = phase.get("onExit") or {}
    targets = [phase.get("onSuccess"), phase.get("onFailure"), *(routes.values() if isinstance(routes, dict) else [0])]
    return not all(isinstance(target, str | None) for target in targets)
