#!/usr/bin/env bash
# Usage: push-branch.sh BRANCH WORKTREE
#
# Pushes the ticket's branch to origin. Only what we pushed ourselves is ever overwritten; commits that somebody added
# on top of it are kept, below ours.
#
# Exit: 0 origin has the branch as it is here · 1 not now (network, a lock): try again · 2 refused, nothing is changed on
# origin: somebody else pushed other commits, uncommitted changes, origin's own rules; why is on stderr.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"
. "${BASH_SOURCE[0]%/*}/lib-push.sh"

[ $# -eq 2 ] || die 2 "usage: push-branch.sh BRANCH WORKTREE"
branch=$1 worktree=$2
is_worktree "$worktree" || die 2 "$worktree is not a worktree"
free_worktree "$worktree" "$branch"
changed=$(git -C "$worktree" -c core.quotePath=false diff --name-only HEAD)
[ -z "$changed" ] || die 2 "not pushed: $worktree has uncommitted changes:
$changed"
code=0
push_branch "$worktree" "$branch" || code=$?
[ "$code" -eq 0 ] || die "$code" "$push_said"
echo "Pushed $branch"
