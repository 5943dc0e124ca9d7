"""Agents from outside: which one, where, with what, and what counts as success. Claude is a stand-in that prints."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.contract.kit_b import Place, agent, script, until

pytestmark = pytest.mark.thorough(every=2)


def generic(here: Place, body: str, **keys: Any) -> None:
    """The one agent: a shell script that is given its prompt."""
    here.config(agents={"fake": {"command": here.program("agent.sh", body), **keys}})
    here.prompt("work.md", "Do {{ title }}")
    if not here.worktrees.exists():
        here.worktree()


def one(here: Place, **phase: Any) -> None:
    here.workflow(agent(**phase))
    here.plan()


# -- which agent ------------------------------------------------------------------------------------------------------


def test_the_agent_is_the_phases_then_the_tickets_then_the_plans_then_the_default(here: Place) -> None:
    names = ("of_phase", "of_ticket", "of_plan", "default")
    here.config(
        defaultAgent="default",
        agents={name: {"command": here.program(name, f"echo {name}")} for name in names},
    )
    here.prompt("work.md", "go")
    here.workflow(agent(agent="of_phase"), name="named")
    here.workflow(agent())
    for ticket in "ABC":
        here.worktree(ticket)
    here.worktree("D")
    here.plan({"A": {"workflow": "named", "agent": "of_ticket"}, "B": {"agent": "of_ticket"}, "C": {}}, agent="of_plan")
    here.tick()
    assert [here.output("work", ticket).strip() for ticket in "ABC"] == ["of_phase", "of_ticket", "of_plan"]
    here.plan({"D": {}}, id="q")
    here.cli("run", "q", "D")
    entry = here.ticket("D", "q")["phaseHistory"][0]
    assert entry["output"].strip() == "default"


def test_an_agent_that_the_config_does_not_define_is_an_error_that_lists_those_it_does(here: Place) -> None:
    here.config(defaultAgent="alpha", agents={"alpha": {"command": "/bin/echo"}, "beta": {"command": "/bin/echo"}})
    here.prompt("work.md", "go")
    here.workflow(agent(maxRetries=3))
    here.workflow(agent(agent="nosuch"), name="named")
    here.worktree("phase")
    here.worktree("ticket")
    here.plan({"phase": {"workflow": "named"}, "ticket": {"agent": "nosuch"}})
    here.plan({"T": {}}, id="q", agent="nosuch")
    here.tick()
    for ticket in (here.ticket("phase"), here.ticket("ticket"), here.ticket("T", "q")):
        assert ticket["status"] == "failed"
        assert all(word in ticket["error"] for word in ("nosuch", "alpha", "beta"))
        assert not any(entry["status"] == "success" for entry in ticket["phaseHistory"])


def test_a_default_agent_that_is_not_defined_is_an_error_of_the_config(here: Place) -> None:
    here.config(defaultAgent="nosuch", agents={"alpha": {"command": "/bin/echo"}})
    here.plan()
    done = here.run()
    assert done.returncode == 1 and "nosuch" in done.stderr and "alpha" in done.stderr


# -- how the generic agent is called ----------------------------------------------------------------------------------


def test_the_prompt_is_the_first_argument_before_the_default_arguments(here: Place) -> None:
    generic(here, 'printf "%s|" "$@"; cat', defaultArgs=["--one", "two words", ""])
    one(here)
    assert here.run().returncode == 0
    assert here.output("work").strip() == "Do Title of T|--one|two words||"


def test_the_prompt_goes_by_stdin_or_as_the_path_of_a_file_when_asked(here: Place) -> None:
    by_stdin = {"command": here.program("in.sh", 'printf "%s|" "$@"; cat'), "promptVia": "stdin", "defaultArgs": ["-x"]}
    by_file = {
        "command": here.program("file.sh", 'cat "$1"; printf "|%s" "$2"'),
        "promptVia": "file",
        "defaultArgs": ["-x"],
    }
    here.config(defaultAgent="in", agents={"in": by_stdin, "file": by_file})
    here.prompt("work.md", 'Do {{ title }}: "$(touch x)" -n\n')
    here.workflow(agent())
    here.worktree("A")
    here.worktree("B")
    here.plan({"A": {"agent": "in"}, "B": {"agent": "file"}})
    here.tick()
    assert here.output("work", "A") == '-x|Do Title of A: "$(touch x)" -n\n'
    assert here.output("work", "B").strip() == 'Do Title of B: "$(touch x)" -n\n|-x'


def test_a_prompt_too_long_for_an_argument_goes_by_stdin(here: Place) -> None:
    generic(here, 'echo "$# $(cat | wc -c)"')
    here.prompt("work.md", "{{ description }}")
    here.workflow(agent())
    here.plan({"T": {"description": "p" * 300_000}})
    assert here.run().returncode == 0
    assert here.output("work").strip() == "0 300000"


def test_the_prompt_lies_in_the_attempts_directory(here: Place) -> None:
    generic(here, "true")
    one(here)
    here.run()
    assert (here.attempts()[0] / "prompt.md").read_text() == "Do Title of T"


def test_an_agent_that_fails_fails_the_phase_and_is_retried(here: Place) -> None:
    generic(here, f"echo x >> {here.root}/tries; echo why >&2; exit 7")
    one(here, maxRetries=1)
    assert here.run().returncode == 1
    assert here.marks("tries") == ["x", "x"]
    assert "7" in here.ticket()["error"]


def test_an_agent_whose_command_does_not_exist_fails_saying_so(here: Place) -> None:
    here.config(agents={"fake": {"command": "/nowhere/no-such-agent"}})
    here.prompt("work.md", "go")
    here.worktree()
    one(here)
    assert here.run().returncode == 1
    assert here.ticket()["status"] == "failed"
    assert "no-such-agent" in here.ticket()["error"]


# -- where it runs ----------------------------------------------------------------------------------------------------


def test_without_its_worktree_an_agent_runs_nowhere(here: Place) -> None:
    generic(here, f"pwd >> {here.root}/ran")
    (here.root / "f").write_text("not a directory")
    here.workflow(agent())
    worktrees = {"missing": str(here.root / "no"), "file": str(here.root / "f"), "relative": "worktrees/T", "empty": ""}
    here.plan({name: {"worktree": worktree} for name, worktree in worktrees.items()})
    here.tick()
    for name in worktrees:
        assert here.ticket(name)["status"] == "failed"
        assert "worktree" in here.ticket(name)["error"]
    assert not here.marks("ran")


def test_a_missing_worktree_is_a_failure_that_can_be_retried_and_routed(here: Place) -> None:
    generic(here, "true")
    here.script("make.sh", 'mkdir -p "$1"')
    here.workflow(agent(onFailure="make"), script("make", "make.sh", "work", args=["{{ worktree }}"]))
    here.worktrees.joinpath("T").rmdir()
    here.plan()
    assert here.run().returncode == 0
    assert here.history() == [("work", "failure"), ("make", "success"), ("work", "success"), ("done", "success")]


@pytest.mark.parametrize("linked", [False, True])
def test_git_does_not_look_above_a_worktree_that_is_no_repository(here: Place, linked: bool) -> None:
    here.git_repo()
    inside = place = here.repo / "sub"
    inside.mkdir()
    if linked:
        place = here.root / "link"
        place.symlink_to(inside)
    generic(here, "git rev-parse --show-toplevel 2>&1; git add . 2>/dev/null")
    here.workflow(agent("work"))
    here.plan({"T": {"worktree": str(place)}})
    here.run()
    assert here.output("work").startswith("fatal: not a git repository")


# -- verdict and evidence ---------------------------------------------------------------------------------------------

VERDICTS = {
    "PASS": True, "**PASS**": True, "all good\n\nPASS\n": True, "# PASS": True, "`PASS`": True, "__PASS__": True,
    "  *PASS*  ": True, "PASS\r\n": True,
    "FAIL": False, "**FAIL**": False, "nothing": False, "": False, "PASS\nbut\nFAIL": False, "FAIL\nPASS": False,
    "PASSED": False, "It would PASS if": False, "pass": False, "NOT PASS": False,
}  # fmt: skip


def test_a_verdict_is_a_line_of_its_own(here: Place) -> None:
    generic(here, 'cat "$ORCHESTRATOR_WORKTREE/said"')
    here.workflow(agent(verdict=True))
    tickets = {}
    for i, said in enumerate(VERDICTS):
        (here.worktree(f"V{i}") / "said").write_text(said)
        tickets[f"V{i}"] = {}
    here.plan(tickets)
    here.tick()
    for i, (said, passed) in enumerate(VERDICTS.items()):
        assert (here.ticket(f"V{i}")["status"] == "complete") == passed, said


def test_a_verdict_of_fail_is_retried_and_its_text_captured(here: Place) -> None:
    generic(here, f"echo x >> {here.root}/tries; echo 'too slow'; echo FAIL")
    here.workflow(agent(verdict=True, maxRetries=1, onFailure="done", capture={"why": "stdout"}))
    here.plan()
    here.run()
    assert here.marks("tries") == ["x", "x"]
    assert here.ticket()["context"]["why"] == "too slow\nFAIL"


EVIDENCE = {
    # what the agent does: (commit counts, diff counts)
    "true": (False, False),
    "echo new > file": (False, True),
    "echo more >> README": (False, True),
    "rm README": (False, True),
    "echo new > file; git add file": (False, True),
    "echo new > file; git add file; git commit -qm change": (True, True),
    "git commit -q --allow-empty -m nothing": (True, False),
    "echo ok; echo 'NO_CHANGE_NEEDED: it is done already'": (True, True),
    "echo '**NO_CHANGE_NEEDED:** it is done already'": (True, True),
    "echo 'NO_CHANGE_NEEDED:'": (False, False),
    "git reset -q --hard HEAD~1": (False, True),
}


@pytest.mark.parametrize("kind", ["commit", "diff"])
def test_evidence_is_a_commit_or_a_change_against_the_phases_start(here: Place, kind: str) -> None:
    here.git_repo()
    (here.repo / "README").write_text("second\n")
    here.git("commit", "-qam", "second")
    here.config(agents={"fake": {"command": here.program("agent.sh", ". ./.git-do 2>&1"), "env": {}}})
    here.prompt("work.md", "go")
    (here.repo / ".git/info/exclude").write_text(".git-do\n")
    for i, body in enumerate(EVIDENCE):
        (here.git_worktree(f"E{i}") / ".git-do").write_text(body)
    here.workflow(agent(evidence=kind))
    here.plan({f"E{i}": {} for i in range(len(EVIDENCE))})
    here.tick(timeout=40)
    for i, (body, counts) in enumerate(EVIDENCE.items()):
        expected = counts[0 if kind == "commit" else 1]
        assert (here.ticket(f"E{i}")["status"] == "complete") == expected, (body, here.ticket(f"E{i}"))


def test_a_commit_of_an_earlier_try_of_the_visit_counts_but_not_one_of_an_earlier_phase(here: Place) -> None:
    here.git_repo()
    here.git_worktree()
    body = f"""n=$(cat {here.root}/n 2>/dev/null || echo 0); echo $((n + 1)) > {here.root}/n
case $n in 0) git commit -q --allow-empty -m one; echo FAIL;; *) echo PASS;; esac"""
    generic(here, body)
    here.workflow(
        agent("first", on_success="second", evidence="commit", verdict=True, maxRetries=1),
        agent("second", evidence="commit"),
    )
    here.plan()
    here.run()
    assert here.history()[:3] == [("first", "failure"), ("first", "success"), ("second", "failure")]


# -- claude -----------------------------------------------------------------------------------------------------------

INIT = {"type": "system", "subtype": "init", "session_id": "SESSION", "model": "m"}
SAID = {"type": "assistant", "session_id": "SESSION", "message": {"content": [{"type": "text", "text": "I look."}]}}
DONE: dict[str, Any] = {
    "type": "result", "subtype": "success", "is_error": False, "result": "All done.", "session_id": "SESSION",
    "num_turns": 2, "total_cost_usd": 0.25, "usage": {"input_tokens": 10, "output_tokens": 5},
}  # fmt: skip


def claude(here: Place, *events: Any, code: int = 0, then: str = "", **keys: Any) -> None:
    """A `claude` on PATH of the agent that prints `events`, with the session id that it was given."""
    lines = "\n".join(event if isinstance(event, str) else json.dumps(event) for event in events)
    (here.root / "stream").write_text(lines + "\n")
    body = f"""printf '%s\\n' "$@" > {here.root}/argv-$ORCHESTRATOR_ATTEMPT
cat > {here.root}/stdin-$ORCHESTRATOR_ATTEMPT
session=none; for a in "$@"; do case $last in --session-id|--resume) session=$a;; esac; last=$a; done
echo x >> {here.root}/tries
sed "s/SESSION/$session/g" {here.root}/stream
{then}
exit {code}"""
    here.config(agents={"fake": {"command": here.program("claude", body), **keys}})
    here.prompt("work.md", "Do {{ title }}")
    here.worktree()


def test_claude_gets_the_prompt_on_stdin_and_a_session_id_that_the_history_shows(here: Place) -> None:
    claude(here, INIT, SAID, DONE, defaultArgs=["--dangerously-skip-permissions"])
    one(here, allowedTools=["Read", "Bash(git *)"], maxTurns=7, capture={"said": "stdout"})
    assert here.run().returncode == 0, here.ticket()["error"]
    argv = here.marks("argv-1")
    assert not any("Title of T" in arg for arg in argv)
    assert here.marks("stdin-1") == ["Do Title of T"]
    assert argv[argv.index("--output-format") + 1] == "stream-json" and "-p" in argv
    assert "--dangerously-skip-permissions" in argv and argv[argv.index("--max-turns") + 1] == "7"
    assert any("Bash(git *)" in arg and "Read" in arg for arg in argv)
    entry = here.ticket()["phaseHistory"][0]
    assert entry["sessionId"] == argv[argv.index("--session-id") + 1]
    assert entry["output"] == "All done." and here.ticket()["context"] == {"said": "All done."}


def test_the_session_is_stored_when_the_attempt_starts(here: Place) -> None:
    claude(here, INIT, then="sleep 30")
    one(here)
    here.daemon()
    until(lambda: (here.ticket().get("attempt") or {}).get("session"), "the session")
    until(lambda: here.marks("argv-1"), "argv")
    assert here.ticket()["attempt"]["session"] in here.marks("argv-1")


BAD_ENDS: dict[str, tuple[list[Any], int]] = {
    "error in the result": ([INIT, SAID, {**DONE, "is_error": True, "result": "API Error: 500 boom"}], 0),
    "no result line": ([INIT, SAID], 0),
    "another subtype": ([INIT, SAID, {**DONE, "subtype": "error_max_turns", "is_error": False}], 0),
    "cut off": ([INIT, SAID, json.dumps(DONE)[:60]], 0),
    "only text": (["All done."], 0),
    "nothing": ([], 0),
    "exit code": ([INIT, SAID, DONE], 1),
    "the words of a tool": ([INIT, {"type": "user", "message": {"content": json.dumps(DONE)}}], 0),
}


def test_claude_succeeded_only_if_its_output_says_so(here: Place) -> None:
    here.prompt("work.md", "go")
    here.workflow(agent())
    agents: dict[str, Any] = {}
    tickets: dict[str, Any] = {}
    for i, (events, code) in enumerate(BAD_ENDS.values()):
        folder = here.root / f"c{i}"
        folder.mkdir()
        text = "\n".join(event if isinstance(event, str) else json.dumps(event) for event in events)
        (folder / "stream").write_text(text + "\n")
        agents[f"a{i}"] = {"command": here.program(f"{i}/claude", f"cat {folder}/stream; exit {code}")}
        tickets[f"T{i}"] = {"agent": f"a{i}"}
        here.worktree(f"T{i}")
    here.config(defaultAgent="a0", agents=agents)
    here.plan(tickets)
    here.tick()
    for i, name in enumerate(BAD_ENDS):
        ticket = here.ticket(f"T{i}")
        assert ticket["status"] == "failed" and ticket["error"], name
    assert "boom" in here.ticket("T0")["error"]


def limit(at: float) -> list[Any]:
    info = {"status": "rejected", "resetsAt": int(at), "rateLimitType": "five_hour", "isUsingOverage": False}
    message = "You've hit your session limit"
    failed = {**DONE, "is_error": True, "result": message, "api_error_status": 429}
    return [INIT, {"type": "rate_limit_event", "rate_limit_info": info, "session_id": "SESSION"}, failed]


def test_a_usage_limit_is_no_failure_and_the_ticket_waits_until_the_reset(here: Place) -> None:
    reset = time.time() + 3600
    claude(here, *limit(reset), code=1)
    one(here, maxRetries=1)
    assert here.tick().returncode == 0
    ticket = here.ticket()
    assert (ticket["status"], ticket["currentPhase"], ticket["retries"].get("work", 0)) == ("ready", "work", 0)
    assert abs(_epoch(ticket["wakeAt"]) - reset) < 120
    assert ticket["waitReason"]
    assert here.marks("tries") == ["x"]


def test_after_the_reset_the_same_session_is_resumed(here: Place) -> None:
    claude(here, *limit(time.time() + 1), then=f"exit $(cat {here.root}/code)")
    (here.root / "code").write_text("1")
    one(here)
    here.daemon()
    until(lambda: here.ticket().get("wakeAt"), "the limit")
    session = here.marks("argv-1")[here.marks("argv-1").index("--session-id") + 1]
    (here.root / "stream").write_text("\n".join(json.dumps(event) for event in (INIT, SAID, DONE)))
    (here.root / "code").write_text("0")
    here.wait_state("complete", deadline=30)
    argv = here.marks("argv-2")
    assert argv[argv.index("--resume") + 1] == session and "--session-id" not in argv
    assert here.ticket()["retries"].get("work", 0) == 0


def test_a_paused_agent_goes_on_in_its_session(here: Place) -> None:
    claude(here, INIT, then="[ -e go ] || sleep 60")
    one(here)
    here.daemon()
    until(lambda: here.marks("argv-1") and here.marks("tries"), "the agent")
    session = here.marks("argv-1")[here.marks("argv-1").index("--session-id") + 1]
    assert here.cli("pause", "p", "T").returncode == 0
    here.wait_state("paused")
    until(lambda: not here.ticket().get("attempt"), "the attempt to be over")
    (here.worktrees / "T/go").touch()
    (here.root / "stream").write_text("\n".join(json.dumps(event) for event in (INIT, SAID, DONE)))
    assert here.cli("resume", "p", "T").returncode == 0
    here.wait_state("complete")
    argv = here.marks("argv-2")
    assert argv[argv.index("--resume") + 1] == session


def test_a_failed_agent_begins_a_new_session(here: Place) -> None:
    claude(here, INIT, {**DONE, "is_error": True}, code=1)
    one(here, maxRetries=1)
    here.run()
    first, second = (here.marks(f"argv-{n}") for n in (1, 2))
    assert "--session-id" in second
    assert first[first.index("--session-id") + 1] != second[second.index("--session-id") + 1]


def _epoch(at: Any) -> float:
    from datetime import datetime

    return float(at) if not isinstance(at, str) else datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp()


def test_a_session_that_never_began_is_not_listed(here: Place) -> None:
    here.config(agents={"fake": {"command": here.program("claude", "exit 0")}})
    here.prompt("work.md", "go")
    here.workflow(agent())
    here.plan()  # its worktree does not exist
    here.run()
    assert here.state()[0] == "failed"
    assert here.cli("sessions", "p", "T", "--json").stdout.strip() == "[]"
