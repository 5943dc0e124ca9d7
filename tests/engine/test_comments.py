"""Comments on the issues of tickets: each once, whatever crashes, and never at a ticket's cost."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.board import Board
from orchestrator.core.model import Key, Status, Ticket
from orchestrator.core.settings import Config, Settings, TrackerSettings
from orchestrator.engine.home import Home
from orchestrator.engine.telling.comments import Comments, plain, remarks

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


def test_what_fails_is_tried_a_few_times_and_said_once(tmp_path: Path) -> None:
    one = ticket("https://linear.app/acme/issue/PROJ-7/title")
    for _ in range(5):
        comments(tmp_path, one).finish()
    assert sum(log.read_text().count("comment_failed") for log in [tmp_path / "logs" / "orchestrator.log"]) == 1


def test_nobody_is_mentioned_and_nothing_is_loaded(tmp_path: Path) -> None:
    text = plain("@bob ![x](https://evil.example/a.png) `x` <!-- ghp_abcdefghijklmnop\n" + "y" * 999)
    assert "@bob" not in text and "evil" not in text and "ghp_" not in text and "\n" not in text
    assert text.count("`") == 2 and len(text) < 310


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
