"""Who looks sees how a pull request stands, as the forge told it last; who has none costs nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orchestrator.adapters.places import Places
from orchestrator.adapters.state import pull_requests
from orchestrator.control.live.words import Told
from orchestrator.core.forge.pull_request import Remembered
from orchestrator.core.model import Key, Status
from orchestrator.core.settings import Settings
from orchestrator.core.show import reviews
from orchestrator.core.show.live import Wait
from orchestrator.core.show.overview import SMALL
from orchestrator.engine.home import Home
from orchestrator.formats.configuration.config import resolve
from tests.cli.kit import Site
from tests.cli.test_live_text import AT, lines, view, wait

URL = "https://github.com/acme/shop/pull/12"
TOLD = Remembered(number=12, url=URL, review="changes_requested", passed=3, pending=1, asked_at="2026-01-01T00:00:00Z")
AWAITS = {"status": "ready", "currentPhase": "ask", "context": {"pr_number": "12", "pr_url": URL}}


def home(site: Site) -> Home:
    config = resolve(Settings(), None, str(site.root), str(site.root))
    return Home(config)


def remember(site: Site, known: Remembered = TOLD, ticket: str = "T-1") -> None:
    pull_requests.remember(Places(home(site).config), Key("p", ticket), lambda _: known)


def shown(site: Site, *words: str) -> str:
    return next(row for row in site.call("status", *words).out.splitlines() if "T-1 " in row)


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (Remembered(number=7), "PR #7"),
        (TOLD, "PR #12 · changes requested · checks 3/4"),
        (Remembered(number=7, review="ci_failed", passed=1, failed=2), "PR #7 · checks 1/3, 2 failed"),
        (Remembered(number=7, review="draft", draft=True, open_threads=1), "PR #7 · draft · 1 open thread"),
        (Remembered(number=7, review="nothing new"), "PR #7 · no review yet"),
        (Remembered(number=7, review="nothing new", rounds=2), "PR #7 · answered"),
        (Remembered(number=7, review="pending", passed=1, pending=1), "PR #7 · waits for checks · checks 1/2"),
        (Remembered(number=7, review="approved", mergeable=False), "PR #7 · approved · conflicts with its base"),
        (Remembered(number=7, state="merged", review="merged", passed=4), "PR #7 · merged"),
        (Remembered(number=7, state="closed", review="closed"), "PR #7 · closed"),
    ],
)
def test_a_pull_request_is_told_in_a_few_words_and_nothing_twice(known: Remembered, said: str) -> None:
    assert reviews.words(known) == said


def test_status_tells_number_review_checks_and_address(site: Site) -> None:
    site.plan({"id": "T-1", **AWAITS})
    assert f"PR {URL}" in shown(site), "as long as nothing more is known"
    remember(site)
    assert f"PR #12 · changes requested · checks 3/4 · {URL}" in shown(site)


def test_status_of_many_tickets_tells_it_too(site: Site) -> None:
    site.plan({"id": "T-1", **AWAITS}, *({"id": f"X-{i}", "status": "complete"} for i in range(SMALL)))
    remember(site)
    assert "PR #12 · changes requested · checks 3/4" in shown(site)


def test_what_is_remembered_of_another_pull_request_is_not_told(site: Site) -> None:
    site.plan({"id": "T-1", **AWAITS, "context": {"pr_number": "13", "pr_url": "u"}})
    remember(site)
    assert "changes requested" not in shown(site)
    assert "pullRequests" not in site.call("status", "--json").json[0]


def test_a_memory_that_cannot_be_understood_hides_nothing_else(site: Site) -> None:
    site.plan({"id": "T-1", **AWAITS})
    remember(site)
    pull_requests.file_of(Places(home(site).config), Key("p", "T-1")).write_text("{")
    assert f"PR {URL}" in shown(site)


def test_json_has_it_beside_the_tickets_which_stay_as_in_their_files(site: Site) -> None:
    site.plan({"id": "T-1", **AWAITS}, {"id": "T-2"})
    remember(site)
    (whole,) = site.call("status", "--json").json
    assert whole["pullRequests"] == {
        "T-1": {
            "number": 12,
            "url": URL,
            "state": "open",
            "draft": False,
            "review": "changes_requested",
            "checks": {"passed": 3, "failed": 0, "pending": 1},
            "mergeable": None,
            "openThreads": 0,
            "rounds": 0,
            "askedAt": "2026-01-01T00:00:00Z",
        }
    }
    assert whole["tickets"][0] == json.loads(site.file().read_text())
    assert site.call("status", "-p", "p", "--json").json == whole
    assert "pullRequests" not in site.call("status", "--json", "--status", "queued").json[0]


def test_without_a_pull_request_nothing_is_loaded_or_read(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise AssertionError("it was asked for")

    monkeypatch.setattr(pull_requests, "remembered", fail)
    site.plan({"id": "T-1", "status": "ready", "context": {"verify_output": "x"}})
    assert site.call("status").code == site.call("status", "--json").code == 0


def test_a_live_view_tells_it_of_who_waits_and_reads_again_what_changed(site: Site) -> None:
    site.plan({"id": "T-1", **AWAITS})
    told = Told(home(site))
    waits = Wait(key=Key("p", "T-1"), state=Status.READY, phase="ask", pr=12)

    def said() -> str:
        return told.filled(view(0, [waits]), 5).waits[0].review

    assert said() == "PR #12"
    remember(site)
    assert said() == "PR #12 · changes requested · checks 3/4"
    remember(site, Remembered(number=12, review="approved", passed=4))
    assert said() == "PR #12 · approved · checks 4/4"


def test_who_waits_for_a_review_tells_that_instead_of_what_a_check_said() -> None:
    def line(why: str, **more: Any) -> str:
        one = wait(why=why, review="PR #12 · approved", **more)
        return lines(view(0, [one]), 200)[0].partition("  ")[2]

    assert line("ask said not yet: nothing new", until=AT + 12) == "ready  ask: PR #12 · approved · in 12s"
    why = "ask said not yet: the forge cannot be asked"
    assert line(why, until=AT + 12) == f"ready  {why} · in 12s · PR #12 · approved"
    assert line("loops", state=Status.NEEDS_ATTENTION) == "needs attention  ask: loops · PR #12 · approved"
