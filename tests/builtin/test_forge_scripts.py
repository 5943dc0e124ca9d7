"""The scripts that ask the forge: exit codes as documented, and a forge that cannot be asked is never an answer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.builtin.scripts import Said, run

needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason="the stand-in for gh filters with jq")

# Answers every question with the same pull request, filtered as gh filters: by --jq.
FAKE_GH = """\
#!/bin/sh
echo "$*" >> "$0.calls"
filter=.
file=view
[ "$1" = api ] && file=threads
[ "$2" = list ] && file=list
[ "$2" = create ] && { cp "$0.created" "$0.list"; cat > "$0.body"; exit 0; }
while [ $# -gt 0 ]; do
  [ "$1" = --jq ] && filter=$2
  shift
done
[ -e "$0.$file" ] || { echo "HTTP 503" >&2; exit 1; }
jq -r "$filter" "$0.$file"
"""
HEAD = "h" * 40
EARLY, PUSHED = "2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z"


class Forge:
    def __init__(self, folder: Path) -> None:
        self.gh = folder / "g h"
        self.gh.write_text(FAKE_GH)
        self.gh.chmod(0o755)
        self.repo = folder

    def shows(self, **fields: Any) -> None:
        pull = {
            "state": "OPEN", "author": {"login": "bot"}, "headRefOid": HEAD, "reviewDecision": "", "reviews": [],
            "commits": [{"committedDate": EARLY}, {"committedDate": PUSHED}], "latestReviews": [], "comments": [],
            "statusCheckRollup": [],
        }  # fmt: skip
        Path(f"{self.gh}.view").write_text(json.dumps(pull | fields))
        nodes: Any = {"data": {"repository": {"pullRequest": {"reviewThreads": {"nodes": []}}}}}
        Path(f"{self.gh}.threads").write_text(json.dumps(nodes))

    def ask(self, script: str, pr: str = "7") -> Said:
        return run(script, self.repo, pr, ORCHESTRATOR_GH=str(self.gh))


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    return Forge(tmp_path)


APPROVED = {"reviewDecision": "APPROVED"}


@needs_jq
@pytest.mark.parametrize(
    ("script", "codes"), [("check-pr-merged.sh", {"MERGED": 0, "OPEN": 1, "CLOSED": 2}),
                          ("check-pr-closed.sh", {"CLOSED": 0, "OPEN": 1, "MERGED": 1})]
)  # fmt: skip
def test_merged_and_closed_have_their_exit_codes(forge: Forge, script: str, codes: dict[str, int]) -> None:
    for state, code in codes.items():
        forge.shows(state=state)
        said = forge.ask(script)
        assert (said.code, said.out.strip()) == (code, state.lower())


@needs_jq
@pytest.mark.parametrize("why", ["down", "no number", "no repo", "garbage"])
@pytest.mark.parametrize(
    ("script", "code"), [("check-pr-review.sh", 1), ("check-pr-merged.sh", 1), ("check-pr-closed.sh", 2)]
)
def test_a_forge_that_cannot_be_asked_is_never_an_answer(forge: Forge, script: str, code: int, why: str) -> None:
    if why != "down":
        forge.shows(state="APPROVED" if why == "garbage" else "OPEN", **APPROVED)
    if why == "no repo":
        forge.repo = forge.repo / "missing"
    said = forge.ask(script, "" if why == "no number" else "7")
    assert (said.code, said.out) == (code, ""), said
    assert "cannot ask the forge" in said.err


@needs_jq
def test_half_an_answer_is_none(forge: Forge) -> None:
    forge.shows(**APPROVED)
    Path(f"{forge.gh}.threads").unlink()
    said = forge.ask("check-pr-review.sh")
    assert (said.code, said.out) == (1, ""), said
