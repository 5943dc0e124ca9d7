#!/usr/bin/env bash
# Usage: cleanup-worktree.sh [--dry-run] WORKTREE
#
# Removes a ticket's worktree; its branch and the stashes of the repository stay. It is kept when work would be lost or
# somebody disturbed: uncommitted changes, files that are not ignored, an unfinished rebase, merge or bisect; commits
# that are on no branch, or, where there is a remote, neither on it nor in the base nor pushed by us; submodules with any
# of that; another worktree inside; a program that stands in it (its working directory is there).
#
# Exit: 0 it is gone (or was already) · 1 it is kept; why is on stderr.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

dry_run=
[ "${1:-}" != --dry-run ] || { dry_run=1 && shift; }
[ $# -eq 1 ] && [ -n "$1" ] || die 1 "usage: cleanup-worktree.sh [--dry-run] WORKTREE"
case $1 in /*) path=$1 ;; *) path=$PWD/$1 ;; esac
[ "$path" = / ] || path=${path%/}

# A removal that was killed when the files were gone: its marker is all that git still knows.
forget_removed() {
  local file
  common=$(common_dir . 2>/dev/null) || return 0
  for file in "$common"/worktrees/*/orchestrator-removing; do
    if [ -e "$file" ] && [ "$(cat -- "${file%/*}/gitdir")" = "$path/.git" ]; then
      take_turns "$common"
      patiently git -C "$common" -c core.hooksPath=/dev/null worktree remove --force -- "$path" || true
    fi
  done
}

if [ ! -e "$path" ] && [ ! -L "$path" ]; then
  [ -n "$dry_run" ] || forget_removed
  echo "Worktree already removed: $1"
  exit 0
fi
[ -d "$path" ] || die 1 "$path is not a directory; left as it is"
worktree=$(cd -- "$path" && pwd -P)
cd /
is_worktree "$worktree" || die 1 "$worktree is not a linked worktree of a repository; left as it is"
common=$(common_dir "$worktree")
dir=$(git_dir "$worktree")

keep() { die 1 "$worktree is kept: $*"; }

# The commit is not lost with this worktree, and somebody else could have it.
is_safe() {
  local remote kept
  [ -n "$(git -C "$worktree" for-each-ref --count=1 --contains "$1" refs/heads refs/remotes refs/tags)" ] \
    || keep "commit $1 is on no branch"
  remote=$(remote_of "$worktree") || return 0
  [ -z "$(git -C "$worktree" for-each-ref --count=1 --contains "$1" "refs/remotes/$remote")" ] || return 0
  kept=$(cat -- "$dir/orchestrator-pushed" 2>/dev/null || true)
  [ -z "$kept" ] || ! is_ancestor "$worktree" "$1" "$kept" 2>/dev/null || return 0
  kept=$(cat -- "$dir/orchestrator-base" 2>/dev/null || true)
  [ -z "$kept" ] || ! is_ancestor "$worktree" "$1" "refs/heads/$kept" 2>/dev/null || return 0
  keep "commits that are not pushed: $(git -C "$worktree" log --oneline --max-count=5 "$1" --not --remotes="$remote" --)"
}

# hidden_work: changes that git was told not to see (assume-unchanged, skip-worktree).
hidden_work() {
  git -C "$worktree" ls-files -v | grep '^[a-zS] ' >/dev/null || return 0
  local -x GIT_INDEX_FILE=$dir/orchestrator-look
  git -C "$worktree" read-tree HEAD && git -C "$worktree" -c core.quotePath=false diff --name-only --diff-filter=MT --ignore-submodules=all
  rm -f -- "$GIT_INDEX_FILE"
}

# What a submodule of a worktree has is nowhere else on this machine: it goes with the worktree.
work_in_submodules() {
  [ -d "$dir/modules" ] || return 0
  git -C "$worktree" submodule --quiet foreach --recursive '
    [ -z "$(git log --max-count=1 --format=%h --branches HEAD --not --remotes --tags)" ] || echo "$displaypath: commits that are not pushed"
    ! git rev-parse --quiet --verify refs/stash >/dev/null || echo "$displaypath: a stash"
    [ -z "$(git ls-files --others --exclude-standard)" ] || echo "$displaypath: files that are not committed"
  ' </dev/null
}

# nested: other worktrees of the repository below this one.
nested() {
  git -C "$worktree" worktree list --porcelain | sed -n 's/^worktree //p' | while IFS= read -r other; do
    case $other in "$worktree"/*) [ ! -e "$other" ] || printf '%s\n' "$other" ;; esac
  done
}

# who_stands_here: programs whose working directory is in the worktree. Not we, nor who started us.
who_stands_here() {
  local line pid=$$ own=" "
  [ -r /proc/self/stat ] || return 0
  while [ "${pid:-0}" -gt 1 ]; do
    own="$own$pid "
    { read -r line <"/proc/$pid/stat"; } 2>/dev/null || break
    line=${line##*) }
    line=${line#* }
    pid=${line%% *}
  done
  { ls -ld /proc/[0-9]*/cwd 2>/dev/null || true; } | sed -n 's#.* /proc/\([0-9]*\)/cwd -> \(.*\)#\1 \2#p' | while read -r pid line; do
    case $line/ in "$worktree"/*) ;; *) continue ;; esac
    case $own in *" $pid "*) continue ;; esac
    { read -r line <"/proc/$pid/comm"; } 2>/dev/null || continue
    is_ours "/proc/$pid" || printf '%s (process %s)\n' "$line" "$pid"
  done
}

# is_ours PROC: it belongs to this very attempt.
is_ours() {
  [ -n "${ORCHESTRATOR_ATTEMPT_ID:-}" ] \
    && tr '\0' '\n' <"$1/environ" 2>/dev/null | grep -Fxq -- "ORCHESTRATOR_ATTEMPT_ID=$ORCHESTRATOR_ATTEMPT_ID"
}

look() {
  local busy found head
  busy=$(unfinished "$worktree")
  [ -z "$busy" ] || keep "a $busy is unfinished there"
  found=$(loose_work "$worktree")
  [ -z "$found" ] || keep "not committed:
$found"
  found=$(hidden_work)
  [ -z "$found" ] || keep "not committed, and hidden from git (git update-index --no-assume-unchanged, --no-skip-worktree):
$found"
  head=$(commit_of "$worktree" HEAD) || keep "its HEAD is no commit"
  is_safe "$head"
  found=$(work_in_submodules) || keep "its submodules cannot be looked at"
  [ -z "$found" ] || keep "work in submodules:
$found"
  found=$(nested)
  [ -z "$found" ] || keep "there is another worktree inside: $found"
  found=$(who_stands_here)
  [ -z "$found" ] || keep "somebody is at work in it: $found"
}

if [ -n "$dry_run" ]; then
  [ -e "$dir/orchestrator-removing" ] || look
  echo "Worktree can be removed: $worktree"
  exit 0
fi
free_worktree "$worktree"
take_turns "$common"
removing=$dir/orchestrator-removing
[ -e "$removing" ] || look
# Says to the next run that what is missing was removed by us, should this one be killed half way.
: >"$removing"
patiently git -C "$common" -c core.hooksPath=/dev/null worktree remove --force -- "$worktree" || {
  [ ! -e "$dir" ] || rm -f -- "$removing"
  die 1 "cannot remove $worktree: $git_said"
}
echo "Worktree removed: $worktree"
