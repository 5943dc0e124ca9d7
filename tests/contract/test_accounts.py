"""Accounts from outside: what a person is shown of a limit, and how one is released."""

from __future__ import annotations

import json
import time
from datetime import datetime

import pytest

from tests.contract.kit_b import Place, agent, until

SAYS = """cat >/dev/null
echo x >> {root}/calls
if [ -e {root}/free ]; then
echo '{{"type":"result","subtype":"success","is_error":false,"result":"ok"}}'; exit 0; fi
info='"status":"rejected","resetsAt":'$(cat {root}/reset)',"rateLimitType":"five_hour"'
echo '{{"type":"rate_limit_event","rate_limit_info":{{'$info'}}}}'
echo '{{"type":"result","subtype":"success","is_error":true,"result":"You have hit your limit"}}'; exit 1"""


@pytest.fixture
def limited(here: Place) -> Place:
    """Two tickets of which one has met a limit of an hour."""
    (here.root / "reset").write_text(str(reset()))
    program = here.program("claude", SAYS.format(root=here.root))
    here.config(agents={"claude": {"command": program}}, defaultAgent="claude", maxConcurrency=1)
    here.prompt("work.md", "go")
    here.workflow(agent())
    for name in "AB":
        here.worktree(name)
    here.plan({"A": {}, "B": {}})
    assert here.tick().returncode == 0
    assert here.marks("calls") == ["x"]
    return here


def reset() -> int:
    """Later today, or it would be told with its date."""
    return int(time.time()) // 60 * 60 + 3600


def when(at: float) -> str:
    moment = datetime.fromtimestamp(at)
    return moment.strftime("%H:%M" if moment.date() == datetime.now().date() else "%Y-%m-%d %H:%M")


def told(here: Place) -> str:
    return when(float((here.root / "reset").read_text()))


def test_status_says_until_when_whether_a_ticket_has_met_the_limit_or_only_waits_for_it(limited: Place) -> None:
    first, *_, a, b = limited.cli("status").stdout.rstrip().splitlines()
    assert first == f"account claude held until {told(limited)} (five-hour limit)"
    for line in (a, b):
        assert f"held until {told(limited)} (claude: five-hour limit)" in line
    ((plan,),) = (json.loads(limited.cli("status", "--json").stdout),)
    met, waits = plan["tickets"]
    assert met["wakeAt"] and met["waitReason"].startswith("usage limit of claude") and not waits.get("wakeAt")


def test_status_of_very_many_tickets_says_it_too(limited: Place) -> None:
    limited.plan({f"T{n}": {"status": "ready"} for n in range(60)}, id="many")
    text = limited.cli("status").stdout
    assert f"ready (62) · held until {told(limited)} (claude: five-hour limit): 62" in text
    limited.plan({f"T{n}": {} for n in range(60)}, id="many")
    text = limited.cli("status").stdout
    assert f"queued (60) · held until {told(limited)} (claude: five-hour limit): 60" in text


def test_accounts_shows_and_releases(limited: Place) -> None:
    shown = limited.cli("accounts").stdout.splitlines()
    assert f"held until {told(limited)} (five-hour limit), told by the agent; 2 tickets wait" in shown[1]
    (one,) = json.loads(limited.cli("accounts", "--json").stdout)
    assert (one["account"], one["agents"], one["held"], one["tickets"]) == ("claude", ["claude"], True, 2)
    unknown = limited.cli("accounts", "--release", "claud")
    assert unknown.returncode == 1 and "did you mean claude?" in unknown.stderr
    assert limited.cli("accounts", "--release", "claude").stdout == "Released account claude\n"
    (limited.root / "free").touch()
    limited.daemon()
    limited.wait_state("complete", "A")
    limited.wait_state("complete", "B")
    assert "not held" in limited.cli("accounts", "--release", "claude").stdout


def test_a_run_of_a_ticket_that_waits_says_so_and_goes_on_when_the_account_is_free(limited: Place) -> None:
    (limited.root / "free").touch()
    limited.cli("accounts", "--release", "claude")
    (limited.root / "free").unlink()
    (limited.root / "reset").write_text(str(int(time.time()) + 4))
    limited.tick()
    (limited.root / "free").touch()
    ran = limited.run("B")
    assert ran.returncode == 0
    assert ran.stdout.splitlines()[0].startswith("ticket B is held until ")
    assert until(lambda: not list((limited.home / "state/.accounts").iterdir()), "the end of the hold")
