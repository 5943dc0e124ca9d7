"""What a scripted model is asked and says, and the rules of a script. No protocol of its own: the dialects speak.

A script looks only at the conversation that it is sent: the rule is chosen by the words of the last prompt, the step by
the number of answers since. So a repeated request gets the same answer, one server serves many agents at once, and one
script drives any agent: `run` and `write` become calls of whatever tool the agent has for that.
A scenario may also be any function from `Asked` to a reply.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, NamedTuple


@dataclass(frozen=True)
class Say:
    """A last message: the turn ends."""

    text: str


@dataclass(frozen=True)
class Run:
    """The agent's shell; the conversation goes on with what the command printed."""

    command: str


@dataclass(frozen=True)
class Write:
    """The agent's own tool that makes a file."""

    path: str
    content: str


@dataclass(frozen=True)
class Use:
    """A call of a tool by its own name."""

    tool: str
    input: Mapping[str, Any]


@dataclass(frozen=True)
class UsageLimit:
    """The account's allowance is used up until then (epoch seconds)."""

    resets_at: int


class Trouble(Enum):
    """What any vendor can answer instead of a message, each in its own words."""

    RATE_LIMITED = "too many requests just now"
    UNAUTHORIZED = "the key is not valid"
    OVERLOADED = "nobody is served just now"
    TOO_LONG = "the conversation is longer than the model can take"


@dataclass(frozen=True)
class Refuse:
    """An HTTP error, as it is sent."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cut:
    """The connection ends in the middle of the answer."""


@dataclass(frozen=True)
class Hang:
    """No answer for as long as the server lives."""


Message = Say | Run | Write | Use
Reply = Message | UsageLimit | Trouble | Refuse | Cut | Hang


class Turn(NamedTuple):
    by: Literal["user", "model", "tool"]
    text: str


@dataclass(frozen=True)
class Asked:
    """One request for a message."""

    turns: tuple[Turn, ...]
    tools: Mapping[str, frozenset[str]]
    """Those that the agent has, with the names of their arguments."""
    model: str
    stream: bool
    session: str
    """As far as the agent names it in its requests; else empty."""
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def _since(self) -> tuple[Turn, ...]:
        """From the last prompt on."""
        last = max((i for i, turn in enumerate(self.turns) if turn.by == "user"), default=0)
        return self.turns[last:]

    @property
    def prompt(self) -> str:
        """The last prompt as the agent was given it."""
        return self._since[0].text if self.turns else ""

    @property
    def step(self) -> int:
        """How many answers were given since that prompt."""
        return sum(turn.by == "model" for turn in self._since)

    @property
    def tool_results(self) -> list[str]:
        """What the tools answered since that prompt."""
        return [turn.text for turn in self._since if turn.by == "tool"]

    @property
    def conversation(self) -> str:
        """Every text so far, for assertions about what a resumed session still knows."""
        return "\n".join(turn.text for turn in self.turns)


def merged(turns: list[Turn]) -> tuple[Turn, ...]:
    """Without what is empty, and one turn of the model for each answer, of however many parts."""
    kept: list[Turn] = []
    for turn in turns:
        if turn.by == "model" and kept and kept[-1].by == "model":
            kept[-1] = Turn("model", f"{kept[-1].text}\n{turn.text}")
        elif turn.text or turn.by != "user":
            kept.append(turn)
    return tuple(kept)


Scenario = Callable[[Asked], Reply]


class Rule:
    """What the model does about one kind of prompt, step by step; after the last step it repeats that one."""

    def __init__(self, words: str) -> None:
        self.words = words
        self.steps: list[Reply | Scenario] = []

    def then(self, reply: Reply | Scenario) -> Rule:
        self.steps.append(reply)
        return self

    def run(self, shell_command: str) -> Rule:
        return self.then(Run(shell_command))

    def write(self, path: str, content: str) -> Rule:
        return self.then(Write(path, content))

    def say(self, text: str) -> Rule:
        return self.then(Say(text))

    def judge(self, by: Callable[[str], str]) -> Rule:
        """Say what follows from what the last tool answered."""
        return self.then(lambda asked: Say(by(asked.tool_results[-1])))

    def reply(self, asked: Asked) -> Reply:
        step = self.steps[min(asked.step, len(self.steps) - 1)]
        return step(asked) if callable(step) else step


class Script:
    """Rules; the first whose words are in the prompt applies."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []

    def when(self, words: str) -> Rule:
        rule = Rule(words)
        self._rules.append(rule)
        return rule

    def __call__(self, asked: Asked) -> Reply:
        for rule in self._rules:
            if rule.steps and rule.words in asked.prompt:
                return rule.reply(asked)
        return Refuse(400, {"error": {"message": f"nothing is scripted for the prompt {asked.prompt[-200:]!r}"}})
