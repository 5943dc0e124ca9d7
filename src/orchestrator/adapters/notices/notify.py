"""Sends notices through a channel. The only module that knows which ways there are.

The law: it never raises, returns within the channel's time-out, and no reason that it gives holds a secret.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from orchestrator.adapters.notices import by_apprise, by_command, by_desktop
from orchestrator.adapters.notices.by_command import Ended, Told
from orchestrator.core.channels import Channel, Way
from orchestrator.core.notice_words import message
from orchestrator.core.notices import Notice

DIGESTS = frozenset[Way]({"desktop", "url"})
"""Ways to a person, who rather reads one message than fifty."""


class Setting(NamedTuple):
    """What a channel has around it."""

    cwd: str
    """The folder of the configuration."""
    env: Mapping[str, str]
    gh_command: str


Stop = threading.Event
Send = Callable[[Channel, Sequence[Notice], Setting, Stop], Ended]


def send(channel: Channel, notices: Sequence[Notice], setting: Setting, stop: Stop) -> Ended:
    """More than one notice only where `channel.way` is in DIGESTS."""
    reason = missing(channel, setting.env)
    if reason is not None:
        return Ended(reason)
    try:
        return _WAYS[channel.way](channel, notices, setting, stop)
    except Exception as error:  # whatever a channel does must not reach the loop
        return Ended(by_command.safe(f"{type(error).__name__}: {error}"))


def missing(channel: Channel, env: Mapping[str, str]) -> str | None:
    """What this machine lacks for such a channel."""
    if channel.way == "desktop":
        return by_desktop.missing(env)
    return by_apprise.missing() if channel.way == "url" else None


def _command(channel: Channel, notices: Sequence[Notice], setting: Setting, stop: Stop) -> Ended:
    env = by_command.environment(setting.env, setting.gh_command, notices[0])
    given = msgspec.json.encode(notices[0]) + b"\n"
    return by_command.run(Told(channel.target, setting.cwd, env, given, channel.timeout_seconds), stop)


def _desktop(channel: Channel, notices: Sequence[Notice], setting: Setting, stop: Stop) -> Ended:
    argv = by_desktop.argv(message(notices))
    return by_command.run(Told(argv, setting.cwd, setting.env, b"", channel.timeout_seconds), stop)


def _url(channel: Channel, notices: Sequence[Notice], setting: Setting, stop: Stop) -> Ended:
    try:
        given = by_apprise.given(channel.target[0], message(notices), setting.env)
    except KeyError as error:
        return Ended(f"${{{error.args[0]}}} is not set; export it where the runner is started")
    argv = by_apprise.argv()
    ended = by_command.run(Told(argv, setting.cwd, setting.env, given, channel.timeout_seconds), stop)
    return ended._replace(reason=ended.reason and ended.reason.removeprefix("exit code 1: "))


_WAYS: dict[Way, Send] = {"command": _command, "desktop": _desktop, "url": _url}
