"""Comments on the issues of tickets: each once, whatever crashes, and never at a ticket's cost."""

from __future__ import annotations

import http.server
import json
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.board import Board
from orchestrator.core.model import Key, Status, Ticket
from orchestrator.core.remarks import plain, remarks
from orchestrator.core.settings import Config, Settings, TrackerSettings
from orchestrator.core.tries import Try, due
from orchestrator.engine.home import Home
from orchestrator.engine.telling.comments import Comments
from tests.linear_server import Linear, issue, serving

PULL = "https://github.com/acme/shop/pull/7"
GH = """#!/bin/sh
if [ "$2" = view ]; then cat '{0}/said' 2>/dev/null; exit 0; fi
echo "$@" >> '{0}/calls'
cat >> '{0}/said'
[ -e '{0}/fails' ] && exit 1
exit 0
"""


def ticket(link: str, **more: Any) -> Ticket:
    return Ticket(plan_id="p", ticket_id="T-1", linear_url=link, context={"pr_url": PULL}, **more)


def comments(folder: Path, one: Ticket, environ: dict[str, str] | None = None) -> Comments:
    gh = folder / "gh"
    gh.write_text(GH.format(folder))
    gh.chmod(0o755)
    for name in ("state", "logs"):
        (folder / name).mkdir(exist_ok=True)
    settings = Settings(gh_command=str(gh), tracker=TrackerSettings(comment=True))
    config = Config(
        settings=settings, file=None, home=str(folder), state_dir=str(folder / "state"), log_dir=str(folder / "logs"),
        workflow_path=(), prompt_path=(), script_path=(), skills_path=(),
    )  # fmt: skip
    board = Board()
    board.tickets[Key("p", "T-1")] = one
    return Comments(Home(config, environ or {}), board, lambda call: call())


def test_each_is_written_once_over_restarts(tmp_path: Path) -> None:
    one = ticket("https://github.com/acme/shop/issues/42", status=Status.COMPLETE)
    for _ in range(3):
        comments(tmp_path, one).finish()
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls == ["issue comment https://github.com/acme/shop/issues/42 --body-file -"] * 2
    assert (tmp_path / "said").read_text().count(PULL) == 2


def test_what_a_crash_left_unknown_is_looked_for_first(tmp_path: Path) -> None:
    (tmp_path / "fails").touch()  # it arrives, and nobody hears of it
    one = ticket("https://github.com/acme/shop/issues/42")
    comments(tmp_path, one).finish()
    (tmp_path / "fails").unlink()
    comments(tmp_path, one).finish()
    assert (tmp_path / "said").read_text().count("<!-- orchestrator:comment") == 1


def test_what_will_not_get_better_is_said_once_over_restarts(tmp_path: Path) -> None:
    one = ticket("https://linear.app/acme/issue/PROJ-7/title")
    for _ in range(5):
        comments(tmp_path, one).finish()
    assert sum(log.read_text().count("comment_failed") for log in [tmp_path / "logs" / "orchestrator.log"]) == 1


def test_nobody_is_mentioned_and_nothing_is_loaded(tmp_path: Path) -> None:
    text = plain("@bob ![x](https://evil.example/a.png) `x` <!-- ghp_abcdefghijklmnop\n" + "y" * 999)
    assert "@bob" not in text and "evil" not in text and "ghp_" not in text and "\n" not in text
    assert text.count("`") == 2 and len(text) < 310


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("/home/ada/shop/a.sh: no", "`~/shop/a.sh: no`"),
        ('cannot read "/Users/ada lovelace"', '`cannot read "~ lovelace"`'),
        ("/root: x, /rooted and src/home/ada", "`~: x, /rooted and src/home/ada`"),
    ],
)
def test_whose_machine_it_is_is_not_told(said: str, shown: str) -> None:
    assert plain(said) == shown


def test_what_was_over_before_is_no_news() -> None:
    assert list(remarks("s", ticket("x"), since=1.0))
    assert not list(remarks("s", Ticket(plan_id="p", ticket_id="T-1", context={"pr_url": "javascript:x"}), 1.0))


@pytest.fixture
def linear() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    asked: list[dict[str, Any]] = []

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"data": {"commentCreate": {"success": true}}}')

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/graphql", asked
    server.shutdown()
    server.server_close()


def test_linear_is_told_by_the_identifier(tmp_path: Path, linear: tuple[str, list[dict[str, Any]]]) -> None:
    one = ticket("https://linear.app/acme/issue/PROJ-7/title")
    environ = {"LINEAR_API_KEY": "lin_api_x", "LINEAR_API_URL": linear[0]}
    for _ in range(2):
        comments(tmp_path, one, environ).finish()
    assert [asked["variables"]["input"]["issueId"] for asked in linear[1]] == ["PROJ-7"]


def lines(folder: Path) -> str:
    return (folder / "logs/p/T-1/ticket.log").read_text()


def test_linear_takes_no_second_comment_when_an_answer_was_lost(tmp_path: Path) -> None:
    one = ticket("https://linear.app/acme/issue/SHOP-1/title")
    with serving(Linear([issue("SHOP-1", "Login")])) as server:
        environ = {"LINEAR_API_KEY": server.key, "LINEAR_API_URL": server.url}
        server.troubles = ["lost"]
        comments(tmp_path, one, environ).finish()
        refuses = (400, {}, {"errors": [{"message": "Unknown argument filter"}]})
        server.troubles = ["gone", refuses]  # it cannot be looked for, but its id keeps it from being there twice
        for _ in range(2):
            comments(tmp_path, one, environ).finish()
        assert len(server.comments) == 1 and uuid.UUID(server.comments[0]["id"]).version == 4
        assert "commented" in lines(tmp_path)
        asked = len(server.asked)
        comments(tmp_path, one, environ).finish()
        assert len(server.asked) == asked


def test_a_file_that_cannot_be_read_makes_no_second_comment(tmp_path: Path) -> None:
    one = ticket("https://github.com/acme/shop/issues/42")
    comments(tmp_path, one).finish()
    (tmp_path / "state/.comments/p/T-1.json").write_text("{")
    comments(tmp_path, one).finish()
    assert (tmp_path / "said").read_text().count("<!-- orchestrator:comment") == 1


def test_the_rests_grow_from_seconds_to_an_hour_and_end_after_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, slept = [1_800_000_000.0], list[float]()
    monkeypatch.setattr("orchestrator.engine.telling.comments.time.time", lambda: now[0])
    (tmp_path / "fails").touch()
    one = ticket("https://github.com/acme/shop/issues/42")
    (tmp_path / "gh").write_text("")
    told = comments(tmp_path, one)
    (tmp_path / "gh").write_text(f"#!/bin/sh\necho asked >>'{tmp_path}/calls'\necho HTTP 502 >&2\nexit 1\n")
    for _ in range(40):
        told._look_at_all(False)
        file = tmp_path / "state/.comments/p/T-1.json"
        rest = next((each["due"] for each in json.loads(file.read_bytes()).get("last", {}).values()), None)
        if rest is None:
            break
        slept.append(rest - now[0])
        told._look_at_all(False)  # nothing is due
        now[0] = rest
    assert slept[:5] == [5, 60, 600, 3600, 3600] and 86_400 - 3600 <= sum(slept) <= 86_400
    assert lines(tmp_path).count("comment_failed") == 2
    assert 'will="try again in 600 s"' in lines(tmp_path) and 'will="give it up"' in lines(tmp_path)
    assert len((tmp_path / "calls").read_text().splitlines()) == len(slept) + 1


@pytest.mark.parametrize(
    ("said", "rest"),
    [
        ("HTTP 403: Resource not accessible by personal access token", 3600),
        ("HTTP 404: Not Found", 3600),
        ("HTTP 429: too many\nRetry-After: 90", 90),
        ("dial tcp: connection refused", 5),
        ("Post https://github.com/acme/shop/issues/403: EOF", 5),
    ],
)
def test_how_long_it_rests_depends_on_what_was_said(tmp_path: Path, said: str, rest: int) -> None:
    told = comments(tmp_path, ticket("https://github.com/acme/shop/issues/42"))
    (tmp_path / "gh").write_text(f"#!/bin/sh\ncat >&2 <<'E'\n{said}\nE\nexit 1\n")
    told.finish()
    kept = json.loads((tmp_path / "state/.comments/p/T-1.json").read_bytes())["last"]
    assert [round(one["due"] - one["at"]) for one in kept.values()] == [rest]


def test_a_try_whose_end_nobody_knows_is_not_repeated_while_its_program_may_still_write() -> None:
    assert due(Try(first=0, at=100), 110, hurried=True, lingers=30) == 130
    assert due(Try(first=0, at=100), 110, hurried=False, lingers=0) == 100
    assert due(Try(first=0, at=9_999), 110, hurried=False, lingers=30) == 110, "the clock was set back"
    assert due(Try(first=0, at=100, due=160), 110, hurried=True, lingers=30) == 110
    assert due(Try(first=0, at=100, due=700), 110, hurried=True, lingers=30) == 700
