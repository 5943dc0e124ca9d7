"""The scripts of the review: nothing is handed over twice, nothing is lost, no answer goes out twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.builtin.gh import EARLY, HEAD, LATE, LATER, Gh, check, comment, review, thread
from tests.builtin.scripts import commit, git, origin_of, repo_with_origin, run
from tests.builtin.steps import killed_at_each_git

pytestmark = pytest.mark.thorough(every=2)


@pytest.fixture
def gh(tmp_path: Path) -> Gh:
    return Gh(tmp_path, tmp_path)


CHANGES = {"reviewDecision": "CHANGES_REQUESTED"}
ANSWERED = CHANGES | {"reviews": [review("CHANGES_REQUESTED", EARLY)]}
APPROVED = {"reviewDecision": "APPROVED"}


@pytest.mark.parametrize(
    ("threads", "shown", "word", "code"),
    [
        ([], {"state": "MERGED"}, "merged", 0),
        ([], {"state": "CLOSED"}, "closed", 2),
        ([], {}, "nothing new", 1),
        ([], APPROVED, "approved", 0),
        ([], CHANGES | {"reviews": [review("CHANGES_REQUESTED", EARLY, HEAD)]}, "changes_requested", 2),
        ([], ANSWERED, "nothing new", 1),
        ([], ANSWERED | {"comments": [comment()]}, "changes_requested", 2),
        ([], APPROVED | {"comments": [comment()]}, "changes_requested", 2),
        ([thread()], APPROVED, "changes_requested", 2),
        ([thread("T", comment(who="runner"))], APPROVED, "approved", 0),
        ([], APPROVED | {"statusCheckRollup": [check()]}, "ci_failed", 2),
        ([], APPROVED | {"statusCheckRollup": [{"name": "ci", "status": "IN_PROGRESS"}]}, "pending", 1),
        ([], {"statusCheckRollup": [{"context": "ci", "state": "ERROR"}]}, "ci_failed", 2),
        ([], APPROVED | {"mergeable": "CONFLICTING"}, "conflict", 3),
        ([], APPROVED | {"comments": [{"createdAt": LATE, "body": "?", "author": None}]}, "changes_requested", 2),
    ],
)  # fmt: skip
def test_a_script_that_is_called_by_hand_prints_the_word_and_has_its_exit_code(
    gh: Gh, threads: list[Any], shown: dict[str, Any], word: str, code: int
) -> None:
    gh.shows(*threads, **shown)
    assert gh.word(by_hand=True) == (code, word)
    assert not (gh.home / "state").exists(), "by hand nothing is remembered"


@pytest.mark.parametrize("down", ["view", "graphql"])
def test_half_an_answer_is_none(gh: Gh, down: str) -> None:
    gh.shows(**APPROVED)
    gh.change(down=[down])
    said = gh.ask("check-pr-review.sh")
    assert (said.code, said.out) == (1, ""), said
    assert "cannot ask the forge" in said.err
    assert gh.ask("review-feedback.sh").code == 1
    assert not (gh.home / "state/.pull-requests/p").exists()


@pytest.mark.parametrize(
    ("state", "code"),
    [
        *[("approved", 0), ("merged", 0), ("changes_requested", 1), ("ci_failed", 1), ("closed", 2), ("conflict", 3)],
        *[("", 3), ("what", 3)],
    ],
)
def test_a_review_state_is_routed_by_exit_code(state: str, code: int) -> None:
    assert run("route-review.sh", state).code == code


def test_whose_words_count_is_said_by_the_configuration(gh: Gh) -> None:
    gh.configure('review: {required: false, ignore: ["*[bot]"], trust: [MEMBER]}\n')
    gh.change(bots=["lint"])
    known = {"authorAssociation": "MEMBER"}
    shown = [comment(who="cov[bot]", **known), comment(who="lint", **known), comment(authorAssociation="NONE")]
    gh.shows(comments=shown)
    assert gh.word(by_hand=True) == (0, "approved")
    gh.shows(comments=[comment(**known)])
    assert gh.word(by_hand=True) == (2, "changes_requested")


# --- a round ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def tree(gh: Gh, tmp_path: Path) -> Path:
    """A worktree whose branch t is pushed; the pull request is known."""
    gh.repo = repo_with_origin(tmp_path / "repo")
    tree = tmp_path / "work tree"
    assert run("setup-worktree.sh", gh.repo, "t", tree).code == 0
    commit(tree, done="1\n")
    assert run("push-branch.sh", "t", tree).code == 0
    gh.shows(headRefOid=git(tree, "rev-parse", "HEAD"))
    assert gh.word() == (1, "nothing new")
    return tree


def answer(gh: Gh, tree: Path, message: str) -> tuple[int, str]:
    said = gh.ask("answer-review.sh", "t", tree, message)
    gh.shows(headRefOid=git(origin_of(gh.repo), "rev-parse", "t"))
    return said.code, said.out + said.err


@pytest.mark.thorough
def test_killed_around_any_call_of_git_each_answer_goes_out_once(
    gh: Gh, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gh.shows(thread("PRRT_1"), comments=[comment()])
    gh.word()
    gh.ask("review-feedback.sh")
    sha = commit(tree, done="2\n")
    known = {"GH": gh.program, "HOME": gh.home, "PLAN": "p", "TICKET": "T-1"}
    for name, value in known.items():
        monkeypatch.setenv(f"ORCHESTRATOR_{name}", str(value))
    words = (gh.repo, "7", "t", tree, "Mended.\nHANDLED PRRT_1: renamed")
    assert killed_at_each_git(tmp_path, "answer-review.sh", *words, step=3).code == 0
    assert git(origin_of(gh.repo), "rev-parse", "t") == sha
    assert gh.says("PRRT_1") == ["rename it", f"renamed ({sha[:10]})"] and gh.is_resolved("PRRT_1")
    assert gh.comments == ["well?", f"Mended.\n\nPushed {sha[:10]}."]


def test_a_round_from_the_first_word_to_the_last(gh: Gh, tree: Path) -> None:
    gh.shows(thread("PRRT_1"), thread("PRRT_2"), comments=[comment()], statusCheckRollup=[
        check(url="https://x/actions/runs/1/job/5")])  # fmt: skip
    gh.change(log="2026-01-01T00:00:00.0Z \x1b[31mE  assert\x1b[0m")
    assert gh.word() == (2, "changes_requested")
    said = gh.ask("review-feedback.sh").out
    for words in ("1 comment (ann), 2 threads (ann), 1 failed check (ci)", "Thread PRRT_1 at a.py:3", "> rename it",
                  "> well?", "> E  assert"):  # fmt: skip
        assert words in said

    sha = commit(tree, done="2\n")
    message = "Mended, @ann.\n\nHANDLED PRRT_1: renamed\nDECLINED PRRT_2: public\nHANDLED PRRT_99: x"
    code, said = answer(gh, tree, message)
    assert code == 0, said
    assert "PRRT_99 was not given" in said
    assert git(origin_of(gh.repo), "rev-parse", "t") == sha
    assert gh.says("PRRT_1") == ["rename it", f"renamed ({sha[:10]})"] and gh.is_resolved("PRRT_1")
    assert gh.says("PRRT_2") == ["rename it", "public"] and not gh.is_resolved("PRRT_2")
    assert gh.comments[1:] == [f"Mended, @\u200bann.\n\nPushed {sha[:10]}."]
    gh.shows(statusCheckRollup=[check("SUCCESS")], **APPROVED)
    assert gh.word() == (0, "approved")
    assert (gh.memory["rounds"], gh.memory["openThreads"], gh.memory["review"]) == (1, 1, "approved")


def test_a_round_that_was_not_answered_comes_again_with_what_came_meanwhile(gh: Gh, tree: Path) -> None:
    gh.shows(thread("PRRT_1"))
    first = gh.ask("review-feedback.sh").out
    assert gh.ask("review-feedback.sh").out == first
    gh.shows(thread("PRRT_2", comment("also", LATER)))
    second = gh.ask("review-feedback.sh").out
    assert "PRRT_1" in second and "PRRT_2" in second
    answer(gh, tree, "HANDLED PRRT_1: ok\nHANDLED PRRT_2: ok")
    assert gh.word() == (1, "nothing new")
    assert gh.ask("review-feedback.sh").code == 3, "there is nothing to answer"


def test_what_is_said_while_the_agent_works_is_not_resolved_and_comes_next(gh: Gh, tree: Path) -> None:
    gh.shows(thread("PRRT_1"))
    gh.ask("review-feedback.sh")
    gh.change(threads=[thread("PRRT_1", comment("rename it"), comment("to x, please", LATER))])
    code, said = answer(gh, tree, "HANDLED PRRT_1: renamed")
    assert code == 0 and "stays open" in said
    assert gh.says("PRRT_1")[2:] == ["renamed"] and not gh.is_resolved("PRRT_1")
    assert gh.word() == (2, "changes_requested")
    text = gh.ask("review-feedback.sh").out
    assert "ann, 2026-03-01T13:00:00Z, new:\n> to x, please" in text and "Your earlier answer" in text


@pytest.mark.parametrize("down", ["mutation", "comment"])
@pytest.mark.thorough(every=2)
def test_answers_that_could_not_all_go_out_go_out_once(gh: Gh, tree: Path, down: str) -> None:
    gh.shows(thread("PRRT_1"), comments=[comment()])
    gh.ask("review-feedback.sh")
    gh.change(down=[down])
    message = "Mended.\nHANDLED PRRT_1: renamed"
    code, said = answer(gh, tree, message)
    assert code == 1, said
    gh.change(down=[])
    for _ in range(3):
        code, said = answer(gh, tree, message)
        assert code == 0, said
    assert gh.says("PRRT_1") == ["rename it", "renamed"] and gh.is_resolved("PRRT_1")
    assert gh.comments == ["well?", "Mended."]
    assert gh.memory["rounds"] == 1


def test_a_crash_after_a_reply_does_not_reply_again(gh: Gh, tree: Path) -> None:
    """The reply is there, and what is remembered is from before it."""
    gh.shows(thread("PRRT_1"), comments=[comment()])
    gh.ask("review-feedback.sh")
    file = gh.home / "state/.pull-requests/p/T-1.json"
    before = file.read_text()
    for _ in range(2):
        file.write_text(before)
        assert answer(gh, tree, "Mended.\nHANDLED PRRT_1: renamed")[0] == 0
    assert (len(gh.says("PRRT_1")), len(gh.comments)) == (2, 2)


def test_what_the_forge_refuses_for_good_keeps_nothing_else_from_going_out(gh: Gh, tree: Path) -> None:
    gh.shows(thread("PRRT_1"), thread("PRRT_2"))
    gh.ask("review-feedback.sh")
    gh.change(forbids=True)
    code, said = answer(gh, tree, "HANDLED PRRT_1: a\nHANDLED PRRT_2: b")
    assert code == 0 and "PRRT_1 cannot be answered" in said
    assert gh.says("PRRT_2") == ["rename it", "b"]
    assert gh.word() == (1, "nothing new")


def test_a_pull_request_that_was_merged_meanwhile_gets_no_push(gh: Gh, tree: Path) -> None:
    before = git(origin_of(gh.repo), "rev-parse", "t")
    gh.shows(thread("PRRT_1"))
    gh.ask("review-feedback.sh")
    commit(tree, done="2\n")
    gh.shows(state="MERGED")
    assert gh.ask("review-feedback.sh").code == 3
    code, said = answer(gh, tree, "HANDLED PRRT_1: renamed")
    assert code == 0 and f"is kept in {tree}" in said
    assert git(origin_of(gh.repo), "rev-parse", "t") == before and gh.says("PRRT_1") == ["rename it"]
    gh.shows(state="CLOSED")
    assert answer(gh, tree, "")[0] == 3
    gh.change(down=["view"])
    assert answer(gh, tree, "")[0] == 1


def test_a_push_that_is_refused_answers_nothing(gh: Gh, tree: Path) -> None:
    gh.shows(thread("PRRT_1"))
    gh.ask("review-feedback.sh")
    (tree / "done").write_text("not committed\n")
    code, said = answer(gh, tree, "HANDLED PRRT_1: renamed")
    assert code == 2 and "uncommitted" in said
    assert gh.says("PRRT_1") == ["rename it"]


def test_threads_of_all_pages_are_handed_over_and_answered(gh: Gh, tree: Path) -> None:
    gh.shows(*(thread(f"PRRT_{n:03}", comment(f"remark {n}")) for n in range(150)))
    text = gh.ask("review-feedback.sh").out
    assert all(f"Thread PRRT_{n:03}" in text for n in range(150))
    assert len(gh.memory["offeredThreads"]) == 150
    code, _ = answer(gh, tree, "HANDLED PRRT_149: done")
    assert code == 0 and gh.is_resolved("PRRT_149")
    assert gh.word() == (1, "nothing new")


def test_a_workflow_of_ones_own_whose_agent_pushes_and_answers_itself(gh: Gh, tree: Path) -> None:
    gh.shows(**CHANGES, reviews=[review("CHANGES_REQUESTED", LATER)])
    assert gh.word() == gh.word() == (2, "changes_requested")
    gh.shows(headRefOid="e" * 40)
    assert gh.word() == (1, "nothing new")
    gh.shows(comments=[comment(at=LATER)])
    assert gh.word() == (2, "changes_requested")


def test_a_memory_that_cannot_be_read_decides_nothing(gh: Gh, tree: Path) -> None:
    gh.shows(**APPROVED)
    (gh.home / "state/.pull-requests/p/T-1.json").write_text("{")
    said = gh.ask("check-pr-review.sh")
    assert (said.code, said.out) == (1, "") and "remove it to begin anew" in said.err
