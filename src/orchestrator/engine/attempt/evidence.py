"""The evidence that a phase asks of an agent, in the worktree as it is now.

The law: what the agent says of its work counts for nothing, but for the declaration that nothing had to change. Work is
measured against the state in which the visit began, and only on the branch on which it began, or on the ticket's: what
lies elsewhere is found by nobody. Nothing is put right here; what was done stays where it is.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from orchestrator.adapters.attempts.attempt_files import Record, recorded
from orchestrator.adapters.repository import git
from orchestrator.agents.base import Report
from orchestrator.core.times import epoch_or
from orchestrator.core.workflow import AgentPhase
from orchestrator.engine.attempt.prepare import Scene
from orchestrator.engine.home import Home

_NO_CHANGE = re.compile(r"^[\s*_#>`~-]*NO_CHANGE_NEEDED[*_`]*:[\s*_`]*(?!<[^>\n]*>[\s*_`.]*$)(\S.*)$", re.MULTILINE)
"""With a reason; the words of a prompt that was printed again, `<reason>`, are none."""


def missing_evidence(home: Home, scene: Scene, phase: AgentPhase, report: Report, said: str) -> str:
    """What is missing of it; empty when nothing is. A worktree that is gone is missed whatever the phase asks for."""
    worktree = scene.worktree
    if worktree is None or not Path(worktree).is_dir():
        return f"the agent has deleted its worktree {worktree}"
    if phase.evidence == "none":
        return ""
    start = phase_start(home, scene)
    if start is None or (git.head(worktree) is None and git.branch(worktree) is None):
        return f"no evidence: {worktree} is no git worktree"
    if elsewhere := _elsewhere(scene, start, worktree):
        return elsewhere
    if _NO_CHANGE.search(said) or _has_changed(phase, start, worktree):
        return ""
    since = f"since {start.head[:10]}" if start.head else "yet"
    missing = f"no evidence: no {phase.evidence} {since}, and no NO_CHANGE_NEEDED: <reason>"
    return missing + _strays(start, worktree) + _denied(report)


def phase_start(home: Home, scene: Scene) -> Record | None:
    """The visit's first attempt, with the state of the worktree when it began."""
    visit = scene.ticket.visit
    if visit is not None and visit.first is not None and visit.first != scene.attempt.n:
        first = recorded(home.places.attempt(scene.key, visit.first, scene.attempt.phase))
        if first is not None and (first.head is not None or first.branch is not None):
            return first
    return recorded(scene.directory)


def _has_changed(phase: AgentPhase, start: Record, worktree: str) -> bool:
    if phase.evidence == "diff":
        return git.changes_since(worktree, start.head) != start.changes
    return git.commits_since(worktree, start.head) > 0


def _elsewhere(scene: Scene, start: Record, worktree: str) -> str:
    """That another branch, or none, is checked out than the one that its work belongs on."""
    here, wanted = git.branch(worktree), start.branch or scene.ticket.branch
    if here == start.branch or (here is not None and here == scene.ticket.branch):
        return ""
    place = f"branch {here}" if here is not None else "no branch (detached HEAD)"
    count = git.commits_since(worktree, start.head)
    kept = f"; {count} commit{'' if count == 1 else 's'} since the start, kept there" if count else ""
    return f"no evidence: the agent has left {worktree} on {place}{kept}, and its work belongs on {wanted}"


def _strays(start: Record, worktree: str) -> str:
    """Commits that it made with another branch checked out."""
    found = git.strays(worktree, epoch_or(start.started_at, time.time()))
    return "".join(f"; commit {sha[:10]} is on {place or 'no branch'}" for sha, place in found.items())


def _denied(report: Report) -> str:
    return f"; it was not allowed to use {', '.join(report.denied)}" if report.denied else ""
