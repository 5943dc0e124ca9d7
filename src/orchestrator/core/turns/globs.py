"""Whether two globs can match a common path. Pure, and about the globs alone: no file has to be there.

`*` and `?` stand within one segment, `[…]` for one character of it, `**` for any number of segments, `{a,b}` for
either. What a glob names may be a folder: everything below it is meant, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

ANY, MANY = None, "**"
MOST_ALTERNATIVES = 256
"""More than so many are not told apart: such a glob may match anything."""
LONGEST = 500
MAX_CODE = 0x10FFFF


class BadGlobError(ValueError):
    """What is wrong with a glob, in words."""


class _Set(NamedTuple):
    """One character: of these ranges, or (negated) of none of them. Never a slash."""

    ranges: tuple[tuple[int, int], ...]
    negated: bool = False


_STAR = "*"
Token = _Set | str
"""`*`, or one character."""
Segment = tuple[Token, ...] | None
"""None: `**`."""
Pattern = tuple[Segment, ...]

_ONE = _Set((), negated=True)


def overlap(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, str] | None:
    """The first two globs that can match a common path; None: there are none. Bad globs match nothing."""
    return next(((a, b) for a in one for b in other if overlaps(a, b)), None)


@lru_cache(maxsize=16_384)
def overlaps(one: str, other: str) -> bool:
    try:
        return any(_meet(a, b) for a in _patterns(one) for b in _patterns(other))
    except BadGlobError:
        return False


def flaw(glob: str) -> str | None:
    """What is wrong with it; None: nothing."""
    try:
        _patterns(glob)
    except BadGlobError as error:
        return str(error)
    return None


# --- reading ---------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _patterns(glob: str) -> tuple[Pattern, ...]:
    if not glob.strip():
        raise BadGlobError("is empty")
    if len(glob) > LONGEST:
        raise BadGlobError(f"is longer than {LONGEST} characters")
    if glob.startswith(("/", "~")):
        raise BadGlobError("begins at the root: write it from the repository's top folder")
    found = []
    for plain in _alternatives(glob):
        found.append(_pattern(plain))
        if len(found) > MOST_ALTERNATIVES:
            return ((MANY_SEGMENTS,),)
    return tuple(dict.fromkeys(found))


MANY_SEGMENTS: Segment = None


def _alternatives(glob: str) -> Iterator[str]:
    """Braces written out, from left to right."""
    start, end, commas = _braces(glob)
    if start is None:
        yield glob
        return
    cuts = [start, *commas, end]
    for i in range(len(cuts) - 1):
        yield from _alternatives(glob[:start] + glob[cuts[i] + 1 : cuts[i + 1]] + glob[end + 1 :])


def _braces(glob: str) -> tuple[int | None, int, list[int]]:
    """Where the first pair of braces is, with the commas between them that are its own."""
    depth, start, i = 0, None, 0
    commas: list[int] = []
    while i < len(glob):
        char = glob[i]
        if char == "\\":
            i += 1
        elif char == "[":
            i = _end_of_set(glob, i)
        elif char == "{":
            depth += 1
            start = i if start is None else start
        elif char == "}" and depth:
            depth -= 1
            if depth == 0:
                return start, i, commas
        elif char == "," and depth == 1:
            commas.append(i)
        i += 1
    if depth:
        raise BadGlobError("has a { without its }")
    return None, 0, []


def _pattern(glob: str) -> Pattern:
    segments: list[Segment] = []
    for text in glob.split("/"):
        if text in ("", "."):
            continue
        if text == "..":
            raise BadGlobError("leaves the repository by ..")
        segment = None if text == MANY else tuple(_tokens(text))
        if segment is not None or not segments or segments[-1] is not None:
            segments.append(segment)
    return tuple(segments)


def _tokens(text: str) -> Iterator[Token]:
    i = 0
    while i < len(text):
        char = text[i]
        if char == "*":
            yield _STAR
        elif char == "?":
            yield _ONE
        elif char == "[":
            end = _end_of_set(text, i)
            yield _set(text[i + 1 : end])
            i = end
        else:
            i += char == "\\" and i + 1 < len(text)
            yield _Set(((ord(text[i]), ord(text[i])),))
        i += 1


def _end_of_set(text: str, start: int) -> int:
    """A `]` that comes first is one of its characters."""
    first = start + 1 + (text[start + 1 : start + 2] in ("!", "^"))
    end = text.find("]", first + 1)
    if end < 0 or "/" in text[start:end]:
        raise BadGlobError("has a [ without its ]")
    return end


def _set(text: str) -> _Set:
    negated = text[:1] in ("!", "^")
    text, ranges, i = text[negated:], [], 0
    while i < len(text):
        low = high = text[i]
        if text[i + 1 : i + 2] == "-" and i + 2 < len(text):
            high = text[i + 2]
            i += 2
        if low > high:
            raise BadGlobError(f"has the range {low}-{high}, which is empty")
        ranges.append((ord(low), ord(high)))
        i += 1
    return _Set(tuple(ranges), negated)


# --- meeting ---------------------------------------------------------------------------------------------------------


def _meet(one: Pattern, other: Pattern) -> bool:
    """Some path begins with a path of the one and with a path of the other: a folder stands for what is below it."""
    seen: set[tuple[int, int]] = set()
    left = [(0, 0)]
    while left:
        i, j = left.pop()
        if (i, j) in seen:
            continue
        seen.add((i, j))
        if i == len(one) or j == len(other):
            return True
        a, b = one[i], other[j]
        if a is None or b is None:
            left += [(i + 1, j)] if a is None else []
            left += [(i, j + 1)] if b is None else []
            # a segment of the one is swallowed by the `**` of the other
            left += [(i, j + 1)] if a is None and b is not None else []
            left += [(i + 1, j)] if b is None and a is not None else []
        elif _segments_meet(a, b):
            left.append((i + 1, j + 1))
    return False


@lru_cache(maxsize=16_384)
def _segments_meet(one: tuple[Token, ...], other: tuple[Token, ...]) -> bool:
    """Some text, which is not empty, matches both."""
    seen: set[tuple[int, int]] = set()
    left = [(0, 0)]
    while left:
        i, j = left.pop()
        if (i, j) in seen:
            continue
        seen.add((i, j))
        if i == len(one) and j == len(other):
            return True
        a = one[i] if i < len(one) else ""
        b = other[j] if j < len(other) else ""
        if a == _STAR:
            left += [(i + 1, j)] + ([(i, j + 1)] if b not in ("", _STAR) else [])
        if b == _STAR:
            left += [(i, j + 1)] + ([(i + 1, j)] if a not in ("", _STAR) else [])
        if isinstance(a, _Set) and isinstance(b, _Set) and _share(a, b):
            left.append((i + 1, j + 1))
    return False


def _share(one: _Set, other: _Set) -> bool:
    """Some character is in both."""
    return any(max(a, c) <= min(b, d) for a, b in _spans(one) for c, d in _spans(other))


def _spans(one: _Set) -> list[tuple[int, int]]:
    """Its characters as ranges, without the slash."""
    spans, start = [], 0
    excluded = sorted([*(one.ranges if one.negated else ()), (47, 47)])
    for low, high in excluded:
        if start < low:
            spans.append((start, low - 1))
        start = max(start, high + 1)
    if start <= MAX_CODE:
        spans.append((start, MAX_CODE))
    if one.negated:
        return spans
    return [(max(a, c), min(b, d)) for a, b in spans for c, d in one.ranges if max(a, c) <= min(b, d)]
