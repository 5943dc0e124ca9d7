#!/usr/bin/env bash
# Usage: setup-worktree.sh REPO BRANCH WORKTREE
#
# Makes the ticket's worktree on its branch. A new branch starts from the freshly fetched base of `origin` (its HEAD
# branch); without a remote named origin, from the branch that is checked out in REPO. An existing branch is taken over.
# May be run again at any time: what is there already is kept, what a killed run left half-made is finished.
#
# Exit: 0 the worktree is there, on the branch · 1 it is not; why is on stderr, and nothing was removed.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

[ $# -eq 3 ] || die 1 "usage: setup-worktree.sh REPO BRANCH WORKTREE"
[ -n "$1" ] || die 1 "no repository given: set repo in the plan or the ticket"
[ -d "$1" ] || die 1 "the repository $1 does not exist"
repo=$(cd -- "$1" && pwd -P)
branch=$2
case $3 in
  '' | *$'\n'*) die 1 "the worktree's path is empty or has a line break in it" ;;
esac
git -C "$repo" rev-parse --git-dir >/dev/null 2>&1 || die 1 "$repo is not a git repository"
git check-ref-format "refs/heads/$branch" || die 1 "'$branch' cannot be the name of a branch"
cd -- "$repo"
mkdir -p -- "$(dirname -- "$3")"
worktree=$(physical "$3")
[ "$worktree" != "$repo" ] || die 1 "the worktree must not be the repository itself: $repo"

# An add that was killed: git had registered it ("initializing") but not written its index.
is_half_made() {
  local dir
  is_registered "$repo" "$worktree" && [ -f "$worktree/.git" ] || return 1
  dir=$(sed -n 's/^gitdir: //p' "$worktree/.git")
  [ -d "$dir" ] && { [ ! -e "$dir/index" ] || [ "$(cat -- "$dir/locked" 2>/dev/null)" = initializing ]; }
}

holds_only_dot_git() { [ "$(ls -A -- "$1")" = .git ] && [ -f "$1/.git" ]; }

finish_half_made() {
  local dir
  dir=$(sed -n 's/^gitdir: //p' "$worktree/.git")
  rm -f -- "$dir/locked" "$dir/index.lock" "$dir/HEAD.lock"
  if holds_only_dot_git "$worktree"; then
    case $dir in "$common/worktrees/"?*) rm -rf -- "$dir" ;; esac
    rm -f -- "$worktree/.git"
    rmdir -- "$worktree"
    return
  fi
  git -C "$worktree" symbolic-ref HEAD "refs/heads/$branch"
  patiently git -C "$worktree" reset --hard --quiet || die 1 "cannot finish the half-made worktree $worktree: $git_said"
}

# The .git file of a worktree of this repository that git has forgotten, or that it had not written when it was killed.
is_orphan() {
  holds_only_dot_git "$1" || return 1
  [ -s "$1/.git" ] || return 0
  case $(cat -- "$1/.git") in "gitdir: $common/worktrees/"*) return 0 ;; esac
  return 1
}

keep_base() {
  local dir
  dir=$(git_dir "$worktree")
  rm -f -- "$dir/orchestrator-removing"
  [ -s "$dir/orchestrator-base" ] || printf '%s\n' "${base:-$(base_of "$repo")}" >"$dir/orchestrator-base"
}

base=
common=$(git rev-parse --git-common-dir)
common=$(cd -- "$common" && pwd -P)

free_branch "$repo" "$branch"
if is_half_made; then
  finish_half_made
fi

if is_worktree "$worktree" && is_registered "$repo" "$worktree"; then
  there=$(git -C "$worktree" symbolic-ref --quiet --short HEAD || echo "no branch")
  # During a rebase HEAD is detached; the branch is known to git all the same.
  if [ "$there" != "$branch" ] && [ "$(unfinished "$worktree")" != rebase ]; then
    die 1 "$worktree is a worktree on $there, not on $branch: check out $branch there, or change the ticket's worktree"
  fi
  free_worktree "$worktree" "$branch"
  keep_base || true
  echo "Worktree at $worktree is already on branch $branch"
  exit 0
fi

if [ -e "$worktree" ] || [ -L "$worktree" ]; then
  if [ -d "$worktree" ] && is_orphan "$worktree"; then
    rm -f -- "$worktree/.git"
  fi
  if [ ! -d "$worktree" ] || [ -n "$(ls -A -- "$worktree")" ]; then
    die 1 "$worktree exists and is not a worktree of $repo: move it away, or change the ticket's worktree"
  fi
fi

other=$(checked_out_at "$repo" "$branch")
[ -z "$other" ] || die 1 "branch $branch is checked out at $other: free it there, or give the ticket another branch"

start=refs/heads
if has_origin "$repo"; then
  fetch_origin "$repo" || die 1 "cannot fetch from origin ($(git remote get-url origin)): $git_said"
  start=refs/remotes/origin
fi
if ! base=$(base_of "$repo"); then
  [ "$start" = refs/heads ] || die 1 "origin has no branch to start from: push one first (git push origin HEAD)"
  commit_of "$repo" HEAD >/dev/null || die 1 "$repo has no commits yet: make a first commit"
  die 1 "$repo is on no branch (detached HEAD) and has neither main nor master: check out the branch to start from"
fi

# -f -f is for a registration whose directory is gone; that the branch is free was asked above.
if commit_of "$repo" "refs/heads/$branch" >/dev/null; then
  patiently git worktree add -f -f -- "$worktree" "$branch" || die 1 "cannot make the worktree: $git_said"
  how="existing branch $branch"
elif commit_of "$repo" "refs/remotes/origin/$branch" >/dev/null && has_origin "$repo"; then
  patiently git worktree add -f -f --no-track -b "$branch" -- "$worktree" "refs/remotes/origin/$branch" \
    || die 1 "cannot make the worktree: $git_said"
  how="existing branch $branch of origin"
else
  patiently git worktree add -f -f --no-track -b "$branch" -- "$worktree" "$start/$base" || {
    # A lock may have hit the second half of it: then the branch is there already.
    commit_of "$repo" "refs/heads/$branch" >/dev/null && [ ! -e "$worktree/.git" ] \
      && patiently git worktree add -f -f -- "$worktree" "$branch"
  } || die 1 "cannot make the worktree: $git_said"
  how="new branch $branch from $base"
fi
keep_base
echo "Created worktree at $worktree on $how"
