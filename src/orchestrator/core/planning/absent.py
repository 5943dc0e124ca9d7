"""What was asked for and is not there, in words that name what is."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.core.problems import did_you_mean

NAMED = 20


def absent(who: str, kind: str, wanted: str, known: Sequence[str]) -> str:
    """`acme/shop has no label "agnet" (did you mean agent?); it has: agent, bug`"""
    near = did_you_mean(wanted.casefold(), [one.casefold() for one in known])
    hint = next((f" (did you mean {one}?)" for one in known if near and f" {one.casefold()}?" in near), "")
    shown = ", ".join(f'"{one}"' if " " in one else one for one in known[:NAMED])
    more = f" and {len(known) - NAMED} more" if len(known) > NAMED else ""
    return f'{who} has no {kind} "{wanted}"{hint}; it has {f"{shown}{more}" if known else "none at all"}'
