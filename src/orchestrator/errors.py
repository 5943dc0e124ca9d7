"""Errors that reach a person. The message says what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Sequence


class OrchestratorError(Exception):
    """The thing that was asked for failed (exit code 1). `str(error)` is shown as it is."""

    exit_code = 1


class UsageError(OrchestratorError):
    """The command was called wrongly (exit code 2)."""

    exit_code = 2


class NotFoundError(OrchestratorError):
    """A plan, ticket, workflow, agent or session that does not exist."""


class IllegalTransitionError(OrchestratorError):
    """An event that the ticket's state does not allow; the message says what would be possible."""


class UnreadableError(OrchestratorError):
    """A file that exists but cannot be used. Never the same as one that is absent."""


class StoreError(OrchestratorError):
    """A state file could not be written (full disk, read-only directory)."""


class ConfigError(OrchestratorError):
    """The configuration cannot be used."""


class TemplateError(OrchestratorError):
    """A template that cannot be rendered: unknown name, broken syntax, missing file."""


class CannotRunError(OrchestratorError):
    """A phase that cannot be run at all: no retry would help."""


class PlanRejectedError(OrchestratorError):
    """A plan with errors, all of which it tells; nothing was written."""

    def __init__(self, problems: Sequence[object]) -> None:
        """`problems`: records of `core.problems`."""
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class TakenError(OrchestratorError):
    """An id of a plan or ticket that somebody else has; who was not asked for that id may try the next one."""
