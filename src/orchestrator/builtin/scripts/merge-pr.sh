#!/usr/bin/env bash
# Usage: merge-pr.sh REPO PR BRANCH WORKTREE
#
# Merges an approved pull request by the method of `mergeMethod`, exactly as it was verified and pushed here, on the base
# as it is now. It looks before it does anything, so it may be run again after a crash at any point. It never merges with
# `autoMerge: false`, never past rules of the repository, and whether the branch on the forge is deleted is up to the
# repository's settings.
#
# Exit: 0 merged, now or before · 1 not now (network, forge, it is being merged): try again · 2 refused, or closed, in
# words · 3 the rebase conflicts: described on stdout, the branch is as it was · 4 the base had moved, or somebody added
# commits: verify again, then push · 5 not mergeable now: something new was said, a check is pending or failed, the
# approval is gone, autoMerge is false.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"
. "${BASH_SOURCE[0]%/*}/lib-push.sh"
. "${BASH_SOURCE[0]%/*}/lib-rebase.sh"

[ $# -eq 4 ] || die 2 "usage: merge-pr.sh REPO PR BRANCH WORKTREE"
repo=$1 pr=$2 branch=$3 worktree=$4

# An exit code that is none of the forge's (an error of this program) must not pass for one of those above.
code=0
answer=$(orchestrator forge mergeable "$pr" --repo "$repo") || code=$?
case $code in 0) ;; 2) exit 2 ;; *) exit 1 ;; esac
read -r word theirs base <<<"$answer"
case $word in
  merged) echo "Pull request $pr is merged" && exit 0 ;;
  closed) die 2 "pull request $pr was closed without a merge" ;;
  ready | conflict) ;;
  *) die 5 "not merged now; see the line above" ;;
esac

[ -z "${ORCHESTRATOR_UNSTACKED:-}" ] || [ "$base" = "${ORCHESTRATOR_BASE:-$base}" ] \
  || die 5 "its base on the forge is still $base, not $ORCHESTRATOR_BASE"
is_worktree "$worktree" || die 2 "$worktree is not a worktree"
remote=$(remote_of "$repo") || die 2 "$repo has no remote"
push_to=$remote
dir=$(git_dir "$worktree")
put_back "$worktree" "$branch" "$dir" || die 2 "$worktree cannot be brought back to $branch"
ready_worktree "$worktree" "$branch" || die 2 "$rebase_said"
tracked=refs/remotes/$remote/$base
fetch_from "$repo" "$remote" "+refs/heads/$base:$tracked" || die 1 "cannot fetch $base from $remote: $git_said"
tip=$(commit_of "$repo" "$tracked") || die 1 "$remote has no branch $base"
ours=$(commit_of "$worktree" HEAD)

# What the forge would merge is not what is here.
if [ "$ours" != "$theirs" ]; then
  pushed=$(cat -- "$dir/orchestrator-pushed" 2>/dev/null) || pushed=
  there=$(remote_commit "$worktree" "$branch") || die 1 "cannot ask $remote for $branch: $git_said"
  [ "$there" != "$ours" ] || die 1 "the forge does not show what was pushed yet"
  if [ -n "$there" ] && [ "$there" != "$pushed" ]; then
    fetch_from "$worktree" "$remote" "refs/heads/$branch" || die 1 "cannot fetch $branch from $remote: $git_said"
    is_ancestor "$worktree" "$there" "$ours" || put_together "$worktree" "$branch" "$pushed" "$there" || die 2 "$push_said"
    note_pushed "$dir" "$there"
  fi
  echo "$branch has commits that are not verified, or not on the forge: they are verified, then pushed"
  moved=yes
fi

if ! is_ancestor "$worktree" "$tip" HEAD; then
  code=0
  rebase_onto "$worktree" "$branch" "$base" "$tip" || code=$?
  [ "$code" -ne 1 ] || die 1 "$rebase_said"
  [ "$code" -eq 0 ] || exit "$code"
  [ "$(commit_of "$worktree" HEAD)" != "$tip" ] || die 2 "$base contains every change of $branch already: close pull request $pr"
  echo "$base had moved: $branch is rebased onto ${tip:0:12}, to be verified again"
  moved=yes
fi
[ -z "${moved:-}" ] || exit 4
[ "$word" = ready ] || die 1 "the forge says that it conflicts, but $branch is on $base (${tip:0:12}): it is asked again"

code=0
orchestrator forge merge "$pr" --repo "$repo" --head "$ours" || code=$?
# Rules that are in the way for a moment only: required checks that have not registered yet.
if [ "$code" -eq 4 ]; then
  since=
  read -r refused since <"$dir/orchestrator-refused" 2>/dev/null || true
  if [ "${refused:-}" != "$ours" ] || [ -z "$since" ]; then
    since=$(date +%s)
    write_note "$dir/orchestrator-refused" "$ours $since"
  fi
  code=2
  [ $(($(date +%s) - since)) -ge 120 ] || code=1
fi
case $code in 0 | 2 | 5) exit "$code" ;; *) exit 1 ;; esac
