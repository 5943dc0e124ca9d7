"""Title and body of a pull request: what is known of the ticket, worded by templates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.control.forge.wording import Told, texts
from orchestrator.core.model import Key
from orchestrator.core.settings import Config
from orchestrator.errors import TemplateError
from orchestrator.wiring import Options, load
from tests.builtin.scripts import git, lone_repo

KEY = Key("p", "T-1")
TICKET = {
    "planId": "p", "ticketId": "T-1", "title": "Say `goodbye`", "description": "So that people leave.\n\n- politely",
    "acceptanceCriteria": ["it says so"], "linearUrl": "https://tracker.invalid/T-1", "colour": "red",
    "context": {"implement_summary": "Said it.\n\nPASS"},
}  # fmt: skip


class Desk:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.config: Config = load(Options(needs_file=False), {"ORCHESTRATOR_HOME": str(root / "home")}).config
        self.tree = lone_repo(root / "tree")
        self.file = root / "home/state/plans/p/tickets/T-1.json"
        self.file.parent.mkdir(parents=True)
        self.ticket()

    def ticket(self, **keys: object) -> None:
        self.file.write_text(json.dumps({**TICKET, **keys}))

    def prompt(self, name: str, text: str) -> None:
        (self.root / "home/prompts").mkdir(exist_ok=True)
        (self.root / "home/prompts" / name).write_text(text)

    def texts(self, key: Key | None = KEY, **told: str) -> tuple[str, str]:
        return texts(self.config, key, Told(branch="t", worktree=str(self.tree), base="main", ticket="T-1", **told))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_what_the_tickets_file_says_is_what_people_read(desk: Desk) -> None:
    assert desk.texts() == (
        "T-1: Say `goodbye`",
        "So that people leave.\n\n- politely\n\n## What was done\n\nSaid it.\n\n"
        "## Acceptance criteria\n\n- it says so\n\nTicket: https://tracker.invalid/T-1\n",
    )


def test_what_the_script_was_told_goes_before_the_file(desk: Desk) -> None:
    title, body = desk.texts(title="Wave", description="With the hand.", criteria="- seen", link="")
    assert title == "T-1: Wave"
    assert "With the hand." in body and "- seen" in body and "Said it." in body
    assert "leave" not in body and "tracker" not in body


def test_by_hand_there_is_no_file_and_it_is_worded_all_the_same(desk: Desk) -> None:
    assert desk.texts(None) == ("T-1", "\n")
    desk.file.write_text("{")
    assert desk.texts(title="Wave") == ("T-1: Wave", "\n")


def test_an_issue_of_the_same_repository_is_closed(desk: Desk) -> None:
    git(desk.tree, "remote", "add", "origin", "git@github.com:acme/demo.git")
    desk.ticket(linearUrl="https://github.com/acme/demo/issues/12")
    assert desk.texts()[1].endswith("\n\nCloses #12\n")
    desk.ticket(linearUrl="https://github.com/acme/other/issues/12")
    assert "Closes" not in desk.texts()[1]


def test_templates_of_the_home_go_first_and_know_every_key(desk: Desk) -> None:
    desk.prompt("pr-title.md", "[{{ colour }}]\n{{ title }}")
    desk.prompt("pr-body.md", "{{ branch }} into {{ base_branch }}: {{ summary }} {{ self_review_feedback }}")
    assert desk.texts() == ("[red] Say `goodbye`", "t into main: Said it.\n")


def test_a_template_that_cannot_be_rendered_is_an_error_with_its_name(desk: Desk) -> None:
    desk.prompt("pr-body.md", "{{ nobody }}")
    with pytest.raises(TemplateError, match=r"pr-body\.md.*nobody"):
        desk.texts()


def test_what_a_ticket_contains_is_no_template(desk: Desk) -> None:
    desk.ticket(title="{{ branch }}", description="{% raw %}{{ 7 * 7 }}")
    title, body = desk.texts()
    assert title == "T-1: {{ branch }}" and "{% raw %}{{ 7 * 7 }}" in body


def test_the_repositorys_own_template_comes_last(desk: Desk) -> None:
    (desk.tree / ".github").mkdir()
    (desk.tree / ".github/PULL_REQUEST_TEMPLATE.md").write_text("- [ ] I have read the rules\n")
    assert desk.texts()[1].endswith("\n\n---\n\n- [ ] I have read the rules\n")


def test_however_long_the_parts_are_the_link_at_the_end_stays(desk: Desk) -> None:
    desk.ticket(
        description="d" * 99_999, acceptanceCriteria=["c" * 99_999], context={"implement_summary": "s" * 99_999}
    )
    body = desk.texts()[1]
    assert len(body) < 65_536 and body.endswith("\n\nTicket: https://tracker.invalid/T-1\n")
