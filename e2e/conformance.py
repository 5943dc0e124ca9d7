"""What each agent program was seen to do, in a file that the documentation shows: `conformance.json`.

The law: a test says what it saw, and fails where the file says something else; nobody writes the file by hand. What
renews it is `make conformance`, which runs the suite so that it writes what it sees.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path

from e2e.install import FOLDER

FILE = Path(__file__).with_name("conformance.json")
RENEW = "E2E_RENEW"

CAPABILITIES = {
    "version": "version",
    "prompt": "gets its prompt",
    "session": "session id",
    "resume": "a session is gone on with",
    "takeover": "taken over in a terminal",
    "tokens": "tokens",
    "cost": "cost",
    "model": "`model`",
    "allowedTools": "`allowedTools`",
    "maxTurns": "`maxTurns`",
    "outputSchema": "`outputSchema`",
    "evidence": "exit 0 without a commit, `evidence: commit`",
    "budget": "a budget is used up",
    "usageLimit": "usage limit",
    "rateLimit": "too many requests (429)",
    "overload": "overloaded (503, 529)",
    "login": "key refused (401)",
    "cut": "server gone in the middle of an answer",
    "tooLong": "conversation too long for the model",
    "stop": "stopped while a tool runs",
    "kill": "killed together with the runner (-9)",
}
"""Key in the file → what it is called in the documentation; in its order."""

Seen = dict[str, dict[str, str]]


def read() -> Seen:
    loaded: Seen = json.loads(FILE.read_bytes()) if FILE.exists() else {}
    return loaded


def saw(agent: str, capability: str, what: str) -> None:
    """`what` is a few words for a reader."""
    assert capability in CAPABILITIES, f"{capability} is none of the capabilities in {__name__}"
    if os.environ.get(RENEW):
        return _change(lambda seen: seen.setdefault(agent, {}).update({capability: what}))
    known = read().get(agent, {}).get(capability)
    assert what == known, (
        f"{agent}: {capability}: seen was {what!r}, but {FILE.name} says {known!r}. "
        f'If what was seen is right: make conformance ARGS="-k {agent}"'
    )
    return None


def _change(change: Callable[[Seen], None]) -> None:
    """Several test workers write it."""
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / "conformance.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        seen = read()
        change(seen)
        ordered = {name: {key: seen[name][key] for key in CAPABILITIES if key in seen[name]} for name in sorted(seen)}
        new = FILE.with_suffix(".new")
        new.write_text(json.dumps(ordered, indent=2, ensure_ascii=False) + "\n")
        new.replace(FILE)
