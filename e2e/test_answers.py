"""An answer that does not match the schema of its phase is asked for once more, in the same session of each program."""

from __future__ import annotations

import json

from e2e.agents import Real
from e2e.conftest import EVERY
from e2e.servers.script import Asked, Reply, Say, Script, Use
from e2e.test_options import ANSWER, SCHEMA, workflow
from e2e.tickets import PLAN, TICKET, Home

pytestmark = EVERY

WRONG = {"score": 7, "note": 3}
AGAIN = "your answer cannot be used"


def answering(value: object) -> Reply:
    return Say(f"```json\n{json.dumps(value)}\n```")


def test_a_wrong_answer_is_put_right_in_its_session_and_the_next_phase_uses_it(
    tickets: Home, script: Script, real: Real
) -> None:
    """By a program that holds its model to the schema itself, at once."""

    def first(asked: Asked) -> Reply:
        if "StructuredOutput" in asked.tools:
            return Use("StructuredOutput", ANSWER if asked.step else WRONG) if asked.step < 2 else Say("done")
        return answering(WRONG)

    script.when("The note was").say("as you say")
    script.when(AGAIN).then(lambda asked: answering(ANSWER))
    script.when("How good").then(first)
    ask, use = {"id": "ask", "outputSchema": SCHEMA}, {"id": "use"}
    tickets.walk(workflow(ask, use), ask="How good is it?", use="The note was {{ note }}.")
    assert tickets.orchestrator("run", PLAN, TICKET).returncode == 0
    ticket = tickets.ticket()
    assert (ticket["context"]["score"], ticket["context"]["note"]) == ("7", "well done")
    assert ticket["retries"] == {}
    assert tickets.asked("The note was well done.")
    met = [attempt.read("outcome.json") for attempt in tickets.attempts("ask")]
    assert len(met) == (1 if real.name == "claude" else 2)
    assert len({one["session"] for one in met}) == 1
    assert ("does not match outputSchema" in met[0].get("reason", "")) is (real.name != "claude")
