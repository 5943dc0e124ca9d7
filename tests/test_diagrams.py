"""docs/images/ is what would be drawn today."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import diagrams


def test_the_pictures_of_the_documents_are_up_to_date() -> None:
    assert diagrams.out_of_date(diagrams.drawn(), diagrams.IMAGES) == [], "make diagrams"


def test_a_picture_that_is_missing_or_differs_fails_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(diagrams, "drawn", lambda: {"a.svg": "a", "b.svg": "b", "c.svg": "c"})
    assert diagrams.main([], tmp_path) == 0 and diagrams.main(["--check"], tmp_path) == 0
    (tmp_path / "a.svg").write_text("x")
    (tmp_path / "b.svg").unlink()
    assert diagrams.main(["--check"], tmp_path) == 1
    assert capsys.readouterr().out == "docs/images/a.svg: out of date\ndocs/images/b.svg: out of date\n"
