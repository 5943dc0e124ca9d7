"""A process that steers tickets at random, as fast as it can, and writes down what it has changed."""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from pathlib import Path

from orchestrator.core.events import Event, PauseRequested, ResumeRequested, RetryRequested, SkipRequested
from orchestrator.core.model import Key
from orchestrator.engine.home import Home
from orchestrator.errors import IllegalTransitionError
from tests.engine.runner import config_of


def steer(root: Path, tickets: list[str], seed: int, times: int, told: Path) -> None:
    home, dice, changed = Home(config_of(root)), random.Random(seed), Counter[str]()
    for _ in range(times):
        key, event = Key("p1", dice.choice(tickets)), some(dice)
        try:
            applied = home.store.apply(key, lambda _: event)  # noqa: B023 - called at once
        except IllegalTransitionError:
            continue
        changed[f"{key.ticket} {type(event).__name__}"] += applied.changed
    told.with_suffix(".tmp").write_text(json.dumps(changed))
    told.with_suffix(".tmp").replace(told)
    os._exit(0)


def some(dice: random.Random) -> Event:
    at = time.time()
    kinds: list[Event] = [
        PauseRequested(at=at),
        ResumeRequested(at=at),
        ResumeRequested(at=at),
        RetryRequested(at=at),
        SkipRequested(at=at, phase=dice.choice(["one", "two", "three"])),
    ]
    return dice.choice(kinds)
