"""`init`: a home folder with a configuration. The law: what is there is never overwritten."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from orchestrator.errors import OrchestratorError
from orchestrator.formats.configuration.initial import DEFAULT_CONFIG_TEXT, SELF_CONTAINED_CONFIG_TEXT

FOLDERS = ("state/plans", "logs")


class Made(NamedTuple):
    config: Path
    is_new: bool
    """False: there was a configuration already, and it was left as it is."""


def init(home: Path, self_contained: bool) -> Made:
    """Raises OrchestratorError."""
    try:
        for folder in FOLDERS:
            (home / folder).mkdir(parents=True, exist_ok=True)
        text = SELF_CONTAINED_CONFIG_TEXT if self_contained else DEFAULT_CONFIG_TEXT
        return Made(home / "config.yaml", _write_new(home / "config.yaml", text))
    except OSError as error:
        raise OrchestratorError(f"init: cannot write {error.filename or home}: {error.strerror}") from error


def _write_new(file: Path, text: str) -> bool:
    try:
        fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return False
    with os.fdopen(fd, "w", encoding="utf-8") as stream:
        stream.write(text)
    return True
