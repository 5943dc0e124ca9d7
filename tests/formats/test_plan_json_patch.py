"""A rewrite changes what changed and nothing else, at any depth."""

from __future__ import annotations

import copy
import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.model import Attempt, PhaseEntry, PhaseStatus, Plan, PlanEntry, PlanStatus, Status, Ticket, Visit
from orchestrator.formats.plan_json import OPTIONAL_FIELDS, decode_plan, decode_ticket, dump, encode, patch
from tests.factories import entry, plan, ticket

FILE = "T-1.json"
TIME = "2026-02-28T10:01:02.114Z"
words = st.sampled_from(["a", "b", "c", "id", "phase"])
texts = st.sampled_from(["", "a", "é\n", '"', "b"])
times = st.sampled_from([TIME, "2026-03-01T00:00:00Z"])
maybe_text = st.none() | texts
counts = st.dictionaries(words, st.integers(0, 3), max_size=3)

histories = st.lists(
    st.builds(
        PhaseEntry, phase=words, status=st.sampled_from(PhaseStatus), started_at=texts | times,
        completed_at=maybe_text, output=maybe_text, session_id=maybe_text, agent=maybe_text,
    ),
    max_size=4,
).map(tuple)  # fmt: skip
attempts = st.builds(
    Attempt, n=st.integers(1, 9), id=words, phase=words, started_at=times, session=maybe_text, resume=st.booleans(),
    stop=maybe_text,
)  # fmt: skip
visits = st.builds(Visit, phase=words, started_at=times, losses=st.integers(0, 2), session=maybe_text)
tickets = st.builds(
    Ticket, plan_id=st.just("p1"), ticket_id=st.just("T-1"), title=texts, description=texts,
    acceptance_criteria=st.lists(texts, max_size=3).map(tuple), linear_url=maybe_text, repo=maybe_text,
    workflow=maybe_text, branch=maybe_text, worktree=maybe_text, agent=maybe_text, status=st.sampled_from(Status),
    current_phase=maybe_text, phase_history=histories, context=st.dictionaries(words, texts, max_size=3),
    retries=counts, error=maybe_text, rev=st.integers(0, 5), attempt=st.none() | attempts, attempts=st.integers(0, 5),
    visit=st.none() | visits, visits=counts, wake_at=st.none() | times, wait_reason=maybe_text, steered=maybe_text,
)  # fmt: skip
plans = st.builds(
    Plan, id=st.just("p1"), name=texts, created_at=texts, repo=maybe_text, agent=maybe_text,
    status=st.sampled_from(PlanStatus),
    tickets=st.lists(
        st.builds(
            PlanEntry, ticket_id=words, order=st.floats(allow_nan=False, allow_infinity=False) | st.integers(0, 3),
            blocked_by=st.lists(words, max_size=2).map(tuple),
        ),
        max_size=4, unique_by=lambda one: one.ticket_id,
    ).map(tuple),
)  # fmt: skip


def with_foreign_keys(raw: dict[str, Any]) -> dict[str, Any]:
    """Somebody's own keys, in every object whose keys are ours."""
    objects = [raw, raw.get("attempt"), raw.get("visit"), *raw.get("phaseHistory", ()), *raw.get("tickets", ())]
    for i, one in enumerate(objects):
        if one is not None:
            one["x-own"] = {"n": i, "deep": [None, {"a": 1.5}]}
    return raw


@st.composite
def written(draw: st.DrawFn, records: st.SearchStrategy[Any]) -> dict[str, Any]:
    """A file as somebody may have written it: own keys, another order, defaults left out or null."""
    raw = with_foreign_keys(encode(draw(records)))
    blank = encode(Ticket(plan_id="", ticket_id="")) | encode(Plan(id=""))
    for key in [key for key, value in raw.items() if key in blank and value == blank[key]]:
        match draw(st.sampled_from(["keep", "drop", "null"])):
            case "drop":
                del raw[key]
            case "null":
                raw[key] = None
    return dict(draw(st.permutations(list(raw.items()))))


def mixed(data: st.DataObject, old: Any, other: Any) -> Any:
    """`old` with some fields of `other`."""
    names = data.draw(st.sets(st.sampled_from(old.__struct_fields__)))
    new = msgspec.structs.replace(old, **{name: getattr(other, name) for name in names})
    if isinstance(new, Ticket) and data.draw(st.booleans()):
        return msgspec.structs.replace(new, phase_history=old.phase_history + other.phase_history)
    return new


@given(written(tickets), tickets, st.data())
def test_a_patched_ticket_reads_as_the_new_record_and_keeps_every_foreign_key(
    raw: dict[str, Any], other: Ticket, data: st.DataObject
) -> None:
    before = copy.deepcopy(raw)
    old = decode_ticket(dump(raw), FILE).record
    new = mixed(data, old, other)
    made = patch(raw, old, new)
    assert decode_ticket(dump(made), FILE).record == new
    assert raw == before
    assert made["x-own"] == raw["x-own"]
    for i, (one, same) in enumerate(zip(old.phase_history, new.phase_history, strict=False)):
        if (one.phase, one.started_at) != (same.phase, same.started_at):
            break
        assert "x-own" in made["phaseHistory"][i]
    if old.attempt and new.attempt and old.attempt.id == new.attempt.id:
        assert made["attempt"]["x-own"] == raw["attempt"]["x-own"]


@given(written(plans), plans, st.data())
def test_a_patched_plan_reads_as_the_new_record_and_each_ticket_keeps_its_own_keys(
    raw: dict[str, Any], other: Plan, data: st.DataObject
) -> None:
    old = decode_plan(dump(raw), "plan.json").record
    new = mixed(data, old, other)
    made = patch(raw, old, new)
    assert decode_plan(dump(made), "plan.json").record == new
    assert made["x-own"] == raw["x-own"]
    own = {one["ticketId"]: one["x-own"] for one in raw.get("tickets") or ()}
    for one in made.get("tickets") or ():
        assert one.get("x-own") == own.get(one["ticketId"])


@given(written(tickets) | written(plans))
def test_without_a_difference_the_file_stays_as_it_is(raw: dict[str, Any]) -> None:
    record = decode_plan(dump(raw), "").record if "id" in raw else decode_ticket(dump(raw), "").record
    made = patch(raw, record, record)
    assert json.dumps(made) == json.dumps(raw)


def changed(raw: dict[str, Any], **fields: Any) -> dict[str, Any]:
    old = decode_ticket(dump(raw), FILE).record
    return patch(raw, old, msgspec.structs.replace(old, **fields))


def test_what_did_not_change_keeps_its_form_and_place() -> None:
    raw = {"x": 1, "context": {"pr": 412}, "ticketId": "T-1", "rev": 1.0, "planId": "p1", "title": None}
    made = changed(raw, context={"pr": "412", "url": "u"}, error="no")
    expected = {**raw, "context": {"pr": 412, "url": "u"}, "error": "no"}
    assert json.dumps(made) == json.dumps(expected)


def test_a_new_key_that_says_nothing_any_more_goes_and_one_of_the_original_stays() -> None:
    raw = {**encode(ticket(wake_at=TIME, wait_reason="limit", error="no", retries={"a": 1}))}
    made = changed(raw, wake_at=None, wait_reason=None, error=None, retries={})
    assert made.keys() & OPTIONAL_FIELDS == set()
    assert (made["error"], made["retries"]) == (None, {})


def test_another_attempt_does_not_inherit_the_keys_of_the_last_one() -> None:
    raw = with_foreign_keys(encode(ticket(attempt=Attempt(1, "one", "work", TIME))))
    assert "x-own" in changed(raw, attempt=Attempt(1, "one", "work", TIME, session="s"))["attempt"]
    assert "x-own" not in changed(raw, attempt=Attempt(2, "two", "work", TIME))["attempt"]


def test_a_ticket_that_moves_within_its_plan_takes_its_keys_along() -> None:
    old = plan(entry("a"), entry("b"), entry("c", "a"))
    raw = with_foreign_keys(encode(old))
    made = patch(raw, old, plan(entry("c"), entry("n"), entry("a", order=2)))
    assert [one.get("x-own", {}).get("n") for one in made["tickets"]] == [5, None, 3]
