"""Prompts, arguments and captures: text with `{{ variables }}` → text, or a reason with name and line.

The law: values are data. What a value contains is never read as a template, and never reaches a shell as text.
The engine itself is imported on first use, because most commands render nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from orchestrator.core.model import PLANNER_FIELDS, RUNNER_FIELDS, Ticket
from orchestrator.formats.template.terms import Load, NameUse, TemplateFault, no_includes

__all__ = ["NameUse", "TemplateFault", "check_shell", "names_used", "render", "shell_command", "variables"]

ORIGINAL_FIELDS = PLANNER_FIELDS | {"status", "currentPhase", "phaseHistory", "context", "retries", "error"}
_DEFAULTS: dict[str, Any] = {
    key: value for key, value in msgspec.to_builtins(Ticket(plan_id="", ticket_id="")).items() if key in ORIGINAL_FIELDS
}
_TICKET_FIELDS = PLANNER_FIELDS | RUNNER_FIELDS


def render(
    source: str,
    variables: Mapping[str, Any],
    *,
    captured: frozenset[str] = frozenset(),
    load: Load = no_includes,
    name: str = "template",
) -> str:
    """The text of a template. `captured`: names that some phase of the workflow captures, empty until then."""
    if not _has_markup(source):
        return source
    from orchestrator.formats.template import engine as template_engine

    return template_engine.render(source, variables, captured, load, name)


def shell_command(
    source: str,
    variables: Mapping[str, Any],
    *,
    captured: frozenset[str] = frozenset(),
    name: str = "capture",
) -> tuple[str, dict[str, str]]:
    """A command for /bin/bash and the environment variables `_v1`, `_v2` … through which its values arrive.

    `{#` is no comment here, because of bash's `${#name}`.
    """
    if "{{" not in source and "{%" not in source:
        return source, {}
    from orchestrator.formats.template import shell as template_shell

    return template_shell.command(source, variables, captured, name)


def check_shell(source: str, name: str = "capture") -> None:
    """Raises TemplateFault for a command that no values could make safe: it is found out before anything runs."""
    uses = [use.name for use in names_used(source, name=name)]
    context = {use.partition(".")[2]: "x" for use in uses if use.startswith("context.")}
    known = variables({"context": context}, {})
    shell_command(source, dict.fromkeys(uses, "x") | known, name=name)


def names_used(source: str, load: Load = no_includes, name: str = "template") -> list[NameUse]:
    """Every name that the template and what it includes take from outside, in order. Raises TemplateFault."""
    if not _has_markup(source):
        return []
    from orchestrator.formats.template import names as template_names

    return template_names.names_used(source, load, name)


def variables(raw_ticket: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What templates of a ticket see. `raw_ticket` is the file, `given` what the phase is given."""
    fields = _DEFAULTS | {key: value for key, value in raw_ticket.items() if value is not None or key not in _DEFAULTS}
    context = fields["context"] if isinstance(fields["context"], Mapping) else {}
    flat = {key: value for key, value in context.items() if key not in _TICKET_FIELDS}
    criteria = fields["acceptanceCriteria"] or ()
    listed = "\n".join(f"- {criterion}" for criterion in criteria)
    fields["linearUrl"] = fields["linearUrl"] or ""
    return {**flat, **fields, "acceptance_criteria_list": listed, "context": context, **given}


def _has_markup(source: str) -> bool:
    return "{{" in source or "{%" in source or "{#" in source
