"""Plan and ticket files as others write them: what is read, what is kept, what is reported, what is written back."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from tests.contract.kit import Box, script, terminal
from tests.waiting import wait_for

pytestmark = pytest.mark.thorough(every=2)

# --- what a planner may leave out


def test_a_ticket_of_two_keys_runs_to_its_end(box: Box) -> None:
    box.plan("p", "T-1")
    box.ok("run", "p", "T-1")
    ticket = box.read("p", "T-1")
    assert (ticket["status"], ticket["currentPhase"], ticket["error"]) == ("complete", "done", None)
    assert box.history("p", "T-1") == [("work", "success"), ("done", "success")]


def test_derived_values_are_written_at_the_first_dispatch_and_not_by_looking(box: Box) -> None:
    box.plan("p", {"ticketId": "Proj_7.x"}, workflow="holding")
    box.ticket("p", "Proj_7.x", title="Ünder the  Hood: fix `rm -rf`!")
    before = box.ticket_file("p", "Proj_7.x").read_bytes()
    box.ok("status")
    assert box.ticket_file("p", "Proj_7.x").read_bytes() == before
    box.start("run", "p", "Proj_7.x", env={"USER": "sam"})
    box.held("Proj_7.x")
    ticket = box.read("p", "Proj_7.x")
    assert (ticket["workflow"], ticket["currentPhase"]) == ("holding", "work")
    assert ticket["worktree"] == f"{box.root}/worktrees/Proj_7.x"
    user, _, name = ticket["branch"].partition("/")
    assert user == "sam"
    assert name == "proj_7.x-under-the-hood-fix-rm-rf"
    assert box.repo.is_dir()


def test_what_a_planner_wrote_is_not_derived(box: Box) -> None:
    box.plan("p", "T-1", workflow="one")
    given = {
        "workflow": "two",
        "branch": "feature/Mine",
        "worktree": str(box.root / "elsewhere"),
        "currentPhase": "second",
    }
    box.ticket("p", "T-1", **given, status="ready")
    box.ok("run", "p", "T-1")
    ticket = box.read("p", "T-1")
    assert {key: ticket[key] for key in ("workflow", "branch", "worktree")} == {
        key: given[key] for key in ("workflow", "branch", "worktree")
    }
    assert box.history("p", "T-1") == [("second", "success"), ("done", "success")]


def test_null_for_what_may_be_left_out_means_left_out(box: Box) -> None:
    box.plan("p", {"ticketId": "T-1", "blockedBy": None, "order": None}, agent=None, make=False)
    names = ("workflow", "branch", "worktree", "currentPhase", "status", "phaseHistory", "context", "retries", "error")
    box.ticket("p", "T-1", **dict.fromkeys((*names, "repo", "agent", "linearUrl", "acceptanceCriteria")))
    box.ok("run", "p", "T-1")
    assert box.status_of("p", "T-1") == "complete"


def test_every_key_of_the_original_is_there_after_a_run_with_the_original_s_type(box: Box) -> None:
    box.plan("p", "T-1")
    box.ok("run", "p", "T-1")
    ticket = box.read("p", "T-1")
    texts = ("planId", "ticketId", "title", "description", "workflow", "branch", "worktree", "status", "currentPhase")
    assert {key: type(ticket[key]) for key in texts} == dict.fromkeys(texts, str)
    assert {key: ticket[key] for key in ("linearUrl", "repo", "agent", "error")} == {
        "linearUrl": None, "repo": None, "agent": None, "error": None,
    }  # fmt: skip
    assert (type(ticket["acceptanceCriteria"]), type(ticket["context"]), type(ticket["retries"])) == (list, dict, dict)
    for entry in ticket["phaseHistory"]:
        assert {"phase", "status", "startedAt", "completedAt"} <= entry.keys()
        assert not {key for key, value in entry.items() if not isinstance(value, str)}


# --- forms that editors and models write


def test_json_in_any_form_is_read(box: Box) -> None:
    forms = {
        "bom": lambda text: "\ufeff" + text,
        "crlf": lambda text: text.replace("\n", "\r\n") + "\r\n",
        "tabs": lambda text: text.replace("  ", "\t"),
        "one-line": lambda text: text.replace("\n", ""),
        "escapes": lambda text: json.dumps(json.loads(text)),
    }
    box.plan("p", *forms)
    for name, form in forms.items():
        text = json.dumps({"planId": "p", "ticketId": name, "title": "Straße 🚀"}, ensure_ascii=False, indent=2)
        box.write(box.ticket_file("p", name), form(text))
    box.ok("tick")
    box.ok("tick")
    found = [box.read("p", name) for name in forms]
    assert [(ticket["status"], ticket["title"]) for ticket in found] == [("complete", "Straße 🚀")] * 5


def test_unknown_keys_survive_every_rewrite_at_every_depth(box: Box) -> None:
    theirs = {"storyPoints": 3, "x": {"y": [1, {"z": None}], "big": 12345678901234567890, "f": 1.0}}
    then = "2026-01-01T00:00:00Z"
    entry = {"phase": "work", "status": "failure", "startedAt": then, "completedAt": then, "output": "no", "tokens": 7}
    box.plan("p", {"ticketId": "T-1", "note": "theirs"}, sprintGoal={"a": [True, None]})
    box.ticket("p", "T-1", **theirs, phaseHistory=[entry], context={"pr_url": "u"})
    box.ok("pause", "p", "T-1")
    box.ok("resume", "p", "T-1")
    box.ok("run", "p", "T-1")
    ticket, plan = box.read("p", "T-1"), box.read_plan("p")
    assert {key: ticket[key] for key in theirs} == theirs
    assert ticket["phaseHistory"][0] == entry
    assert ticket["context"]["pr_url"] == "u"
    assert (plan["status"], plan["sprintGoal"], plan["tickets"][0]["note"]) == (
        "complete",
        {"a": [True, None]},
        "theirs",
    )


def test_output_in_the_history_is_the_beginning_of_a_success_and_the_end_of_a_failure(box: Box) -> None:
    box.script("long.sh", "echo first; head -c 9000 /dev/zero | tr '\\0' x; echo; echo last; exit $1")
    box.workflow("w", script("good", "bad", "long.sh", args=["0"]), script("bad", command="long.sh", args=["1"]))
    box.plan("p", "T-1", workflow="w")
    box.refused("run", "p", "T-1")
    good, bad = (entry["output"] for entry in box.read("p", "T-1")["phaseHistory"])
    assert (len(good), good[:6]) == (4096, "first\n")
    assert (len(bad) <= 4096, bad.rstrip()[-4:], "first" in bad) == (True, "last", False)


# --- what cannot be used


def test_a_broken_ticket_is_named_with_its_line_and_held_while_others_go_on(box: Box) -> None:
    box.plan("p", "T-1", "T-2", {"ticketId": "T-3", "blockedBy": ["T-1"]})
    broken = b'{\n  "planId": "p",\n  "ticketId": "T-1",\n  "title": oops\n}\n'
    box.write(box.ticket_file("p", "T-1"), broken)
    box.ok("tick")
    assert [box.status_of("p", one) for one in ("T-2", "T-3")] == ["complete", "queued"]
    shown = box.ok("status").out
    assert "T-1.json:4" in shown
    found = next(one for one in box.ok("status", "--plan", "p", "--json").json["problems"] if "T-1" in one["where"])
    assert (found["file"], found["line"]) == (str(box.ticket_file("p", "T-1")), 4)
    assert any("T-1.json" in json.dumps(line) and line["level"] == "error" for line in box.log())
    assert "T-1.json" in box.refused("run", "p", "T-1")
    assert box.ticket_file("p", "T-1").read_bytes() == broken
    assert box.read_plan("p").get("status", "active") == "active"


WRONG = {
    "empty": b"",
    "truncated": b"{",
    "null": b"null",
    "list": b"[]",
    "text": b'"text"',
    "latin1": b'{"planId":"p","ticketId":"latin1","title":"\xff"}',
    "type": b'{"planId":"p","ticketId":"type","retries":[]}',
    "typo": b'{"planId":"p","ticketId":"typo","status":"redy"}',
    "no-phase": b'{"planId":"p","ticketId":"no-phase","phaseHistory":[{}]}',
    "more": b'{"planId":"p","ticketId":"more"}}',
    "no-id": b"{}",
    "number": b'{"planId":"p","ticketId":"number","title":7}',
}


def test_whatever_is_in_a_ticket_file_the_reason_is_told_and_the_file_stays(box: Box) -> None:
    box.plan("p", *WRONG)
    for name, content in WRONG.items():
        box.write(box.ticket_file("p", name), content)
    problems = box.ok("status", "--plan", "p", "--json").json["problems"]
    named = {Path(one["file"]).stem for one in problems if one.get("file") and one.get("line")}
    assert named == WRONG.keys()
    assert "empty.json" in box.refused("pause", "p", "empty")
    assert "typo.json" in box.refused("skip", "p", "typo", "done")
    box.ok("tick")
    assert {name: box.ticket_file("p", name).read_bytes() for name in WRONG} == WRONG


def test_a_mended_file_goes_on_under_a_running_daemon(box: Box) -> None:
    box.plan("p", "T-1", "T-2")
    box.write(box.ticket_file("p", "T-1"), b'{"planId": "p"')
    box.daemon()
    box.until("p", "T-2", "complete")
    box.ticket("p", "T-1")
    box.until("p", "T-1", "complete")
    box.until_plan("p", "complete")


def test_a_broken_plan_holds_its_own_tickets_only(box: Box) -> None:
    box.plan("p", "T-1")
    box.plan("q", "T-1")
    box.write(box.plan_file("p"), '{"id": "p",\n "tickets": {}\n}')
    box.ok("tick")
    assert [box.status_of(one, "T-1") for one in "pq"] == ["queued", "complete"]
    assert "plan.json:2" in box.ok("status").out
    every = box.ok("status", "--json").json
    assert sorted(type(one["plan"]).__name__ for one in every) == ["NoneType", "dict"]
    assert "plan.json" in box.refused("pause-plan", "p")


def test_an_id_out_of_the_alphabet_is_a_problem_that_holds_its_ticket_only(box: Box) -> None:
    ids = ["Ä-1", "a b", "-x", ".hidden", "a" * 129, "tick€t", "x\n"]
    box.plan("p", "T-2", *ids)
    box.ok("tick")
    assert box.trace() == ["T-2 work"]
    problems = box.ok("status", "-p", "p", "--json").json["problems"]
    for id in ids:
        assert [one for one in problems if id in one["where"] and "id" in one["what"]], id
    for id in ids[:3]:
        box.refused("pause", "--", "p", id, code=2)


def test_a_traversing_id_touches_nothing_outside(box: Box) -> None:
    box.plan("p", "T-1")
    box.plan("q", "T-1")
    before = box.ticket_file("q", "T-1").read_bytes()
    for plan, ticket in [("p", "../../q/tickets/T-1"), ("p/../q", "T-1"), ("..", "T-1"), ("p", ""), ("", "T-1")]:
        assert box.run("pause", plan, ticket).code in (1, 2)
    assert box.ticket_file("q", "T-1").read_bytes() == before


def test_ids_that_disagree_with_their_path_are_problems_of_that_file_only(box: Box) -> None:
    box.plan("p", "T-1", "T-2", "T-3")
    box.save("p", "T-1", {"planId": "q", "ticketId": "T-1"})
    box.save("p", "T-2", {"planId": "p", "ticketId": "t-2"})
    box.write(box.plans / "q/plan.json", '{"id": "r", "tickets": []}')
    box.ok("tick")
    assert box.trace() == ["T-3 work"]
    said = box.ok("status").out
    assert '"q"' in said and '"t-2"' in said and '"r"' in said


def test_a_folder_without_plan_json_is_not_yet_a_plan(box: Box) -> None:
    box.ticket("p", "T-1")
    (box.plans / "p/notes.txt").write_text("by hand")
    (box.plans / "README.md").write_text("a file among the plans")
    shown = box.ok("status", "--json").json
    assert shown == []
    assert "problem" not in box.ok("status").out
    box.daemon()
    box.plan("p", "T-1")
    box.until("p", "T-1", "complete")


def test_other_files_in_the_tickets_folder_are_no_tickets(box: Box) -> None:
    box.plan("p", "T-1")
    for name in ("T-1.json~", ".T-1.json.swp", "T-1.json.bak", "notes.md", ".DS_Store", "4913"):
        (box.plans / "p/tickets" / name).write_text("not json")
    (box.plans / "p/tickets/folder").mkdir()
    box.ok("run", "p", "T-1")
    assert box.ok("status", "-p", "p", "--json").json["problems"] == []


# --- what is written


def test_each_save_is_counted_and_nothing_else_counts(box: Box) -> None:
    box.plan("p", "T-1")
    box.ok("pause", "p", "T-1")
    assert box.read("p", "T-1")["rev"] == 1
    box.ok("pause", "p", "T-1")
    box.edit("p", "T-1", title="changed by hand")
    box.ok("status")
    assert box.read("p", "T-1")["rev"] == 1
    box.ok("resume", "p", "T-1")
    assert box.read("p", "T-1")["rev"] == 2


def test_a_stale_copy_gives_its_planner_s_part_and_what_its_writer_changed(box: Box) -> None:
    box.plan("p", "T-1", workflow="two")
    box.ok("pause", "p", "T-1")
    stale = box.read("p", "T-1")
    box.ok("resume", "p", "T-1")
    box.ok("skip", "p", "T-1", "second")
    now = box.read("p", "T-1")
    stale |= {"title": "a better one", "context": {"by": "hand"}, "theirs": 1}
    box.save("p", "T-1", stale)
    box.ok("run", "p", "T-1")
    ticket = box.read("p", "T-1")
    assert (ticket["title"], ticket["context"]["by"], ticket["theirs"]) == ("a better one", "hand", 1)
    assert ticket["phaseHistory"][: len(now["phaseHistory"])] == now["phaseHistory"]
    assert box.trace() == ["T-1 second"]
    assert ticket["rev"] > now["rev"]
    assert any("old copy" in json.dumps(line) for line in box.log())


def test_at_every_moment_the_file_is_whole(box: Box) -> None:
    box.workflow("many", *(script(f"s{i}", f"s{i + 1}") for i in range(12)), terminal("s12"))
    box.plan("p", "T-1", workflow="many")
    started = box.start("run", "p", "T-1")
    seen = wait_for(lambda: box.read("p", "T-1") if box.status_of("p", "T-1") == "complete" else None)
    assert len(seen["phaseHistory"]) == 13
    assert started.ended() == 0
    assert [one for one in os.listdir(box.plans / "p/tickets") if one != "T-1.json"] == []


def test_the_logs_of_a_ticket_are_where_the_contract_says(box: Box) -> None:
    box.plan("p", "T-1", workflow="two")
    box.ok("run", "p", "T-1")
    folder = box.logs / "p/T-1"
    assert {line.get("ticket") for line in box.log() if "ticket" in line} == {"T-1"}
    assert "first" in (folder / "ticket.log").read_text()
    lines = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    assert len(lines) >= box.read("p", "T-1")["rev"]
    attempts = sorted(path.name for path in folder.iterdir() if path.is_dir())
    assert attempts == ["001-first", "002-second"]
    attempt = json.loads((folder / "001-first/attempt.json").read_text())
    assert attempt["argv"][-1].endswith("note.sh")
    assert attempt["cwd"] == str(box.repo)
    assert (folder / "001-first/stdout.log").read_text() == "noted \n"
    assert {"alive", "pid", "stderr.log", "exit", "outcome.json"} <= set(os.listdir(folder / "001-first"))


def test_lock_files_stay_and_lie_beside_the_plans(box: Box) -> None:
    box.plan("p", "T-1")
    box.ok("run", "p", "T-1")
    files = {path: path.stat().st_ino for path in (box.state / ".locks").rglob("*") if path.is_file()}
    assert files
    box.ok("skip", "p", "T-1", "work")
    box.ok("run", "p", "T-1")
    assert {path: path.stat().st_ino for path in files} == files


def test_a_rewrite_keeps_who_may_read_the_file(box: Box) -> None:
    box.plan("p", "T-1")
    box.ticket_file("p", "T-1").chmod(0o640)
    box.ok("pause", "p", "T-1")
    assert stat.S_IMODE(box.ticket_file("p", "T-1").stat().st_mode) == 0o640


def test_a_ticket_file_that_is_a_link_stays_one(box: Box) -> None:
    box.plan("p", "T-1")
    real = box.root / "kept/T-1.json"
    real.parent.mkdir()
    box.ticket_file("p", "T-1").rename(real)
    box.ticket_file("p", "T-1").symlink_to(real)
    box.ok("pause", "p", "T-1")
    assert (box.ticket_file("p", "T-1").is_symlink(), json.loads(real.read_text())["status"]) == (True, "paused")


# --- homes in odd places


def test_a_home_with_spaces_behind_a_link_and_given_relatively(tmp_path: Path) -> None:
    real = tmp_path / "my real home"
    box = Box(tmp_path, real)
    try:
        (tmp_path / "li nk").symlink_to(real)
        box.plan("p", "T-1")
        box.ok("run", "p", "T-1", env={"ORCHESTRATOR_HOME": "li nk"})
        assert box.status_of("p", "T-1") == "complete"
        box.plan("q", "T-1")
        started = box.daemon(env={"ORCHESTRATOR_HOME": "li nk/"})
        box.until("q", "T-1", "complete")
        box.plan("r", "T-1")
        box.until("r", "T-1", "complete")
        assert started.stop() == 0
    finally:
        box.end_everything()


def test_a_strict_umask_is_no_obstacle(box: Box) -> None:
    box.plan("p", "T-1")
    box.ok("run", "p", "T-1", preexec_fn=lambda: os.umask(0o077) and None)
    assert stat.S_IMODE((box.logs / "orchestrator.log").stat().st_mode) & 0o077 == 0


def test_a_state_directory_that_cannot_be_written_is_said_in_a_sentence(box: Box) -> None:
    if os.geteuid() == 0:
        box.config({"stateDir": "/proc/orchestrator"})
        assert "/proc" in box.refused("run", "p", "T-1")
        return
    box.plan("p", "T-1")
    (box.plans / "p/tickets").chmod(0o555)
    try:
        assert "T-1" in box.refused("pause", "p", "T-1")
    finally:
        (box.plans / "p/tickets").chmod(0o755)


def test_a_ticket_written_anew_while_it_runs_changes_its_text_and_not_its_course(box: Box) -> None:
    """A planner that knows nothing of the runner writes the whole file again."""
    box.plan("p", "T-1", workflow="holding")
    box.daemon()
    pid = box.held("T-1")
    blank = {"phaseHistory": [], "context": {}, "retries": {}, "error": None}
    box.ticket("p", "T-1", title="A new title", status="queued", currentPhase="work", **blank)
    wait_for(lambda: box.read("p", "T-1").get("attempt"))
    assert pid in box.processes()
    box.mark("release")
    ticket = box.until("p", "T-1", "complete")
    assert (ticket["title"], box.trace()) == ("A new title", ["T-1 work", "T-1 after"])


def test_a_file_that_is_written_in_pieces_counts_when_it_is_whole(box: Box) -> None:
    box.daemon()
    box.plan("p", "T-1", make=False)
    path = box.ticket_file("p", "T-1")
    path.parent.mkdir()
    text = json.dumps({"planId": "p", "ticketId": "T-1", "title": "slow"}, indent=1)
    with path.open("w") as stream:
        for part in text.partition("title"):
            stream.write(part)
            stream.flush()
            box.ok("status", "--help")
    assert box.until("p", "T-1", "complete")["title"] == "slow"


def test_numbers_of_others_keep_their_value(box: Box) -> None:
    box.plan("p", "T-1")
    numbers = '"big": 1180591620717411303424, "neg": -99999999999999999999999, "f": 3.0, "e": 1e3, "tiny": 1e-7'
    box.write(box.ticket_file("p", "T-1"), f'{{"planId": "p", "ticketId": "T-1", {numbers}}}')
    box.ok("pause", "p", "T-1")
    after = box.read("p", "T-1")
    assert {key: after[key] for key in ("big", "neg", "f", "e", "tiny")} == json.loads(f"{{{numbers}}}")


def test_a_plan_behind_a_link_is_a_plan(box: Box) -> None:
    box.plan("p", "T-1")
    (box.plans / "p").rename(box.root / "kept")
    (box.plans / "p").symlink_to(box.root / "kept")
    box.ok("run", "p", "T-1")
    assert json.loads((box.root / "kept/plan.json").read_text())["status"] == "complete"
