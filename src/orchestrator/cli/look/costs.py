"""`costs`: what was spent, by whatever is asked for, and what is used of the budgets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

import click

from orchestrator.cli import output
from orchestrator.cli.columns import cells, cut, has_utf8, pad, screen, wrapped
from orchestrator.cli.opened import opened
from orchestrator.cli.options import command, json_option
from orchestrator.cli.output import clean, paint, say
from orchestrator.core.outcome import dollars
from orchestrator.core.show.costs import WAYS

if TYPE_CHECKING:
    from orchestrator.core.show.costs import Costs, Row, Use

HEADS = ("ATTEMPTS", "IN", "CACHED", "OUT", "COST", "SHARE")
LEAST = 8
"""Columns that a name keeps."""
MANY = 10
"""Budgets that are shown, the most used first, and all that are used up."""


@command("costs")
@click.option("-p", "--plan", "plan_id", metavar="PLAN", help="Only this plan.")
@click.option(
    "--by", type=click.Choice(WAYS), help="What to add up by. [default: plan; with --plan ticket]", metavar="WAY"
)
@click.option("--since", metavar="DAY", help="Only from this day on: 2026-11-01, 7d (with today) or today.")
@json_option
def costs(plan_id: str | None, by: str | None, since: str | None, as_json: bool) -> int:
    """Show what agents have cost, and what is left of budgets.

    Every attempt that has ended counts, also those that failed, were stopped or lost. WAY is plan, ticket, phase,
    agent, model or day. Tokens went in anew, came from a cache, or came out. Where an agent does not tell the cost
    it is worked out from a table of prices, and marked; a cost that nobody knows is told, and not counted. Then what is
    used of the budgets.

    \b
    --json: {"by", "plan", "since", "rows": [{WAY: …, "attempts", "inputTokens", "cachedTokens", "outputTokens",
    "costUsd", "priced", "unknown"}], "total": {"attempts", …}, "budgets": [{"budget", "plan", "day", "from",
    "limit", "spent", "reached"}], "pricesOf"}. With --by ticket a row has "plan" and "ticket". "costUsd" is null where
    nobody knows any of it, "unknown" the number of attempts whose cost is not in it, "priced" whether some of it was
    worked out.
    """
    from orchestrator.control import costs as control

    way = by or ("ticket" if plan_id is not None else "plan")
    day = control.since_when(since, date.today()) if since is not None else None
    found = control.costs(opened().config, way, plan_id, day)
    if as_json:
        output.show_json(control.document(found, plan_id, day))
        return 0
    lines = [*_table(found, plan_id), *_notes(found), *_budgets(found)]
    say(*(lines if has_utf8() else (line.translate(_ASCII) for line in lines)))
    return 0


_ASCII = str.maketrans({"≈": "~", "…": "~", "—": "-"})


# -- the table --------------------------------------------------------------------------------------------------------


def _table(found: Costs, plan_id: str | None) -> Iterator[str]:
    if not found.rows:
        yield f"no agent has cost anything yet{f' for plan {plan_id}' if plan_id else ''}"
        return
    table = [(_name(row, plan_id), _cells(row, found.total)) for row in found.rows]
    total = ("total", _cells(found.total, found.total))
    sizes = [max(map(cells, (head, *(row[i] for _, row in (*table, total))))) for i, head in enumerate(HEADS)]
    width = _name_width(found.by, [name for name, _ in (*table, total)], sizes)
    colour = output.has_colour()
    yield paint(_line(found.by.upper(), HEADS, width, sizes), "dim", colour)
    yield from (_line(name, row, width, sizes) for name, row in table)
    yield paint(_line(*total, width, sizes), "bold", colour)


def _name_width(by: str, names: list[str], sizes: list[int]) -> int:
    wanted, room = max(map(cells, (by, *names))), screen()
    return wanted if room is None else max(min(wanted, room - sum(sizes) - 2 * len(sizes)), LEAST)


def _line(name: str, row: tuple[str, ...], width: int, sizes: list[int]) -> str:
    numbers = "".join("  " + pad(cell, size, right=True) for cell, size in zip(row, sizes, strict=True))
    return (pad(cut(name, width), width) + numbers).rstrip()


def _name(row: Row, plan_id: str | None) -> str:
    names = row.names[1:] if plan_id is not None and len(row.names) > 1 else row.names
    return clean("/".join(name or "not told" for name in names))


def _cells(row: Row, total: Row) -> tuple[str, ...]:
    share = f"{100 * (row.cost_usd or 0) / total.cost_usd:.0f} %" if total.cost_usd else ""
    tokens = (row.input_tokens, row.cached_tokens, row.output_tokens)
    return (str(row.attempts), *map(short, tokens), _cost(row), share if row.cost_usd is not None else "")


def _cost(row: Row) -> str:
    if row.cost_usd is None:
        return "?"
    return f"{'≈' if row.priced else ''}{dollars(row.cost_usd)}{' + ?' if row.unknown else ''}"


def short(tokens: int) -> str:
    """`950`, `12.3k`, `4.56M`"""
    for size, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if tokens >= size:
            return f"{tokens / size:.{max(0, 2 - len(str(tokens // size)) + 1)}f}{unit}"
    return str(tokens)


def _notes(found: Costs) -> Iterator[str]:
    from orchestrator.core.prices import DATE

    if found.total.priced:
        text = f"≈ worked out from tokens, by the prices of {DATE}; `prices` in the config go before them"
        yield from _dim(text)
    unknown = found.total.unknown
    if unknown:
        models = ", ".join(clean(model) for model in found.unpriced if model)
        known = (
            f"; a price of {models} under `prices` in the config lets {'it' if unknown == 1 else 'them'} count"
            if models
            else ""
        )
        yield from _dim(f"? the cost of {unknown} attempt{'' if unknown == 1 else 's'} is not known{known}")


def _dim(text: str) -> list[str]:
    return [paint(line, "dim", output.has_colour()) for line in wrapped(text, screen())]


# -- budgets ----------------------------------------------------------------------------------------------------------


def _budgets(found: Costs) -> Iterator[str]:
    if not found.uses:
        return
    many = sorted(found.uses, key=lambda use: (use.plan is not None, -use.spent / use.limit))
    yield ""
    yield paint("BUDGETS", "dim", output.has_colour())
    shown = [use for i, use in enumerate(many) if i < MANY or use.reached]
    for use in shown:
        text = _use(use)
        yield paint(text, "red" if use.reached else None, output.has_colour())
    if len(many) > len(shown):
        yield f"and {len(many) - len(shown)} more of plans"


def _use(use: Use) -> str:
    def shown(amount: float) -> str:
        return dollars(amount) if use.key.endswith("Usd") else f"{short(int(amount))} tokens"

    what = "day" if use.plan is None else f"{'day of ' if use.is_of_day else ''}plan {clean(use.plan)}"
    reached = ", used up" if use.reached else ""
    return f"{what}: {shown(use.spent)} of {shown(use.limit)}{reached} ({use.key} in {_place(use)})"


def _place(use: Use) -> str:
    return "plan.json" if use.owner.startswith("plan ") else "config.yaml"
