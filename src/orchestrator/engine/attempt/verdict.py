"""What an agent's attempt came to: what its output says, the verdict and the evidence that the phase asks for.

Success is a terminal event of the right kind, no error in it, and evidence. What an ending makes of the ticket is in
ENDINGS; where it says so the next attempt begins a new session.
"""

from __future__ import annotations

import asyncio
import re
from typing import NamedTuple

from msgspec.structs import replace

from orchestrator.agents.base import Agent, Ended, Report
from orchestrator.core.outcome import OUTPUT_LIMIT, Outcome, OutcomeKind
from orchestrator.core.workflow import AgentPhase
from orchestrator.engine.attempt.answers import answer
from orchestrator.engine.attempt.evidence import missing_evidence
from orchestrator.engine.attempt.prepare import Scene
from orchestrator.engine.attempt.reading import read_report
from orchestrator.engine.attempt.spending import by_budget, spent
from orchestrator.engine.attempt.supervise import Ending
from orchestrator.engine.home import Home
from orchestrator.errors import CannotRunError

_VERDICT = re.compile(r"^[\s*_#>`~-]*(PASS|FAIL)[\s*_`~.!]*$", re.MULTILINE)


STALLED_AGAIN = (
    "You were stopped: for a long time you had written nothing, and nothing that you had started did anything. Go on "
    "with the task from where you stopped, to its end, as you were first instructed. Look at the state of the working "
    "directory before you change anything. If a command hangs, do it in another way, and let none wait without a limit "
    "of time.\n"
)


class _Meaning(NamedTuple):
    kind: OutcomeKind
    fresh: bool = False
    """Its session cannot, or should not, be continued."""
    words: str = ""
    """What is added to the reason."""


ENDINGS: dict[Ended, _Meaning] = {
    Ended.FAILURE: _Meaning(OutcomeKind.FAILURE),
    Ended.INTERRUPTED: _Meaning(OutcomeKind.FAILURE),
    Ended.NEEDS_LOGIN: _Meaning(OutcomeKind.FAILURE),
    Ended.PERMISSION_REFUSED: _Meaning(OutcomeKind.FAILURE),
    Ended.BUDGET_REACHED: _Meaning(OutcomeKind.FAILURE),
    Ended.CONTEXT_TOO_LONG: _Meaning(OutcomeKind.FAILURE, fresh=True),
    Ended.RATE_LIMITED: _Meaning(OutcomeKind.RATE_LIMITED),
    Ended.OVERLOADED: _Meaning(OutcomeKind.RATE_LIMITED),
    Ended.SESSION_EXISTS: _Meaning(OutcomeKind.LOST, words="; it is continued"),
    Ended.SESSION_GONE: _Meaning(OutcomeKind.LOST, fresh=True, words="; a new session is begun"),
}


async def judge_agent(
    home: Home, scene: Scene, phase: AgentPhase, ending: Ending, cut_short: Outcome | None
) -> Outcome:
    try:
        _, agent = home.agent(scene.attempt.agent or home.settings.default_agent)
    except CannotRunError as error:  # the configuration changed meanwhile
        return Outcome(kind=OutcomeKind.ERROR, reason=str(error))
    report = await read_report(home, scene, agent, ending.exit_code)
    known = {"session": report.session or scene.attempt.session, "model": report.model, "ended": report.ended.value}
    known |= spent(home, scene, agent, report)
    if cut_short is not None and not _waited_for_a_limit(cut_short, report):
        output = report.text[-OUTPUT_LIMIT:]
        again = STALLED_AGAIN if cut_short.kind is OutcomeKind.STALLED and agent.has_sessions else ""
        return replace(cut_short, output=output, fresh=report.ended is Ended.SESSION_GONE, again=again, **known)
    if report.ended is Ended.SUCCESS:
        outcome = await asyncio.to_thread(_succeeded, home, scene, phase, agent, report)
    else:
        outcome = by_budget(home, scene, phase, report, _unsuccessful(report))
    return replace(outcome, **known)


def _waited_for_a_limit(cut_short: Outcome, report: Report) -> bool:
    """Some CLIs wait for hours, in silence or repeating themselves: the limit is what ended it, not the time."""
    ran_out = cut_short.kind in (OutcomeKind.STALLED, OutcomeKind.TIMEOUT)
    return ran_out and report.ended in (Ended.RATE_LIMITED, Ended.OVERLOADED)


def _unsuccessful(report: Report) -> Outcome:
    reason = report.error or report.ended.value.replace("_", " ")
    kind, fresh, words = ENDINGS[report.ended]
    if kind is OutcomeKind.LOST:
        return Outcome(kind=kind, reason=reason + words, fresh=fresh)
    return Outcome(
        kind=kind,
        reason=reason + words,
        fresh=fresh,
        until=report.until,
        limit=report.limit or ("overloaded" if report.ended is Ended.OVERLOADED else ""),
        told=report.told or "",
        output=report.text[-OUTPUT_LIMIT:] or reason,
        text=report.text,
    )


def _succeeded(home: Home, scene: Scene, phase: AgentPhase, agent: Agent, report: Report) -> Outcome:
    """What comes of a run that ended well: there is the answer, the verdict and the evidence, or it has failed."""
    given = answer(agent, phase, report)
    said = f"{report.text}\n{given.said}"
    missing = given.wrong or _no_verdict(phase, said) or missing_evidence(home, scene, phase, report, said)
    if missing:
        output = report.text[-OUTPUT_LIMIT:] or missing
        failed = Outcome(kind=OutcomeKind.FAILURE, reason=missing, output=output, text=report.text, again=given.again)
        return replace(failed, captured=given.captured)
    return Outcome(
        kind=OutcomeKind.SUCCESS,
        output=report.text[:OUTPUT_LIMIT],
        text=report.text,
        exit_code=0,
        captured=given.captured,
    )


def _no_verdict(phase: AgentPhase, said: str) -> str:
    if not phase.verdict:
        return ""
    verdicts = set(_VERDICT.findall(said))
    if not verdicts:
        return "no verdict: the final message has no line PASS or FAIL"
    return "verdict FAIL" if "FAIL" in verdicts else ""
