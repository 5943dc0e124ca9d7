"""A notification on the desktop of this machine: `notify-send` where there is one, `osascript` on a Mac."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping

from orchestrator.core.notice_words import Message

SCRIPT = ("on run argv", "display notification (item 2 of argv) with title (item 1 of argv)", "end run")
LIMIT = 500
"""Characters of a text; no desktop shows more."""


def program() -> str:
    return "osascript" if sys.platform == "darwin" else "notify-send"


def missing(env: Mapping[str, str]) -> str | None:
    """Why there is nothing to notify with; None when there is."""
    if shutil.which(program(), path=env.get("PATH")):
        return None
    hint = "" if sys.platform == "darwin" else " (Debian and Ubuntu: libnotify-bin)"
    return f"{program()} is not installed{hint}"


def argv(message: Message) -> list[str]:
    title, body = message.title[:LIMIT], message.body[:LIMIT]
    if sys.platform == "darwin":
        lines = [word for line in SCRIPT for word in ("-e", line)]
        return [program(), *lines, title, body]
    urgency = "normal" if message.tone == "success" else "critical"
    return [program(), "--app-name=orchestrator", f"--urgency={urgency}", "--", title, _plain(body)]


def _plain(text: str) -> str:
    """A notification's body is markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
