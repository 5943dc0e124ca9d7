"""Whatever happens to a ticket, in whatever order, and wherever the runner dies: the rules hold."""

from __future__ import annotations

from hypothesis import settings

from tests.core.machine import TicketMachine

TestTicketMachine = TicketMachine.TestCase
TestTicketMachine.settings = settings(max_examples=100, stateful_step_count=40)
