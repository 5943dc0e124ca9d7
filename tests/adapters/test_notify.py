"""Channels: whatever a program or a server does, a sending ends in time, and its reason holds no secret."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from orchestrator.adapters.notices import by_apprise, by_desktop, notify
from orchestrator.adapters.notices.by_command import Ended
from orchestrator.core import notices
from orchestrator.core.channels import Channel, channels
from orchestrator.core.notice_words import Message
from orchestrator.core.settings import NotifySettings
from tests.processes import living
from tests.waiting import wait_for

SAMPLE = notices.sample("failed", notices.Setting("/state", "/logs", 1_795_000_000.0))

FAKE_APPRISE = """
import json, logging, os
class Apprise:
    def add(self, url):
        self.url = url
        return not url.startswith("nosuch://")
    def notify(self, **said):
        if "refused" in self.url:
            logging.getLogger("apprise").warning("cannot reach %s with pass-w0rd", self.url)
            return False
        with open(os.environ["SENT"], "a") as stream:
            stream.write(json.dumps({"url": self.url, **said}) + "\\n")
        return True
"""


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "bin"


@pytest.fixture
def apprise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in; what it sends is in the file."""
    (tmp_path / "apprise.py").write_text(FAKE_APPRISE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("SENT", str(tmp_path / "sent"))
    return tmp_path / "sent"


def program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def channel(**fields: object) -> Channel:
    return channels([NotifySettings(**fields)])[0]  # type: ignore[arg-type]


def send(channel: Channel, folder: Path, stop: threading.Event | None = None, count: int = 1) -> Ended:
    setting = notify.Setting(str(folder), dict(os.environ), "gh")
    return notify.send(channel, [SAMPLE] * count, setting, stop or threading.Event())


# --- a command


def test_a_command_gets_the_notice_as_json_and_the_simplest_facts_as_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORCHESTRATOR_ATTEMPT_ID", "of the attempt that started the runner")
    names = ("EVENT", "PLAN", "TICKET", "ATTEMPT_ID")
    line = f'pwd >out; echo "{" ".join(f"$ORCHESTRATOR_{name}" for name in names)}" >>out; cat >>out'
    assert send(channel(command=line), tmp_path) == Ended()
    where, facts, document = (tmp_path / "out").read_text().splitlines()
    assert where == str(tmp_path)
    assert facts == "failed example EXAMPLE-1 "
    assert json.loads(document)["ticket"] == "EXAMPLE-1"


def test_a_list_is_started_without_a_shell(tmp_path: Path) -> None:
    program(tmp_path / "tell.sh", '#!/bin/sh\necho "$1" >out\n')
    assert send(channel(command=("./tell.sh", "$HOME; echo")), tmp_path) == Ended()
    assert (tmp_path / "out").read_text() == "$HOME; echo\n"


def test_a_command_that_fails_says_its_last_line_without_what_may_be_a_secret(tmp_path: Path) -> None:
    ended = send(channel(command="echo first; printf 'to https://me:s3cret@host/x \\033[1m\\n' >&2; exit 4"), tmp_path)
    assert ended == Ended("exit code 4: to https://*** ?[1m", again=True)


@pytest.mark.parametrize("name", ["./missing.sh", "no-such-program"])
def test_a_command_that_is_missing_fails_and_is_not_tried_again(tmp_path: Path, name: str) -> None:
    ended = send(channel(command=(name,)), tmp_path)
    assert "program not found" in (ended.reason or "")
    assert not ended.again


def test_a_command_that_hangs_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    line = "sleep 1000 & echo $! >pids; echo $$ >>pids; trap '' TERM INT; wait; sleep 1000"
    ended = send(channel(command=line, timeout_seconds=0.3), tmp_path)
    assert ended == Ended("took longer than 0.3 s and was killed")
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2
    wait_for(lambda: not [pid for pid in pids if living(pid)])


@pytest.mark.parametrize("where", ["&1", "&2"])
def test_a_command_that_floods_is_killed_when_its_time_is_up(tmp_path: Path, where: str) -> None:
    ended = send(channel(command=f"yes {'x' * 500} >{where}", timeout_seconds=0.5), tmp_path)
    assert ended.reason == "took longer than 0.5 s and was killed"


def test_a_command_that_prints_much_and_ends_is_well(tmp_path: Path) -> None:
    assert send(channel(command="head -c 1000000 /dev/zero"), tmp_path) == Ended()


def test_what_a_command_leaves_running_on_purpose_is_not_waited_for(tmp_path: Path) -> None:
    assert send(channel(command="sleep 1000 & echo $! >pid", timeout_seconds=20), tmp_path) == Ended()
    pid = int((tmp_path / "pid").read_text())
    assert living(pid)
    os.kill(pid, 9)


def test_a_command_that_closes_its_output_is_still_waited_for(tmp_path: Path) -> None:
    assert send(channel(command="exec >/dev/null 2>&1; sleep 0.2; exit 3"), tmp_path).reason == "exit code 3"


def test_who_ends_takes_along_what_is_being_sent(tmp_path: Path) -> None:
    stop = threading.Event()
    ended: list[Ended] = []
    thread = threading.Thread(
        target=lambda: ended.append(send(channel(command="echo $$ >pid; sleep 1000"), tmp_path, stop))
    )
    thread.start()
    pid = int(wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip()))
    stop.set()
    thread.join()
    assert ended == [Ended("was stopped: the runner ends", again=True)]
    assert not living(pid)


# --- the desktop


def test_the_desktop_is_told_through_the_program_of_this_system(tmp_path: Path, bin_folder: Path) -> None:
    program(bin_folder / by_desktop.program(), '#!/bin/sh\nprintf "%s\\n" "$@" >out\n')
    assert send(channel(desktop=True), tmp_path) == Ended()
    assert "test: EXAMPLE-1 failed" in (tmp_path / "out").read_text()


def test_without_such_a_program_it_says_what_to_install(
    tmp_path: Path, bin_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(bin_folder))
    assert (send(channel(desktop=True), tmp_path).reason or "").startswith(f"{by_desktop.program()} is not installed")


def test_a_text_is_no_option_and_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    said = Message("--help", "a <b>&", "failure")
    monkeypatch.setattr("sys.platform", "linux")
    assert by_desktop.argv(said)[-3:] == ["--", "--help", "a &lt;b&gt;&amp;"]
    monkeypatch.setattr("sys.platform", "darwin")
    assert by_desktop.argv(said)[-2:] == ["--help", "a <b>&"]
    assert "--help" not in " ".join(by_desktop.argv(said)[:-2])


# --- a URL


def test_a_url_gets_the_words_and_its_variables_are_filled_in(
    tmp_path: Path, apprise: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOPIC", "mine")
    assert send(channel(url="ntfy://host/${TOPIC}"), tmp_path) == Ended()
    sent = json.loads(apprise.read_text())
    assert (sent["url"], sent["title"], sent["notify_type"]) == (
        "ntfy://host/mine",
        "test: EXAMPLE-1 failed",
        "failure",
    )


def test_many_notices_are_one_message(tmp_path: Path, apprise: Path) -> None:
    assert send(channel(url="ntfy://host/x"), tmp_path, count=12) == Ended()
    assert [json.loads(line)["title"] for line in apprise.read_text().splitlines()] == ["12 tickets failed"]


def test_a_url_that_is_refused_says_why_without_any_of_it(tmp_path: Path, apprise: Path) -> None:
    ended = send(channel(url="json://user:pass-w0rd@refused/s3cret"), tmp_path)
    assert ended == Ended("cannot reach json://*** with ***", again=True)


def test_a_url_that_nobody_knows_says_so(tmp_path: Path, apprise: Path) -> None:
    assert "does not know this kind of URL" in (send(channel(url="nosuch://s3cret"), tmp_path).reason or "")


def test_a_variable_that_is_not_set_is_named(tmp_path: Path, apprise: Path) -> None:
    assert send(channel(url="ntfy://host/${NOT_SET}"), tmp_path).reason == (
        "${NOT_SET} is not set; export it where the runner is started"
    )


def test_a_file_beside_the_configuration_is_no_module_of_ours(tmp_path: Path, apprise: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/json.py").write_text("raise SystemExit('not me')")
    assert send(channel(url="ntfy://host/x"), tmp_path / "config") == Ended()


def test_without_the_extra_it_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    ended = send(channel(url="ntfy://host/x"), tmp_path)
    assert ended == Ended("url needs apprise, which is not installed; pip install 'another-orchestrator[notify]'")


def test_pieces_of_a_url_are_hidden_wherever_they_stand() -> None:
    text = "to ntfy://me:pw@host.example/my-topic: my-topic is refused by host.example"
    assert by_apprise.hidden("ntfy://me:pw@host.example/my-topic", text) == "to ntfy://***: *** is refused by ***"
