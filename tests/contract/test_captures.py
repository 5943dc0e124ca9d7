"""Captures from outside: what is stored, all or none, and that no value is ever read as shell text."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.contract.kit_b import Place, agent, gone, script

pytestmark = pytest.mark.thorough(every=2)


def captured(here: Place, capture: dict[str, str], **ticket: Any) -> dict[str, Any]:
    """The ticket after one successful script that captures."""
    here.script("ok.sh", "echo out")
    here.workflow(script("a", "ok.sh", capture=capture))
    here.plan({"T": ticket})
    here.run()
    return here.ticket()


def test_stdout_is_stored_trimmed_on_success_and_on_failure(here: Place) -> None:
    here.script("say.sh", 'printf "\\n  text of $1 \\n\\n"; echo "not this" >&2; exit "$2"')
    here.workflow(
        script("a", "say.sh", "b", args=["a", "0"], capture={"good": "stdout"}),
        script("b", "say.sh", onFailure="done", args=["b", "1"], capture={"bad": "stdout", "never": "echo no"}),
    )
    here.plan()
    here.run()
    assert here.ticket()["context"] == {"good": "text of a", "bad": "text of b"}


def test_the_final_message_of_an_agent_is_captured_whole(here: Place) -> None:
    here.worktree()
    here.config(
        agents={"fake": {"command": here.program("a.sh", 'printf "%s" "$(head -c 20000 /dev/zero | tr "\\0" x)"')}}
    )
    here.prompt("work.md", "go")
    here.workflow(agent(capture={"said": "stdout"}))
    here.plan()
    here.run()
    assert here.ticket()["context"]["said"] == "x" * 20_000
    assert len(here.output("work")) == 4096


def test_the_output_of_a_success_is_its_beginning_of_a_failure_its_end(here: Place) -> None:
    here.script("long.sh", 'for i in $(seq 1 3000); do echo "line $i"; done; exit "$1"')
    here.workflow(script("a", "long.sh", "b", args=["0"]), script("b", "long.sh", onFailure="done", args=["1"]))
    here.plan()
    here.run()
    assert here.output("a").startswith("line 1\n") and len(here.output("a")) == 4096
    assert here.output("b").endswith("line 3000\n") and len(here.output("b")) <= 4096


def test_a_command_runs_in_the_worktree_with_the_scripts_environment(here: Place) -> None:
    here.worktree()
    here.config(ghCommand="/opt/some/gh")
    commands = {
        "where": "pwd",
        "gh": 'echo "$ORCHESTRATOR_GH"',
        "who": "echo $ORCHESTRATOR_TICKET-$ORCHESTRATOR_PHASE",
        "own": "echo $MINE",
    }
    here.script("ok.sh", "true")
    here.workflow(script("a", "ok.sh", capture=commands))
    here.plan()
    done = here.run(MINE="of the runner")
    assert done.returncode == 0, (done, here.ticket())
    assert here.ticket()["context"] == {
        "where": str(here.worktrees / "T"), "gh": "/opt/some/gh", "who": "T-a", "own": "of the runner"
    }  # fmt: skip


def test_one_command_that_fails_fails_the_phase_and_none_is_stored(here: Place) -> None:
    here.script("ok.sh", f"echo x >> {here.root}/tries; echo out")
    here.workflow(
        script("a", "ok.sh", maxRetries=1, capture={"one": "echo 1", "two": "echo why >&2; exit 4", "three": "echo 3"})
    )
    here.plan()
    assert here.run().returncode == 1
    ticket = here.ticket()
    assert ticket["status"] == "failed" and ticket["context"] == {}
    assert "two" in ticket["error"] and "4" in ticket["error"] and "why" in ticket["error"]
    assert here.marks("tries") == ["x", "x"]
    assert here.history() == [("a", "failure"), ("a", "failure")]


def test_a_command_that_hangs_is_ended_at_the_phases_time_out(here: Place) -> None:
    here.script("ok.sh", "true")
    hang = f"echo $$ > {here.root}/pid; trap '' INT TERM; sleep 60 & sleep 60; sleep 60"
    here.workflow(script("a", "ok.sh", timeoutSeconds=1, capture={"x": hang}))
    here.plan()
    assert here.run().returncode == 1
    assert here.ticket()["status"] == "failed"
    assert "time" in here.ticket()["error"] and "x" in here.ticket()["error"]
    gone(here.pid("pid"), within=1)
    assert not list(here.alive())


def test_a_megabyte_is_captured_and_more_is_not(here: Place) -> None:
    mega = 1024 * 1024
    here.script("ok.sh", "true")
    here.workflow(script("a", "ok.sh", capture={"x": f"head -c {mega} /dev/zero | tr '\\0' a"}), name="fits")
    here.workflow(script("a", "ok.sh", capture={"x": f"head -c {2 * mega} /dev/zero | tr '\\0' a"}), name="big")
    here.plan({"F": {"workflow": "fits"}, "B": {"workflow": "big"}})
    here.tick()
    assert here.ticket("F")["context"] == {"x": "a" * mega}
    assert len(here.ticket("B")["context"].get("x", "")) <= mega


NASTY = [
    "$(touch x)", "`touch x`", "'; touch x; '", '"; touch x; "', "'\"'; touch x; #", "${IFS}$(touch${IFS}x)",
    "\n touch x\n", "\\", "a\\'b", "$_v1", "!!", "-n", "* ?", "${_v1}", "'\"", "é漢🎈\t", ")", "EOF\ntouch x", "",
]  # fmt: skip


@pytest.mark.parametrize("quoting", ["bare", "double", "single"])
def test_no_value_is_read_as_shell_text(here: Place, quoting: str) -> None:
    quote = {"bare": "", "double": '"', "single": "'"}[quoting]
    one = f"{quote}{{{{ v%d }}}}{quote}"
    command = "printf '<%s>' a " + " ".join(
        f"pre{one % i}post" if quoting == "bare" else one % i for i in range(len(NASTY))
    )
    ticket = captured(here, {"said": command}, **{f"v{i}": value for i, value in enumerate(NASTY)})
    assert ticket["status"] == "complete", ticket["error"]
    wrapped = [f"pre{v}post" if quoting == "bare" else v for v in NASTY]
    assert ticket["context"]["said"] == "<a>" + "".join(f"<{value}>" for value in wrapped)
    assert not list(here.root.rglob("x"))


def test_values_stay_data_in_every_odd_place_of_a_command(here: Place) -> None:
    odd = {
        "mixed": "echo \"a '{{ title }}' b\"",
        "subst": 'echo $(echo "{{ title }}")',
        "ansi": "echo \"$(printf '%s' '{{ title }}')\"",
        "here": "cat <<END\n{{ title }}\nEND",
        "assign": 'v={{ title }}; echo "$v"',
    }
    title = "'\"; touch x; $(touch x) `touch x` #"
    ticket = captured(here, odd, title=title)
    assert not list(here.root.rglob("x"))
    if ticket["status"] == "complete":  # or it is refused, before anything ran
        assert ticket["context"] == {**dict.fromkeys(odd, title), "mixed": f"a '{title}' b"}
    else:
        assert "capture" in ticket["error"]


def test_a_captured_value_never_shadows_a_field_of_the_ticket(here: Place) -> None:
    here.script("say.sh", 'printf "%s" "$1"; pwd > "$2"')
    here.worktree()
    decoy = here.root / "decoy"
    decoy.mkdir()
    evil = {"worktree": "stdout", "repo": "stdout", "title": "stdout", "branch": f"echo {decoy}", "agent": "stdout"}
    here.workflow(
        script("a", "say.sh", "b", args=[str(decoy), str(here.root / "first")], capture=evil),
        script(
            "b",
            "say.sh",
            args=["{{ worktree }}|{{ repo }}|{{ title }}|{{ context.worktree }}", str(here.root / "second")],
        ),
    )
    here.plan()
    assert here.run().returncode == 0, here.ticket()["error"]
    worktree = here.worktrees / "T"
    assert here.output("b") == f"{worktree}|{here.repo}|Title of T|{decoy}"
    assert here.marks("second") == [str(worktree)]
    assert here.ticket()["worktree"] == str(worktree)
    assert os.listdir(decoy) == []


def test_the_same_key_captured_again_is_replaced(here: Place) -> None:
    here.script("say.sh", "echo $RANDOM$RANDOM$$")
    here.workflow(script("a", "say.sh", "b", capture={"k": "stdout"}), script("b", "say.sh", capture={"k": "echo new"}))
    here.plan()
    here.run()
    assert here.ticket()["context"] == {"k": "new"}


def test_whatever_a_captured_key_is_called_it_stays_in_its_attempt(here: Place) -> None:
    keys = ("x/../../y", "a b", "k" * 300, "..", "é")
    context = captured(here, {key: f"echo {i}" for i, key in enumerate(keys)})["context"]
    assert context == {key: str(i) for i, key in enumerate(keys)}
    assert [path.name for path in (here.home / "logs/p/T").iterdir() if path.is_dir()] == ["001-a"]


def test_a_capture_that_can_never_work_is_named_by_the_check_and_costs_no_run(here: Place) -> None:
    here.worktree()
    here.config(agents={"fake": {"command": here.program("a.sh", f"echo ran >>{here.home}/ran")}})
    here.prompt("work.md", "go")
    here.workflow(agent(capture={"k": "eval {{ title }}"}, maxRetries=2))
    here.plan()
    checked = here.cli("workflow", "check", "w")
    assert checked.returncode == 1 and "capture k" in checked.stdout + checked.stderr
    here.run()
    assert here.state()[0] == "failed" and "capture k" in here.ticket()["error"]
    assert not (here.home / "ran").exists()
