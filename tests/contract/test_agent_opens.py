"""A workflow of the user's own, whose agent opens the pull request: possible with `passEnv`, and not without."""

from __future__ import annotations

import pytest

from tests.contract.kit_b import Place, agent, poll

GH = """
[ "$GH_TOKEN" = secret ] || { echo "gh: not logged in" >&2; exit 4; }
case "$1 $2" in
  "pr create") echo 7 > opened ;;
  "pr view") [ -e opened ] || exit 1; case "$*" in *number*) cat opened ;; *) echo MERGED ;; esac ;;
esac
"""


@pytest.mark.parametrize("passed", [True, False], ids=["passEnv", "usual"])
def test_an_agent_opens_the_pull_request_only_with_a_token_that_is_passed(here: Place, passed: bool) -> None:
    gh = here.program("gh", GH)
    body = f'case "$*" in *"pull request for T"*) ;; *) exit 9 ;; esac\n"{gh}" pr create'
    keys = {"passEnv": ["GH_*"]} if passed else {}
    here.config(ghCommand=gh, agents={"fake": {"command": here.program("agent.sh", body), **keys}})
    here.worktree()
    number = {"pr_number": '"$ORCHESTRATOR_GH" pr view --json number --jq .number'}
    opens = agent("create_pr", promptTemplate="create-pr.md", capture=number, onSuccess="await_merge")
    here.workflow(opens, poll("await_merge", "check-pr-merged.sh", args=["{{ worktree }}", "{{ pr_number }}"]))
    here.plan()
    assert here.run(GH_TOKEN="secret").returncode == (0 if passed else 1), here.ticket()
    assert here.ticket()["context"].get("pr_number") == ("7" if passed else None)
    assert (here.worktrees / "T/opened").exists() is passed
