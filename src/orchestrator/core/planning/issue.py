"""An issue of a tracker, whichever it is, as an importer hands it on. Its texts are other people's: data only."""

from __future__ import annotations

import msgspec


class Issue(msgspec.Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=True):
    id: str
    """As a ticket is called: `GH-101`, `PROJ-101`."""
    title: str
    body: str = ""
    """Markdown, as the tracker has it."""
    url: str | None = None
    labels: tuple[str, ...] = ()
    blocked_by: tuple[str, ...] = ()
    """Ids, by relations that the tracker itself keeps, both ways; of words in the body the reader of bodies knows."""
    parent: str | None = None
    """The id of the issue whose part it is."""
    state: str = "open"
    """`open`, `done` (finished, whatever the tracker calls it) or `dropped` (cancelled, not planned)."""
    duplicate_of: str | None = None
    """The id of what it repeats, or "" where the tracker does not say."""
    priority: int | None = None
    """1 is the most urgent."""
    branch: str | None = None
    """What the tracker itself proposes."""
    updated_at: str = ""


class Issues(msgspec.Struct, frozen=True, kw_only=True):
    """What one import asked for."""

    name: str
    """How a plan of them is called by itself: the milestone, project, cycle, or repository."""
    found: tuple[Issue, ...] = ()
    notes: tuple[str, ...] = ()
    """What the reader could not tell, in words."""
    ended: tuple[str, ...] = ()
    """Ids of others that are closed: who waits for one of these waits no longer."""
    parents_first: bool = False
    """Whether the parts of an issue wait for it; else it waits for its parts."""
    made_up: tuple[str, ...] = ()
    """Ids that only stand in for one that the source does not give; the title says which ticket it is."""
