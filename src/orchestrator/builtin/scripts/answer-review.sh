#!/usr/bin/env bash
# Usage: answer-review.sh REPO PR BRANCH WORKTREE [ANSWERS]
#
# Pushes what answers a review, replies to the threads that ANSWERS (the agent's last message) names and resolves those
# that it says are handled, and closes the round. Nothing is sent twice, however often this is called.
#
# Exit: 0 done, or the pull request is merged and nothing was pushed · 1 not now: try again · 2 refused (somebody else
# pushed other commits, uncommitted changes …) · 3 the pull request is closed.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

[ $# -ge 4 ] || die 2 "usage: answer-review.sh REPO PR BRANCH WORKTREE [ANSWERS]"
repo=$1 pr=$2 branch=$3 worktree=$4
state=$(orchestrator forge state "$pr" --repo "$repo") || die 1 "cannot ask the forge about pull request '$pr'; see the lines above"
case $state in
  merged)
    echo "Pull request $pr is merged already: nothing was pushed. What answered the review is kept in $worktree"
    exit 0
    ;;
  closed) die 3 "pull request $pr is closed: nothing was pushed; what answered the review is kept in $worktree" ;;
esac

code=0
"$BASH" "${BASH_SOURCE[0]%/*}/push-branch.sh" "$branch" "$worktree" || code=$?
[ "$code" -eq 0 ] || exit "$code"
printf '%s' "${5:-}" | orchestrator forge answer "$pr" --repo "$repo" --commit "$(commit_of "$worktree" HEAD)" \
  || die 1 "pushed, but not everything is answered; see the lines above"
