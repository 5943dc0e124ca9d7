"""What the planner may leave out, and who does the work."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.model import Status
from orchestrator.core.rules import derive, slug
from orchestrator.core.times import iso
from tests import factories
from tests.core.builders import AT, Walk, agent, rules, script, ticket


def test_what_was_left_out_is_written_at_the_first_dispatch() -> None:
    walk = Walk(
        script("setup"), user="sam", start=ticket(ticket_id="PROJ-7", title="Add: a “login” form!", workflow=None)
    )
    walk.dispatch()
    t = walk.t
    assert (t.workflow, t.branch, t.worktree) == ("w", "sam/proj-7-add-a-login-form", "/trees/PROJ-7")
    assert t.current_phase == "setup"


def test_what_the_planner_wrote_stays() -> None:
    written = ticket(workflow="mine", branch="b", worktree="/w", current_phase="b")
    walk = Walk(script("a"), script("b"), start=written)
    walk.dispatch()
    assert (walk.t.workflow, walk.t.branch, walk.t.worktree, walk.t.current_phase) == ("mine", "b", "/w", "b")


def test_nothing_is_derived_before_the_first_dispatch() -> None:
    walk = Walk(script("a"))
    walk.pause()
    walk.resume()
    assert (walk.t.branch, walk.t.worktree, walk.t.current_phase) == (None, None, None)


@pytest.mark.parametrize(
    ("of_plan", "of_config", "worktree"),
    [("/p", "/c", "/p/T-1"), (None, "/c", "/c/T-1"), ("/p/", "/c", "/p/T-1"), ("/", "", "/T-1"), (None, "", None)],
)
def test_the_worktree_is_below_the_plans_root_else_below_the_default(
    of_plan: str | None, of_config: str, worktree: str | None
) -> None:
    given_rules = rules(script("a"), plan=factories.plan("T-1", worktree_root=of_plan), worktree_root=of_config)
    assert derive(given_rules, ticket()).worktree == worktree


def test_a_branch_needs_no_title() -> None:
    assert derive(rules(script("a"), user="Sam X"), ticket(title="…")).branch == "sam-x/t-1"
    assert derive(rules(script("a"), user="…"), ticket(title="")).branch == "orchestrator/t-1"


@given(st.text(max_size=200), st.integers(1, 60))
def test_a_slug_is_short_and_made_of_letters_digits_and_single_dashes(text: str, limit: int) -> None:
    made = slug(text, limit)
    assert len(made) <= limit
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert "--" not in made and made == made.strip("-")


def test_a_slug_is_cut_at_a_word_where_there_is_one() -> None:
    assert slug("fix the parser", 10) == "fix-the"
    assert slug("fix the parser", 7) == "fix-the"
    assert slug("x" * 9, 5) == "xxxxx"
    assert slug("Crème, Ärger") == "creme-arger"


# -- agents -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of_phase", "of_ticket", "of_plan", "chosen"),
    [
        ("phase", "ticket", "plan", "phase"),
        (None, "ticket", "plan", "ticket"),
        (None, None, "plan", "plan"),
        (None, None, None, "default"),
    ],
)
def test_the_agent_is_chosen_by_phase_then_ticket_then_plan_then_default(
    of_phase: str | None, of_ticket: str | None, of_plan: str | None, chosen: str
) -> None:
    plan = factories.plan("T-1", agent=of_plan)
    walk = Walk(agent("a", agent=of_phase), plan=plan, default_agent="default", start=ticket(agent=of_ticket))
    walk.dispatch()
    assert walk.attempt.agent == chosen


def test_a_script_has_no_agent_and_no_session() -> None:
    walk = Walk(
        script("a"), default_agent="claude", chooses_session=frozenset({"claude"}), start=ticket(agent="claude")
    )
    walk.dispatch()
    assert (walk.attempt.agent, walk.attempt.session) == (None, None)


def test_a_dispatch_says_when_it_started() -> None:
    walk = Walk(script("a"))
    walk.dispatch()
    assert (walk.attempt.started_at, walk.status) == (iso(AT), Status.RUNNING)


def test_the_ticket_s_id_stands_in_its_branch_so_that_no_two_tickets_share_one() -> None:
    ids = ["A.1", "A_1", "A-1", "a..b", "x.", "x.lock"]
    names = [derive(rules(script("a"), user="sam"), ticket(ticket_id=one, title="")).branch for one in ids]
    assert names == ["sam/a.1", "sam/a_1", "sam/a-1", "sam/a-.b", "sam/x-", "sam/x-lock"]
