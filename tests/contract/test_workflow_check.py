"""`workflow check` and `workflow list` from outside: every problem with its place, a suggestion, and an exit code."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.contract.kit_b import Place

SOUND = """\
name: sound
phases:
  - id: a
    type: script
    command: ok.sh
    onSuccess: done
  - id: done
    type: terminal
"""

# what is wrong → (old text, new text, line, words that must be said, warning?)
WRONG: dict[str, tuple[str, str, int, tuple[str, ...], bool]] = {
    "unknown target": ("onSuccess: done", "onSuccess: doen", 6, ("doen", "done", "a"), False),
    "unknown route": ("onSuccess: done", "onSuccess: done\n    onExit: {3: doen}", 7, ("doen", "done"), False),
    "unknown failure target": ("onSuccess: done", "onSuccess: done\n    onFailure: dne", 7, ("dne",), False),
    "duplicate id": ("- id: done", "- id: a", 7, ("a", "twice"), False),
    "wrong type": ("command: ok.sh", "command: ok.sh\n    maxRetries: many", 6, ("maxRetries", "many"), False),
    "negative": ("command: ok.sh", "command: ok.sh\n    maxRetries: -1", 6, ("maxRetries",), False),
    "unknown type": ("type: script", "type: scirpt", 4, ("scirpt", "script"), False),
    "missing id": ("- id: done\n    type: terminal", "- type: terminal", 7, ("id",), False),
    "missing command": ("    command: ok.sh\n", "", 3, ("command",), False),
    "phases no list": ("phases:\n", "phases: 7\nx:\n", 2, ("phases",), False),
    "key twice": ("type: script", "type: script\n    type: script", 5, ("type",), False),
    "unparsable": ("type: script", "type: script: x", 4, (), False),
    "tab": ("    type: script", "\ttype: script", 4, (), False),
    "unknown key": ("command: ok.sh", "command: ok.sh\n    maxRetry: 1", 6, ("maxRetry", "maxRetries"), True),
    "unknown key on top": ("phases:", "maxVisit: 3\nphases:", 2, ("maxVisit", "maxVisits"), True),
    "key of another type": (
        "command: ok.sh",
        "command: ok.sh\n    intervalSeconds: 3",
        6,
        ("intervalSeconds", "poll"),
        True,
    ),
    "route of a signal": ("onSuccess: done", "onSuccess: done\n    onExit: {137: done}", 7, ("137", "signal"), True),
    "unreachable": ("- id: done", "- id: island\n    type: terminal\n  - id: done", 7, ("island",), True),
    "no terminal": ("onSuccess: done", "onSuccess: a", 3, ("terminal",), True),
    "missing script": ("command: ok.sh", "command: okay.sh", 5, ("okay.sh", "ok.sh"), True),
    "missing prompt": (
        "type: script\n    command: ok.sh",
        "type: agent\n    promptTemplate: implment.md",
        5,
        ("implment.md", "implement.md"),
        True,
    ),
    "undefined variable": ("command: ok.sh", 'command: ok.sh\n    args: ["{{ titel }}"]', 6, ("titel", "title"), True),
    "undefined in a capture": (
        "command: ok.sh",
        "command: ok.sh\n    capture: {sha: 'echo {{ brnch }}'}",
        6,
        ("brnch", "branch"),
        True,
    ),
}


def check(here: Place, *args: str) -> tuple[int, str, str]:
    done = here.cli("workflow", "check", *args)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr, done.stdout


def test_each_problem_has_file_line_column_and_suggestion(here: Place) -> None:
    here.script("ok.sh", "true")
    files = {what: f"{what.replace(' ', '-')}.yaml" for what in WRONG}
    for what, (old, new, *_) in WRONG.items():
        text = SOUND.replace(old, new, 1)
        assert text != SOUND
        here.workflow_text(files[what], text.replace("sound", what))
    code, said, _ = check(here)
    assert code == 1
    for what, (_, _, line, words, warning) in WRONG.items():
        row = next((row for row in said.splitlines() if f"/{files[what]}:{line}:" in row), None)
        assert row is not None, (what, said)
        assert re.search(rf"{files[what]}:{line}:\d+", row), row
        told = row.partition(files[what])[2]
        assert all(word in told for word in words), row
        assert ("warning" in row) == warning, row


def test_errors_exit_with_1_and_warnings_only_when_strict(here: Place) -> None:
    here.script("ok.sh", "true")
    old, new, *_ = WRONG["unknown key"]
    here.workflow_text("sound.yaml", SOUND.replace(old, new))
    assert (check(here)[0], check(here, "--strict")[0]) == (0, 1)
    old, new, *_ = WRONG["unknown target"]
    here.workflow_text("sound.yaml", SOUND.replace(old, new))
    assert check(here)[0] == 1


def test_sound_workflows_pass_strictly_the_bundled_ones_too(here: Place) -> None:
    here.script("ok.sh", "true")
    here.workflow_text("sound.yaml", SOUND)
    assert check(here, "--strict")[0] == 0
    listed = json.loads(here.cli("workflow", "list", "--json").stdout)
    assert {"standard", "bugfix", "minimal", "local", "sound"} <= {one["name"] for one in listed}


def test_one_broken_file_hides_neither_the_others_nor_their_problems(here: Place) -> None:
    here.script("ok.sh", "true")
    here.workflow_text("a-broken.yaml", "name: broken\nphases: [")
    here.workflow_text("b-typo.yaml", SOUND.replace("sound", "typo").replace("onSuccess: done", "onSuccess: x"))
    here.workflow_text("c-sound.yaml", SOUND)
    (here.home / "workflows/d-bytes.yaml").write_bytes(b"name: \xff\xfe")
    code, said, _ = check(here)
    assert code == 1
    assert "a-broken.yaml:" in said and "b-typo.yaml:6" in said and "d-bytes.yaml" in said
    assert "c-sound.yaml" not in said
    listed = here.cli("workflow", "list").stdout
    assert all(name in listed for name in ("broken", "typo", "sound", "standard"))


def test_all_problems_of_a_file_are_told_at_once(here: Place) -> None:
    text = SOUND.replace("onSuccess: done", "onSuccess: doen\n    maxRetry: 1\n    onFailure: gone")
    here.workflow_text("sound.yaml", text.replace("ok.sh", "nope.sh\n    args: ['{{ titel }}']"))
    _, said, _ = check(here)
    assert all(word in said for word in ("doen", "maxRetry", "gone", "nope.sh", "titel"))


def test_json_tells_the_same(here: Place) -> None:
    here.workflow_text("sound.yaml", SOUND.replace("onSuccess: done", "onSuccess: doen"))
    code, _, out = check(here, "--json")
    found: list[dict[str, Any]] = json.loads(out)
    problems = next(one for one in found if one["name"] == "sound")["problems"]
    assert code == 1
    assert {problem["severity"] for problem in problems} == {"error", "warning"}
    assert all(problem["line"] and problem["column"] and problem["file"] for problem in problems)


def test_one_workflow_or_file_can_be_named_and_an_unknown_one_is_an_error(here: Place) -> None:
    here.workflow_text("bad.yaml", "name: bad\nphases: 3\n")
    assert check(here, "minimal")[0] == 0
    assert check(here, "bad")[0] == 1
    assert check(here, str(here.home / "workflows/bad.yaml"))[0] == 1
    code, said, _ = check(here, "minmal")
    assert code != 0 and "minimal" in said


def test_javascript_in_a_prompt_is_named(here: Place) -> None:
    for i, (text, word) in enumerate(
        {"{{ a === b }}": "==", "{{ title | dump }}": "dump", "{% if a && b %}x{% endif %}": "and"}.items()
    ):
        here.prompt("bad.md", f"first\n{text}\n")
        here.workflow_text(
            "p.yaml",
            "name: p\nphases:\n  - {id: a, type: agent, promptTemplate: bad.md, onSuccess: d}\n"
            "  - {id: d, type: terminal}\n",
        )
        code, said, _ = check(here, "p")
        assert code == 1 and word in said and "bad.md:2" in said, (i, said)


def test_names_that_a_phase_captures_and_what_a_phase_is_given_are_defined(here: Place) -> None:
    here.script("ok.sh", "true")
    used = "{{ sha }}{{ context.sha }}{{ attempt }}{{ base_branch }}{{ previous_output }}{{ acceptance_criteria_list }}"
    here.workflow_text(
        "sound.yaml",
        SOUND.replace("command: ok.sh", f"command: ok.sh\n    args: ['{used}']\n    capture: {{sha: stdout}}"),
    )
    code, said, _ = check(here, "--strict")
    assert code == 0, said
