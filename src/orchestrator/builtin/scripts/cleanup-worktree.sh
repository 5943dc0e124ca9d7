#!/usr/bin/env bash
# Usage: cleanup-worktree.sh [--dry-run] WORKTREE
#
# Removes the ticket's worktree; its branch stays. Work is never removed: a worktree with uncommitted changes, with
# untracked files that are not ignored, or with commits that no branch has, is kept.
#
# Exit: 0 it is gone (or was already) · 1 it is kept; why is on stderr.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

dry_run=
[ "${1:-}" != --dry-run ] || { dry_run=1 && shift; }
[ $# -eq 1 ] && [ -n "$1" ] || die 1 "usage: cleanup-worktree.sh [--dry-run] WORKTREE"
if [ ! -e "$1" ] && [ ! -L "$1" ]; then
  echo "Worktree already removed: $1"
  exit 0
fi
[ -d "$1" ] || die 1 "$1 is not a directory; left as it is"
worktree=$(cd -- "$1" && pwd -P)
cd /
is_worktree "$worktree" || die 1 "$worktree is not a linked worktree of a repository; left as it is"
common=$(git -C "$worktree" rev-parse --git-common-dir)
common=$(cd -- "$worktree" && cd -- "$common" && pwd -P)
removing=$(git_dir "$worktree")/orchestrator-removing

if [ ! -e "$removing" ]; then
  busy=$(unfinished "$worktree")
  [ -z "$busy" ] || die 1 "$worktree is kept: a $busy is unfinished there"
  loose=$(loose_work "$worktree")
  [ -z "$loose" ] || die 1 "$worktree is kept: not committed:
$loose"
  head=$(commit_of "$worktree" HEAD) || die 1 "$worktree is kept: its HEAD is no commit"
  [ -n "$(git -C "$worktree" for-each-ref --count=1 --contains "$head" refs/heads refs/remotes refs/tags)" ] \
    || die 1 "$worktree is kept: commit $head is on no branch"
fi

if [ -n "$dry_run" ]; then
  echo "Worktree can be removed: $worktree"
  exit 0
fi
free_worktree "$worktree"
# Says to the next run that what is missing was removed by us, should this one be killed half way.
: >"$removing"
patiently git --git-dir="$common" worktree remove --force -- "$worktree" || {
  rm -f -- "$removing"
  die 1 "cannot remove $worktree: $git_said"
}
echo "Worktree removed: $worktree"
