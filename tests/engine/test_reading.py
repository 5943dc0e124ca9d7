"""What an attempt's agent has said: by its output, by the file that its CLI keeps, by words; the surest counts."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from orchestrator.agents.base import Ended, Report, Told, Written
from orchestrator.agents.registry import AGENTS
from orchestrator.core.model import Attempt
from orchestrator.core.outcome import Outcome, OutcomeKind, Usage
from orchestrator.core.rules import Rules
from orchestrator.core.settings import AgentSettings
from orchestrator.core.workflow import AgentPhase
from orchestrator.engine.attempt.prepare import Scene
from orchestrator.engine.attempt.reading import completed, read_report
from orchestrator.engine.attempt.supervise import Ending
from orchestrator.engine.attempt.verdict import judge_agent
from orchestrator.engine.home import Home
from tests import factories
from tests.adapters.shelf import config_of

RESOURCES = Path(__file__).parent.parent / "resources"
RESET = 1795388164
"""In the session's file of `usage-limit`."""
PHASE = AgentPhase(id="work", prompt_template="p.md")


class Room:
    """An attempt of an agent that has ended, and its HOME."""

    def __init__(self, root: Path, agent: str = "codex", env: dict[str, str] | None = None) -> None:
        self.root, self.agent = root, AGENTS[agent]
        settings = AgentSettings(command=agent, env=env or {})
        config = config_of(root, agents={agent: settings}, default_agent=agent)
        self.home = Home(config, {"HOME": str(root / "home"), "PATH": "/bin"})
        ticket = factories.ticket()
        attempt = Attempt(n=1, id="1", phase="work", started_at="")
        self.directory = self.home.places.attempt(ticket.key, 1, "work")
        self.directory.mkdir(parents=True)
        rules = Rules(workflow=factories.workflow(), plan=factories.plan("T-1"))
        self.scene = Scene(ticket, {}, rules, attempt, self.directory)

    def said(self, stream: str = "", stderr: str = "", session_file: str = "", home: str = "home/.codex") -> None:
        source = RESOURCES / "streams" / self.agent.name / f"{stream}.jsonl"
        output = source.read_bytes() if stream else b""
        (self.directory / "stdout.log").write_bytes(output)
        (self.directory / "stderr.log").write_text(stderr)
        if session_file:
            session = json.loads(output.splitlines()[0])["thread_id"]
            folder = self.root / home / "sessions/2026/11/22"
            folder.mkdir(parents=True)
            kept = RESOURCES / "sessions/codex" / f"{session_file}.jsonl"
            shutil.copy(kept, folder / f"rollout-2026-11-22T20-56-04-{session}.jsonl")

    def report(self, exit_code: int = 1) -> Report:
        return asyncio.run(read_report(self.home, self.scene, self.agent, exit_code))

    def outcome(self, cut_short: OutcomeKind | None = None) -> Outcome:
        ended = Outcome(kind=cut_short, reason="ran out") if cut_short else None
        ending = Ending(None if cut_short else 1)
        return asyncio.run(judge_agent(self.home, self.scene, PHASE, ending, ended))


def test_the_session_s_file_tells_when_a_limit_ends_and_which_it_is_before_words_do(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.said("usage-limit", session_file="usage-limit")
    outcome = room.outcome()
    assert (outcome.kind, outcome.until, outcome.told) == (OutcomeKind.RATE_LIMITED, RESET, "file")
    assert (outcome.limit, outcome.model) == ("five-hour limit", "gpt-5.5")


def test_without_such_a_file_words_tell_it(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.said("usage-limit-days")
    (room.directory / "exit").write_text("1\n")
    found = room.report()
    assert (found.ended, found.told, found.limit) == (Ended.RATE_LIMITED, Told.TEXT, "usage limit")
    assert found.until is not None


def test_the_file_is_looked_for_where_the_agent_s_environment_says(tmp_path: Path) -> None:
    room = Room(tmp_path, env={"CODEX_HOME": str(tmp_path / "own")})
    room.said("usage-limit", session_file="usage-limit", home="own")
    assert room.report().until == RESET


def test_tokens_of_a_turn_that_failed_are_counted_and_priced_by_the_model_that_the_file_names(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.said("usage-limit-after-work", session_file="usage-limit-after-work")
    usage = room.outcome().usage
    assert usage is not None and usage.priced
    assert (usage.input_tokens, usage.cached_tokens, usage.output_tokens) == (1200, 300, 25)
    assert usage.cost_usd == pytest.approx((1200 * 5 + 300 * 0.5 + 25 * 30) / 1e6)


def test_a_file_that_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.said("usage-limit-no-time", session_file="usage-limit")
    (file,) = (tmp_path / "home").rglob("*.jsonl")
    file.unlink()
    file.mkdir()
    assert (room.report().ended, room.report().until) == (Ended.RATE_LIMITED, None)


def test_a_number_in_the_output_is_surer_than_the_file_and_words_are_not() -> None:
    file = Written(until=2.0, limit="weekly limit", usage=Usage(input_tokens=9), model="other")
    sure = Report(ended=Ended.RATE_LIMITED, until=1.0, told=Told.STRUCTURED, usage=Usage(input_tokens=1), model="m")
    assert completed(sure, file) == sure
    words = Report(ended=Ended.RATE_LIMITED, until=3.0, told=Told.TEXT, limit="usage limit")
    assert completed(words, file).until == 2.0
    assert completed(words, Written()) == words
    assert completed(Report(ended=Ended.FAILURE), file).until is None


WAITING = (
    'timestamp=2026-11-22T21:01:59.495Z level=ERROR run=1 message="stream error" small=false '
    'error.error="AI_APICallError: The usage limit has been reached"\n'
)


@pytest.mark.parametrize("cut_short", [OutcomeKind.TIMEOUT, OutcomeKind.STALLED])
def test_who_runs_out_of_time_while_it_waits_for_a_limit_has_met_the_limit(
    tmp_path: Path, cut_short: OutcomeKind
) -> None:
    room = Room(tmp_path, "opencode")
    room.said(stderr=WAITING)
    outcome = room.outcome(cut_short)
    assert (outcome.kind, outcome.limit, outcome.again) == (OutcomeKind.RATE_LIMITED, "usage limit", "")


def test_who_is_stopped_by_a_person_meanwhile_was_stopped(tmp_path: Path) -> None:
    room = Room(tmp_path, "opencode")
    room.said(stderr=WAITING)
    assert room.outcome(OutcomeKind.STOPPED).kind is OutcomeKind.STOPPED


def test_a_stream_that_is_cut_off_for_ever_runs_out_of_time(tmp_path: Path) -> None:
    room = Room(tmp_path, "opencode")
    room.said("cut-stream")
    outcome = room.outcome(OutcomeKind.TIMEOUT)
    assert (outcome.kind, outcome.limit) == (OutcomeKind.TIMEOUT, "")
