"""All tools: what each is called, what it takes, what it may do to the world, and which function it is.

The law: a tool that changes something says so in its annotations, and one that can undo work is marked destructive.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from orchestrator.core.show.overview import ORDER
from orchestrator.mcp import looking, planning, reading, steering
from orchestrator.mcp.answers import Answer
from orchestrator.mcp.drafts import DRAFT, TICKETS
from orchestrator.mcp.fields import Field, Values
from orchestrator.mcp.looking import Open


class Hints(NamedTuple):
    """What a client may tell its user before a call."""

    reads: bool = False
    """It changes nothing."""
    destroys: bool = False
    """It stops work that is under way, or forgets what was counted."""
    repeats: bool = False
    """Calling it twice is as calling it once."""


LOOKS = Hints(reads=True, repeats=True)
ADDS = Hints()
LETS_GO_ON = Hints(repeats=True)
STOPS = Hints(destroys=True, repeats=True)
BEGINS_ANEW = Hints(destroys=True)


class Tool(NamedTuple):
    name: str
    title: str
    about: str
    fields: tuple[Field, ...]
    hints: Hints
    call: Callable[[Open, Values], Answer]


def _paged(most: int = 50) -> tuple[Field, ...]:
    return (
        Field("limit", "count", f"how many at most [{most}]", least=1, most=500, default=most),
        Field("offset", "count", "how many to leave out first", least=0, most=10_000_000, default=0),
    )


PLAN = Field("plan", "text", "the id of a plan", required=True)
ONE_PLAN = PLAN._replace(about="the id of a plan; without it: all", required=False)
TICKET = Field("ticket", "text", "the id of a ticket in that plan", required=True)
DRY_RUN = Field("dryRun", "flag", "only say what would be written", default=False)

TOOLS: tuple[Tool, ...] = (
    Tool(
        "list_workflows", "List workflows", "The workflows that plans can name: description, and phases in order.",
        _paged(), LOOKS, looking.list_workflows,
    ),
    Tool(
        "list_agents", "List agents", "The agents that plans can name: which is the default, and which are installed.",
        _paged(), LOOKS, looking.list_agents,
    ),
    Tool(
        "list_repositories", "List repositories",
        "Git repositories below a directory, the one that it is in, and those that plans name.",
        (Field("directory", "text", "where to look [where the server was started]"), *_paged()),
        LOOKS, looking.list_repositories,
    ),
    Tool(
        "list_plans", "List plans", "All plans, the newest first: status, and how many tickets of each state.",
        _paged(), LOOKS, looking.list_plans,
    ),
    Tool(
        "status", "Show status",
        "How things are: plans, tickets (those first that need a person, then those that run), why they wait, and "
        "everything that is wrong. Whether a daemon runs that walks them.",
        (ONE_PLAN, Field("states", "texts", "only tickets of these states", choices=ORDER), *_paged(30)),
        LOOKS, looking.status,
    ),
    Tool(
        "show_plan", "Show a plan",
        "What a plan wants: tiers of tickets that can run side by side, critical path, and each ticket with branch, "
        "blockers and criteria. With `ticket`: that one in full.",
        (PLAN, TICKET._replace(required=False), *_paged(30)), LOOKS, reading.show_plan,
    ),
    Tool(
        "read_logs", "Read logs",
        "What happened to a ticket: its events and what its agents said, the last lines. With `phase` or `attempt`: "
        "the output of these attempts.",
        (
            PLAN, TICKET, Field("phase", "text", "only attempts at this phase"),
            Field("attempt", "count", "only this attempt", least=1),
            Field("lines", "count", "how many of the last lines [100]", least=1, most=1000, default=100),
        ),
        LOOKS, reading.read_logs,
    ),
    Tool(
        "check_plan", "Check a draft or a plan",
        "Every problem at once, each with its place and what to write instead. Of a draft before it is created, of a "
        "plan that is there, or without arguments of all plans. Writes nothing.",
        (DRAFT._replace(required=False), ONE_PLAN), LOOKS, planning.check_plan,
    ),
    Tool(
        "create_plan", "Create a plan",
        "Writes a plan from a draft: all of it, or nothing where there is an error. A running daemon begins with it at "
        "once, unless it is paused: show the user the plan in words and ask before.",
        (DRAFT, Field("paused", "flag", "write it paused, so that nothing begins yet", default=False), DRY_RUN),
        ADDS, planning.create_plan,
    ),
    Tool(
        "add_tickets", "Add tickets to a plan",
        "Adds tickets to a plan that is there: all of them, or none where there is an error. They can be blocked by "
        "tickets that it has. A running daemon begins with them.",
        (PLAN, TICKETS, DRY_RUN), ADDS, planning.add_tickets,
    ),
    Tool(
        "pause", "Pause a ticket", "Stops the attempt of a ticket that is under way; it stays in its phase.",
        (PLAN, TICKET), STOPS, steering.of_ticket("pause"),
    ),
    Tool(
        "resume", "Resume a ticket", "Lets a paused ticket go on.",
        (PLAN, TICKET), LETS_GO_ON, steering.of_ticket("resume"),
    ),
    Tool(
        "retry", "Retry a ticket",
        "Runs the phase of a ticket again that failed, needs attention or is paused; its counters begin anew.",
        (PLAN, TICKET), BEGINS_ANEW, steering.of_ticket("retry"),
    ),
    Tool(
        "skip", "Move a ticket to another phase",
        "Moves a ticket to a phase of its workflow; an attempt under way is stopped and does not count.",
        (PLAN, TICKET, Field("phase", "text", "the phase that it goes to", required=True)), STOPS, steering.skip,
    ),
    Tool(
        "pause_plan", "Pause a plan", "Stops all attempts of a plan; nothing of it begins until it is resumed.",
        (PLAN,), STOPS, steering.of_plan("pause_plan"),
    ),
    Tool(
        "resume_plan", "Resume a plan", "Lets a paused plan go on.",
        (PLAN,), LETS_GO_ON, steering.of_plan("resume_plan"),
    ),
)  # fmt: skip

BY_NAME = {tool.name: tool for tool in TOOLS}
