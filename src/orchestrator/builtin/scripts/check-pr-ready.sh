#!/usr/bin/env bash
# Usage: check-pr-ready.sh REPO PR
#
# For polls, after a push in the lane: whether the pull request may be merged still. Of a forge that does not show the
# pushed commit yet (in a worktree that has pushed one) nothing is believed.
#
# Exit: 0 its checks have passed and it is approved, or it is merged · 1 a check is pending, or the forge cannot be asked ·
# 2 it may not be merged any more: a check failed, the approval is gone, something new was said, a conflict, closed.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

[ $# -eq 2 ] || die 1 "usage: check-pr-ready.sh REPO PR"
worktree=${ORCHESTRATOR_WORKTREE:-.} pushed=
if is_worktree "$worktree"; then
  pushed=$(cat -- "$(git_dir "$worktree")/orchestrator-pushed" 2>/dev/null) || pushed=
fi
code=0
word=$(orchestrator forge ready "$2" --repo "$1" --head "$pushed") || code=$?
[ -n "$word" ] || die 1 "cannot ask the forge about pull request '$2'; see the lines above"
if [ "$code" -eq 4 ]; then
  branch=$(git -C "$worktree" symbolic-ref --quiet HEAD) || die 1 "$worktree is on no branch"
  remote=$(remote_of "$worktree") || die 1 "$worktree has no remote"
  there=$(reach "$worktree" ls-remote "$remote" "$branch" | cut -f 1) || die 1 "cannot ask $remote for $branch"
  [ "$there" != "$pushed" ] || die 1 "the forge does not show what was pushed yet: $word"
  echo "somebody else pushed to it: $word"
  exit 0
fi
printf '%s\n' "$word"
exit "$code"
