"""`notify` of the configuration: one mapping or a list of them → records, with every problem at once.

The law: whoever writes `notify` wants to be told of something: an entry that can tell nobody is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

import msgspec

from orchestrator.core.channels import REFERENCE
from orchestrator.core.settings import NOTICE_KINDS, NotifySettings
from orchestrator.formats.fields import near, read_fields
from orchestrator.formats.problem_list import POSITIVE, Reading, Where
from orchestrator.formats.yaml_tree import INVALID, Path

KEY = "notify"
RANGES = {"timeoutSeconds": POSITIVE}
WAYS = ("command", "desktop", "url")
OTHERS = {
    "urls": "url", "events": "on", "event": "on", "when": "on", "plan": "plans", "timeout": "timeoutSeconds",
    "cmd": "command", "script": "command", "exec": "command", "args": "command",
}  # fmt: skip
"""What other programs call it."""

_PLAIN = re.compile(r"-{1,2}[A-Za-z][A-Za-z0-9-]*\Z")
_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9.+-]*://\S+\Z")
_VARIABLE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
MASK = "***"


def read_notify(reading: Reading, where: Where, value: Any) -> tuple[NotifySettings, ...]:
    """What is sound of it; the rest is reported."""
    entries: list[tuple[Path, Any]] = []
    if isinstance(value, list):
        entries = [((KEY, i), one) for i, one in enumerate(value)]
    elif value is not None:
        entries = [((KEY,), value)]
    read = [_entry(reading, where, path, one) for path, one in entries if one is not INVALID]
    return tuple(one for one in read if one is not None)


def _entry(reading: Reading, where: Where, path: Path, value: Any) -> NotifySettings | None:
    if not isinstance(value, dict):
        hint = f"write {{url: {_quoted(value)}}}" if _is_url(value) else f"write {{command: {_quoted(value)}}}"
        what = "a mapping or a list of mappings" if path == (KEY,) else "a mapping"
        said = f"{_label(path)} must be {what}, not {_said(value)}"
        reading.report(where, path, said, hint if isinstance(value, str) else "for example {desktop: true}")
        return None
    apart = {"command", "url", "on"}
    plain = {key: one for key, one in value.items() if key not in apart}
    fields = read_fields(
        reading, where, path, _Plain, RANGES, also_known=apart, explain=lambda key: _other(key, value), value=plain
    )
    fields["command"] = _one_or_more(reading, where, (*path, "command"), value.get("command"), _program)
    fields["url"] = _one_or_more(reading, where, (*path, "url"), value.get("url"), _url)
    fields["on"] = _kinds(reading, where, (*path, "on"), value)
    if all(value.get(way) in (None, False) for way in WAYS):
        what = f"{_label(path)} says nowhere to send to"
        reading.report(where, path, what, "add command, desktop: true or url", at_key=True)
    return NotifySettings(**{name: one for name, one in fields.items() if one is not None})


class _Plain(msgspec.Struct, rename="camel"):
    """The keys that hold what keys elsewhere hold."""

    desktop: bool = False
    plans: tuple[str, ...] = ()
    timeout_seconds: float = 30


def _other(key: str, value: dict[str, Any]) -> str | None:
    known = OTHERS.get(key.lower())
    return f'it is called "{known}" here' if known and known not in value else None


Check = Callable[[Reading, Where, Path, str, bool], bool]


def _one_or_more(reading: Reading, where: Where, path: Path, value: Any, check: Check) -> str | tuple[str, ...] | None:
    """A text, or a list of texts."""
    if value is None or value is INVALID:
        return None
    if isinstance(value, str):
        return value if check(reading, where, path, value, True) else None
    if not isinstance(value, list):
        reading.report(where, path, f"{_label(path)} must be a text or a list of texts, not {_said(value)}")
        return None
    if not value:
        reading.report(where, path, f"{_label(path)} is empty")
        return None
    return _texts(reading, where, path, value, check)


def _texts(reading: Reading, where: Where, path: Path, value: list[Any], check: Check) -> tuple[str, ...] | None:
    read = []
    for i, one in enumerate(value):
        inside = (*path, i)
        text = one if isinstance(one, str) else reading.tree.typed.get(inside)
        if text is None and one is not INVALID:
            reading.report(where, inside, f"{_label(inside)} must be a text, not {_said(one)}")
        elif text is not None and check(reading, where, inside, text, i == 0):
            read.append(text)
    return tuple(read) if len(read) == len(value) else None


def _program(reading: Reading, where: Where, path: Path, text: str, is_first: bool) -> bool:
    if text.strip() or not is_first:
        return True
    reading.report(where, path, f"{_label(path)} is empty", "name a program")
    return False


def _url(reading: Reading, where: Where, path: Path, text: str, _: bool) -> bool:
    """What it says is never repeated: it may be a password."""
    if _is_url(text) or _VARIABLE.match(text):
        return True
    what = f"{_label(path)} is not a URL of the form service://…"
    reading.report(where, path, what, "for example ntfy://host/topic, or ${NOTIFY_URL}")
    return False


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and _URL.match(value) is not None


def _kinds(reading: Reading, where: Where, path: Path, value: dict[str, Any]) -> tuple[Any, ...] | None:
    listed = value.get("on")
    if listed is None or listed is INVALID:
        return None
    if not isinstance(listed, list):
        hint = f"write [{listed}]" if listed in NOTICE_KINDS else f"a list of {_list(NOTICE_KINDS)}"
        reading.report(where, path, f"{_label(path)} must be a list, not {_said(listed)}", hint)
        return None
    if not listed:
        reading.report(where, path, f"{_label(path)} is empty: nothing is ever sent", "leave it out for everything")
    return tuple(kind for i, kind in enumerate(listed) if _is_kind(reading, where, (*path, i), kind))


def _is_kind(reading: Reading, where: Where, path: Path, kind: Any) -> bool:
    if kind in NOTICE_KINDS or kind is INVALID:
        return kind is not INVALID
    hint = near(kind, NOTICE_KINDS) if isinstance(kind, str) else None
    known = f"there are {', '.join(NOTICE_KINDS)}"
    reading.report(where, path, f"{_label(path)}: there is no event {_said(kind)}", hint or known)
    return False


def _list(words: Collection[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}"


def _quoted(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) and not _is_url(value) else '"…"'


def _said(value: Any) -> str:
    """What stands there; a URL is not repeated."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return f'"{MASK if "://" in value else value[:40]}"' if isinstance(value, str) else str(value)


def _label(path: Path) -> str:
    """`notify[0].on[1]`"""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


# -- what may be shown ------------------------------------------------------------------------------------------------


def shown(entry: NotifySettings) -> dict[str, Any]:
    """An entry without its secrets: of a URL the scheme, of a command the program and its plain options. A reference to
    the environment is no secret."""
    document: dict[str, Any] = msgspec.to_builtins(entry)
    document["command"] = _shown_command(entry.command)
    document["url"] = _mapped(entry.url, shown_url)
    return document


def _shown_command(command: str | tuple[str, ...] | None) -> Any:
    if command is None:
        return None
    if isinstance(command, str):
        words = command.split()
        first = MASK if "=" in words[0] or "://" in words[0] else words[0]
        return first if len(words) == 1 else f"{first} {MASK}"
    return [command[0], *(word if _PLAIN.match(word) or REFERENCE.match(word) else MASK for word in command[1:])]


def _mapped(value: str | tuple[str, ...] | None, show: Callable[[str], str]) -> Any:
    if value is None:
        return None
    return show(value) if isinstance(value, str) else [show(one) for one in value]


def shown_url(url: str) -> str:
    if REFERENCE.match(url):
        return url
    scheme, found, _ = url.partition("://")
    return f"{scheme}://{MASK}" if found and scheme.isalnum() else MASK
