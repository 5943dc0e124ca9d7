"""Trying the channels of notifications, and what is wrong with them on this machine.

The law: a try sends what really would be sent, marked as a test, and never touches a plan or ticket.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from orchestrator.adapters.attempts.program import StartError, startable
from orchestrator.adapters.notices import notify
from orchestrator.core import notices
from orchestrator.core.channels import SHELL, Channel, channels
from orchestrator.core.problems import Problem
from orchestrator.core.settings import NOTICE_KINDS, Config, NoticeKind
from orchestrator.errors import CannotRunError, ConfigError

AT_ONCE = 4

Result = Literal["sent", "failed", "skipped"]


class Tried(NamedTuple):
    channel: str
    """Its label, without secrets."""
    event: str | None
    result: Result
    reason: str | None
    seconds: float


def try_out(config: Config, kind: NoticeKind | None, environ: Mapping[str, str] = os.environ) -> Iterator[Tried]:
    """Send a sample through every channel, and tell how each went, in their order. `kind`: of this event, and only
    where it is wanted; None: of one that the channel wants. Raises ConfigError when there is no channel."""
    found = channels(config.settings.notify)
    if not found:
        where = config.file or f"{config.home}/config.yaml"
        raise ConfigError(
            f"there is no channel to try; say in {where} who is to be told, for example: notify: {{desktop: true}}"
        )
    stop, room = threading.Event(), threading.Semaphore(AT_ONCE)
    tries = [_Try(config, channel, kind, environ, stop, room) for channel in found]
    try:
        for one in tries:
            one.start()
        for one in tries:
            yield one.result()
    finally:
        stop.set()


class _Try(threading.Thread):
    def __init__(
        self, config: Config, channel: Channel, kind: NoticeKind | None, environ: Mapping[str, str],
        stop: threading.Event, room: threading.Semaphore,
    ) -> None:  # fmt: skip
        super().__init__(daemon=True)
        self._config, self._channel, self._stop_it, self._room = config, channel, stop, room
        self._kind = kind or next(one for one in NOTICE_KINDS if one in channel.on)
        self._setting = notify.Setting(folder(config), environ, config.settings.gh_command)
        self._tried = Tried(channel.label, None, "skipped", f"does not want {self._kind}", 0)

    def run(self) -> None:
        if self._kind not in self._channel.on:
            return
        with self._room:
            began = time.monotonic()
            setting = notices.Setting(self._config.state_dir, self._config.log_dir, time.time())
            sample = notices.sample(self._kind, setting)
            ended = notify.send(self._channel, [sample], self._setting, self._stop_it)
            result: Result = "sent" if ended.reason is None else "failed"
            took = time.monotonic() - began
            self._tried = Tried(self._channel.label, self._kind, result, ended.reason, round(took, 3))

    def result(self) -> Tried:
        self.join()
        return self._tried


def folder(config: Config) -> str:
    """Where commands run."""
    return str(Path(config.file).parent) if config.file else config.home


# -- what this machine lacks ------------------------------------------------------------------------------------------


def problems(config: Config, environ: Mapping[str, str] = os.environ) -> tuple[Problem, ...]:
    """Warnings: the work goes on without."""
    found = []
    for channel in channels(config.settings.notify):
        reason = notify.missing(channel, environ) or _not_startable(config, channel, environ)
        if reason is not None:
            found.append(Problem("config", f"notify, {channel.label}: {reason}", "warning", file=config.file))
    return tuple(dict.fromkeys(found))


def _not_startable(config: Config, channel: Channel, environ: Mapping[str, str]) -> str | None:
    if channel.way != "command" or channel.target[:2] == SHELL:
        return None
    try:
        startable(channel.target, folder(config), environ)
    except (StartError, CannotRunError) as error:
        return str(error)
    return None
