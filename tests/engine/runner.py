"""A runner in a process of its own: `<root> daemon|tick|run [options]`. It can be told where to die.

`--crash 'module:name before|after n [text]'`: killed -9 there, at the n-th call with that text among its arguments.
`--slow`: launchers write their pid only when somebody makes the file `go`. `--key plan/ticket`: for `run`.
`--lock`: only if no daemon runs. `--mark`: made when it has begun to look.
`--full flag`: the disk is full as long as there is such a file.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from orchestrator.adapters.attempts import process
from orchestrator.adapters.files import try_lock
from orchestrator.core.model import Key
from orchestrator.core.settings import Config, Settings
from orchestrator.engine import locks
from orchestrator.engine.daemon import walk
from orchestrator.engine.home import Home
from orchestrator.engine.loop import Mode
from orchestrator.wiring import Options, load


def config_of(root: Path) -> Config:
    if (root / "config.yaml").exists():
        return load(Options(str(root / "config.yaml"))).config
    settings = msgspec.json.decode((root / "settings.json").read_bytes(), type=Settings)
    none = str(root / "none")
    return Config(
        settings=settings, file=str(root / "settings.json"), home=str(root), state_dir=str(root / "state"),
        log_dir=str(root / "logs"), workflow_path=(str(root / "workflows"), none),
        prompt_path=(str(root / "prompts"), none), script_path=(str(root / "scripts"), none), skills_path=(),
    )  # fmt: skip


def crashing(point: str) -> None:
    target, when, count, *text = point.split(maxsplit=3)
    module, _, name = target.partition(":")
    owner: Any = importlib.import_module(module)
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    setattr(owner, last, _dying(getattr(owner, last), when, int(count), text[0] if text else ""))


def _dying(original: Callable[..., Any], when: str, count: int, text: str) -> Callable[..., Any]:
    calls = 0

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += not text or text in repr((args, kwargs))
        die = calls == count
        if die and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **kwargs)
        if die:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return call


def run(words: list[str], environ: dict[str, str], cwd: str) -> None:
    """In a process that was forked for it."""
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    os.chdir(cwd)
    raise SystemExit(main(words))


def disk_full_while(flag: Path) -> None:
    """Nothing that this process writes fits on the disk as long as the file `flag` exists."""

    def failing(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if flag.exists() and not (original is mkdir and args[0].exists()):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return original(*args, **kwargs)

        return call

    mkdir = Path.mkdir
    Path.write_bytes = failing(Path.write_bytes)  # type: ignore[method-assign]
    Path.mkdir = failing(mkdir)  # type: ignore[method-assign]
    os.write = failing(os.write)
    process._put = failing(process._put)


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    parser.add_argument("mode", type=Mode)
    parser.add_argument("--mark", type=Path)
    parser.add_argument("--crash")
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--lock", action="store_true")
    parser.add_argument("--full", type=Path)
    parser.add_argument("--key")
    asked = parser.parse_args(words)
    if asked.slow:
        process.LAUNCHER = f"until [ -e '{asked.root}/go' ]; do sleep 0.01; done\n{process.LAUNCHER}"
    if asked.full:
        disk_full_while(asked.full)
    if asked.crash:
        crashing(asked.crash)
    config = config_of(asked.root)
    home = Home(config)
    if asked.lock and isinstance(locks.take(home.places), str):
        return 9
    only = None
    if asked.key:
        key = Key(*asked.key.split("/"))
        lock = try_lock(home.places.walk_lock(key))
        if lock is None:
            return 8
        only = (key, lock)
    return walk(home, asked.mode, lambda: config_of(asked.root), only, asked.mark.touch) or 0
