"""What a new worktree needs beside its files: the setup that the configuration, or else the repository, asks for.

The law: it is code of the repository, so it gets no token of a forge or tracker. A setup that did not succeed is run
again; one that did is not, as long as the command and the files of `cacheKey` are the same.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from orchestrator.adapters import commands
from orchestrator.adapters.environment import without_tokens
from orchestrator.adapters.places import Places
from orchestrator.adapters.repository import git, setup_files
from orchestrator.core.model import ID_PATTERN, Key
from orchestrator.core.settings import Config
from orchestrator.errors import OrchestratorError

BY_REPOSITORY = ".orchestrator/setup"
SHOWN_LINES, SHOWN_LENGTH, LINE_LENGTH = 20, 3000, 200


class SetupError(OrchestratorError):
    """The setup did not succeed; the message has the end of what it printed."""


class Wanted(NamedTuple):
    argv: tuple[str, ...]
    called: str
    """For people."""
    content: str
    """What makes it another one when it changes."""


def setup(config: Config, repo: str, worktree: str, environ: Mapping[str, str] = os.environ) -> str:
    """What was done, in words; empty: nothing is asked for. Raises OrchestratorError."""
    tree = Path(worktree).absolute()
    git_dir, common = git.git_dir(tree), git.common_dir(tree)
    if git_dir is None or common is None or not git.is_worktree(tree):
        raise OrchestratorError(f"{tree} is not a worktree; give the one that is to be set up")
    if git.common_dir(repo) != common:
        raise OrchestratorError(f"{tree} is not a worktree of {repo}")
    wanted = _wanted(config, tree)
    if wanted is None:
        return ""
    key = _key(config, wanted, tree)
    if key in setup_files.last_keys(git_dir):
        return f"{wanted.called}: not run again, nothing that it depends on has changed"
    return _run(config, wanted, tree, git_dir, common, key, environ)


def _wanted(config: Config, tree: Path) -> Wanted | None:
    line = config.settings.worktree.setup
    if line is not None:
        return Wanted(("/bin/bash", "-c", line), "worktree.setup", line)
    file = tree / BY_REPOSITORY
    if not file.is_file():
        return None
    direct = os.access(file, os.X_OK)
    argv = (str(file),) if direct else ("/bin/bash", str(file))
    return Wanted(argv, BY_REPOSITORY, file.read_bytes().decode(errors="surrogateescape"))


def _key(config: Config, wanted: Wanted, tree: Path) -> str:
    try:
        return setup_files.key_of(wanted.content, tree, config.settings.worktree.cache_key)
    except (OSError, ValueError) as error:
        raise SetupError(f"{wanted.called}: worktree.cacheKey names what cannot be read: {error}") from error


def _run(
    config: Config, wanted: Wanted, tree: Path, git_dir: Path, common: Path, key: str, environ: Mapping[str, str]
) -> str:
    settings, places = config.settings.worktree, Places(config)
    log = _log(places, git_dir, environ)
    before = git.loose_files(tree)
    try:
        setup_files.forget(git_dir)
        cache = setup_files.cache_of(places.caches, common, key)
    except OSError as error:
        raise SetupError(f"{wanted.called}: cannot be begun: {error.filename}: {error.strerror}") from error
    env = {**without_tokens(environ), "ORCHESTRATOR_CACHE_DIR": str(cache), "PWD": str(tree)}
    title = f"{wanted.called}: {config.settings.worktree.setup or wanted.argv[-1]} (in {tree})"
    ended = commands.run(wanted.argv, tree, env, log, title, settings.timeout_seconds, config.settings.grace)
    setup_files.add_artefacts(git_dir, tree, before)
    if ended.code != 0:
        raise SetupError(_failed(wanted, ended, log))
    setup_files.remember(git_dir, key, _key(config, wanted, tree))
    return f"{wanted.called}: done after {ended.seconds:.1f} s (log: {log})"


def _failed(wanted: Wanted, ended: commands.Ended, log: Path) -> str:
    """The last line says all that fits into one: it is what `status` shows of the ticket."""
    said = commands.last_words(log, ended, SHOWN_LENGTH).splitlines()[-SHOWN_LINES:]
    last = next((line.strip() for line in reversed(said) if line.strip()), "")
    why = f": {last[:LINE_LENGTH]}" if last and not ended.stopped else ""
    printed = [f"the end of what {wanted.called} printed:", *said] if last else []
    return "\n".join([*printed, f"{wanted.called}: {ended.words}{why} (log: {log})"])


def _log(places: Places, git_dir: Path, environ: Mapping[str, str]) -> Path:
    plan, ticket = environ.get("ORCHESTRATOR_PLAN", ""), environ.get("ORCHESTRATOR_TICKET", "")
    if ID_PATTERN.match(plan) and ID_PATTERN.match(ticket):
        return places.setup_log(Key(plan, ticket))
    return git_dir / "orchestrator-setup.log"
