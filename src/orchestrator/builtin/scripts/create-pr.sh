#!/usr/bin/env bash
# Usage: create-pr.sh REPO BRANCH WORKTREE TICKET [TITLE [DESCRIPTION [CRITERIA [URL]]]]
#
# Pushes the branch and opens its pull request, unless it has one. Prints its address, and notes its number beside the
# worktree's index (orchestrator-pr). May be run again after a crash at any point: it looks before it makes anything.
# What is merged with all that the branch has needs no second one; what somebody closed does not get one.
#
# Exit: 0 the forge shows the pull request, open or merged · 1 not now (network, forge, rate limit): try again · 2 it
# cannot be: somebody else pushed other commits, the pull request was closed, there is nothing to merge or no remote.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"
. "${BASH_SOURCE[0]%/*}/lib-push.sh"

[ $# -ge 4 ] || die 2 "usage: create-pr.sh REPO BRANCH WORKTREE TICKET [TITLE [DESCRIPTION [CRITERIA [URL]]]]"
repo=$1 branch=$2 worktree=$3 ticket=$4
[ -n "$branch" ] && [ -n "$ticket" ] || die 2 "no branch or no ticket is named"
is_worktree "$worktree" || die 2 "$worktree is not a worktree"
remote=$(remote_of "$repo") || die 2 "$repo has no remote named origin, and no other: there is nowhere to open a pull request (workflow local needs none)"
free_worktree "$worktree" "$branch"
changed=$(git -C "$worktree" -c core.quotePath=false diff --name-only HEAD)
[ -z "$changed" ] || die 2 "no pull request: $worktree has uncommitted changes:
$changed"

# The branch that the ticket was stacked on may be merged and gone: then the base is the one that is asked for now.
base=$(base_of "$worktree") || die 2 "$remote has no base branch"
take_turns "$repo"
fetch_base() { fetch_from "$repo" "$remote" "+refs/heads/$base:refs/remotes/$remote/$base"; }
fetch_base || case $git_said in
  *"find remote ref"*)
    asked=${ORCHESTRATOR_BASE:-$base}
    [ "$asked" != "$base" ] || die 2 "$remote has no branch $base"
    base=$asked
    fetch_base || die 1 "cannot fetch $base from $remote: $git_said"
    ;;
  *) die 1 "cannot fetch $base from $remote: $git_said" ;;
esac
end_turn
# What it was stacked on is merged: it goes where that went, and is put there by the next look at the review.
[ -z "${ORCHESTRATOR_UNSTACKED:-}" ] || base=${ORCHESTRATOR_BASE:-$base}
[ "$base" != "$branch" ] || die 2 "the ticket's branch is the base branch itself: $base"

there=(--repo "$repo" --worktree "$worktree" --base "$base")
code=0
word=$(orchestrator forge look "${there[@]}" -- "$branch") || code=$?
[ "$code" -eq 0 ] || exit "$code"
if [ "$word" != merged ]; then
  ahead=$(git -C "$worktree" rev-list --count "refs/remotes/$remote/$base..HEAD") || die 2 "$remote has no branch $base"
  [ "$ahead" -gt 0 ] || die 2 "$branch has no commit that $base lacks: there is nothing to open a pull request for"
  push_branch "$worktree" "$branch" || code=$?
  [ "$code" -eq 0 ] || die "$code" "$push_said"
fi
orchestrator forge create "${there[@]}" --ticket "$ticket" ${5+--title "$5"} ${6+--description "$6"} ${7+--criteria "$7"} \
  ${8+--link "$8"} -- "$branch"
