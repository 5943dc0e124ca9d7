#!/usr/bin/env bash
# Usage: setup-worktree.sh REPO BRANCH WORKTREE [BASE]
#
# Makes the ticket's worktree on its branch. A new branch starts from the freshly fetched base of the remote: BASE, else
# the one that ticket, plan or configuration ask for ($ORCHESTRATOR_BASE), else the remote's HEAD; without a remote from
# the local base. The remote is `origin`, else the only one there is. A branch or worktree of the same ticket is taken
# over, brought up to date as long as it has no work of its own; anybody else's is refused.
# Submodules, files of Git LFS and what .worktreeinclude names are there afterwards, and worktree.setup has run.
# Hooks of the repository are not run here. May be run again at any time: what is there already is kept, what a killed
# run left half-made is finished.
#
# Beside the worktree's index it leaves: orchestrator-base (the base's name), orchestrator-base-commit (where the branch
# left it), orchestrator-owner (plan/ticket), orchestrator-state-dir (where its file is). The branch's ticket is
# branch.<name>.orchestratorTicket in git's config, and where its file is branch.<name>.orchestratorStateDir.
#
# Exit: 0 the worktree is there, on the branch · 1 it is not; why is on stderr, and nothing was removed · 2 it is not,
# for the remote is away just now (a runner is told so, for it may wait).
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"
. "${BASH_SOURCE[0]%/*}/lib-worktree.sh"
unset GIT_CEILING_DIRECTORIES

[ $# -eq 3 ] || [ $# -eq 4 ] || die 1 "usage: setup-worktree.sh REPO BRANCH WORKTREE [BASE]"
[ -n "$1" ] || die 1 "no repository given: set repo in the plan or the ticket"
branch=$2
asked=${4:-${ORCHESTRATOR_BASE:-}}
asked=${asked#refs/heads/}
case $1$3 in *$'\n'*) die 1 "a path with a line break in it cannot be used: $1 $3" ;; esac
[ -n "$3" ] || die 1 "no worktree given"
[ -d "$1" ] || die 1 "the repository $1 does not exist"
repo=$(absolute "$1")
repo=$(cd -- "$repo" && pwd -P)
said=$(git -C "$repo" rev-parse --git-dir 2>&1) || case $said in
  *"not a git repository"*) die 1 "$repo is not a git repository" ;;
  *) die 1 "$repo cannot be used: $said" ;;
esac
git check-ref-format "refs/heads/$branch" || die 1 "'$branch' cannot be the name of a branch"
case $branch in -*) die 1 "'$branch' cannot be the name of a branch" ;; esac
common=$(common_dir "$repo")
me=${ORCHESTRATOR_TICKET:+${ORCHESTRATOR_PLAN:-}/$ORCHESTRATOR_TICKET}
cd -- "$repo"
worktree=$(place_for_worktree "$3")

take_turns "$repo"
free_branch "$repo" "$branch"
making=
if is_half_made; then
  finish_half_made
  making=yes
fi
found=
if is_worktree "$worktree" && is_registered "$repo" "$worktree"; then
  found=yes
  take_over_worktree
else
  refuse_what_is_there
fi
find_base
refuse_branch_of_others
if [ -z "$found" ]; then
  add_worktree
  making=yes
  echo "Created worktree at $worktree on $how"
else
  echo "Worktree at $worktree is already on branch $branch"
fi
dir=$(git_dir "$worktree")
[ ! -e "$dir/orchestrator-making" ] || making=yes
[ -z "$making" ] || : >"$dir/orchestrator-making"
rm -f -- "$dir/orchestrator-removing"
keep_owner
hide_from_main_tree
[ -e "$dir/index" ] || prepare_lfs
end_turn

[ -e "$dir/index" ] || check_out
catch_up
keep_base
[ -z "$making" ] || pull_lfs
update_submodules
include_files
furnish "$repo" "$worktree" || exit 1
rm -f -- "$dir/orchestrator-making"
