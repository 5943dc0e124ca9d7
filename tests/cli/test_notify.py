"""`notify`, and what `config` and a daemon make of it: channels can be tried, seen and changed, and no secret told."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.settings import NOTICE_KINDS
from tests.cli.kit import Site, finish
from tests.waiting import wait_for

pytestmark = pytest.mark.thorough(every=2)

SECRETS = {"notify": [{"url": "json://me:s3cret@host/s3cret"}, {"command": ["curl", "--data", "s3cret"]}]}


def config(site: Site, *entries: dict[str, Any]) -> None:
    worker = {"worker": {"command": str(site.root / "scripts/work.sh")}}
    site.config(pollInterval=1, grace=0.3, agents=worker, notify=list(entries))


def told(site: Site, name: str = "told") -> list[dict[str, Any]]:
    path = site.root / name
    return [json.loads(line) for line in path.read_text().split("\n")[:-1]] if path.exists() else []


def logged(site: Site, level: str | None = None) -> list[str]:
    path = site.root / "logs/orchestrator.log"
    lines = map(json.loads, path.read_text().split("\n")[:-1] if path.exists() else [])
    return [line["event"] for line in lines if level in (None, line["level"])]


def warnings(site: Site) -> list[str]:
    return logged(site, "warning")


# --- trying


def test_every_channel_gets_a_test_and_says_how_it_went(site: Site) -> None:
    config(
        site,
        {"command": "cat >>told"},
        {"command": ["./nosuch"]},
        {"command": "cat >>told", "on": ["plan_complete"]},
        {"command": "sleep 1000", "timeoutSeconds": 0.2},
    )
    called = site.call("notify")
    assert called.code == 1
    lines = [line.replace(str(site.root), "~") for line in called.out.splitlines()]
    assert lines == [
        "sent     command cat (event needs_attention)",
        "failed   command ~/nosuch (event needs_attention): ~/nosuch: program not found",
        "sent     command cat #2 (event plan_complete)",
        "failed   command sleep (event needs_attention): took longer than 0.2 s and was killed",
    ]
    assert {(one["event"], one["test"]) for one in told(site)} == {("needs_attention", True), ("plan_complete", True)}
    assert not (site.root / "state/.notices").exists()


@pytest.mark.parametrize("kind", NOTICE_KINDS)
def test_an_event_can_be_chosen(site: Site, kind: str) -> None:
    config(
        site,
        {"command": "cat >>told"},
        {"command": "cat >>never", "on": ["failed" if kind != "failed" else "plan_complete"]},
    )
    called = site.call("notify", "--event", kind, "--json")
    assert called.code == 0
    assert [(one["result"], one["event"]) for one in called.json] == [("sent", kind), ("skipped", None)]
    assert [one["event"] for one in told(site)] == [kind]


def test_without_a_channel_it_says_how_to_get_one(site: Site) -> None:
    called = site.call("notify")
    assert called.code == 1
    assert "notify: {desktop: true}" in called.err


def test_an_event_that_no_channel_wants_was_not_sent(site: Site) -> None:
    config(site, {"command": "true", "on": ["failed"]})
    called = site.call("notify", "--event", "account_held")
    assert (called.code, called.err) == (
        1,
        "orchestrator: no channel wants account_held; see `on` in the configuration\n",
    )


# --- checking and showing


def test_what_this_machine_lacks_is_a_warning(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    config(site, {"url": "ntfy://s3cret/x"}, {"command": ["./nosuch.sh"]}, {"command": "anything | the-shell knows"})
    called = site.call("config", "check")
    assert called.code == 0
    assert (
        "url ntfy: url needs apprise, which is not installed; pip install 'another-orchestrator[notify]'" in called.out
    )
    assert "nosuch.sh: program not found" in called.out
    assert "2 warnings" in called.out
    assert "s3cret" not in called.out


@pytest.mark.parametrize("words", [("config", "show"), ("config", "show", "--json"), ("config", "check"), ("notify",)])
def test_no_command_shows_a_secret(site: Site, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(site.root))
    config(site, *SECRETS["notify"])
    called = site.call(*words)
    assert "json" in called.out
    assert "s3cret" not in called.out + called.err


# --- telling


def test_a_run_tells_before_it_ends_and_logs_no_secret(site: Site) -> None:
    (site.root / "hook").mkdir()
    config(
        site, {"command": "cat >>told; echo to http://s3cret/x >&2; exit 3"}, {"command": ["sh", "-c", "cat >>s3cret"]}
    )
    site.plan({"id": "T-1", "workflow": "nosuch"})
    assert site.call("run", "p", "T-1").code == 1
    assert [one["event"] for one in told(site, "s3cret")] == ["failed"]
    assert "notify_failed" in warnings(site)
    texts = [path.read_text() for path in (site.root / "logs").rglob("*.*") if path.is_file()]
    assert not [text for text in texts if "s3cret" in text]


def test_a_run_that_waits_for_a_notification_can_be_interrupted(site: Site) -> None:
    config(site, {"command": "echo $$ >pid; sleep 1000"})
    site.plan({"id": "T-1", "workflow": "nosuch"})
    process = site.start("run", "p", "T-1")
    pid = int(wait_for(lambda: (site.root / "pid").exists() and (site.root / "pid").read_text().strip()))
    process.send_signal(signal.SIGINT)
    called = finish(process)
    assert called.code == 130
    assert "1 notification is not sent yet; the next runner does it" in called.out
    assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2]


def test_a_daemon_takes_over_changed_channels(site: Site) -> None:
    site.plan({"id": "T-1", "workflow": "nosuch"})
    site.daemon()
    wait_for(lambda: site.ticket().get("status") == "failed")
    config(site, {"command": "cat >>told"})
    wait_for(lambda: "config_reloaded" in logged(site), what="the new configuration")
    assert told(site) == []
    site.plan({"id": "T-2", "workflow": "nosuch"}, plan="q")
    wait_for(lambda: told(site), what="the notification")
    assert [one["ticket"] for one in told(site)] == ["T-2"]


def test_a_skip_to_an_end_that_notifies_is_told_by_the_command_or_by_the_daemon_that_runs(site: Site) -> None:
    config(site, {"command": "cat >>told"})
    end = "  - {id: escalate, type: terminal, notify: true}\n"
    site.workflow("w", (site.root / "workflows/w.yaml").read_text() + end)
    site.plan({"id": "T-1"}, {"id": "T-2"}, status="paused")
    assert site.call("skip", "p", "T-1", "escalate").code == 0
    assert [one["ticket"] for one in told(site)] == ["T-1"]
    site.daemon()
    assert site.call("skip", "p", "T-2", "escalate").code == 0
    wait_for(lambda: len(told(site)) == 2, what="the daemon's notification")
    assert [one["ticket"] for one in told(site)] == ["T-1", "T-2"]


def test_a_missing_program_for_the_desktop_is_one_warning_and_not_one_per_event(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join(["/nowhere", str(site.root)]))
    config(site, {"desktop": True})
    site.plan(*({"id": f"T-{n}", "workflow": "nosuch"} for n in range(3)))
    assert site.call("tick").code == 0
    assert warnings(site).count("notify_unavailable") == 1
    assert "notify_failed" not in warnings(site)
    assert site.call("tick").code == 0
    assert os.listdir(site.root / "state/.notices") == ["lock"]
