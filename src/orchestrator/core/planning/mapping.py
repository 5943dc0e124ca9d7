"""Issues of a tracker → a draft: which become tickets, what they want, whom they wait for. Pure, and without a model.

The law: nothing is left out, cut or guessed without a note that says so, and the same issues make the same draft.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from orchestrator.core.planning.body import Said, criteria, fit, one_line, said, tagged
from orchestrator.core.planning.dependencies import Wait, Why, order
from orchestrator.core.planning.draft import Draft, DraftTicket
from orchestrator.core.planning.issue import Issue, Issues

BUGFIX = "bugfix"
PLAIN = "standard"
BUGS = frozenset({"bug", "hotfix"})
NAMED = 12
"""Ids that one note names."""


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever imports has said, and what there is already."""

    id: str | None = None
    name: str = ""
    """By default what the reader calls it."""
    repo: str | None = None
    workflow: str | None = None
    agent: str | None = None
    worktree_root: str | None = None
    base: str | None = None
    created_by: str = ""
    paused: bool = False
    workflows: Collection[str] = ()
    """Those that there are: bugs go by `bugfix` where it exists."""
    present: Mapping[str, Collection[str]] = {}
    """Tickets that the plan has already, with those for whom they wait."""
    under_way: Collection[str] = ()
    """Those of them that are being worked at: they are waited for, whatever the tracker says."""
    elsewhere: Mapping[str, str] = {}
    """Issues that are unfinished tickets of other plans, with their addresses there."""


class Mapped(NamedTuple):
    draft: Draft
    notes: tuple[str, ...] = ()


def draft_of(issues: Issues, chosen: Chosen) -> Mapped:
    found = list({issue.id: issue for issue in reversed(issues.found)}.values())[::-1]
    texts = {issue.id: said(issue.body) for issue in found}
    names = _Names(found)
    repeated = {one.id: original for one in found if (original := _original(one, texts[one.id], names)) is not None}
    there = [one.id for one in found if one.id in chosen.elsewhere]
    tickets = [one for one in found if one.state == "open" and one.id not in {*repeated, *there}]
    tickets.sort(key=lambda one: one.priority or 99)
    waits, notes = _waits(found, texts, names, repeated, issues, chosen)
    ordered = order(waits, [one.id for one in tickets], chosen.present)
    draft = Draft(
        name=one_line(chosen.name or issues.name),
        id=chosen.id,
        repo=chosen.repo,
        workflow=chosen.workflow,
        agent=chosen.agent,
        worktree_root=chosen.worktree_root,
        base=chosen.base,
        created_by=chosen.created_by,
        paused=chosen.paused,
        tickets=tuple(_ticket(one, ordered.blockers[one.id], chosen) for one in tickets),
    )
    cuts = (
        f"{' → '.join(loop)} wait for each other: that {loop[0]} waits for {loop[1]} was left out"
        for loop in ordered.cut
    )
    return Mapped(draft, (*issues.notes, *_left_out(found, repeated, chosen), *notes, *cuts, *_unlike(tickets, chosen)))


def _ticket(issue: Issue, blockers: tuple[str, ...], chosen: Chosen) -> DraftTicket:
    return DraftTicket(
        ticket_id=issue.id,
        title=one_line(issue.title) or issue.id,
        description=fit(issue.body).strip("\n"),
        acceptance_criteria=criteria(issue.body),
        blocked_by=blockers,
        linear_url=issue.url,
        workflow=BUGFIX if _is_bug(issue) and _may_choose(chosen) and BUGFIX in chosen.workflows else None,
    )


# -- workflows --------------------------------------------------------------------------------------------------------


def _is_bug(issue: Issue) -> bool:
    """Also by `type: bug` and `kind/bug`."""
    return any(re.split(r"[:/]", label)[-1].strip().lower() in BUGS for label in issue.labels)


def _may_choose(chosen: Chosen) -> bool:
    """Whoever names another workflow than the usual one means it: `local` has no forge, `bugfix` needs one."""
    return chosen.workflow in (None, "", PLAIN)


def _unlike(tickets: list[Issue], chosen: Chosen) -> Iterator[str]:
    bugs = [one.id for one in tickets if _is_bug(one)]
    if not bugs or chosen.workflow == BUGFIX:
        return
    if not _may_choose(chosen):
        yield f"{some(bugs)}: labelled as a bug, but goes by {chosen.workflow}, as was asked for"
    elif BUGFIX not in chosen.workflows:
        yield f"{some(bugs)}: labelled as a bug, but there is no workflow {BUGFIX}"


# -- what becomes no ticket -------------------------------------------------------------------------------------------


def _original(issue: Issue, text: Said, names: _Names) -> str | None:
    """What it is a duplicate of, "" when nobody says; None: it is none."""
    if issue.duplicate_of is not None:
        return issue.duplicate_of
    if text.repeats is not None and (one := names.find(issue, text.repeats)) not in (None, issue.id):
        return one
    return "" if any(label.strip().lower() == "duplicate" for label in issue.labels) else None


def _left_out(found: list[Issue], repeated: Mapping[str, str], chosen: Chosen) -> Iterator[str]:
    for state, word in (("done", "closed in the tracker"), ("dropped", "dropped in the tracker")):
        ids = [one.id for one in found if one.state == state and one.id not in repeated]
        if ids:
            yield f"{some(ids)}: {word}, left out"
    for issue in found:
        if issue.id in chosen.elsewhere and issue.state == "open":
            yield f"{issue.id}: is ticket {chosen.elsewhere[issue.id]} already, left out"
    for one, original in repeated.items():
        yield f"{one}: a duplicate{f' of {original}' if original else ''}, left out"


def some(ids: list[str]) -> str:
    more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
    return f"{', '.join(ids[:NAMED])}{more}"


# -- who waits for whom -----------------------------------------------------------------------------------------------


class _Names:
    """What is meant by a reference."""

    def __init__(self, found: list[Issue]) -> None:
        self._ids = {issue.id.casefold(): issue.id for issue in found}
        self._by_url = {address(issue.url): issue.id for issue in found if issue.url}
        self._prefixes = {issue.id.rpartition("-")[0].casefold() for issue in found} - {""}

    def find(self, issue: Issue, written: str) -> str | None:
        """An id, whether there is such an issue or not. None: it is about something else (`UTF-8`)."""
        if "://" in written:
            return self._by_url.get(address(written)) or self._elsewhere(issue, written)
        owner, sharp, number = written.rpartition("#")
        if sharp:
            own = _repository(issue.url)
            if owner and owner.casefold() != own.casefold():
                return written
            prefix = issue.id.rpartition("-")[0]
            plain = f"{prefix}-{number}" if prefix else number
            return self._ids.get(plain.casefold(), plain)
        known = self._ids.get(written.casefold())
        has_prefix = written.rpartition("-")[0].casefold() in self._prefixes
        return known or (written.upper() if has_prefix else None)

    def _elsewhere(self, issue: Issue, written: str) -> str:
        own, there = address(issue.url or ""), address(written)
        if own.rpartition("/")[0] == there.rpartition("/")[0] and "-" in issue.id:
            last = there.rpartition("/")[2]
            return f"{issue.id.rpartition('-')[0]}-{last}" if last.isdigit() else last.upper()
        return written


def address(url: str) -> str:
    """Without what may be otherwise: `…/issue/PROJ-3/the-title` is `…/issue/proj-3`."""
    plain = url.partition("#")[0].partition("?")[0].rstrip("/").casefold()
    return re.sub(r"(/(?:issues?|browse)/[\w-]+)/.*", r"\1", plain)


def _repository(url: str | None) -> str:
    found = re.match(r"https?://[^/]+/([^/]+/[^/]+)/issues?/", url or "")
    return found[1] if found else ""


def _waits(
    found: list[Issue],
    texts: Mapping[str, Said],
    names: _Names,
    repeated: Mapping[str, str],
    issues: Issues,
    chosen: Chosen,
) -> tuple[list[Wait], list[str]]:
    by_id = {one.id: one for one in found}
    gone = {*issues.ended, *(one.id for one in found if one.state != "open")} - set(chosen.under_way)
    kept: list[Wait] = []
    notes: dict[str, None] = {}
    for wait in _told(found, texts, names, issues.parents_first):
        ticket, blocker = wait.ticket, _followed(wait.blocker, repeated)
        if (
            ticket == blocker
            or ticket not in by_id
            or any(ticket in group for group in (gone, repeated, chosen.elsewhere))
        ):
            continue
        if blocker in chosen.elsewhere and blocker not in gone:
            kept.append(Wait(ticket, chosen.elsewhere[blocker], wait.why))
        elif blocker in by_id and blocker not in gone and blocker not in repeated:
            kept.append(Wait(ticket, blocker, wait.why))
        elif blocker in gone:
            if blocker in by_id and by_id[blocker].state == "dropped" and wait.why is not Why.PART:
                notes[f"{ticket} waited for {blocker}, which was dropped: it waits no longer"] = None
        elif blocker in chosen.present:
            kept.append(Wait(ticket, blocker, wait.why))
        elif wait.why is not Why.PART:
            notes[f"{ticket} waits for {blocker}, which is not part of the plan: that is not taken over"] = None
    return kept, list(notes)


def _followed(name: str, repeated: Mapping[str, str]) -> str:
    """What is waited for instead of a duplicate."""
    seen: set[str] = set()
    while name in repeated and repeated[name] and name not in seen:
        seen.add(name)
        name = repeated[name]
    return name


def _told(found: list[Issue], texts: Mapping[str, Said], names: _Names, parents_first: bool) -> Iterator[Wait]:
    for one in found:
        for blocker in one.blocked_by:
            yield Wait(one.id, blocker, Why.RELATION)
        text = texts[one.id]
        for written in (*text.waits_for, *tagged(one.labels)):
            if (blocker_id := names.find(one, written)) is not None:
                yield Wait(one.id, blocker_id, Why.WORDS)
        for written in text.blocks:
            if (ticket_id := names.find(one, written)) is not None:
                yield Wait(ticket_id, one.id, Why.WORDS)
        parts = [(one.id, part) for written in text.parts if (part := names.find(one, written)) is not None]
        if one.parent is not None:
            parts.append((one.parent, one.id))
        for whole, part in parts:
            yield Wait(part, whole, Why.PART) if parents_first else Wait(whole, part, Why.PART)


def renamed(issues: Issues, names: Mapping[str, str]) -> Issues:
    """With other ids for those that only stood in for one."""
    if not names:
        return issues
    found = tuple(
        replace(
            one,
            id=names.get(one.id, one.id),
            blocked_by=tuple(names.get(blocker, blocker) for blocker in one.blocked_by),
            parent=names.get(one.parent, one.parent) if one.parent else None,
        )
        for one in issues.found
    )
    return replace(issues, found=found)
