#!/usr/bin/env bash
# Usage: integrate.sh REPO BRANCH WORKTREE TICKET [TITLE]
#
# Brings the ticket's branch into the base branch: one merge commit "Merge TICKET: TITLE" whose first parent is the base
# and whose second is the branch, rebased onto exactly that base. Safe for any number of tickets at once: the base is
# advanced by compare-and-swap only (a push that is not forced; without a remote named origin, update-ref with the old
# value, or a fast-forward of the tree that has the base checked out, one ticket after another). What was not verified on this very base is not
# merged. Running it again after a crash merges nothing twice.
#
# Exit: 0 merged, or there is nothing left to merge · 1 it cannot be done · 3 conflict: the files are on stdout, the
# branch is as it was · 4 the base had moved: the branch is rebased and must be verified again · 5 the base is checked
# out in a tree whose uncommitted changes are in the way.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

[ $# -ge 4 ] || die 1 "usage: integrate.sh REPO BRANCH WORKTREE TICKET [TITLE]"
repo=$1 branch=$2 worktree=$3 ticket=$4
title=$(printf '%s' "${5:-}" | tr '\n\r\t' '   ')
message="Merge $ticket${title:+: $title}"
[ -d "$repo" ] || die 1 "the repository $repo does not exist"
is_worktree "$worktree" || die 1 "$worktree is not a worktree"

tip() { commit_of "$repo" "$tracked"; }

refresh() {
  [ -n "$origin" ] || return 0
  fetch_origin "$repo" "+refs/heads/$base:$tracked" || die 1 "cannot fetch $base from origin: $git_said"
}

# A rebase that was killed. git cannot abort one that it had not written down whole; the branch itself is moved only by
# its last step, so what the ticket has done is still there.
give_rebase_up() {
  local dir
  git -C "$worktree" rebase --abort 2>/dev/null && return
  dir=$(git_dir "$worktree")
  rm -rf -- "$dir/rebase-merge" "$dir/rebase-apply"
  git -C "$worktree" symbolic-ref --quiet HEAD >/dev/null && return
  git -C "$worktree" symbolic-ref HEAD "refs/heads/$branch" && git -C "$worktree" reset --hard --quiet
}

rebase_onto() {
  local files
  patiently git -C "$worktree" -c rebase.autoStash=false -c rebase.updateRefs=false -c core.quotePath=false \
    rebase --quiet "$1" && return 0
  files=$(git -C "$worktree" -c core.quotePath=false diff --name-only --diff-filter=U)
  [ -z "$(unfinished "$worktree")" ] || give_rebase_up \
    || die 1 "$worktree: the rebase can be neither finished nor aborted"
  [ -n "$files" ] || die 1 "cannot rebase $branch onto $base: $git_said"
  printf 'Rebasing %s onto %s (%s) conflicts in:\n%s\n' "$branch" "$base" "${1:0:12}" "$files"
  exit 3
}

# advance OLD NEW: fails when the base is no longer OLD, or was locked; any other obstacle ends the script.
advance() {
  local holder= said
  if [ -n "$origin" ]; then
    said=$(git -C "$repo" push --quiet origin "$2:refs/heads/$base" 2>&1) && return 0
    refresh
  else
    take_turns "$repo"
    [ "$(tip)" = "$1" ] || { end_turn && return 1; }
    holder=$(checked_out_at "$repo" "$base")
    if [ -z "$holder" ]; then
      said=$(git -C "$repo" update-ref -m "$message" "refs/heads/$base" "$2" "$1" 2>&1) && return 0
    else
      said=$(git -C "$holder" merge --quiet --ff-only "$2" 2>&1) && return 0
    fi
    end_turn
  fi
  [ "$(tip)" = "$1" ] || return 1
  case $said in
    *.lock* | *"cannot lock"* | *"failed to update ref"* | *"fetch first"*) return 1 ;;
    *"currently checked out"* | *"would be overwritten"* | *"not concluded"* | *"unmerged"*)
      die 5 "$base is checked out${holder:+ at $holder}, and changes that are not committed are in the way:
$said
commit or undo them there (or switch that tree to another branch), then retry the ticket"
      ;;
  esac
  die 1 "cannot advance $base: $said"
}

# The local base follows origin where nobody could notice more than a fast-forward.
follow() {
  local new old holder
  [ -n "$origin" ] || return 0
  take_turns "$repo"
  new=$(tip)
  old=$(commit_of "$repo" "refs/heads/$base") || return 0
  [ "$old" != "$new" ] && is_ancestor "$repo" "$old" "$new" || return 0
  holder=$(checked_out_at "$repo" "$base")
  if [ -z "$holder" ]; then
    git -C "$repo" update-ref "refs/heads/$base" "$new" "$old" 2>/dev/null || true
  elif [ -z "$(git -C "$holder" status --porcelain --untracked-files=no)" ]; then
    patiently git -C "$holder" merge --quiet --ff-only "$new" || true
  else
    echo "$holder has uncommitted changes; its $base is left behind origin"
  fi
}

finish() {
  follow
  echo "$1"
  exit 0
}

free_worktree "$worktree" "$branch"
[ "$(unfinished "$worktree")" != rebase ] || give_rebase_up \
  || die 1 "$worktree: a rebase is unfinished and cannot be aborted"
there=$(git -C "$worktree" symbolic-ref --quiet --short HEAD || echo "no branch")
[ "$there" = "$branch" ] || die 1 "$worktree is on $there, not on $branch: check out $branch there"
changed=$(git -C "$worktree" -c core.quotePath=false diff --name-only HEAD)
[ -z "$changed" ] || die 1 "$worktree has uncommitted changes: commit or undo them:
$changed"

origin=
tracked=refs/heads
if has_origin "$repo"; then
  origin=yes
  tracked=refs/remotes/origin
fi
base=$(base_of "$worktree") || die 1 "no base branch found in $repo"
tracked=$tracked/$base
[ "$base" != "$branch" ] || die 1 "the ticket's branch is the base branch itself: $base"

for pause in 0 0.1 0.2 0.3 0.5 0.5 1 1 1 1 2 2; do
  sleep "$pause"
  refresh
  old=$(tip) || die 1 "the base branch $base does not exist${origin:+ on origin}"
  head=$(commit_of "$worktree" HEAD)
  ! is_ancestor "$worktree" "$head" "$old" || finish "$branch is part of $base already"
  if ! is_ancestor "$worktree" "$old" "$head"; then
    rebase_onto "$old"
    head=$(commit_of "$worktree" HEAD)
    [ "$head" != "$old" ] || finish "$base contains every change of $branch already"
    echo "$base had moved: $branch is rebased onto ${old:0:12}, to be verified again"
    exit 4
  fi
  merge=$(git -C "$worktree" commit-tree "$head^{tree}" -p "$old" -p "$head" -m "$message") \
    || die 1 "cannot make the merge commit (does git know user.name and user.email?)"
  ! advance "$old" "$merge" || finish "Merged $branch into $base as ${merge:0:12}"
done
die 1 "could not advance $base, it is being changed or locked all the time; retry the ticket"
