"""Workflows from outside: routes, retries, visits, aliases, and files that are wrong."""

from __future__ import annotations

import json

import pytest

from tests.contract.kit_b import Place, script, terminal

pytestmark = pytest.mark.thorough(every=2)


def failing(here: Place, code: int = 1) -> None:
    """`fail.sh NAME` leaves a mark and exits with the code."""
    here.script("fail.sh", f'echo x >> "{here.root}/$1"; echo "said on out"; echo "said on err" >&2; exit {code}')
    here.script("ok.sh", 'echo "fine: $*"')


def test_a_failure_is_retried_max_retries_times_and_then_goes_to_on_failure(here: Place) -> None:
    failing(here)
    tries = {"none": 1, "r0": 1, "r1": 2, "r2": 3}
    for name, count in tries.items():
        keys = {} if name == "none" else {"maxRetries": count - 1}
        here.workflow(script("a", "fail.sh", args=[name], onFailure="sorry", **keys), terminal("sorry"), name=name)
    here.plan({name: {"workflow": name} for name in tries})
    here.tick()
    for name, count in tries.items():
        assert here.marks(name) == ["x"] * count
        assert here.history(name) == [("a", "failure")] * count + [("sorry", "success")]
        assert here.state(name) == ("complete", "sorry")
        assert "said on err" in here.output("a", name)


def test_on_failure_retry_or_itself_ends_in_failed_when_retries_are_used_up(here: Place) -> None:
    failing(here)
    for target in ("retry", "a"):
        here.workflow(script("a", "fail.sh", args=[f"to-{target}"], onFailure=target, maxRetries=2), name=target)
    here.plan({target: {"workflow": target} for target in ("retry", "a")})
    here.tick()
    for target in ("retry", "a"):
        assert here.marks(f"to-{target}") == ["x"] * 3
        assert here.state(target) == ("failed", "a")
        assert here.ticket(target)["error"]


def test_without_targets_success_completes_and_failure_fails(here: Place) -> None:
    failing(here)
    lone = {"type": "script", "args": ["m"]}
    here.workflow({"id": "a", "command": "ok.sh", **lone}, name="good")
    here.workflow({"id": "a", "command": "fail.sh", **lone}, name="bad")
    here.plan({"G": {"workflow": "good"}, "B": {"workflow": "bad"}})
    here.tick()
    assert here.ticket("G")["status"] == "complete"
    assert here.state("B") == ("failed", "a")
    assert here.marks("m") == ["x"]


def test_retries_wait_for_retry_delay_and_the_ticket_says_so(here: Place) -> None:
    failing(here)
    here.workflow(script("a", "fail.sh", args=["tries"], maxRetries=1, retryDelaySeconds=600))
    here.plan()
    assert here.tick().returncode == 0
    ticket = here.ticket()
    assert (ticket["status"], here.marks("tries"), ticket["retries"]) == ("ready", ["x"], {"a": 1})
    assert ticket["wakeAt"] and ticket["waitReason"]


def test_an_exit_code_with_a_route_spends_no_retry_and_captures(here: Place) -> None:
    here.script("three.sh", f"echo x >> {here.root}/tries; echo '  came out  '; exit 3")
    here.script("show.sh", 'printf "%s|" "$@"')
    here.workflow(
        script("a", "three.sh", maxRetries=5, onExit={3: "b"}, capture={"said": "stdout", "sum": "echo $((40 + 2))"}),
        script("b", "show.sh", args=["{{ said }}", "{{ context.sum }}"]),
    )
    here.plan()
    assert here.run().returncode == 0
    assert here.marks("tries") == ["x"]
    assert here.history()[:2] == [("a", "failure"), ("b", "success")]
    assert here.output("b") == "came out|42|"
    assert here.ticket()["retries"].get("a", 0) == 0


def test_exit_zero_can_be_routed_and_counts_as_success(here: Place) -> None:
    failing(here)
    here.workflow(
        script("a", "ok.sh", "wrong", onExit={"0": "right"}), script("wrong", "fail.sh"), script("right", "ok.sh")
    )
    here.plan()
    assert here.run().returncode == 0
    assert here.history() == [("a", "success"), ("right", "success"), ("done", "success")]


def test_timeouts_and_signals_never_match_a_route(here: Place) -> None:
    here.script("slow.sh", "exec sleep 60")
    here.script("shot.sh", "kill -KILL $$")
    routes = {str(code): "wrong" for code in (0, 1, 2, 9, 15, 124, 130, 137, 143)}
    here.workflow(script("a", "slow.sh", timeoutSeconds=0.3, onExit=routes), terminal("wrong"), name="slow")
    here.workflow(script("a", "shot.sh", onExit=routes), terminal("wrong"), name="shot")
    here.plan({"S": {"workflow": "slow"}, "K": {"workflow": "shot"}})
    here.tick()
    assert here.state("S") == ("failed", "a")
    assert "time" in here.ticket("S")["error"]
    assert here.state("K") == ("failed", "a")
    assert "signal" in here.ticket("K")["error"].lower()


def test_more_visits_than_allowed_need_attention_with_the_loop_named(here: Place) -> None:
    here.script("ok.sh", f'echo x >> {here.root}/"$1"')
    here.workflow(script("ping", "ok.sh", "pong", args=["ping"]), script("pong", "ok.sh", "ping", args=["pong"]))
    here.plan()
    assert here.run(timeout=40).returncode == 1
    assert len(here.marks("ping")) == len(here.marks("pong")) == 10  # the default
    ticket = here.ticket()
    assert (ticket["status"], ticket["currentPhase"]) == ("needs_attention", "ping")
    assert "ping" in ticket["error"] and "pong" in ticket["error"]


@pytest.mark.parametrize("where", ["phase", "workflow"])
def test_visits_are_bounded_per_phase_or_workflow_and_on_success_to_itself_is_a_visit(here: Place, where: str) -> None:
    here.script("ok.sh", f"echo x >> {here.root}/visits")
    bound = {"maxVisits": 3}
    here.workflow(
        script("again", "ok.sh", "again", **(bound if where == "phase" else {})),
        **(bound if where == "workflow" else {}),
    )
    here.plan()
    here.run()
    assert here.marks("visits") == ["x"] * 3
    assert here.state() == ("needs_attention", "again")


def test_a_retry_is_no_visit_and_a_new_visit_has_its_retries_again(here: Place) -> None:
    here.script("fail.sh", f"echo x >> {here.root}/fails; exit 1")
    here.script("ok.sh", "true")
    here.workflow(
        script("a", "fail.sh", maxRetries=2, maxVisits=2, onFailure="b"), script("b", "ok.sh", "a", maxVisits=5)
    )
    here.plan()
    here.run()
    assert len(here.marks("fails")) == 6
    assert here.state() == ("needs_attention", "a")


def test_a_ticket_under_way_survives_a_renamed_phase_by_its_alias(here: Place) -> None:
    here.script("ok.sh", 'echo "$ORCHESTRATOR_PHASE"')
    here.workflow(script("first", "ok.sh", "second"), script("second", "ok.sh"), aliases={"old_name": "second"})
    here.plan({"T": {"status": "ready", "currentPhase": "old_name"}})
    assert here.run().returncode == 0
    assert [phase for phase, _ in here.history()] == ["second", "done"]


def test_an_alias_may_be_the_target_of_a_phase(here: Place) -> None:
    here.script("ok.sh", "true")
    here.workflow(script("a", "ok.sh", "old"), script("new", "ok.sh"), aliases={"old": "new"})
    here.plan()
    assert here.run().returncode == 0
    assert [phase for phase, _ in here.history()] == ["a", "new", "done"]


BROKEN = {
    "unparsable": ("name: unparsable\nphases: [\n  {id: a, type: script\n", ""),
    "wrong-type": (
        "name: wrong-type\nphases:\n  - {id: a, type: script, command: ok.sh, maxRetries: many}\n",
        "maxRetries",
    ),
    "twice": ("name: twice\nphases:\n  - {id: a, type: terminal}\n  - {id: a, type: terminal}\n", "a"),
    "typo": (
        "name: typo\nphases:\n  - {id: begin, type: script, command: ok.sh, onSuccess: finsh}\n"
        "  - {id: finish, type: terminal}\n",
        "finsh",
    ),
    "route": (
        "name: route\nphases:\n  - {id: a, type: script, command: ok.sh, onExit: {3: nowhere}, onSuccess: b}\n"
        "  - {id: b, type: terminal}\n",
        "nowhere",
    ),
    "no-such-type": ("name: no-such-type\nphases:\n  - {id: a, type: scirpt, command: ok.sh}\n", "scirpt"),
}


def test_tickets_of_broken_workflows_fail_at_dispatch_saying_why_and_the_others_go_on(here: Place) -> None:
    here.script("ok.sh", f"echo x >> {here.root}/ran-$ORCHESTRATOR_TICKET")
    for name, (text, _) in BROKEN.items():
        here.workflow_text(f"{name}.yaml", text)
    here.workflow(script("a", "ok.sh"))
    here.plan({**{name: {"workflow": name} for name in BROKEN}, "nosuch": {"workflow": "nosuch"}, "good": {}})
    here.tick()
    assert here.ticket("good")["status"] == "complete"
    for name, (_, named) in BROKEN.items():
        ticket = here.ticket(name)
        assert ticket["status"] == "failed", name
        assert named in ticket["error"] and name in ticket["error"], ticket["error"]
        assert not here.marks(f"ran-{name}")
    unknown = here.ticket("nosuch")
    assert unknown["status"] == "failed" and "nosuch" in unknown["error"]


def test_unknown_keys_are_only_warned_about(here: Place) -> None:
    here.script("ok.sh", "true")
    here.workflow(script("a", "ok.sh", maxRetry=3), colour="blue")
    here.plan()
    assert here.run().returncode == 0


def test_a_missing_script_or_prompt_fails_the_ticket_only_when_it_gets_there(here: Place) -> None:
    here.script("ok.sh", "true")
    kinds = ("script", "poll", "agent")
    for kind in kinds:
        here.worktree(kind)
        second = {"id": "b", "type": kind, "onSuccess": "done", "maxRetries": 3}
        second |= {"promptTemplate": "nowhere.md"} if kind == "agent" else {"command": "nowhere.sh"}
        here.workflow(script("a", "ok.sh", "b"), second, name=kind)
    here.plan({kind: {"workflow": kind} for kind in kinds})
    here.tick()
    for kind in kinds:
        assert here.state(kind) == ("failed", "b")
        assert "nowhere" in here.ticket(kind)["error"]
        assert here.history(kind)[0] == ("a", "success")


def test_a_script_gets_its_arguments_as_they_are(here: Place) -> None:
    here.script("args.sh", 'echo "$#"; printf "<%s>" "$@"')
    title = 'it\'s "quoted" `touch x` $(touch y) \\ * ~ ${HOME} é 漢字 🎈\nsecond line; rm -rf /\t.'
    given = ["{{ title }}", "", "-n", "--help", "a b", "$HOME", "*", "{{ description }}"]
    here.workflow(script("a", "args.sh", args=given))
    here.plan({"T": {"title": title, "description": "{{ 7*7 }} {% raw %}"}})
    assert here.run().returncode == 0
    told = [title, "", "-n", "--help", "a b", "$HOME", "*", "{{ 7*7 }} {% raw %}"]
    assert here.output("a") == "8\n" + "".join(f"<{arg}>" for arg in told)
    assert not list(here.root.rglob("x")) and not list(here.root.rglob("y"))


def test_an_argument_of_100_kilobytes_arrives(here: Place) -> None:
    here.script("size.sh", 'printf "%s" "${#1}"')
    here.workflow(script("a", "size.sh", args=["{{ description }}"]))
    here.plan({"T": {"description": "z" * 100_000}})
    assert here.run().returncode == 0
    assert here.output("a") == "100000"


def test_an_argument_too_long_for_the_system_fails_saying_so(here: Place) -> None:
    here.script("size.sh", 'printf "%s" "${#1}"')
    here.workflow(script("a", "size.sh", args=["{{ description }}"]))
    here.plan({"T": {"description": "z" * 300_000}})
    assert here.run().returncode == 1
    assert here.ticket()["status"] == "failed"
    assert "long" in here.ticket()["error"], here.ticket()["error"]


def test_a_script_without_a_shebang_or_the_executable_bit_is_run_by_bash(here: Place) -> None:
    cases = {"A": ("", 0o755), "B": ("#!/bin/cat\n", 0o644), "C": ("", 0o644)}
    for name, (first, mode) in cases.items():
        here.script(f"{name}.sh", '[[ $1 == b* ]] && echo "$BASH"', mode, first)
        here.workflow(script("a", f"{name}.sh", args=["bash"]), name=name)
    here.plan({name: {"workflow": name} for name in cases})
    here.tick()
    assert [here.output("a", name).strip() for name in cases] == ["/bin/bash"] * 3


def test_a_script_with_a_shebang_is_run_by_what_it_names(here: Place) -> None:
    here.script("other.py", "import sys; print(sys.argv[1:])", first="#!/usr/bin/env python3\n")
    here.workflow(script("a", "other.py", args=["x y"]))
    here.plan()
    assert here.run().returncode == 0
    assert here.output("a").strip() == "['x y']"


def test_the_script_folder_of_the_config_counts_and_own_scripts_go_before_bundled_ones(here: Place) -> None:
    (here.root / "mine").mkdir()
    (here.root / "mine/run.sh").write_text("echo mine")
    here.config(scriptDir=str(here.root / "mine"))
    here.workflow(script("a", "run.sh", "b"), script("b", "route-review.sh", args=["approved"]))
    here.plan()
    assert here.run().returncode == 0
    assert here.output("a").strip() == "mine"
    assert here.output("b").strip() == "approved"


def test_a_script_runs_in_the_repo_until_the_worktree_exists(here: Place) -> None:
    here.script("where.sh", 'pwd; mkdir -p "$1"')
    here.workflow(
        script("a", "where.sh", "b", args=["{{ worktree }}"]), script("b", "where.sh", args=["{{ worktree }}"])
    )
    here.plan()
    assert here.run().returncode == 0
    assert here.output("a").strip() == str(here.repo)
    assert here.output("b").strip() == str(here.worktrees / "T")


def test_without_a_repo_a_script_runs_nowhere(here: Place) -> None:
    here.script("where.sh", f"pwd > {here.root}/ran")
    here.workflow(script("a", "where.sh"))
    repos = {"none": None, "absent": "/nowhere/at/all", "empty": "", "dot": ".", "relative": "repo"}
    here.plan({name: {"repo": repo} for name, repo in repos.items()}, repo=None)
    here.tick()
    for name in repos:
        assert here.ticket(name)["status"] == "failed"
        assert "repo" in here.ticket(name)["error"]
    assert not here.marks("ran")


def test_entering_a_terminal_ends_the_ticket_in_the_same_save_with_one_entry(here: Place) -> None:
    here.script("ok.sh", "true")
    here.workflow(script("a", "ok.sh", "help"), terminal("help", notify=True))
    here.plan()
    assert here.run().returncode == 1
    assert here.state() == ("needs_attention", "help")
    assert here.history() == [("a", "success"), ("help", "success")]
    journal = (here.home / "logs/p/T/journal.jsonl").read_text().splitlines()
    saved = [json.loads(line) for line in journal if '"rev"' in line]
    last = saved[-1]
    assert last["set"]["status"] == "needs_attention" and last["set"]["currentPhase"] == "help"


def test_a_workflow_is_found_by_its_name_not_its_file_and_before_the_bundled_one(here: Place) -> None:
    here.script("ok.sh", "echo own")
    text = json.dumps({"name": "minimal", "phases": [script("mine", "ok.sh"), terminal("done")]})
    here.workflow_text("whatever.yml", text)
    here.plan(workflow="minimal")
    assert here.run().returncode == 0
    assert here.history()[0] == ("mine", "success")
