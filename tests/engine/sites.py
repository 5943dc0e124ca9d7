"""A home for tests of the engine: programs that write down when they run, a runner that can be killed, and what must
hold whatever happened."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from orchestrator.adapters.attempts import sweep
from orchestrator.adapters.state import journal
from orchestrator.adapters.state.index import Index
from orchestrator.adapters.state.store import Applied, Store
from orchestrator.core.events import Event, PauseRequested, ResumeRequested
from orchestrator.core.model import Key, Ticket
from orchestrator.core.settings import AgentSettings, Settings
from orchestrator.engine.daemon import walk
from orchestrator.engine.home import Home
from orchestrator.engine.loop import Mode
from orchestrator.engine.recover import catch_up
from tests.engine import runner
from tests.engine.runner import config_of
from tests.waiting import let_pass, wait_for

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.engine.runner", "watchfiles", "orchestrator.formats.template.engine", "yaml"])

WORK = """\
#!/bin/sh
# says that it runs, waits while it is held, ends with the code that the test chose
phase=${ORCHESTRATOR_PHASE}
say() { echo "$ORCHESTRATOR_TICKET $phase $ORCHESTRATOR_ATTEMPT $1" >>'@/ran'; }
exec 9>>"@/busy-$ORCHESTRATOR_TICKET"
flock -n 9 || say overlap
say start
while [ -e "@/hold-$phase" ]; do sleep 0.01; done
sleep "$(cat '@/pace' 2>/dev/null || echo 0)"
echo "$phase of $ORCHESTRATOR_TICKET"
say end
exit "$(cat "@/code-$phase" 2>/dev/null || echo 0)"
"""

CHAOS = int(os.environ.get("ORCHESTRATOR_CHAOS", "0"))
"""More of everything that is random, for a long run."""


def one_phase(kind: str = "script", more: str = "") -> str:
    """A workflow of one phase `work`, with captures, then the end."""
    what = "command: work.sh" if kind == "script" else "promptTemplate: p.md"
    return f"""
name: w
phases:
  - id: work
    type: {kind}
    {what}
    {more}
    onSuccess: done
    onFailure: bad
    capture:
      said: stdout
      counted: "echo counted >>@/captures; while [ -e @/hold-capture ]; do sleep 0.01; done; wc -l <@/captures"
  - {{id: done, type: terminal}}
  - {{id: bad, type: terminal, notify: true}}
"""


THREE_PHASES = """
name: w
phases:
  - {id: one, type: script, command: work.sh, onSuccess: two, onFailure: bad, capture: {said: "echo said"}}
  - {id: two, type: agent, promptTemplate: p.md, onSuccess: three, onFailure: bad}
  - {id: three, type: script, command: work.sh, onSuccess: done, onFailure: bad}
  - {id: done, type: terminal}
  - {id: bad, type: terminal, notify: true}
"""


POLLING = """
name: w
phases:
  - {id: ask, type: poll, command: work.sh, intervalSeconds: 0.05, onSuccess: after, onFailure: bad}
  - {id: after, type: script, command: work.sh, onSuccess: done, onFailure: bad}
  - {id: done, type: terminal}
  - {id: bad, type: terminal, notify: true}
"""


class Run(NamedTuple):
    """One run of a program, as it wrote it down itself."""

    ticket: str
    phase: str
    n: int
    ended: bool


class Runner:
    """A runner in a process of its own; forked from one that has everything imported, because tests start hundreds."""

    def __init__(self, words: list[str], mark: Path) -> None:
        self.mark = mark
        self._process = FORKS.Process(target=runner.run, args=(words, dict(os.environ), str(Path.cwd())))
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def signal(self, sig: int) -> None:
        os.kill(self.pid, sig)

    def kill(self) -> None:
        """-9, and gone."""
        self._process.kill()
        self.wait()

    def wait(self) -> int:
        """How it ended: its exit code, or minus the signal."""
        self._process.join(30)
        assert self._process.exitcode is not None, "the runner was to end"
        return self._process.exitcode

    def running(self) -> bool:
        return self._process.is_alive()


class Site:
    def __init__(
        self, root: Path, workflow: str = THREE_PHASES, tickets: dict[str, list[str]] | None = None, **settings: Any
    ) -> None:
        self.root, self.key = root, Key("p1", "T1")
        for folder in ("workflows", "scripts", "prompts", "state/plans/p1/tickets", "repo", "wt"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        (root / "workflows/w.yaml").write_text(workflow.replace("@", str(root)))
        (root / "prompts/p.md").write_text("Do {{ title }}")
        self.program("scripts/work.sh", WORK)
        (root / "captures").touch()
        given = {"poll_interval": 1, "grace": 0.3, "default_agent": "worker", **settings}
        agents = {"worker": AgentSettings(command=str(root / "scripts/work.sh"))}
        (root / "settings.json").write_bytes(msgspec.json.encode(Settings(agents=agents, **given)))
        self.plan(tickets or {"T1": []})
        self.config = config_of(root)
        self.store = Home(self.config).store
        self.runners: list[Runner] = []

    # -- files --------------------------------------------------------------------------------------------------------

    def program(self, path: str, text: str) -> None:
        (self.root / path).write_text(text.replace("@", str(self.root)))
        (self.root / path).chmod(0o755)

    def plan(self, tickets: dict[str, list[str]], plan: str = "p1", **fields: Any) -> None:
        entries = [{"ticketId": name, "order": i, "blockedBy": b} for i, (name, b) in enumerate(tickets.items())]
        folder = self.root / f"state/plans/{plan}"
        (folder / "tickets").mkdir(parents=True, exist_ok=True)
        for name in tickets:
            if not (folder / f"tickets/{name}.json").exists():
                ticket = {"planId": plan, "ticketId": name, "title": f"Title of {name}", "theirs": {"kept": name}}
                (folder / f"tickets/{name}.json").write_text(json.dumps(ticket))
                (self.root / "wt" / name).mkdir(exist_ok=True)
        content = {
            "id": plan, "name": plan, "createdAt": "2026-01-01T00:00:00Z", "createdBy": "x", "workflow": "w",
            "repo": str(self.root / "repo"), "worktreeRoot": str(self.root / "wt"), "status": "active", **fields,
            "tickets": entries,
        }  # fmt: skip
        replaced(folder / "plan.json", json.dumps(content))

    def file(self, key: Key | None = None) -> Path:
        return Path(self.config.state_dir) / f"plans/{(key or self.key).plan}/tickets/{(key or self.key).ticket}.json"

    def raw(self, key: Key | None = None) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.file(key).read_bytes())
        return loaded

    def edit(self, key: Key | None = None, **changes: Any) -> None:
        """By hand: as an editor does it, in place. None removes a key."""
        raw = {name: value for name, value in {**self.raw(key), **changes}.items() if value is not None}
        self.file(key).write_text(json.dumps(raw))

    def ticket(self, key: Key | None = None) -> Ticket:
        return self.store.read_ticket(key or self.key).record

    def hold(self, phase: str) -> Path:
        (self.root / f"hold-{phase}").touch()
        return self.root / f"hold-{phase}"

    def free(self, phase: str) -> None:
        (self.root / f"hold-{phase}").unlink()

    def ran(self) -> list[Run]:
        """Every run of a program, in the order of starting."""
        rows = [line.split() for line in self.lines("ran")]
        ended = {(t, p, n) for t, p, n, word in rows if word == "end"}
        return [Run(t, p, int(n), (t, p, n) in ended) for t, p, n, word in rows if word == "start"]

    def lines(self, name: str) -> list[str]:
        return whole_lines(self.root / name)

    def events(self, verb: str | None = None) -> list[dict[str, Any]]:
        """Lines of the log, or those of one kind."""
        path = Path(self.config.log_dir) / "orchestrator.log"
        lines = map(json.loads, whole_lines(path))
        return [line for line in lines if verb in (None, line["event"])]

    def directory(self, name: str, key: Key | None = None) -> Path:
        """An attempt's directory, by its beginning: `001-`."""
        folder = Path(self.config.log_dir) / (key or self.key).plan / (key or self.key).ticket
        return next(folder.glob(f"{name}*"))

    def pid(self, name: str = "001-") -> int:
        """The launcher's, as soon as it is there."""

        def read() -> int:
            try:
                return int((self.directory(name) / "pid").read_text() or 0)
            except (OSError, StopIteration):
                return 0

        return wait_for(read, what=f"pid of {name}")

    # -- runners ------------------------------------------------------------------------------------------------------

    def runner(self, mode: str = "daemon", *options: str) -> Runner:
        """A runner in a process of its own."""
        mark = self.root / f"started-{len(self.runners)}"
        started = Runner([str(self.root), mode, "--mark", str(mark), *options], mark)
        self.runners.append(started)
        return started

    def daemon(self, *options: str) -> Runner:
        """A daemon that has begun to look."""
        started = self.runner("daemon", *options)
        wait_for(started.mark.exists, what="a daemon")
        return started

    def crash(self, point: str, mode: str = "daemon", *options: str) -> None:
        """A runner that dies at a point: `module:name before|after n [text among the arguments]`."""
        died = self.runner(mode, "--crash", point, *options).wait()
        assert died == -signal.SIGKILL, f"the runner was to die at {point}, but ended with {died}"

    def tick(self) -> None:
        """A runner, in this process, that walks until everything ends or waits."""
        with deadline(60):
            walk(Home(self.config), Mode.TICK, lambda: self.config)

    def settle(self, until: Callable[[], object], what: str = "") -> None:
        """Ticks until something is so."""

        def look() -> object:
            self.tick()
            return until()

        wait_for(look, what=what)

    # -- steering -----------------------------------------------------------------------------------------------------

    def apply(self, event: Event, key: Key | None = None) -> Applied:
        return self.store.apply(key or self.key, lambda _: event)

    def pause(self, key: Key | None = None) -> Applied:
        return self.apply(PauseRequested(at=time.time()), key)

    def resume(self, key: Key | None = None) -> Applied:
        return self.apply(ResumeRequested(at=time.time()), key)

    # -- what must hold -----------------------------------------------------------------------------------------------

    def every(self) -> list[Key]:
        """The keys of all tickets."""
        return [Key(path.parent.parent.name, path.stem) for path in self.root.glob("state/plans/*/tickets/*.json")]

    def left(self) -> list[int]:
        """Living processes of attempts of this home."""
        return processes_of(Path(self.config.log_dir))

    def kill_all(self) -> None:
        """-9 to every process of every attempt, launchers too."""
        while left := self.left():
            sweep.send(left, signal.SIGKILL, lambda _: True)
            let_pass(0.005)

    def history(self, key: Key | None = None) -> list[tuple[str, str]]:
        return [(entry.phase, str(entry.status)) for entry in self.ticket(key).phase_history]

    def assert_sound(self) -> None:
        """Nothing runs, nobody ran twice at once, and every journal tells what its file says.

        A test may have killed its runner right after the last save, so what that left out is made up for first.
        """
        wait_for(lambda: not self.left(), what="the end of every process")
        assert_one_at_a_time(self.lines("ran"))
        index = Index(self.store.places)
        index.scan()
        catch_up(Home(self.config), index)
        for key in self.every():
            assert_journal(self.store, key)

    def assert_told_once(self) -> None:
        assert len(self.events("notify")) == 1, self.events("notify")
        notes = [e for e in journal.entries(self.store.places.journal(self.key)) if e.kind == "notified"]
        assert len(notes) == 1


def whole_lines(path: Path) -> list[str]:
    """Without the one that is just being written."""
    return path.read_text().split("\n")[:-1] if path.exists() else []


def assert_journal(store: Store, key: Key) -> None:
    """No revision is missing or there twice, and the lines add up to the file."""
    path, raw = store.places.journal(key), json.loads(store.places.ticket_file(key).read_bytes())
    entries = journal.entries(path)
    kinds = ("seen", "event", "merged", "recovered")  # seen with a rev: the line of the very first save was left out
    saves = [entry.rev for entry in entries if entry.kind in kinds and entry.rev > 0]
    assert saves == list(range(1, raw.get("rev", 0) + 1)), f"{key}: {[(e.kind, e.rev) for e in entries]}"
    assert not saves or journal.fold(path) == raw, key


def assert_one_at_a_time(lines: list[str]) -> None:
    """A ticket's program begins only when the one before has ended, or has been written off as lost or stopped."""
    starts = Counter((ticket, phase, n) for ticket, phase, n, word in map(str.split, lines) if word == "start")
    twice = [run for run, times in starts.items() if times > 1 and run[1] != "ask"]  # checks are asked again
    assert not twice, f"attempts that were started twice: {twice}"
    assert not [line for line in lines if line.endswith("overlap")], "two attempts of a ticket ran at once"


def overlaps(lines: list[str]) -> int:
    """How many programs ran at the same time at most, as they wrote it down."""
    most = running = 0
    for line in lines:
        running += line.endswith(" start") - line.endswith(" end")
        most = max(most, running)
    return most


def processes_of(log_dir: Path) -> list[int]:
    mark = f"ORCHESTRATOR_ATTEMPT_DIR={log_dir}/".encode()
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            environ = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue
        if mark in environ and sweep.ID_VARIABLE.encode() in environ and int(pid) != os.getpid():
            found.append(int(pid))
    return found


def replaced(path: Path, text: str) -> None:
    """By hand: as a careful editor does it."""
    temporary = path.with_name(f".{path.name}.theirs")
    temporary.write_text(text)
    temporary.replace(path)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Fails instead of hanging."""

    def give_up(*_: object) -> None:
        raise AssertionError(f"it was to end within {seconds:g} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


Make = Callable[..., Site]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes a site. Whatever a failing test leaves behind is killed."""
    made: list[Site] = []

    def build(workflow: str = THREE_PHASES, tickets: dict[str, list[str]] | None = None, **settings: Any) -> Site:
        made.append(Site(tmp_path / f"site{len(made)}", workflow, tickets, **settings))
        return made[-1]

    yield build
    for site in made:
        for one in site.runners:
            one.kill()
        site.kill_all()
