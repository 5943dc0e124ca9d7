"""A view as lines: they fit, whatever they say and however small the terminal is."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from orchestrator.cli.columns import cells
from orchestrator.cli.live import scene as live_page
from orchestrator.cli.live import text as live_text
from orchestrator.cli.live.screen import Size
from orchestrator.cli.live.text import Room, Style
from orchestrator.core.model import Attempt, Key, Status
from orchestrator.core.show.held import Held
from orchestrator.core.show.live import Row, View, Wait
from orchestrator.core.show.views import Blocker
from orchestrator.core.times import iso
from tests.factories import AT

PLAIN = Style(colour=False, utf8=True)
ASCII = Style(colour=False, utf8=False)
PAINTED = Style(colour=True, utf8=True)
COLOUR = re.compile(r"\x1b\[\d+m")

NASTY = "a\x1b[2J\x1b]0;title\x07b\x9b5n\r\n\tc\u202ed\x00 中文 🚀"


def row(ticket: str = "T-1", plan: str = "p", **fields: object) -> Row:
    attempt = Attempt(n=12, id="i", phase="implement", started_at=iso(AT - 65), agent="claude")
    given = {"key": Key(plan, ticket), "title": "A title", "attempt": attempt, "position": 2, "phases": 7}
    return Row(**{**given, **fields})  # type: ignore[arg-type]


def wait(ticket: str = "T-9", state: Status = Status.READY, **fields: object) -> Wait:
    return Wait(key=Key("p", ticket), state=state, **{"phase": "ask", **fields})  # type: ignore[arg-type]


def view(rows: int | list[Row] = 1, waits: list[Wait] | None = None, **fields: object) -> View:
    shown = [row(f"T-{i + 1}", said=f"line {i}") for i in range(rows)] if isinstance(rows, int) else rows
    waits = waits or []
    waiting: dict[Status, int] = {}
    for one in waits:
        waiting[one.state] = waiting.get(one.state, 0) + 1
    counts = dict.fromkeys(Status, 0) | waiting | {Status.RUNNING: len(shown)}
    given: dict[str, object] = {
        "rows": tuple(shown), "in_flight": len(shown), "waits": tuple(waits), "counts": counts, "waiting": waiting,
        "slots_used": len(shown), "slots": 3, "held": (), "stopping": None, "problems": 0, "plans": ("p",),
        "only": None, "at": AT,
    }  # fmt: skip
    return View(**{**given, **fields})  # type: ignore[arg-type]


def lines(shown: View, columns: int = 79, room: int = 20, style: Style = PLAIN) -> list[str]:
    return live_text.lines(shown, Room(columns, room), style, AT)


def summary(shown: View, columns: int = 79, style: Style = PLAIN) -> str:
    return live_text.summary(shown, columns, style, AT - 65, AT)


# --- what a line says


def test_a_ticket_in_flight_tells_phase_position_attempt_time_agent_cost_and_its_last_words() -> None:
    (line,) = lines(view([row(cost=0.421, said="Edit cart.py (+3 -1)")]))
    words = ["T-1", "implement", "2/7", "#12", "1m05s", "claude", "$0.42", "Edit", "cart.py", "(+3", "-1)"]
    assert line.split() == words


def test_until_it_has_said_something_its_title_is_shown() -> None:
    assert lines(view([row()]))[0].endswith("A title")


def test_an_attempt_that_is_being_stopped_says_so() -> None:
    stopping = replace(row().attempt, stop="pause")
    assert lines(view([row(attempt=stopping, said="words")]))[0].endswith("stopping: pause")


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (wait(why="ask said not yet", until=AT + 12), "T-9  ready  ask said not yet · in 12s"),
        (wait(why="usage limit of claude", until=AT + 7300), "T-9  ready  ask: usage limit of claude · in 2h01m"),
        (wait(why="ask said not yet", until=AT - 1), "T-9  ready  ask said not yet · due now"),
        (wait(why="waits for a slot", phase=None), "T-9  ready  waits for a slot"),
        (wait(state=Status.PAUSED), "T-9  paused  ask"),
        (wait(state=Status.FAILED, why="ask: exit code 2"), "T-9  failed  ask: exit code 2"),
        (wait(state=Status.NEEDS_ATTENTION, why="loops"), "T-9  needs attention  ask: loops"),
        (
            wait(state=Status.QUEUED, blockers=(Blocker(Key("p", "T-1"), "running"), Blocker(Key("q", "X"), "failed"))),
            "T-9  queued  waits for T-1 (running), q/X (failed)",
        ),
    ],
)
def test_who_waits_says_what_for(one: Wait, said: str) -> None:
    assert lines(view(0, [one])) == [said]


def test_tickets_of_several_plans_are_told_with_their_plan() -> None:
    assert [line.split()[0] for line in lines(view([row(), row(plan="q")]))] == ["p/T-1", "q/T-1"]


def test_the_summary_counts_and_tells_slots_time_cost_holds_and_problems() -> None:
    held = (Held("claude", AT + 60, "weekly limit"),)
    shown = view(2, [wait(), wait("X", Status.QUEUED)], cost=1.5, held=held, problems=1)
    assert summary(shown, 200) == (
        "0 of 4 complete · 2 running · 1 ready · 1 queued · 2 of 3 slots · 1m05s · $1.50 · claude held, 1m00s"
        " · 1 unusable file"
    )


def test_an_account_that_is_held_has_a_line_and_whoever_waits_for_it_says_until_when() -> None:
    until = datetime.fromtimestamp(AT + 60).strftime("%H:%M")
    held = Held("claude", AT + 60, "five-hour limit")
    shown = view(1, [wait(held=held)], held=(held,))
    first, *_, last = lines(shown, 100)
    assert first == f"claude held until {until} (five-hour limit)"
    assert last.endswith(f"held until {until} (claude: five-hour limit)")
    tomorrow = datetime.fromtimestamp(AT + 86_400).strftime("%Y-%m-%d %H:%M")
    assert f"held until {tomorrow} (" in lines(view(0, [wait(held=Held("a", AT + 86_400, "x"))]), 100)[0]
    assert all(len(line) <= 30 for line in lines(shown, 30)) and len(lines(shown, 30, 2)) == 2


def test_who_is_told_to_stop_says_so_first() -> None:
    assert summary(view(2, stopping="shutdown")).startswith("stopping … 2 in flight · ")


# --- what there is no room for


def test_as_many_rows_as_fit_then_how_many_more() -> None:
    shown = lines(view(200), room=10)
    assert len(shown) == 10 and shown[-1] == "… and 191 more in flight"


def test_what_waits_is_counted_by_state_when_it_is_much() -> None:
    waits = [wait(f"R-{i}") for i in range(30)] + [wait(f"Q-{i}", Status.QUEUED) for i in range(40)]
    shown = lines(view(0, waits), room=10)
    assert len(shown) == 5 and shown[-1] == "… and 66 more: 28 ready, 38 queued"


def test_of_each_state_some_are_shown() -> None:
    waits = [wait(f"F-{i}", Status.FAILED) for i in range(30)] + [wait("P-1", Status.PAUSED)]
    assert any("P-1" in line for line in lines(view(0, waits), room=12))


def test_on_a_narrow_terminal_ticket_phase_and_time_remain() -> None:
    assert lines(view([row(said="words")]), columns=19)[0].split()[0] == "T-1"
    assert "1m05s" in lines(view([row(said="words")]), columns=29)[0]


texts = st.sampled_from(["", "short", NASTY, "x" * 300, "中文" * 60, "🚀 👩‍💻 é", "a\nb\tc"])
names = st.sampled_from(["T-1", "中文-" * 9, "x" * 90])
costs = st.none() | st.floats(0, 99)
rows_ = st.lists(st.builds(row, ticket=names, title=texts, said=texts, cost=costs), max_size=6)
waits_ = st.lists(
    st.builds(wait, ticket=st.sampled_from(["T", "y" * 99]), state=st.sampled_from(list(Status)), why=texts), max_size=6
)


@settings(max_examples=150)
@given(rows_, waits_, st.integers(10, 220), st.integers(1, 30), st.sampled_from([PLAIN, ASCII, PAINTED]))
def test_no_line_is_too_wide_none_too_many_and_nothing_is_obeyed(
    rows: list[Row], waits: list[Wait], columns: int, room: int, style: Style
) -> None:
    shown = view(rows, waits, cost=1.0, in_flight=len(rows) + 3)
    found = [*lines(shown, columns, room, style), summary(shown, columns, style)]
    assert len(found) <= room + 1
    for line in found:
        bare = COLOUR.sub("", line) if style.colour else line
        assert cells(bare) <= columns
        assert bare.isprintable() or not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in bare)
        assert style.utf8 or bare.isascii()


@pytest.mark.parametrize("size", [Size(80, 24), Size(20, 5), Size(200, 50), Size(10, 2), Size(40, 16), Size(80, 1)])
@pytest.mark.parametrize("rows", [0, 1, 200])
def test_a_page_is_as_high_as_the_terminal_and_ends_with_the_summary(size: Size, rows: int) -> None:
    shown = view(rows, [wait(f"W-{i}") for i in range(20)])
    middle = live_page.body(shown, size, PLAIN, AT)
    head, foot = live_page.header("a daemon runs here (pid 1)", PLAIN, size.columns - 1), "the summary"
    page = live_page.page(head, middle, ["event"] * 30, foot, size, PLAIN)
    assert len(page) == size.lines and page[-1] == foot
    assert size.lines < 2 or page[0].startswith("A daemon")
    assert all(cells(line) <= size.columns for line in page[1:-1])


def test_names_tell_the_plan_when_there_are_several_though_only_one_is_shown() -> None:
    several = view([row("T-1"), row("T-2")], plans=("p", "q"), in_flight=5)
    assert [line.split()[0] for line in lines(several, room=3)][:2] == ["p/T-1", "p/T-2"]


def test_one_ticket_needs_attention_and_two_need_it() -> None:
    stuck = [wait(f"T-{i}", Status.NEEDS_ATTENTION) for i in range(2)]
    assert "1 needs attention" in summary(view(0, stuck[:1]))
    assert "2 need attention" in summary(view(0, stuck))
