"""The states of a ticket as a picture, and as a Mermaid diagram.

The law: the places are chosen here, by hand; the ways come from the table. A way that has no place in the picture is
listed below it, and a place without a way is an error: neither can go out of date unseen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from orchestrator.core.draw.state_graph import BY_PERSON, SKIP, StateWay, word_of
from orchestrator.core.model import Status
from orchestrator.formats.draw import svg as shapes

Q, R, RUN, P, C, N, F = (
    Status.QUEUED, Status.READY, Status.RUNNING, Status.PAUSED, Status.COMPLETE, Status.NEEDS_ATTENTION, Status.FAILED,
)  # fmt: skip
Point = tuple[float, float]
Pair = tuple[Status, Status]

WIDTH, HALF, TALL = 1264.0, 88.0, 27.0
"""Of the picture; half a box is so wide and so high."""
CENTRES: dict[Status, Point] = {
    Q: (112, 150), R: (430, 150), RUN: (800, 150), P: (545, 350), C: (1140, 150), N: (1140, 260), F: (1140, 370),
}  # fmt: skip
ABOUT = {
    Q: "waits for blockers", R: "its turn, or a time", RUN: "is being walked", P: "stays where it is",
    C: "done", N: "a person must look", F: "nowhere to go on",
}  # fmt: skip
FILLS = {
    Q: ("#f8fafc", "#64748b"), R: ("#eff6ff", "#3b76d6"), RUN: ("#ecfeff", "#0e93a8"), P: ("#fefce8", "#b98a12"),
    C: ("#f0fdf4", "#2c9a52"), N: ("#fff7ed", "#d9732b"), F: ("#fef2f2", "#d24545"),
}  # fmt: skip
RUNNER, PERSON = "#5b84c9", "#b7791f"
FOOT = 468.0


class Trunk(NamedTuple):
    """Ways that are drawn as one line, which may fork."""

    pairs: tuple[Pair, ...]
    events: tuple[str, ...]
    """What is drawn here of these ways; the rest of them is somewhere else."""
    paths: tuple[str, ...]
    tips: tuple[tuple[float, float, str], ...]
    """Arrowheads: where, and which way they point."""
    words: Point
    """Where what it is called begins."""
    called: str | None = None
    """Instead of what the events are called."""


TRUNKS = (
    Trunk(((Q, R),), ("Unblocked",), ("M200 150H335",), ((342, 150, "right"),), (205, 132)),
    Trunk(((R, RUN),), ("Dispatched", "CheckEnded"), ("M518 140H705",), ((712, 140, "right"),), (527, 124)),
    Trunk(((Q, RUN),), ("Dispatched",), ("M156 177V202q0 8 8 8H752q8 0 8 -8V184",), ((760, 177, "up"),), (206, 210)),
    Trunk(((RUN, R),), ("AttemptEnded", "StopRequested"), ("M712 160H525",), ((518, 160, "left"),), (542, 177)),
    Trunk(((RUN, RUN),), ("AttemptEnded",), ("M775 123V102q0 -8 8 -8h34q8 0 8 8V116",), ((825, 123, "down"),),
          (738, 80), "next phase, retry"),
    Trunk(((R, R),), ("CheckEnded",), ("M415 123V102q0 -8 8 -8h34q8 0 8 8V116",), ((465, 123, "down"),),
          (412, 80), "not yet"),
    Trunk(
        ((RUN, C), (RUN, N), (RUN, F)), ("AttemptEnded",),
        ("M888 155H1045", "M1018 155V257q0 8 8 8H1045", "M1018 255V367q0 8 8 8H1045"),
        ((1052, 155, "right"), (1052, 265, "right"), (1052, 375, "right")), (896, 155),
    ),
    Trunk(
        ((R, C), (R, N), (R, F)), ("CheckEnded",),
        (
            "M495 123V60q0 -8 8 -8H986q8 0 8 8V130q0 8 8 8H1045", "M994 128V240q0 8 8 8H1045",
            "M994 238V350q0 8 8 8H1045",
        ),
        ((1052, 138, "right"), (1052, 248, "right"), (1052, 358, "right")), (560, 52),
    ),
    Trunk(
        ((Q, F), (R, F)), ("CannotRun",), ("M68 177V422q0 8 8 8H1132q8 0 8 -8V404", "M385 177V430"),
        ((1140, 397, "up"),), (560, 430),
    ),
    Trunk(((Q, P),), ("PauseRequested",), ("M132 177V332q0 8 8 8H450",), ((457, 340, "right"),), (230, 340)),
    Trunk(((R, P),), ("PauseRequested",), ("M468 177V316",), ((468, 323, "down"),), (446, 242)),
    Trunk(((RUN, P),), ("PauseRequested",), ("M800 177V342q0 8 -8 8H640",), ((633, 350, "left"),), (700, 350)),
    Trunk(((P, R),), ("ResumeRequested", "RetryRequested"), ("M508 323V184",), ((508, 177, "up"),), (482, 284)),
    Trunk(((P, Q),), ("ResumeRequested", "RetryRequested"), ("M457 362H110q-8 0 -8 -8V184",), ((102, 177, "up"),),
          (206, 362)),
    Trunk(
        ((N, R), (F, R), (N, Q), (F, Q)), ("RetryRequested",),
        ("M1228 370H1236q8 0 8 -8V32q0 -8 -8 -8H120q-8 0 -8 8V116", "M1228 260H1244", "M378 24q8 0 8 8V116"),
        ((112, 123, "down"), (386, 123, "down")), (700, 24),
    ),
)  # fmt: skip
"""Where two ways share a piece of line, it is drawn twice."""


def states_svg(found: Sequence[StateWay]) -> str:
    _check_places(found)
    notes = [*_notes(found)]
    pieces = [
        *(piece for trunk in TRUNKS for piece in _lines(trunk)),
        *(piece for status in Status for piece in _box(status)),
        *(piece for trunk in TRUNKS for piece in _words(trunk)),
        *(shapes.text(24, FOOT + 18 * i, note, 11.5, shapes.GREY) for i, note in enumerate(notes)),
    ]
    return shapes.picture(WIDTH, FOOT + 18 * len(notes), "the states of a ticket", pieces)


def _check_places(found: Sequence[StateWay]) -> None:
    there = {(way.source, way.target): set(way.events) for way in found}
    for trunk in TRUNKS:
        for pair in trunk.pairs:
            gone = set(trunk.events) - there.get(pair, set())
            if gone:
                raise ValueError(f"the picture draws {pair[0]} → {pair[1]} by {', '.join(gone)}, the table does not")


def _lines(trunk: Trunk) -> Iterator[str]:
    colour = _colour(trunk)
    for path in trunk.paths:
        yield shapes.line(path, colour)
    for x, y, towards in trunk.tips:
        yield shapes.arrow(x, y, towards, colour)


def _colour(trunk: Trunk) -> str:
    return PERSON if set(trunk.events) <= BY_PERSON else RUNNER


def _words(trunk: Trunk) -> Iterator[str]:
    words = trunk.called or ", ".join(word_of(event) for event in trunk.events)
    yield shapes.pill(*trunk.words, words, _colour(trunk), 10.0)


def _box(status: Status) -> Iterator[str]:
    (x, y), (fill, stroke) = CENTRES[status], FILLS[status]
    ended = status in (C, N, F)
    yield shapes.box(x - HALF, y - TALL, 2 * HALF, 2 * TALL, fill, stroke, rx=TALL if ended else 8, stroke_width=1.8)
    yield shapes.text(x, y - 2, status.value, 14.5, text_anchor="middle", font_weight=700)
    yield shapes.text(x, y + 15, ABOUT[status], 10.5, "#475569", text_anchor="middle")


# -- what is not drawn ------------------------------------------------------------------------------------------------


def _notes(found: Sequence[StateWay]) -> Iterator[str]:
    yield "blue: the runner. brown: a person. resume and retry lead to ready, or to queued while a blocker is open"
    left = list(_not_drawn(found))
    for event in dict.fromkeys(event for event, _, _ in left):
        sources = _listed(source for one, source, _ in left if one == event)
        targets = _listed(target for one, _, target in left if one == event)
        yield f"{word_of(event)}: from {sources} to {targets}"
    yield "an attempt that is still open when its ticket is paused ends all the same, and its outcome counts"


def _not_drawn(found: Sequence[StateWay]) -> Iterator[tuple[str, Status, Status]]:
    drawn = {(event, *pair) for trunk in TRUNKS for pair in trunk.pairs for event in trunk.events}
    for way in found:
        for event in way.events:
            if (event, way.source, way.target) not in drawn:
                yield event, way.source, way.target


def _listed(statuses: Iterable[Status]) -> str:
    there = set(statuses)
    return "any state" if there == set(Status) else ", ".join(status for status in Status if status in there)


# -- Mermaid ----------------------------------------------------------------------------------------------------------


def states_mermaid(found: Sequence[StateWay]) -> str:
    """Skips, which lead from anywhere to nearly anywhere, are told in a note."""
    lines = ["stateDiagram-v2", "  [*] --> queued"]
    for way in found:
        words = [word_of(event) for event in way.events if event != SKIP]
        if words:
            lines.append(f"  {way.source.value} --> {way.target.value}: {', '.join(words)}")
    skips = [way for way in found if SKIP in way.events]
    if skips:
        sources, targets = _listed(way.source for way in skips), _listed(way.target for way in skips)
        lines += ["  note right of paused", f"    skip: from {sources} to {targets}", "  end note"]
    return "\n".join(lines) + "\n"
