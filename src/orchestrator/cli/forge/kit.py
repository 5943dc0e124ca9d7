"""What the verbs of `forge` share: the repository that is meant, the configuration, and exit codes of forges."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from orchestrator.core.settings import Config

NOT_NOW, CANNOT = 1, 2

repo_option = click.option(
    "--repo", metavar="DIR", default=".", help="A directory of the repository. [default: the current one]"
)


def config() -> Config:
    """Without any file the defaults will do: scripts are also called by hand."""
    from orchestrator.cli.opened import opened

    return opened(needs_file=False).config


def physical(path: str) -> str:
    """Empty is nothing, and not the current directory."""
    return os.path.abspath(path) if path else ""  # noqa: PTH100


def answering(run: Callable[..., int | None]) -> Callable[..., int | None]:
    """What the forge cannot say now is 1, what it refuses 2, each with its words."""

    @functools.wraps(run)
    def guarded(**known: object) -> int | None:
        from orchestrator.adapters.forge.gh import ForgeRefusedError, ForgeUnreachableError

        try:
            return run(**known)
        except ForgeUnreachableError as error:
            print(f"orchestrator: {error}", file=sys.stderr)
            return NOT_NOW
        except ForgeRefusedError as error:
            print(f"orchestrator: {error}", file=sys.stderr)
            return CANNOT

    return guarded
