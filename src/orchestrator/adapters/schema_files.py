"""The files that workflows name as `outputSchema`, read along the search path of the prompts."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from orchestrator.core.checks.check import Found
from orchestrator.core.problems import Problem
from orchestrator.core.workflow import AgentPhase, Phase, Workflow
from orchestrator.formats.schema_file import parse_schema
from orchestrator.formats.workflow_yaml import ParsedWorkflow, problem_at

Mark = tuple[str, int, int]


def named(workflow: Workflow | None) -> list[str]:
    """The files that it names."""
    phases = workflow.phases if workflow else ()
    return [p.output_schema for p in phases if isinstance(p, AgentPhase) and isinstance(p.output_schema, str)]


def filled_in(parsed: ParsedWorkflow, folders: tuple[str, ...]) -> ParsedWorkflow:
    """The workflow with the schemas in place of the names of their files. One that is missing stays a name, and fails
    the ticket that gets there; one that cannot be used is an error of the workflow."""
    if not named(parsed.read):
        return parsed
    assert parsed.read is not None
    problems: list[Problem] = []
    phases = tuple(_filled(parsed, phase, i, folders, problems) for i, phase in enumerate(parsed.read.phases))
    read = replace(parsed.read, phases=phases)
    usable = parsed.workflow is not None and not any(one.severity == "error" for one in problems)
    return parsed._replace(workflow=read if usable else None, problems=(*parsed.problems, *problems), read=read)


def _filled(parsed: ParsedWorkflow, phase: Phase, i: int, folders: tuple[str, ...], problems: list[Problem]) -> Phase:
    if not isinstance(phase, AgentPhase) or not isinstance(phase.output_schema, str):
        return phase
    path, place = find(folders, phase.output_schema), ("phases", i, "outputSchema")
    if path is None:
        what = f"missing outputSchema {phase.output_schema} (looked in {', '.join(folders)})"
        problems.append(problem_at(parsed, Found(what, place, phase.id, "warning")))
        return phase
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        what = f"outputSchema {phase.output_schema} cannot be read: {error}"
        problems.append(problem_at(parsed, Found(what, place, phase.id)))
        return phase
    found = parse_schema(text, str(path), problem_at(parsed, Found("", place, phase.id)).where)
    problems.extend(found.problems)
    return replace(phase, output_schema=found.schema) if found.schema is not None else phase


def find(folders: tuple[str, ...], name: str) -> Path | None:
    candidates = [Path(name)] if Path(name).is_absolute() else [Path(folder) / name for folder in folders]
    return next((path for path in candidates if path.is_file()), None)


def mark(folders: tuple[str, ...], name: str) -> Mark:
    """Another one when the file has changed, came or went."""
    path = find(folders, name)
    try:
        stat = path.stat() if path else None
    except OSError:
        stat = None
    return (str(path), stat.st_mtime_ns, stat.st_size) if stat else (name, 0, 0)
