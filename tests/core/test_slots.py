"""Slots and the ports that go with them."""

from __future__ import annotations

from msgspec.structs import replace

from orchestrator.core.board import Board
from orchestrator.core.model import Status, Ticket
from orchestrator.core.settings import PortSettings
from orchestrator.core.turns.slots import EPHEMERAL, PORTS, Slots, band, slot_vars
from tests.factories import ticket


def held(ticket_id: str, slot: int | None, status: Status = Status.RUNNING) -> Ticket:
    return ticket(ticket_id, status=status, slot=slot)


def slots(*tickets: Ticket) -> Slots:
    board = Board()
    for one in tickets:
        board.put_ticket(one)
    return board.slots


def test_the_lowest_free_slot_is_taken() -> None:
    assert slots().of(ticket("new")) == 0
    assert slots(held("a", 0), held("b", 1), held("c", 3)).of(ticket("new")) == 2


def test_a_ticket_keeps_its_slot_while_it_is_under_way() -> None:
    mine = held("b", 1, Status.READY)
    assert slots(held("a", 2), mine).of(mine) == 1


def test_who_waits_or_is_paused_keeps_its_slot_and_who_has_ended_does_not() -> None:
    for status in Status:
        is_free = status in (Status.COMPLETE, Status.FAILED, Status.NEEDS_ATTENTION)
        assert slots(held("a", 0, status)).of(ticket("new")) == (0 if is_free else 1), status


def test_a_ticket_that_begins_again_has_the_slot_it_had_unless_somebody_took_it() -> None:
    again = held("b", 5, Status.FAILED)
    assert slots(again).of(again) == 5
    assert slots(again, held("a", 5)).of(again) == 0


def test_of_two_that_say_the_same_by_hand_one_keeps_it_and_the_other_gets_another() -> None:
    one, other = held("a", 0), held("b", 0)
    found = slots(one, other)
    assert {found.of(one), found.of(other)} == {0, 1}


def test_nonsense_by_hand_is_no_slot() -> None:
    wrong = held("a", -7)
    assert slots(wrong).of(wrong) == 0
    assert slot_vars(PortSettings(), -7) == {}


def test_what_somebody_else_has_just_taken_is_passed_over() -> None:
    assert slots(held("a", 1)).of(ticket("new"), lambda slot: slot in (0, 2)) == 3
    gone = held("b", 4, Status.FAILED)
    assert slots(gone).of(gone, lambda slot: slot == 4) == 0


def test_slots_that_are_given_back_are_taken_again_however_often_tickets_are_saved() -> None:
    board = Board()
    tickets = [held(f"t{n}", n) for n in range(50)]
    for _ in range(20):
        for one in tickets:
            board.put_ticket(one)
    for one in (tickets[30], tickets[7], tickets[49]):
        board.put_ticket(replace(one, status=Status.COMPLETE))
    found = []
    for n in range(4):
        slot = board.slots.of(ticket(f"new{n}"))
        found.append(slot)
        board.put_ticket(held(f"new{n}", slot))
    assert found == [7, 30, 49, 50]
    board.drop_ticket(tickets[0].key)
    assert board.slots.of(ticket("last")) == 0


def test_each_slot_has_ports_of_its_own_below_those_that_systems_give_out() -> None:
    bands = [band(PortSettings(), slot) for slot in range(1276)]
    assert bands[0] == (20000, 10) and bands[3] == (20030, 10)
    assert len({one.base for one in bands}) == 1276
    assert max(base + size for base, size in bands) <= EPHEMERAL


def test_when_there_are_no_more_ports_they_begin_again() -> None:
    ports = PortSettings(first=32700, count=50)
    assert [band(ports, slot).base for slot in range(3)] == [32700, 32700, 32700]
    high = [band(PortSettings(first=65000, count=100), slot) for slot in range(7)]
    assert high[0].base == high[5].base == 65000 and max(base + size for base, size in high) <= PORTS
