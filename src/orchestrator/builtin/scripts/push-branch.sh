#!/usr/bin/env bash
# Usage: push-branch.sh BRANCH WORKTREE
# Pushes the ticket's branch to origin. Commits that somebody else pushed there are never overwritten.
# Exit: 0 origin has the branch as it is here · 1 it has not; why is on stderr.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

[ $# -eq 2 ] || die 1 "usage: push-branch.sh BRANCH WORKTREE"
is_worktree "$2" || die 1 "$2 is not a worktree"
changed=$(git -C "$2" -c core.quotePath=false diff --name-only HEAD)
[ -z "$changed" ] || die 1 "not pushed: $2 has uncommitted changes:
$changed"
push_branch "$2" "$1" || die 1 "cannot push $1: $git_said"
echo "Pushed $1"
