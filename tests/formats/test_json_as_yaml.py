"""Drafts in JSON, whoever wrote them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.formats.drafts.draft import read_draft

TEXT = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(str.strip)


@given(TEXT, st.booleans(), st.sampled_from([None, 2, "\t"]))
def test_a_title_is_read_as_it_was_meant(title: str, ascii: bool, indent: int | str | None) -> None:
    text = json.dumps({"tickets": [{"title": title}]}, ensure_ascii=ascii, indent=indent)
    read = read_draft(text, "draft.json")
    assert read.draft is not None and read.problems == ()
    assert read.draft.tickets[0].title == title


@pytest.mark.parametrize("written", [r"\ud83c\udf89 \u00e9", r"\\ud83c\\udf89", r"\/", r"a\tb\\"])
def test_escapes_mean_what_they_mean_in_json(written: str) -> None:
    text = f'{{"tickets": [{{"title": "x{written}"}}]}}'
    read = read_draft(text, "draft.json")
    assert read.draft is not None and read.draft.tickets[0].title == json.loads(text)["tickets"][0]["title"]


def test_half_a_letter_is_shown_as_one_that_is_missing() -> None:
    read = read_draft('{"tickets": [{"title": "x\\ud83c"}]}', "draft.json")
    assert read.draft is not None and read.draft.tickets[0].title == "x\ufffd"


def test_problems_keep_their_lines() -> None:
    text = '{\n\t"tickets": [\n\t\t{"title": "\\ud83c\\udf89", "bug": 1}\n\t]\n}'
    (problem,) = read_draft(text, "draft.json").problems
    assert problem.line == 3 and "bug" in problem.what
