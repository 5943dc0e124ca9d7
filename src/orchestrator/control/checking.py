"""Checks of what people write: workflows with everything they take from outside, and plans.

The law: one broken file does not hide the others, and every problem says where it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from orchestrator.adapters.catalog import Catalog, WorkflowFile
from orchestrator.adapters.paths import expanded
from orchestrator.adapters.schema_files import filled_in
from orchestrator.control.showing import Scene
from orchestrator.core.checks.check import Found, Use, resource_problems, variable_problems
from orchestrator.core.checks.check_answers import answer_problems
from orchestrator.core.model import PLANNER_FIELDS, RUNNER_FIELDS, Plan
from orchestrator.core.problems import Problem, did_you_mean
from orchestrator.core.settings import Config
from orchestrator.core.workflow import AgentPhase, Phase, PollPhase, ScriptPhase, Workflow
from orchestrator.errors import NotFoundError
from orchestrator.formats.template import templates
from orchestrator.formats.template.templates import TemplateFault
from orchestrator.formats.workflow_yaml import ParsedWorkflow, parse_workflow, problem_at

GIVEN = frozenset(
    {"acceptance_criteria_list", "attempt", "phase", "agent", "previous_output", "plan_name", "base_branch"}
)
"""What a phase is given besides the ticket's keys."""


class Checked(NamedTuple):
    name: str
    file: str
    bundled: bool
    workflow: Workflow | None
    """None: it cannot be used."""
    problems: tuple[Problem, ...]
    read: Workflow | None = None
    """What could be read of it, also when it cannot be used."""
    whole: bool = False
    """`read` is all of it."""

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity == "error"]


# -- workflows --------------------------------------------------------------------------------------------------------


def list_workflows(config: Config) -> list[Checked]:
    """Every workflow that a name leads to, by name; without what it takes from outside."""
    return [Checked(one.name, one.file, one.bundled, one.workflow, one.problems) for one in Catalog(config).files()]


def check_workflows(config: Config, wanted: tuple[str, ...] = ()) -> list[Checked]:
    """By name or by file; all of them by default, hidden ones too. Raises NotFoundError for an unknown name."""
    catalog = Catalog(config)
    found = [_file(catalog, one) for one in wanted] if wanted else [*catalog.files(), *catalog.shadowed()]
    return [_check(config, catalog, one) for one in found]


def _file(catalog: Catalog, wanted: str) -> WorkflowFile:
    by_name = {one.name: one for one in catalog.files()}
    if wanted in by_name:
        return by_name[wanted]
    if Path(wanted).is_file():
        return WorkflowFile(Path(wanted).stem, wanted, None, (), False)
    near = did_you_mean(wanted, by_name) or f"there are {', '.join(by_name)}"
    raise NotFoundError(f'there is no workflow and no file "{wanted}" ({near})')


def _check(config: Config, catalog: Catalog, one: WorkflowFile) -> Checked:
    try:
        text = Path(one.file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(f"workflow {one.name}", f"cannot be read: {error}", file=one.file)
        return Checked(one.name, one.file, one.bundled, None, (problem,))
    parsed = filled_in(parse_workflow(text, one.file), config.prompt_path)
    problems = [*parsed.problems, *(_outside(config, catalog, parsed, one.bundled) if parsed.read else ())]
    problems.sort(key=lambda problem: (problem.line or 0, problem.column or 0))
    name = (parsed.read.name if parsed.read else "") or one.name
    problems += _hidden_by(catalog, name, one)
    return Checked(name, one.file, one.bundled, parsed.workflow, tuple(problems), parsed.read, parsed.whole)


def _hidden_by(catalog: Catalog, name: str, one: WorkflowFile) -> Iterator[Problem]:
    if one in catalog.shadowed():
        other = next(other for other in catalog.files() if other.name == one.name)
        what = f"is hidden: {other.file} has the same name"
        yield Problem(f"workflow {name}", what, "warning", "rename one of them", one.file)


def _outside(config: Config, catalog: Catalog, parsed: ParsedWorkflow, bundled: bool) -> list[Problem]:
    """What the workflow takes from outside: scripts, prompts, agents, variables. Of one with errors, what could be read
    of it; an empty name stands for one that could not be."""
    from orchestrator.control import abilities  # only here the adapters of agents are needed

    assert parsed.read is not None
    prompts = _Prompts(catalog, parsed)
    found = resource_problems(
        parsed.read,
        lambda command: not command or catalog.script(command) is not None,
        lambda name: not name or prompts.exists(name),
        agents=config.settings.agents,
        script_path=config.script_path,
        prompt_path=config.prompt_path,
        scripts=catalog.names_in(config.script_path),
        prompts=catalog.names_in(config.prompt_path),
    )
    known = PLANNER_FIELDS | RUNNER_FIELDS | GIVEN
    if parsed.whole:  # else captures may be missing, and what they define
        found += variable_problems(parsed.read, prompts.names_used, known)
    found += answer_problems(parsed.read, known)
    found += abilities.of_workflow(config.settings, parsed.read, bundled)
    return [problem_at(parsed, one) for one in found] + prompts.problems


class _Prompts:
    """Reads the templates of a workflow; what is wrong in them is kept in `problems`."""

    def __init__(self, catalog: Catalog, parsed: ParsedWorkflow) -> None:
        self._catalog, self._parsed = catalog, parsed
        self.problems: list[Problem] = []

    def exists(self, name: str) -> bool:
        try:
            return self._catalog.prompt(name) is not None
        except (OSError, UnicodeDecodeError):
            return True  # names_used says what is wrong with it

    def names_used(self, phase: Phase) -> Iterator[Use]:
        for key, name, text in self._texts(phase):
            try:
                if key.startswith("capture."):
                    templates.check_shell(text, name)
                for use in templates.names_used(text, self._catalog.prompt, name):
                    if not use.tested:
                        yield use.name, key, use.line if use.file == name else None
            except TemplateFault as fault:
                self._report(phase, key, f"{key}: {fault}")

    def _texts(self, phase: Phase) -> Iterator[tuple[str, str, str]]:
        """(key in the workflow, name for messages, template)"""
        if isinstance(phase, AgentPhase):
            try:
                text = self._catalog.prompt(phase.prompt_template)
            except (OSError, UnicodeDecodeError) as error:
                self._report(phase, "promptTemplate", f"prompt {phase.prompt_template} cannot be read: {error}")
                text = None
            if text is not None:
                yield "promptTemplate", phase.prompt_template, text
        if isinstance(phase, ScriptPhase | PollPhase):
            for i, arg in enumerate(phase.args):
                yield f"args.{i}", f"args[{i}]", arg
        for name, source in phase.capture.items():
            if source != "stdout":
                yield f"capture.{name}", f"capture {name}", source

    def _report(self, phase: Phase, key: str, what: str) -> None:
        assert self._parsed.read is not None
        index = self._parsed.read.phases.index(phase)
        path = ("phases", index, *(int(step) if step.isdecimal() else step for step in key.split(".")))
        self.problems.append(problem_at(self._parsed, Found(what, path, phase.id)))


def source_problems(config: Config) -> Iterator[Problem]:
    """What its sources name and is not there: each look would fail, later and elsewhere. Warnings."""
    workflows, file = Catalog(config).names() if config.settings.sources else [], config.file
    for i, one in enumerate(config.settings.sources):
        where = f"config: sources[{i}] ({one.name})"
        for kind, name, known in (
            ("workflow", one.workflow, workflows),
            ("agent", one.agent, [*config.settings.agents]),
        ):
            if name is not None and name not in known:
                hint = did_you_mean(name, known) or f"there are {', '.join(sorted(known))}"
                yield Problem(where, f'unknown {kind} "{name}"', "warning", hint, file)
        if one.repo is not None and not expanded(one.repo).is_dir():
            yield Problem(where, f"the repo {one.repo} does not exist", "warning", "write the path of a clone", file)


# -- plans ------------------------------------------------------------------------------------------------------------


class CheckedPlan(NamedTuple):
    plan: str
    problems: tuple[Problem, ...]


def check_plans(config: Config, plan_id: str | None = None) -> list[CheckedPlan]:
    """One plan or all. Raises NotFoundError, UsageError."""
    scene = Scene(config)
    held = scene.held_plans()
    if plan_id is not None and plan_id not in held:
        return [_checked(scene, scene.plan(plan_id))]
    found = [CheckedPlan(name, tuple(scene.file_problems(name))) for name in held if plan_id in (None, name)]
    if plan_id is None:
        found += [_checked(scene, plan) for plan in scene.plans()]
    return sorted(found, key=lambda one: one.plan)


def _checked(scene: Scene, plan: Plan) -> CheckedPlan:
    from orchestrator.control.planning import judging, locating

    return CheckedPlan(plan.id, locating.in_files(scene.places, plan, judging.problems_of(scene, plan)))
