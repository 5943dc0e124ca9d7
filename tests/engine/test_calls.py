"""What other threads want from the loop's thread is done there, and never costs a signal."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

from orchestrator.engine.calls import Calls
from orchestrator.engine.pace import MOST, WINDOW_SECONDS, Pace

MANY = 5_000
"""More wake-ups than the pipe of a loop holds."""


def test_a_signal_is_heard_however_many_calls_wait() -> None:
    async def main() -> tuple[int, int]:
        running, heard, made = asyncio.get_running_loop(), asyncio.Event(), []
        running.add_signal_handler(signal.SIGUSR1, heard.set)
        calls = Calls(running)

        def flood() -> None:
            for n in range(MANY):
                calls(lambda n=n: made.append((n, threading.get_ident())))  # type: ignore[misc]

        thread = threading.Thread(target=flood)
        thread.start()
        thread.join()  # the loop makes none of them meanwhile
        os.kill(os.getpid(), signal.SIGUSR1)
        await asyncio.wait_for(heard.wait(), 10)
        running.remove_signal_handler(signal.SIGUSR1)
        assert [n for n, _ in made] == list(range(MANY))
        return len(made), len({thread for _, thread in made})

    assert asyncio.run(main()) == (MANY, 1)


def test_calls_for_a_loop_that_has_ended_are_forgotten() -> None:
    async def main() -> Calls:
        return Calls(asyncio.get_running_loop())

    asyncio.run(main())(lambda: None)


# --- how often a person is interrupted


def test_messages_go_one_by_one_until_they_are_too_many_then_they_gather() -> None:
    pace = Pace()
    for n in range(MOST):
        assert (pace.rest(100.0 + n / 10), pace.batch(3, 100.0 + n / 10)) == (0, 1)
    assert pace.rest(101.0) == WINDOW_SECONDS - 1.0
    assert pace.rest(100.0 + WINDOW_SECONDS) == 0
    assert pace.batch(50, 100.0 + WINDOW_SECONDS) == 50


def test_more_than_a_few_that_wait_already_are_one_message() -> None:
    pace = Pace()
    assert pace.batch(MOST + 1, 100.0) == MOST + 1
    assert pace.batch(MOST, 100.0) == 1


def test_who_is_about_to_end_does_not_wait_and_says_all_in_one() -> None:
    pace = Pace()
    for _ in range(MOST):
        pace.batch(1, 100.0)
    pace.hurry()
    assert (pace.rest(100.0), pace.batch(5, 100.0), pace.batch(1, 100.0)) == (0, 5, 1)
