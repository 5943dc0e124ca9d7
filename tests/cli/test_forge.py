"""`forge`: what people and scripts see of a pull request, and exit codes that tell not now from never."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest

from orchestrator.cli.forge import VERBS, forge
from orchestrator.cli.main import main

PULL = {
    "number": 7, "url": "https://forge.invalid/7", "title": "Say \x1b[31mgoodbye", "state": "OPEN", "headRefOid": "h",
    "reviewDecision": "REVIEW_REQUIRED", "mergeable": "CONFLICTING", "headRefName": "t", "baseRefName": "main",
    "reviews": [{"id": "r", "author": {"login": "ann"}, "state": "COMMENTED", "body": "Nearly.\nBut.", "commit": None}],
    "statusCheckRollup": [{"name": "ci", "status": "COMPLETED", "conclusion": "FAILURE"}],
}  # fmt: skip
NO_THREADS: dict[str, Any] = {"data": {"repository": {"pullRequest": {"reviewThreads": {"nodes": []}}}}}


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a `gh` that knows one pull request."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    subprocess.run(
        ["git", "-C", str(tmp_path), "remote", "add", "origin", "git@forge.invalid:acme/demo.git"], check=True
    )
    answers = {"pull": PULL, "threads": NO_THREADS, "list": [PULL]}
    for name, answer in answers.items():
        (tmp_path / name).write_text(json.dumps(answer))
    gh = tmp_path / "gh"
    gh.write_text(
        f'#!/bin/sh\ncd {tmp_path}\n[ -e pull ] || {{ echo "HTTP 502" >&2; exit 1; }}\ncase "$*" in\n'
        '*"pr view 7 --json state "*) echo OPEN ;;\n"pr view 7 "*) cat pull ;;\n"pr list"*) cat list ;;\n'
        'api*) cat threads ;;\n*) echo "Could not resolve to a PullRequest" >&2; exit 1 ;;\nesac\n'
    )
    gh.chmod(0o755)
    monkeypatch.setenv("ORCHESTRATOR_GH", str(gh))
    monkeypatch.setenv("ORCHESTRATOR_HOME", str(tmp_path / "home"))
    return tmp_path


def ask(repo: Path, *words: str) -> int:
    return main(["forge", *words, "--repo", str(repo)])


def test_people_see_what_the_forge_says(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(repo, "show", "7") == 0
    said = capsys.readouterr().out
    for words in ("#7 Say", "open, t into main", "review: review required", "conflicts: yes", "check ci: failed"):
        assert words in said
    assert "ann: Nearly." in said and "But." not in said
    assert "\x1b" not in said


def test_programs_see_it_whole_and_with_keys_like_all_others(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(repo, "show", "#7", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["headCommit"], shown["decision"], shown["mergeable"]) == ("h", "review_required", False)
    assert shown["reviews"][0]["editedAt"] == ""
    assert ask(repo, "find", "t", "--json") == 0
    assert [row["number"] for row in json.loads(capsys.readouterr().out)] == [7]


def test_not_now_is_told_from_never(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [ask(repo, "state", pr) for pr in ("7", "8", "main")] == [0, 2, 2]
    (repo / "pull").unlink()
    assert [ask(repo, *words) for words in (("state", "7"), ("show", "7"), ("find", "t"))] == [1, 1, 1]
    assert ask(repo / "nowhere", "state", "7") == 1
    said = capsys.readouterr()
    assert said.out == "open\n" and "HTTP 502" in said.err


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_says_of_itself_what_the_list_says_of_it(name: str) -> None:
    verb = forge.get_command(click.Context(forge), name)
    assert verb is not None and verb.help is not None
    assert verb.help.partition("\n\n")[0].replace("\n", " ") == VERBS[name][1]
