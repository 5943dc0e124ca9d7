"""What gh tells of limits, as it stands in its own words and in what goes to and fro."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.adapters.forge.gh import ForgeLimitedError, ForgeRefusedError, Gh
from orchestrator.adapters.forge.heard import heard

TALK = """* Request at 2026-11-23 06:22:44 +0000 UTC
* Request to https://api.github.com/graphql
> POST /graphql HTTP/1.1
> Authorization: token ████████████████████

GraphQL query:
query Issues {{ issues }}

< HTTP/1.1 {status}
{headers}< Server: GitHub.com

{{
  "message": "< HTTP/1.1 200 OK"
}}

* Request took 5.2ms
{said}
"""
NOW = 1_000_000.0


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        ("429 Too Many Requests", "< Retry-After: 60\n", (429, 60.0, None)),
        ("403 Forbidden", "< Retry-After: Mon, 12 Jan 1970 13:47:10 GMT\n", (403, 30.0, None)),
        ("403 Forbidden", "< X-Ratelimit-Remaining: 0\n< X-Ratelimit-Reset: 1000020\n", (403, None, 20.0)),
        ("403 Forbidden", "< X-Ratelimit-Remaining: 9\n< X-Ratelimit-Reset: 1000020\n", (403, None, None)),
        ("429 Too Many Requests", "< Retry-After: soon\n", (429, None, None)),
    ],
)
def test_the_last_answer_says_how_long(status: str, headers: str, wait: tuple[int, float | None, float | None]) -> None:
    both = TALK.format(status="200 OK", headers="< Retry-After: 1\n", said="")
    both += TALK.format(status=status, headers=headers, said="HTTP 403: no")
    assert heard(both, NOW) == ("HTTP 403: no\n", *wait)


def test_one_that_does_not_talk_may_still_say_it() -> None:
    assert heard("gh: too many requests (HTTP 429)\nRetry-After: 7\n", NOW).retry_after == 7.0
    assert heard("gh auth login\n", NOW) == ("gh auth login\n", 0, None, None)


def gh(folder: Path, said: str) -> Gh:
    (folder / "said").write_text(said)
    (folder / "gh").write_text(f"#!/bin/sh\ncat '{folder}/said' >&2\nexit 1\n")
    (folder / "gh").chmod(0o755)
    return Gh(str(folder / "gh"), str(folder), listens=True)


def test_a_limit_is_an_error_of_its_own_that_says_how_long_and_tells_no_talk(tmp_path: Path) -> None:
    talk = TALK.format(status="403 Forbidden", headers="< Retry-After: 60\n", said="HTTP 403: later, please")
    with pytest.raises(ForgeLimitedError) as raised:
        gh(tmp_path, talk).json("issue", "list")
    assert raised.value.wait == 60.0 and "Authorization" not in str(raised.value)
    refused = TALK.format(status="403 Forbidden", headers="", said="the 'acme/x' repository has disabled issues")
    with pytest.raises(ForgeRefusedError, match="disabled issues"):
        gh(tmp_path, refused).json("issue", "list")
