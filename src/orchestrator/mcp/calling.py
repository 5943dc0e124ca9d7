"""One call of a tool, from what was sent to the answer.

The law: whatever goes wrong is an answer in words. A user's mistake never shows a traceback, and a bug's is kept where
the program keeps such things.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from orchestrator.errors import OrchestratorError
from orchestrator.mcp.answers import Answer, counted, refused, sayable
from orchestrator.mcp.drafts import PLAN_KEYS
from orchestrator.mcp.fields import told
from orchestrator.mcp.looking import Open
from orchestrator.mcp.tools import BY_NAME, Tool


class Backing(NamedTuple):
    """What the program lends to the server."""

    open: Open
    version: str
    keep: Callable[[BaseException], str]
    """Keeps the traceback of a bug; says where."""


def answer(backing: Backing, name: str, arguments: Mapping[str, Any]) -> Answer:
    """`name`: of a tool that there is. Never raises."""
    found = _answer(backing, name, arguments)
    return Answer(sayable(found.text), sayable(found.content), found.failed)


def _answer(backing: Backing, name: str, arguments: Mapping[str, Any]) -> Answer:
    tool = BY_NAME[name]
    read = told(name, tool.fields, _whole(tool, arguments))
    if read.problems:
        return refused(f"{name} was not called so: {counted(len(read.problems), 'problem')}", read.problems)
    try:
        return tool.call(backing.open, read.values)
    except OrchestratorError as error:
        return refused(str(error), ())
    except OSError as error:
        return refused(f"{error.filename or 'the system'}: {error.strerror or error}", ())
    except Exception as error:
        where = backing.keep(error)
        return refused(f"this is a bug: {type(error).__name__}: {error}; the traceback is in {where}", ())


def _whole(tool: Tool, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Models leave the wrapping out at times: the keys of a draft themselves are a draft, too."""
    takes = {field.name for field in tool.fields}
    if "draft" not in takes or "draft" in arguments or "tickets" not in arguments:
        return arguments
    draft = {key: value for key, value in arguments.items() if key in PLAN_KEYS or key not in takes}
    return {"draft": draft, **{key: value for key, value in arguments.items() if key not in draft}}
