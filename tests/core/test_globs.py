"""Two globs overlap if, and only if, some path matches both, or lies below what both name."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.turns.globs import flaw, overlap, overlaps

NAMES = ["".join(letters) for n in (1, 2, 3) for letters in product("ab", repeat=n)]
SEGMENT = st.lists(st.sampled_from(["a", "b", "?", "*", "[ab]", "[!a]", "{a,bb}", "{a*,?b}"]), min_size=1, max_size=3)
GLOBS = st.lists(st.just("**") | SEGMENT.map("".join), min_size=1, max_size=3).map("/".join)


def expression(glob: str) -> re.Pattern[str]:
    """Said once more, as a regular expression over whole paths: what it names, and everything below."""
    parts = []
    for segment in glob.split("/"):
        if segment == "**":
            parts.append("(?:[^/]+/)*")
            continue
        text = segment.replace("{", "(?:").replace("}", ")").replace(",", "|").replace("[!", "[^/")
        text = re.sub(r"(?<!\()\?(?!:)", "[^/]", text).replace("*", "[^/]*")
        parts.append(f"(?=[^/])(?:{text})/")
    return re.compile("".join(parts) + r"(?:[^/]+/)*\Z")


PATHS = [f"{'/'.join(parts)}/" for n in (1, 2, 3, 4) for parts in product(NAMES[:6], repeat=n)]


@given(GLOBS, GLOBS)
@settings(max_examples=150, deadline=None)
def test_a_path_that_matches_both_makes_them_overlap(one: str, other: str) -> None:
    a, b = expression(one), expression(other)
    if any(a.match(path) and b.match(path) for path in PATHS):
        assert overlaps(one, other)


SHORT = st.lists(st.just("**") | st.sampled_from(["a", "?", "*", "b*", "[ab]"]), min_size=1, max_size=2).map("/".join)


@given(SHORT, SHORT)
@settings(max_examples=150, deadline=None)
def test_what_overlaps_has_a_path_that_matches_both(one: str, other: str) -> None:
    """Globs so short that such a path is among all short paths, if there is one."""
    a, b = expression(one), expression(other)
    assert overlaps(one, other) == any(a.match(path) and b.match(path) for path in PATHS)


@given(GLOBS, GLOBS)
def test_it_does_not_matter_which_is_named_first(one: str, other: str) -> None:
    assert overlaps(one, other) == overlaps(other, one)


@given(GLOBS)
def test_each_overlaps_with_itself_and_with_everything(one: str) -> None:
    assert overlaps(one, one)
    assert overlaps(one, "**")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("src/api/**", "src/api/users.py", True),
        ("src/api", "src/api/users.py", True),
        ("src/api/", "src/api/users.py", True),
        ("src/api", "src/apis/users.py", False),
        ("src/*.py", "src/deep/a.py", False),
        ("src/**/*.py", "src/a.py", True),
        ("**/*.md", "docs/**", True),
        ("*.md", "docs/a.md", False),
        ("docs/*.md", "docs/*.txt", False),
        ("{src,tests}/api/**", "tests/api/a.py", True),
        ("{src,tests}/api/**", "docs/api/a.py", False),
        ("src/[a-c]*.py", "src/b.py", True),
        ("src/[a-c]*.py", "src/d.py", False),
        ("src/[!a]*", "src/abc", False),
        ("./src/a.py", "src//a.py", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("überall/*.md", "überall/ä.md", True),
        ("weird\\*name", "weird*name", True),
        ("weird\\*name", "weird-name", False),
        ("**", "x", True),
        ("a/**/b/**/c", "a/x/c", True),
        ("a/**/b/**/c", "b/x/c", False),
        ("a/**/c", "a/c", True),
    ],
)
def test_examples(one: str, other: str, expected: bool) -> None:
    assert overlaps(one, other) is overlaps(other, one) is expected


@pytest.mark.parametrize(
    ("glob", "what"),
    [
        ("", "is empty"), ("  ", "is empty"), ("/src/**", "begins at the root"), ("~/x", "begins at the root"),
        ("../other/**", "leaves the repository"), ("src/[ab", "without its ]"), ("src/{a,b", "without its }"),
        ("{" * 300 + "}" * 300, "is longer than 500"), ("[z-a]", "is empty"), ("[a/b]", "without its ]"),
    ],
)  # fmt: skip
def test_a_bad_glob_is_told_of_and_matches_nothing(glob: str, what: str) -> None:
    assert what in (flaw(glob) or "")
    assert not overlaps(glob, "**")


def test_many_alternatives_take_no_time_and_are_taken_for_anything() -> None:
    assert overlaps("{a,b}" * 40, "zzz")
    assert flaw("{a,b}" * 40) is None


def test_deep_braces_take_no_time() -> None:
    assert overlaps("{" * 60 + "a" + "}" * 60, "a")


def test_the_pair_that_overlaps_is_named() -> None:
    assert overlap(("docs/**", "src/a.py"), ("tests/**", "src/*.py")) == ("src/a.py", "src/*.py")
    assert overlap(("docs/**",), ("src/**",)) is None
    assert overlap((), ("**",)) is None
