"""Acceptance criteria that nobody can test: by lists of words, no model is asked.

The law: few false alarms. What names a number, a name in quotes or backticks, or a condition is never suspected; only
what says nothing once the words that say nothing are gone is, and short sentences that end in praise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestrator.core.problems import Problem
from orchestrator.core.workflow import AgentPhase

if TYPE_CHECKING:
    from orchestrator.core.checks.check_plan import Scope
    from orchestrator.core.model import Ticket

HINT = 'write what can be observed or run, for example "GET /health answers 200" or "`npm test` passes"'

_PLACEHOLDERS = re.compile(
    r"(tbd|tba|tbc|todo|fixme|xxx+|n/?a|none|null|nil|later|placeholder|lorem ipsum.*"
    r"|to be (defined|determined|decided|done|added|confirmed|discussed)"
    r"|fill (this |me )?in( later)?|add( more)? later|same as above|see (above|below|title|description)"
    r"|(acceptance )?criteri(a|on))( here)?"
)
_NOTHING: frozenset[str] = frozenset(
    """
    a an the this that these those it its they everything anything something all every each and or but so as is
    are be been being was were has have had do does did will shall should must can could would may might to of
    in for with by on at we you i user users ones one really very quite just also still always now then feature
    features functionality function functions code codebase change changes fix bug bugs issue issues problem
    problems ticket tickets task tasks story work works working worked thing things stuff system app application
    program product project software solution implementation implemented implement implements requirement
    requirements need needs needed expected expectations intended designed required described requested
    specified desired good nice great well fine ok okay better best perfect perfectly excellent correct
    correctly right properly proper appropriately appropriate nicely cleanly clean smoothly gracefully reliably
    reliable robust robustly stable secure securely safe safely fast quick quickly slow efficient efficiently
    performant scalable maintainable readable simple easy easily intuitive friendly user-friendly usable useful
    beautiful pretty elegant modern professional quality high done complete completed completely finished ready
    fixed resolved solved addressed handled improved updated looks look feels feel seems performs perform
    performance behaves behave runs run acceptable accepted satisfied satisfactory happy sufficient enough met
    meets meet passes pass no not any errors error bug-free
    """.split()  # noqa: SIM905 - a list of them would be a line per word
)
_SPECIFIC = re.compile(
    r"[0-9`\"'“”‘’«»<>=/_{}\[\]()$%#@]|\b(when|if|unless|after|before|until|while|without|within|than|instead|on|under"
    r"|per|for|only|never|even|because|by|via|from|using|against|between|in|offline|tests?|lint|linter|build|builds"
    r"|ci|typecheck|compiles?)\b"
)
"""What makes a sentence say something: it is left alone."""
_PRAISE = re.compile(
    r"\b(works?|is working|(is|are|looks?|feels?|seems?|be|runs?)( \w+ly| very| really| quite| more)?"
    r" (good|nice|great|better|perfect|fine|ok|okay|fast|faster|quick|easy|easier|intuitive|user-friendly"
    r"|user friendly|robust|secure|performant|scalable|maintainable|reliable|efficient|elegant|beautiful|pretty"
    r"|modern|high quality|bug-free|bug free|easy to use|done|fixed|implemented|improved|optimi[sz]ed)"
    r"|performs? well)$"
)
_ADVERB = re.compile(
    r"\b(correctly|properly|gracefully|appropriately|nicely|smoothly|well|as (expected|intended|it should|designed))$"
)
LONGEST_PRAISE, LONGEST_ADVERB = 7, 6
"""Words. What is longer tells more than its end."""


def criteria(scope: Scope) -> Iterator[Problem]:
    for name, ticket in scope.open_tickets:
        if not ticket.acceptance_criteria:
            if _is_read(scope, ticket):
                what = "has no acceptance criteria, so nobody can tell when it is done"
                yield Problem(scope.ticket(name), what, "warning", HINT, key="acceptanceCriteria")
            continue
        for i, text in enumerate(ticket.acceptance_criteria):
            flaw = untestable(text)
            if flaw is not None:
                what = f"acceptance criterion {i + 1} {flaw}"
                yield Problem(scope.ticket(name), what, "warning", HINT, key=f"acceptanceCriteria.{i}")


def _is_read(scope: Scope, ticket: Ticket) -> bool:
    """Whether anybody reads criteria in its workflow: an agent; or nobody knows that workflow."""
    workflow = (scope.known.workflows or {}).get(ticket.workflow or scope.plan.workflow or "standard")
    return workflow is None or any(isinstance(phase, AgentPhase) for phase in workflow.phases)


def untestable(text: str) -> str | None:
    """Why nobody can test it; None: it may well be."""
    words = _plain(text)
    if not words:
        return "is empty"
    shown = f'"{" ".join(text.split())[:80]}"'
    if _PLACEHOLDERS.fullmatch(words):
        return f"is still to be written: {shown}"
    tokens = words.split()
    if all(token in _NOTHING for token in tokens) or (
        len(tokens) <= LONGEST_PRAISE and _PRAISE.fullmatch(f"is {words}")
    ):
        return f"cannot be tested: {shown}"
    if _SPECIFIC.search(text.lower().strip().rstrip(".!")):
        return None
    if len(tokens) <= LONGEST_PRAISE and _PRAISE.search(words):
        return f"cannot be tested: {shown}"
    if len(tokens) <= LONGEST_ADVERB and _ADVERB.search(words):
        return f"cannot be tested: {shown}"
    return None


def _plain(text: str) -> str:
    """Lower case, single blanks, without list marks, emphasis and what ends a sentence."""
    line = re.sub(r"^\s*(?:[-*+•]|\d+[.)])?\s*(?:\[[ xX]?\])?\s*", "", text.lower())
    return re.sub(r"\s+", " ", re.sub(r"[*_.!?…,;:—–\s]+(?=\s|$)|[*?…]+|^[-—–\s.]+$", " ", line)).strip()
