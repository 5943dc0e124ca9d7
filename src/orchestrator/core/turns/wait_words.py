"""What a ticket says that waits for another one. By itself, because whoever shows tickets needs nothing else of it."""

from __future__ import annotations

LANE_OF = "lane of "


def lane_reason(name: str, who: str | None) -> str:
    """What a ticket says that waits for it. `who`: is there."""
    return f"{LANE_OF}{name}: {who} is there" if who else f"{LANE_OF}{name}: others have waited longer"


def lane_in(reason: str | None) -> str | None:
    """The lane that a `waitReason` names; None: it is another reason."""
    if not reason or not reason.startswith(LANE_OF):
        return None
    return reason.removeprefix(LANE_OF).rpartition(": ")[0] or None


def touch_reason(who: str, glob: str) -> str:
    return f"{who} touches {glob} too"
