"""An agent that costs something: speaks like the real thing, a message of so many tokens at a time.

What it does is in files, so that a test can change it while it works: `beats` (messages before the result, 0: none),
`beat` (seconds after each), `tokens` (of each message), `hold` (waits before its result while it exists). A million
tokens in cost $1. Its result tells the running total of its session, as the real one does, which also ends itself
when it has used up what it may, if it `obeys`; one that is `mute` tells no cost.
"""

from __future__ import annotations

from typing import Any

import msgspec

from orchestrator.adapters.places import Places
from orchestrator.adapters.state.ledger import Line, lines
from orchestrator.core.budgets import Budgets
from orchestrator.core.model import Key
from orchestrator.core.prices import Price
from orchestrator.core.settings import AgentSettings, Settings
from tests.engine.runner import config_of
from tests.engine.sites import Make, Site, replaced

PROGRAM = """\
#!/bin/sh
session=none most=
while [ $# -gt 0 ]; do
  case $1 in --session-id|--resume) session=$2;; --max-budget-usd) most=$2;; esac
  shift
done
[ -z "$most" ] || echo "$ORCHESTRATOR_TICKET $most" >>'@/told'
cat >/dev/null
n=$ORCHESTRATOR_ATTEMPT
told() { cat "@/$1" 2>/dev/null || echo "$2"; }
echo "$ORCHESTRATOR_TICKET $ORCHESTRATOR_PHASE $n start" >>'@/ran'
echo '{"type":"system","subtype":"init","session_id":"'$session'","model":"dear"}'
tokens=$(told tokens 100000) used=0 beats=$(told beats 1)
while [ "$used" -lt "$beats" ]; do
  used=$((used + 1))
  printf '{"type":"assistant","message":{"id":"m%s-%s","content":[],"usage":{"input_tokens":%s}}}\\n' \\
    $n $used "$tokens"
  sleep "$(told beat 0)"
done
while [ -e '@/hold' ]; do sleep 0.01; done
total=$(($(told "total-$session" 0) + used * tokens))
echo $total >"@/total-$session"
echo "$ORCHESTRATOR_TICKET $ORCHESTRATOR_PHASE $n end" >>'@/ran'
subtype=success error=false
[ -z "$most" ] || [ ! -e '@/obeys' ] || { subtype=error_max_budget_usd error=true; }
printf '{"type":"result","subtype":"%s","is_error":%s,"session_id":"%s","result":"done","num_turns":%s,' \\
  $subtype $error $session "$used"
[ -e '@/mute' ] && printf '"total_cost_usd":null,"usage":{"input_tokens":%s}}\\n' $((used * tokens)) && exit
printf '"total_cost_usd":%s,"usage":{"input_tokens":%s}}\\n' \\
  "$((total / 1000000)).$(printf %06d $((total % 1000000)))" $((used * tokens))
"""

TWICE = """
name: w
phases:
  - {id: one, type: agent, promptTemplate: p.md, onSuccess: two, onFailure: bad, maxRetries: 1}
  - {id: two, type: agent, promptTemplate: p.md, onSuccess: done, onFailure: bad, maxRetries: 1}
  - {id: done, type: terminal}
  - {id: bad, type: terminal, notify: true}
"""


def spender_site(
    make: Make, budgets: dict[str, Any] | None = None, workflow: str = TWICE, tickets: int = 1, **settings: Any
) -> Site:
    site = make(workflow, {f"T{i + 1}": [] for i in range(tickets)})
    (site.root / "bin").mkdir()
    site.program("bin/claude", PROGRAM)
    write_settings(site, budgets, **settings)
    return site


def write_settings(site: Site, budgets: dict[str, Any] | None = None, **settings: Any) -> None:
    """Also meanwhile."""
    prices = {"dear": Price(input=1, output=0)}
    given = {"max_concurrency": 6, "poll_interval": 1.0, "prices": prices, **settings}
    agents = {"claude": AgentSettings(command=str(site.root / "bin/claude"))}
    made = Settings(agents=agents, grace=0.1, budgets=Budgets(**(budgets or {})), **given)
    replaced(site.root / "settings.json", msgspec.json.encode(made).decode())
    site.config = config_of(site.root)


def say(site: Site, **words: float) -> None:
    """How the agent works from now on."""
    for name, word in words.items():
        (site.root / name).write_text(f"{word}\n")


def cost(site: Site, key: Key | None = None) -> float:
    usage = site.ticket(key).usage
    return (usage.cost_usd or 0.0) if usage else 0.0


def booked(site: Site) -> list[Line]:
    return [line for _, line in lines(Places(site.config))]
