"""What a scripted model is asked and says, and the rules of a script. No protocol of its own: the servers speak.

A script looks only at the conversation that it is sent: the rule is chosen by the words of the last prompt, the step by
the number of answers since. So a repeated request gets the same answer, and one server serves many agents at once.
A scenario may also be any function from `Asked` to a reply.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_REMINDERS = re.compile(r"<system-reminder>.*?</system-reminder>", re.DOTALL)


@dataclass(frozen=True)
class Say:
    """A last message: the turn ends."""

    text: str


@dataclass(frozen=True)
class Use:
    """A tool call; the conversation goes on with its result."""

    tool: str
    input: Mapping[str, Any]
    text: str = ""


@dataclass(frozen=True)
class Refuse:
    """An HTTP error."""

    status: int
    kind: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cut:
    """The connection ends in the middle of the answer."""


@dataclass(frozen=True)
class Hang:
    """No answer for as long as the server lives."""


Reply = Say | Use | Refuse | Cut | Hang


@dataclass(frozen=True)
class Asked:
    """One request for a message."""

    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def messages(self) -> list[dict[str, Any]]:
        return list(self.body.get("messages", []))

    @property
    def _last_prompt(self) -> int:
        return max((i for i, message in enumerate(self.messages) if _is_prompt(message)), default=0)

    @property
    def prompt(self) -> str:
        """The last prompt as the CLI was given it."""
        return _prompt_text(self.messages[self._last_prompt]) if self.messages else ""

    @property
    def step(self) -> int:
        """How many answers were given since that prompt."""
        return sum(message["role"] == "assistant" for message in self.messages[self._last_prompt :])

    @property
    def tool_results(self) -> list[str]:
        """What the tools answered since that prompt."""
        since = self.messages[self._last_prompt :]
        return [_text(block.get("content", "")) for message in since for block in _results(message)]

    @property
    def conversation(self) -> str:
        """Every text so far, for assertions about what a resumed session still knows."""
        return "\n".join(_text(message["content"]) for message in self.messages)


def _is_prompt(message: dict[str, Any]) -> bool:
    return message["role"] == "user" and not _results(message) and bool(_prompt_text(message))


def _prompt_text(message: dict[str, Any]) -> str:
    """Without what the CLI adds on its own."""
    return _REMINDERS.sub("", _text(message["content"])).strip()


def _results(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message["content"]
    return [] if isinstance(content, str) else [block for block in content if block.get("type") == "tool_result"]


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(block["text"] for block in content if block.get("type") == "text")


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
        return self.then(Use("Bash", {"command": shell_command, "description": "scripted", "timeout": 600_000}))

    def write(self, path: str, content: str) -> Rule:
        return self.then(Use("Write", {"file_path": path, "content": content}))

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
        return Refuse(400, "invalid_request_error", f"nothing is scripted for the prompt {asked.prompt[-200:]!r}")
