#!/usr/bin/env bash
# Usage: create-pr.sh REPO BRANCH WORKTREE TICKET [TITLE [DESCRIPTION [CRITERIA [URL]]]]
#
# Pushes the branch and opens its pull request, unless one is open already. Prints its address.
# Exit: 0 the forge shows the open pull request · 1 it does not; why is on stderr.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"
. "${BASH_SOURCE[0]%/*}/lib-push.sh"

[ $# -ge 4 ] || die 2 "usage: create-pr.sh REPO BRANCH WORKTREE TICKET [TITLE [DESCRIPTION [CRITERIA [URL]]]]"
repo=$1 branch=$2 worktree=$3 ticket=$4
is_worktree "$worktree" || die 2 "$worktree is not a worktree"
has_origin "$repo" || die 2 "$repo has no remote named origin: there is nowhere to open a pull request (workflow local needs none)"
changed=$(git -C "$worktree" -c core.quotePath=false diff --name-only HEAD)
[ -z "$changed" ] || die 2 "no pull request: $worktree has uncommitted changes:
$changed"

fetch_origin "$repo" || die 1 "cannot fetch from origin: $git_said"
base=$(base_of "$worktree") || die 2 "origin has no base branch"
[ "$(git -C "$worktree" rev-list --count "refs/remotes/origin/$base..HEAD")" -gt 0 ] \
  || die 2 "$branch has no commit that $base lacks: there is nothing to open a pull request for"
code=0
push_branch "$worktree" "$branch" || code=$?
[ "$code" -eq 0 ] || die "$code" "$push_said"

open_url() { "$gh" pr list --head "$branch" --state open --json url --jq '.[0].url // empty' </dev/null; }

body() {
  [ -z "${6:-}" ] || printf '%s\n\n' "$6"
  [ -z "${7:-}" ] || printf '## Acceptance criteria\n\n%s\n\n' "$7"
  [ -z "${8:-}" ] || printf '%s\n' "$8"
}

cd -- "$worktree"
url=$(open_url) || die 1 "cannot ask the forge for the pull requests of $branch"
if [ -z "$url" ]; then
  title=$(printf '%s' "$ticket${5:+: $5}" | tr '\n\r\t' '   ')
  body "$@" | "$gh" pr create --base "$base" --head "$branch" --title "$title" --body-file - >&2 \
    || die 1 "cannot create the pull request"
  url=$(open_url) || die 1 "cannot ask the forge for the pull requests of $branch"
fi
[ -n "$url" ] || die 1 "the forge does not show the pull request of $branch"
printf '%s\n' "$url"
