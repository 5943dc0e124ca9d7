"""What a forge is told and what it says, as text: addresses, titles and bodies, the ends of logs."""

from __future__ import annotations

import pytest

from orchestrator.core.forge import wording
from orchestrator.core.forge.check_log import CHARACTERS, LINES, log_end
from orchestrator.core.forge.remote import Remote, issue_number, parse_remote, pull_number

DEMO = Remote("github.com", "acme", "demo")


@pytest.mark.parametrize(
    "url",
    [
        "git@github.com:acme/demo.git",
        "https://github.com/acme/demo",
        "https://token@github.com/acme/demo.git/",
        "ssh://git@ssh.github.com:443/acme/demo.git",
        "org-1234@github.com:/acme/demo.git".replace(":/", ":"),
    ],
)
def test_all_ways_to_write_a_repository_on_a_forge_are_one(url: str) -> None:
    assert parse_remote(url) == DEMO


@pytest.mark.parametrize("url", ["/srv/acme/demo.git", "../origin.git", "file:///srv/acme/demo.git", "", "demo"])
def test_a_path_is_no_repository_of_a_forge(url: str) -> None:
    assert parse_remote(url) is None


@pytest.mark.parametrize(
    ("link", "number"),
    [
        ("https://github.com/Acme/demo/issues/12", 12),
        ("https://github.com/acme/demo/issues/12#issuecomment-1", 12),
        ("https://github.com/acme/other/issues/12", None),
        ("https://linear.app/acme/issue/T-12", None),
        ("https://github.com/acme/demo/pull/12", None),
        ("", None),
    ],
)
def test_only_an_issue_of_the_same_repository_is_closed(link: str, number: int | None) -> None:
    assert issue_number(link, DEMO) == number
    assert issue_number(link, None) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", 7), ("#7", 7), ("https://github.com/acme/demo/pull/7/files", 7), ("", None), ("main", None), ("0", None)],
)
def test_a_pull_request_is_named_by_its_number_and_nothing_else(text: str, number: int | None) -> None:
    assert pull_number(text) == number


def test_what_the_runner_asked_of_an_agent_is_not_said_to_people() -> None:
    said = "Renamed it.\n\n**PASS**\nHANDLED PRRT_1: renamed\n> FAIL\nNO_CHANGE_NEEDED: it is there\nPASS the word on."
    assert wording.said(said) == "Renamed it.\n\nPASS the word on."


def test_an_agents_words_call_nobody_close_nothing_and_hide_nothing() -> None:
    said = wording.said("Fixes #12, closes acme/demo#3; thanks @ann <!-- bot: x --> `@fixture` a@b.example")
    assert "Fixes #12" not in said and "closes acme/demo#3" not in said
    assert "@ann" not in said and "<!--" not in said
    assert "`@fixture` a@b.example" in said


@pytest.mark.parametrize("letter", ["x", "ä", "😀"])
def test_nothing_is_longer_than_a_forge_takes(letter: str) -> None:
    title, body = wording.one_line(letter * 999), wording.body_of(letter * 99_999)
    assert len(title.encode("utf-16-le")) // 2 <= 256 and title.endswith("…")
    assert len(body.encode("utf-16-le")) // 2 <= 65_536
    assert len(body) > 30_000


def test_a_title_is_one_line_without_control_characters() -> None:
    assert wording.one_line("A\n\tb\x00 \x1b[1mc\ud800") == "A b [1mc"


def test_the_end_of_a_log_has_neither_times_nor_colours_nor_what_was_only_tidied_up() -> None:
    log = (
        "2026-11-22T10:00:00.1234567Z \x1b[31mE   assert 1 == 2\x1b[0m\n"
        "2026-11-22T10:00:01.1234567Z ##[error]Process completed with exit code 1.\n"
        "2026-11-22T10:00:02.1234567Z Post job cleanup.\n"
    )
    assert log_end(log) == "E   assert 1 == 2\n##[error]Process completed with exit code 1."
    assert log_end("job\ttest\t2026-11-22T10:00:00.1Z no luck\n") == "no luck"


def test_the_end_of_a_log_is_bounded() -> None:
    assert log_end("\n".join(map(str, range(1000)))).splitlines()[0] == str(1000 - LINES)
    assert len(log_end("x" * 99_999)) == CHARACTERS + 1
