"""Which plan or draft a word on the command line means."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import OrchestratorError

if TYPE_CHECKING:
    from orchestrator.control.planning.locating import Source
    from orchestrator.control.planning.reporting import Report
    from orchestrator.engine.home import Home

STDIN = "standard input"


def plan_of(home: Home, wanted: str) -> str | None:
    """The id of the plan that is meant, also by its folder or one of its files; None: it is a draft in a file."""
    if wanted == "-":
        return None
    path = Path(wanted)
    plans, real = (Path(os.path.realpath(one)) for one in (home.places.plans, path))  # resolve() raises of loops
    if path.exists() and real.is_relative_to(plans) and real != plans:
        return real.relative_to(plans).parts[0]
    if (plans / wanted / "plan.json").exists() and "/" not in wanted:
        return wanted
    return None if path.is_file() or "/" in wanted or path.suffix in (".yaml", ".yml", ".json") else wanted


def report_of(home: Home, file: str) -> Report:
    """What is to be said of a draft. Raises OrchestratorError."""
    from orchestrator.control.planning import reporting

    return reporting.of_draft(home, source(file), folder_of(file))


def folder_of(file: str) -> Path:
    """From which its relative paths count: what comes through a pipe has no place of its own."""
    path = Path(file)
    return path.absolute().parent if file != "-" and (path.is_file() or not path.exists()) else Path.cwd()


def source(file: str) -> Source:
    """Raises OrchestratorError."""
    from orchestrator.control.planning.locating import Source, source_of

    try:
        content = sys.stdin.buffer.read() if file == "-" else source_of(Path(file))
        return Source(content.decode("utf-8-sig"), STDIN if file == "-" else file)
    except UnicodeDecodeError:
        raise OrchestratorError(f"{file} is no text in UTF-8") from None
    except OSError as error:
        raise OrchestratorError(f"cannot read {file}: {error.strerror}") from None


def repository(repo: str | None) -> str:
    """By default that of the current directory. Raises OrchestratorError."""
    from orchestrator.control.planning import drafting

    if repo is not None:
        return drafting.repository_of(Path(drafting.absolute(repo))) or drafting.absolute(repo)
    found = drafting.repository_of(Path.cwd())
    if found is None:
        raise OrchestratorError(f"{Path.cwd()} is in no git repository; name one with --repo")
    return found
