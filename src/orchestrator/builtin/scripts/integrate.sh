#!/usr/bin/env bash
# Usage: integrate.sh REPO BRANCH WORKTREE TICKET [TITLE [METHOD]]
#
# Brings the ticket's branch into the base branch, rebased onto exactly that base. METHOD (else ORCHESTRATOR_MERGE_METHOD,
# which is `mergeMethod` of plan or configuration): `rebase`, the default, is a fast-forward, so the history stays a line;
# `squash` makes one commit "TICKET: TITLE" of the branch first; `merge` makes one merge commit "Merge TICKET: TITLE" whose
# first parent is the base and whose second is the branch. Safe for any number of tickets at once: the base is advanced by
# compare-and-swap only (a push that is not forced; without a remote, update-ref with the old value, or a
# fast-forward of the tree that has the base checked out, one ticket after another). What was not verified on this very
# base is not merged. Running it again after a crash merges nothing twice.
#
# Exit: 0 merged, or there is nothing left to merge · 1 it cannot be done · 3 conflict: described on stdout, the branch is
# as it was · 4 the base had moved: the branch is rebased and must be verified again · 5 the base is checked out in a tree
# whose uncommitted changes are in the way.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"
. "${BASH_SOURCE[0]%/*}/lib-rebase.sh"

[ $# -ge 4 ] || die 1 "usage: integrate.sh REPO BRANCH WORKTREE TICKET [TITLE [METHOD]]"
repo=$1 branch=$2 worktree=$3 ticket=$4
title=$(printf '%s' "${5:-}" | tr '\n\r\t' '   ')
method=${6:-${ORCHESTRATOR_MERGE_METHOD:-rebase}}
name="$ticket${title:+: $title}"
case $method in
  merge | squash | rebase) ;;
  *) die 1 "there is no merge method '$method': it is merge, squash or rebase" ;;
esac
[ -d "$repo" ] || die 1 "the repository $repo does not exist"
is_worktree "$worktree" || die 1 "$worktree is not a worktree"

tip() { commit_of "$repo" "$tracked"; }

refresh() {
  [ -n "$remote" ] || return 0
  fetch_from "$repo" "$remote" "+refs/heads/$base:$tracked" || die 1 "cannot fetch $base from $remote: $git_said"
}

# advance OLD NEW: fails when the base is no longer OLD, or was locked; any other obstacle ends the script.
advance() {
  local holder= said
  if [ -n "$remote" ]; then
    said=$(reach "$repo" push --quiet "$remote" "$2:refs/heads/$base" 2>&1) && return 0
    refresh
  else
    take_turns "$repo"
    [ "$(tip)" = "$1" ] || { end_turn && return 1; }
    holder=$(checked_out_at "$repo" "$base")
    if [ -z "$holder" ]; then
      said=$(git -C "$repo" update-ref -m "merge $name" "refs/heads/$base" "$2" "$1" 2>&1) && return 0
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

# The local base follows the remote where nobody could notice more than a fast-forward.
follow() {
  local new old holder
  [ -n "$remote" ] || return 0
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
    echo "$holder has uncommitted changes; its $base is left behind $remote"
  fi
}

finish() {
  follow
  echo "$1"
  exit 0
}

# as_one OLD HEAD: everything between them as one commit, by the author of the last one; nothing is done when it is so
# already. The branch is moved to it before the base is: whatever dies in between, what is merged is never merged again.
as_one() {
  local one subjects
  if [ "$(git -C "$worktree" rev-list --count "$1..$2")" -eq 1 ] \
    && [ "$(git -C "$worktree" log -1 --format=%s "$2")" = "$name" ]; then
    printf '%s\n' "$2"
    return
  fi
  subjects=$(git -C "$worktree" log --reverse --no-merges --format='* %s' "$1..$2")
  one=$(
    GIT_AUTHOR_NAME=$(git -C "$worktree" log -1 --format=%an "$2") \
      GIT_AUTHOR_EMAIL=$(git -C "$worktree" log -1 --format=%ae "$2") \
      GIT_AUTHOR_DATE=$(git -C "$worktree" log -1 --format=%ad --date=raw "$2") \
      git -C "$worktree" commit-tree "$2^{tree}" -p "$1" -m "$name" -m "$subjects"
  ) || return 1
  move_branch "$one" "$2" && printf '%s\n' "$one"
}

# move_branch NEW OLD: NEW has the very files of OLD, so the worktree stays as it is.
move_branch() { patiently git -C "$worktree" update-ref -m "integrate: $method" "refs/heads/$branch" "$1" "$2"; }

# in_a_line OLD HEAD: the branch without the merges that somebody made inside it, with the very same files in the end:
# by rebasing it, else as one commit.
in_a_line() {
  local line
  if [ -z "$(git -C "$worktree" rev-list --merges --max-count=1 "$1..$2")" ]; then
    printf '%s\n' "$2"
    return
  fi
  if try_rebase "$worktree" "$branch" "$1"; then
    line=$(commit_of "$worktree" HEAD)
    git -C "$worktree" diff --quiet "$2" "$line" && printf '%s\n' "$line" && return
    patiently git -C "$worktree" reset --hard --quiet "$2" || return 1
  else
    give_rebase_up "$worktree" "$branch" || return 1
  fi
  as_one "$1" "$2"
}

ready_worktree "$worktree" "$branch" || die 1 "$rebase_said"
[ -z "${ORCHESTRATOR_STACKED:-}" ] || die 1 "$branch is stacked on ${ORCHESTRATOR_BASE:-another branch}, which is merged first"

tracked=refs/heads
if remote=$(remote_of "$repo"); then
  tracked=refs/remotes/$remote
fi
base=$(base_now "$worktree") || die 1 "no base branch found in $repo"
tracked=$tracked/$base
[ "$base" != "$branch" ] || die 1 "the ticket's branch is the base branch itself: $base"

for pause in 0 0.1 0.2 0.3 0.5 0.5 1 1 1 1 2 2; do
  sleep "$pause"
  refresh
  old=$(tip) || die 1 "the base branch $base does not exist${remote:+ on $remote}"
  head=$(commit_of "$worktree" HEAD)
  ! is_ancestor "$worktree" "$head" "$old" || finish "$branch is part of $base already"
  if ! is_ancestor "$worktree" "$old" "$head"; then
    code=0
    rebase_onto "$worktree" "$branch" "$base" "$old" || code=$?
    [ "$code" -ne 1 ] || die 1 "$rebase_said"
    [ "$code" -eq 0 ] || exit "$code"
    head=$(commit_of "$worktree" HEAD)
    [ "$head" != "$old" ] || finish "$base contains every change of $branch already"
    echo "$base had moved: $branch is rebased onto ${old:0:12}, to be verified again"
    exit 4
  fi
  case $method in
    merge) new=$(git -C "$worktree" commit-tree "$head^{tree}" -p "$old" -p "$head" -m "Merge $name") ;;
    squash) new=$(as_one "$old" "$head") ;;
    rebase) new=$(in_a_line "$old" "$head") ;;
  esac || die 1 "cannot make the commit (does git know user.name and user.email?)"
  if advance "$old" "$new"; then
    note_merged "$repo" "$old" "$new" "$name"
    finish "Merged $branch into $base as ${new:0:12}"
  fi
done
die 1 "could not advance $base, it is being changed or locked all the time; retry the ticket"
