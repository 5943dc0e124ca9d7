"""How one says what the phases of a simulation come to: `verify=failure,verify=success`, `ask=not_yet*3`, `route=3`.

The law: what cannot happen to a phase of that type cannot be said of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from orchestrator.core.outcome import OutcomeKind
from orchestrator.core.problems import did_you_mean
from orchestrator.core.trial.steps import Said
from orchestrator.core.workflow import AgentPhase, Phase, PollPhase, ScriptPhase, TerminalPhase, Workflow
from orchestrator.errors import UsageError

_K = OutcomeKind
POSSIBLE: dict[type, tuple[OutcomeKind, ...]] = {
    ScriptPhase: (_K.SUCCESS, _K.FAILURE, _K.TIMEOUT, _K.ERROR, _K.LOST),
    AgentPhase: (_K.SUCCESS, _K.FAILURE, _K.TIMEOUT, _K.STALLED, _K.ERROR, _K.LOST, _K.RATE_LIMITED),
    PollPhase: (_K.SUCCESS, _K.FAILURE, _K.NOT_YET, _K.TIMEOUT, _K.ERROR),
}
_FORM = re.compile(r"(?P<word>[^*]*?)(?P<star>\*(?P<times>\d*))?\Z")
FIRST_SIGNAL, LAST_SIGNAL = 129, 192
"""Exit codes that mean the end by a signal."""


def sayings(workflow: Workflow, texts: Iterable[str]) -> dict[str, list[Said]]:
    """By phase, in turn. Raises UsageError."""
    found: dict[str, list[Said]] = {}
    for phase, word in _pairs(workflow, texts):
        found.setdefault(phase.id, []).append(_said(phase, word))
    return found


def _pairs(workflow: Workflow, texts: Iterable[str]) -> Iterator[tuple[Phase, str]]:
    for text in texts:
        phase: Phase | None = None
        for part in text.split(","):
            name, equals, word = part.strip().rpartition("=")
            if equals:
                phase = _phase(workflow, name.strip())
            if phase is None:
                raise UsageError(f'outcome "{part.strip()}": write PHASE=OUTCOME, as in verify=failure')
            yield phase, word.strip()


def _phase(workflow: Workflow, name: str) -> Phase:
    phase = workflow.phase(name)
    ids = [one.id for one in workflow.phases if not isinstance(one, TerminalPhase)]
    if phase is None:
        hint = did_you_mean(name, ids) or f"it has {', '.join(ids)}"
        raise UsageError(f'workflow {workflow.name} has no phase "{name}" ({hint})')
    if isinstance(phase, TerminalPhase):
        raise UsageError(f"phase {phase.id} is a terminal phase: nothing runs there, so it has no outcome")
    return phase


def _said(phase: Phase, text: str) -> Said:
    match = _FORM.match(text)
    word = match["word"].strip() if match else text
    times: int | None = 1
    if match and match["star"]:
        times = int(match["times"]) if match["times"] else None
        if times == 0:
            raise UsageError(f'outcome "{phase.id}={text}": at least once')
    if word.isdecimal():
        return _exit(phase, int(word), times)
    possible = POSSIBLE[type(phase)]
    kind = next((kind for kind in possible if kind == word.lower().replace("-", "_")), None)
    if kind is None:
        raise UsageError(_impossible(phase, word, [one.value for one in possible]))
    code = {_K.SUCCESS: 0, _K.NOT_YET: 1}.get(kind) if not isinstance(phase, AgentPhase) else None
    return Said(kind=kind, code=code, times=times)


def _impossible(phase: Phase, word: str, possible: list[str]) -> str:
    kind = phase.__struct_config__.tag
    article = "an" if kind == "agent" else "a"
    hint = did_you_mean(word, possible)
    codes = "" if isinstance(phase, AgentPhase) else " or an exit code"
    listed = f"{article} {kind} phase ends with {', '.join(possible)}{codes}"
    return f'outcome "{phase.id}={word}": unknown outcome ({f"{hint} " if hint else ""}{listed})'


def _exit(phase: Phase, code: int, times: int | None) -> Said:
    if isinstance(phase, AgentPhase):
        raise UsageError(f"phase {phase.id}: the exit code of an agent says nothing; write success or failure")
    if code > 255:
        raise UsageError(f"phase {phase.id}: there is no exit code {code}, they end at 255")
    if FIRST_SIGNAL <= code <= LAST_SIGNAL:
        return Said(kind=_K.FAILURE, times=times)  # ended by a signal: no route matches
    if code == 0:
        return Said(kind=_K.SUCCESS, code=0, times=times)
    if code == 1 and isinstance(phase, PollPhase):
        return Said(kind=_K.NOT_YET, code=1, times=times)
    return Said(kind=_K.FAILURE, code=code, times=times)
