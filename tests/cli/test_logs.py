"""`logs` shows what agents say and do: readably, while they do it, and as it was printed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from orchestrator.control.following import BLOCK, FileTail
from tests.cli.kit import PROGRAM, Site, finish

STREAM = Path(__file__).parent.parent / "resources/streams/claude/committed-partial-messages.jsonl"

AGENT = """\
#!/bin/sh
# prints a recorded stream; the first line at once, the others when it is let go
head -n 1 '@/stream'
while [ -e '@/hold' ]; do sleep 0.01; done
tail -n +2 '@/stream'
[ -e '@/fail' ] && rm '@/fail' && exit 1
exit 0
"""
WORKFLOW = """
name: w
phases:
  - {id: work, type: agent, agent: coder, promptTemplate: p.md, maxRetries: 1, onSuccess: after}
  - {id: after, type: script, command: after.sh, onSuccess: done}
  - {id: done, type: terminal}
"""


@pytest.fixture(autouse=True)
def coder(site: Site) -> None:
    """The workflow `w` has a phase of an agent that prints what Claude Code printed once, in its worktree."""
    stream = STREAM.read_bytes().replace(b"/repo/", f"{site.root}/wt/T-1/".encode())
    (site.root / "stream").write_bytes(stream)
    site.script("coder.sh", AGENT)
    site.script("after.sh", "#!/bin/sh\necho afterwards\n")
    site.workflow("w", WORKFLOW)
    (site.root / "prompts/p.md").write_text("do it")
    (site.root / "wt/T-1").mkdir(parents=True)
    site.config(agents={"coder": {"command": str(site.root / "scripts/coder.sh"), "type": "claude"}}, grace=0.3)
    site.plan({"id": "T-1"})


def ran(site: Site) -> None:
    assert site.call("run", "p", "T-1").code == 0


def out(*words: str) -> str:
    return subprocess.run([PROGRAM, "logs", "p", "T-1", *words], capture_output=True, text=True, check=True).stdout


SAID = """\
· session 1e611159-9e7f-4a0f-92aa-d09bdb0f8559, model claude-opus-5-5
I will use Write.
▸ Write feature.py +2
    +def answer():
    +    return 42
I will use Bash.
▸ Bash git add -A && git commit -q -m 'Add answer()' && git log --oneline | head -3
    c486325 Add answer()
    b75808a readme
    8f4890d init
Implemented answer() and committed it.
✓ done, 3 turns, $0.02 for the session, 2.1s
"""


def test_what_an_agent_did_is_readable(site: Site) -> None:
    ran(site)
    assert out("--attempt", "1") == f"==> attempt 1, work: stdout\n{SAID}"


def test_between_the_events_stands_what_the_agent_said(site: Site) -> None:
    ran(site)
    rows = out().splitlines()
    assert [row.split()[1] for row in rows if row[0] != " "] == ["started", "ended", "started", "ended", "complete"]
    assert rows[1 : 1 + SAID.count("\n")] == [f"    {row}" for row in SAID.splitlines()]
    assert not any("afterwards" in row for row in rows)


def test_raw_is_what_was_printed(site: Site) -> None:
    ran(site)
    stream = (site.root / "stream").read_text()
    assert out("--attempt", "1", "--raw") == stream
    assert out("--raw") == f"{stream}afterwards\n"


def test_an_agent_that_the_configuration_no_longer_names_is_known_by_its_command(site: Site) -> None:
    (site.root / "scripts/coder.sh").rename(site.root / "scripts/claude")
    site.config(agents={"coder": {"command": str(site.root / "scripts/claude")}})
    ran(site)
    site.config()
    assert SAID in out("--phase", "work")


def test_following_shows_what_an_agent_says_while_it_runs_and_goes_on_with_the_next_attempt(site: Site) -> None:
    site.hold()
    (site.root / "fail").touch()
    site.daemon()
    site.running()
    follower = site.start("logs", "p", "T-1", "-f", "--phase", "work")
    assert follower.stdout is not None
    assert [follower.stdout.readline(), follower.stdout.readline()] == [
        "==> attempt 1, work: stdout\n", SAID.splitlines(keepends=True)[0],
    ]  # fmt: skip
    site.release()
    ended = finish(follower)
    assert (ended.code, ended.out.count("✓ done"), ended.out.count("==> attempt 2, work: stdout")) == (0, 2, 1)


def test_following_one_attempt_ends_with_it(site: Site) -> None:
    site.hold()
    site.daemon()
    site.running()
    follower = site.start("logs", "p", "T-1", "-f", "--attempt", "1")
    assert follower.stdout is not None and "==> attempt 1" in follower.stdout.readline()
    site.script("after.sh", "#!/bin/sh\nwhile [ ! -e '@/over' ]; do sleep 0.01; done\n")
    site.release()
    assert finish(follower).out.endswith(SAID.splitlines(keepends=True)[-1])
    assert site.ticket()["status"] == "running"
    (site.root / "over").touch()


def test_a_line_is_shown_when_it_is_whole_or_when_nothing_follows(site: Site) -> None:
    ran(site)
    log = site.root / "logs/p/T-1/001-work/stdout.log"
    with log.open("a") as stream:
        stream.write('{"type":"assistant","message":{"content":[{"type":"te')
    assert out("--attempt", "1").endswith('· a broken line: {"type":"assistant","message":{"content":[{"type":"te\n')


def test_as_json_the_output_is_what_was_said(site: Site) -> None:
    ran(site)
    found = site.call("logs", "p", "T-1", "--attempt", "1", "--json").json["output"]
    assert len(found) == 8
    assert found[2] == {
        "attempt": 1, "phase": "work", "stream": "stdout", "kind": "edit",
        "text": f"Write {site.root}/wt/T-1/feature.py +2", "detail": "+def answer():\n+    return 42",
    }  # fmt: skip


def test_following_as_json_is_an_object_per_line(site: Site) -> None:
    ran(site)
    found = [json.loads(row) for row in out("--json", "-f").splitlines()]
    assert [one["stream"] for one in found] == ["events"] + ["stdout"] * 8 + ["events"] * 4
    assert (found[0]["kind"], found[0]["attempt"], found[1]["kind"], found[1]["attempt"]) == ("event", None, "note", 1)


def test_what_an_agent_says_cannot_steer_the_terminal(site: Site) -> None:
    block = {"type": "text", "text": "red \x1b[31m\nand \x1b]0;owned\x07"}
    line = json.dumps({"type": "assistant", "message": {"content": [block]}})
    (site.root / "stream").write_text(f"\n{line}\n\x1b[2J\n")
    site.call("run", "p", "T-1")
    assert out("--attempt", "1") == "==> attempt 1, work: stdout\n\nred\nand\n\n"


def test_a_line_of_any_length_is_read_to_its_end(tmp_path: Path) -> None:
    log = tmp_path / "log"
    content = b"a\n" + b"x" * (10 * BLOCK) + b"\nz\n" + b"y" * (3 * BLOCK)
    log.write_bytes(content)
    tail = FileTail(log, from_start=True)
    read = b""
    while part := tail.read():
        read += part
    assert read == content[: -3 * BLOCK]
    assert tail.read(whole_lines=False) == b"y" * (3 * BLOCK)
