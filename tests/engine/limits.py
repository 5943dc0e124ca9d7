"""A home whose agents meet limits: a `claude` that prints what the real one prints, and a server that remembers."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from orchestrator.core.accounts import Account
from orchestrator.core.model import Key
from orchestrator.core.times import epoch_or
from orchestrator.engine.home import Home
from tests.engine.runner import config_of
from tests.engine.sites import Make, Site

STREAMS = Path(__file__).parent.parent / "resources/streams/claude"
RECORDED_RESET, RECORDED_SESSION = 1795361015, "3cc0b0f8-a8b2-4d7f-a2e2-3793d2426faf"
"""In the recorded stream."""

WORKFLOW = """
name: w
phases:
  - {id: work, type: agent, promptTemplate: p.md, MORE onSuccess: done, onFailure: bad}
  - {id: done, type: terminal}
  - {id: bad, type: terminal, notify: true}
"""

CLAUDE = r"""#!/bin/bash
# who: the login that it works with. @/gate: wait. @/limit-WHO: epoch seconds of the reset; @/say-WHO: another stream
who=${WHO:-me}; session=; how=
while [ $# -gt 0 ]; do
  case $1 in --session-id) how=new; session=$2; shift;; --resume) how=resumed; session=$2; shift;; esac
  shift
done
cat >/dev/null
say() { echo "$ORCHESTRATOR_TICKET $who $how $session $1 $(date +%s.%N)" >>'@/calls'; }
say start
while [ -e '@/gate' ]; do sleep 0.02; done
if [ -s "@/say-$who" ]; then
  say refused
  code=$(head -n 1 "@/say-$who"); tail -n +2 "@/say-$who"
  exit "$code"
fi
if [ -s "@/limit-$who" ] && [ "$(date +%s)" -lt "$(cat "@/limit-$who")" ]; then
  say limited
  sed "s/RESET/$(cat "@/limit-$who")/; s/SESSION/$session/g" STREAM
  exit 1
fi
say worked
cat '@/warning' 2>/dev/null
echo '{"type":"system","subtype":"init","session_id":"'"$session"'"}'
echo '{"type":"result","subtype":"success","is_error":false,"result":"done by '"$who"'","session_id":"'"$session"'"}'
"""


class Call(NamedTuple):
    ticket: str
    who: str
    how: str
    """`new`, or `resumed`."""
    session: str
    what: str
    """`start`, then `limited`, `refused` or `worked`."""
    at: float


def home(make: Make, agents: dict[str, Any], tickets: Iterable[str], more: str = "", **config: Any) -> Site:
    """`agents`: name → its settings; their command is the `claude` of the test."""
    site = make(WORKFLOW.replace("MORE", more), {name: [] for name in tickets})
    recorded = (STREAMS / "usage-limit.jsonl").read_text()
    recorded = recorded.replace(str(RECORDED_RESET), "RESET").replace(RECORDED_SESSION, "SESSION")
    (site.root / "limited.jsonl").write_text(recorded)
    (site.root / "bin").mkdir()
    site.program("bin/claude", CLAUDE.replace("STREAM", shlex.quote(str(site.root / "limited.jsonl"))))
    command = str(site.root / "bin/claude")
    given = {
        "stateDir": "./state", "logDir": "./logs", "workflowDir": "./workflows", "promptDir": "./prompts",
        "pollInterval": 1, "grace": 0.3, "agents": {name: {"command": command, **a} for name, a in agents.items()},
        **config,
    }  # fmt: skip
    (site.root / "config.yaml").write_text(json.dumps(given))
    site.config = config_of(site.root)
    site.store = Home(site.config).store
    return site


def limit(site: Site, seconds: float, who: str = "me") -> float:
    """The account is at its limit; returns when that is over."""
    reset = int(time.time() + seconds) + 1
    (site.root / f"limit-{who}").write_text(str(reset))
    return float(reset)


def say(site: Site, stream: str, code: int = 1, who: str = "me") -> None:
    """From now on it prints a recorded stream."""
    (site.root / f"say-{who}").write_text(f"{code}\n{(STREAMS / f'{stream}.jsonl').read_text()}")


def calls(site: Site, what: str = "start") -> list[Call]:
    rows = (line.split() for line in site.lines("calls"))
    found = [Call(ticket, who, how, session, said, float(at)) for ticket, who, how, session, said, at in rows]
    return [call for call in found if call.what == what]


def account(site: Site, name: str = "claude") -> Account | None:
    """As its file says."""
    import msgspec

    path = site.root / f"state/.accounts/{name}.json"
    return msgspec.json.decode(path.read_bytes(), type=Account) if path.exists() else None


def hold_is_over(site: Site, name: str = "claude") -> None:
    """By hand: as if its time had passed, with the tickets that wait for it."""
    path = site.root / f"state/.accounts/{name}.json"
    raw = json.loads(path.read_text())
    path.write_text(json.dumps({**raw, "until": "2026-01-01T00:00:00.000Z"}))
    for key in site.every():
        if epoch_or(site.ticket(key).wake_at, 0) > time.time():
            site.edit(key, wakeAt=None, waitReason=None)


def is_complete(site: Site, *names: str) -> bool:
    keys = [Key("p1", name) for name in names] or site.every()
    return all(site.ticket(key).status == "complete" for key in keys)
