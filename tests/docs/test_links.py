"""Links and pictures lead somewhere, what messages are told occurs in the code, and generated parts are current."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from scripts import figures, reference, site
from tests.docs.pages import CODE, FENCE, PAGES, ROOT, constants, text

DOCUMENTS = (*PAGES, ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md")


def anchors(file: Path) -> set[str]:
    """As the site and the forge make them of headings."""
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", file.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower().replace("`", "")).strip().replace(" ", "-") for title in titles}


def broken(page: Path) -> list[str]:
    found = []
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", page.read_text(encoding="utf-8"))):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            found.append(target)
    return found


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: page.name)
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_every_picture_is_shown_somewhere() -> None:
    everything = "".join(page.read_text(encoding="utf-8") for page in DOCUMENTS)
    unused = [file.name for file in (ROOT / "docs/images").glob("*.svg") if f"images/{file.name})" not in everything]
    assert unused == []


# --- messages


def messages(name: str) -> list[str]:
    """What the first column of the tables quotes as said by the program."""
    found = []
    for line in FENCE.sub("", text(name)).splitlines():
        if line.startswith("| "):
            found += CODE.findall(line.split("|")[1])
    return found


OF_OTHERS = {"gh: command not found", "status", "watch"}


def unknown(message: str) -> list[str]:
    """The pieces that no text of the source contains."""
    pieces = [piece.strip() for piece in re.split(r"…", message)]
    return [piece for piece in pieces if piece and not any(piece in one for one in constants())]


def test_every_message_of_the_troubleshooting_is_one_of_the_program() -> None:
    told = [message for message in messages("troubleshooting") if message not in OF_OTHERS]
    assert len(told) > 60
    assert [(message, unknown(message)) for message in told if unknown(message)] == []


def test_a_message_that_the_program_does_not_know_is_noticed() -> None:
    assert unknown("the … is sadly broken") == ["is sadly broken"]


# --- what is generated


def test_commands_that_changed_since_the_page_was_written_are_noticed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reference.main(["--check"]) == 0
    stale = tmp_path / "commands.md"
    stale.write_text(reference.PAGE.read_text().replace("Show plans and tickets.", "Show tickets."))
    assert reference.main(["--check"], stale) == 1
    assert "out of date" in capsys.readouterr().out
    assert reference.main([], stale) == 0
    assert stale.read_text() == reference.PAGE.read_text()


def test_figures_that_are_not_those_of_the_saved_results_are_noticed(tmp_path: Path) -> None:
    assert figures.main(["--check"]) == 0
    (tmp_path / "docs").mkdir()
    for name in ("README.md", "docs/performance.md"):
        source = (ROOT / name).read_text()
        (tmp_path / name).write_text(source.replace(figures.BEGIN, f"{figures.BEGIN}| 1 ms |\n", 1))
    assert figures.main(["--check"], tmp_path) == 1
    assert figures.main([], tmp_path) == 0
    assert (tmp_path / "README.md").read_text() == (ROOT / "README.md").read_text()


def test_a_page_without_a_place_for_figures_is_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("none")
    (tmp_path / "docs/performance.md").write_text("none")
    assert figures.main([], tmp_path) == 1
    assert "lacks the lines" in capsys.readouterr().out


# --- the site


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        ('<script src="https://cdn.example/x.js"></script>', "from elsewhere"),
        ('<link rel="stylesheet" href="//fonts.example/a.css">', "from elsewhere"),
        ('<img src="no.svg">', "does not exist"),
        ('<a href="no.html#x">x</a>', "does not exist"),
        (
            '<a href="https://example.com">is no load</a><img src="data:image/png,x"><a href="#here">x</a>',
            None,
        ),
    ],
)
def test_a_page_that_loads_something_from_elsewhere_or_leads_nowhere_is_noticed(
    page: str, complaint: str | None, tmp_path: Path
) -> None:
    (tmp_path / "index.html").write_text(page)
    found = list(site.problems(tmp_path))
    assert (complaint is None) == (found == [])
    assert all(complaint in unescape(one) for one in found if complaint)


def test_a_style_sheet_that_loads_something_from_elsewhere_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("fine")
    (tmp_path / "a.css").write_text("a{background:url(https://example.com/x.png)}")
    assert "elsewhere" in next(iter(site.problems(tmp_path)))
