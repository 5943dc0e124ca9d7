#!/usr/bin/env bash
# Usage: rebase-branch.sh REPO BRANCH WORKTREE
#
# Puts the ticket's branch onto its base as that is now, freshly fetched. Of a branch that was stacked on another one,
# only its own commits: what was merged meanwhile, also as one commit, is not done again. Nothing is pushed. The base and
# its commit are noted beside the worktree's index.
#
# Exit: 0 it is on the base · 1 not now (network, a lock): try again · 2 it cannot be, in words · 3 conflict: described
# on stdout, the branch is as it was.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"
. "${BASH_SOURCE[0]%/*}/lib-rebase.sh"

[ $# -eq 3 ] || die 2 "usage: rebase-branch.sh REPO BRANCH WORKTREE"
repo=$1 branch=$2 worktree=$3
[ -d "$repo" ] || die 2 "the repository $repo does not exist"
is_worktree "$worktree" || die 2 "$worktree is not a worktree"
ready_worktree "$worktree" "$branch" || die 2 "$rebase_said"
base=$(base_now "$worktree") || die 2 "no base branch found in $repo"
[ "$base" != "$branch" ] || die 2 "the ticket's branch is the base branch itself: $base"

tracked=refs/heads/$base
if remote=$(remote_of "$repo"); then
  tracked=refs/remotes/$remote/$base
  fetch_from "$repo" "$remote" "+refs/heads/$base:$tracked" || case $git_said in
    *"couldn't find remote ref"*) die 2 "the base branch $base does not exist on $remote" ;;
    *) die 1 "cannot fetch $base from $remote: $git_said" ;;
  esac
fi
tip=$(commit_of "$repo" "$tracked") || die 2 "the base branch $base does not exist"
if is_ancestor "$worktree" "$tip" HEAD && [ -z "$(foreign_start "$worktree" "$tip")" ]; then
  note_base "$worktree" "$base" "$tip"
  echo "$branch is on $base (${tip:0:12})"
  exit 0
fi
note_base_name "$worktree" "$base"
code=0
rebase_onto "$worktree" "$branch" "$base" "$tip" || code=$?
[ "$code" -ne 1 ] || die 1 "$rebase_said"
[ "$code" -eq 0 ] || exit "$code"
if [ "$(commit_of "$worktree" HEAD)" = "$tip" ]; then
  echo "$base contains every change of $branch already"
else
  echo "$branch is rebased onto $base (${tip:0:12})"
fi
