"""Messages to any of the services that apprise knows; an extra: `pip install 'another-orchestrator[notify]'`.

It is slow to import and blocks while it sends, so it does both in a process of its own, which is this module called as
a program: the message and the URL come by standard input, where no other process can read them.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import re
import sys
from collections.abc import Mapping
from typing import Any

import msgspec

from orchestrator.core.notice_words import Message

INSTALL = "pip install 'another-orchestrator[notify]'"
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
PIECE = 4
"""Letters that a piece of a URL must have to be worth hiding."""


def missing() -> str | None:
    """Why nothing can be sent to a URL; None when it can."""
    importlib.invalidate_caches()
    return None if importlib.util.find_spec("apprise") else f"url needs apprise, which is not installed; {INSTALL}"


def argv() -> list[str]:
    # -P: what lies in the folder of the configuration is no module of ours
    return [sys.executable, "-P", "-m", "orchestrator.adapters.notices.by_apprise"]


def given(url: str, message: Message, env: Mapping[str, str]) -> bytes:
    """What the other process is told. Raises KeyError: a variable that is not set."""
    filled = VARIABLE.sub(lambda match: env[match[1]], url)
    return msgspec.json.encode({"url": filled, "title": message.title, "body": message.body, "tone": message.tone})


def main() -> int:
    """In the process of its own: 0 when it was sent, else a last line that says why not."""
    asked: dict[str, Any] = msgspec.json.decode(sys.stdin.buffer.read())
    heard = _Heard()
    logging.getLogger().handlers[:] = [heard]
    logging.getLogger("apprise").handlers[:] = [heard]
    apprise = importlib.import_module("apprise")
    sender = apprise.Apprise()
    if not sender.add(asked["url"]):
        return _failed(asked["url"], heard.last or "apprise does not know this kind of URL, or it lacks something")
    sent = sender.notify(title=asked["title"], body=asked["body"], notify_type=asked["tone"], body_format="text")
    return 0 if sent else _failed(asked["url"], heard.last or "it was not sent")


class _Heard(logging.Handler):
    """The last warning."""

    last = ""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            self.last = record.getMessage()


def _failed(url: str, reason: str) -> int:
    sys.stderr.write(f"\n{hidden(url, reason)}\n")
    return 1


def hidden(url: str, text: str) -> str:
    """The text without any piece of the URL but its scheme: each may be a password."""
    text = text.replace(url, f"{url.partition('://')[0]}://***")
    for piece in sorted(re.split(r"[/:@?&=#]+", url.partition("://")[2]), key=len, reverse=True):
        text = text.replace(piece, "***") if len(piece) >= PIECE else text
    return " ".join(text.split())


if __name__ == "__main__":
    raise SystemExit(main())
