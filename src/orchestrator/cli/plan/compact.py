"""A plan of too many tickets for anybody to read: what it is made of, and its tiers, a line each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from orchestrator.cli import output
from orchestrator.cli.columns import has_utf8
from orchestrator.cli.glyphs import DRAWN, PLAIN
from orchestrator.cli.output import clean, paint

if TYPE_CHECKING:
    from orchestrator.control.describing import PlanText
    from orchestrator.control.outlining import Outline
    from orchestrator.core.model import Key

LARGE = 1000
"""A plan of more tickets is shown so."""
MOST_TIERS = 40
MOST_STEPS = 12
MOST_NAMED = 8
MOST_KINDS = 5


def lines(text: PlanText, outline: Outline) -> list[str]:
    colour = output.has_colour()
    path = outline.tiers.critical
    arrow = (DRAWN if has_utf8() else PLAIN).to
    return [
        *_made_of(text),
        "",
        paint(f"critical path: {len(path):,} of {len(outline.blockers):,} tickets wait for each other", "bold", colour),
        *output.paragraph(f" {arrow} ".join(_middle_out([key.ticket for key in path], MOST_STEPS, "tickets"))),
        "",
        paint(f"{len(outline.tiers.tiers):,} tiers: those of one can run side by side", "bold", colour),
        *output.table(list(_tiers(outline))),
        *_odd("in a cycle, or behind one", outline.tiers.cyclic),
        *_odd("not listed by plan.json", outline.unlisted),
    ]


def _made_of(text: PlanText) -> list[str]:
    kinds: dict[str, Iterable[str | None]] = {
        "status": (str(one.ticket.status) for one in text.tickets),
        "repo": (one.repo for one in text.tickets),
        "workflow": (one.workflow for one in text.tickets),
        "agent": (one.agent for one in text.tickets),
        "criteria": ("given" if one.ticket.acceptance_criteria else "missing" for one in text.tickets),
    }
    return output.table([(name, clean(_counts(values))) for name, values in kinds.items()], indent="     ")


def _counts(values: Iterable[str | None]) -> str:
    found = Counter(value or "none" for value in values)
    named = [f"{value} ({number:,})" for value, number in found.most_common(MOST_KINDS)]
    more = f", and {len(found) - MOST_KINDS:,} more" if len(found) > MOST_KINDS else ""
    return ", ".join(named) + more


def _tiers(outline: Outline) -> Iterator[tuple[str, str, str]]:
    tiers = outline.tiers.tiers
    half = MOST_TIERS // 2
    for number, tier in enumerate(tiers, 1):
        if len(tiers) > MOST_TIERS and half < number <= len(tiers) - half:
            if number == half + 1:
                yield "…", f"{len(tiers) - MOST_TIERS:,}", "tiers more"
            continue
        more = f", … {len(tier) - MOST_NAMED:,} more" if len(tier) > MOST_NAMED else ""
        names = clean(", ".join(key.ticket for key in tier[:MOST_NAMED]) + more)
        yield f"tier {number}", f"{len(tier):,}", names


def _middle_out(names: Sequence[str], most: int, what: str) -> list[str]:
    if len(names) <= most:
        return list(names)
    half = most // 2
    return [*names[:half], f"… {len(names) - most:,} {what} more …", *names[-half:]]


def _odd(what: str, keys: Sequence[Key]) -> list[str]:
    if not keys:
        return []
    return ["", *output.paragraph(f"{what}: {', '.join(_middle_out([k.ticket for k in keys], MOST_STEPS, 'tickets'))}")]
