# shellcheck shell=bash
# shellcheck disable=SC2154 # what setup-worktree.sh has set: repo branch worktree asked common me found making dir
# Sourced after lib.sh by setup-worktree.sh, never run: the steps of making a worktree.
#
# Law: whatever step a run is killed at, the next one finishes it. A worktree without an index is one that was never
# checked out; `orchestrator-making` beside the index says that nobody has worked there yet.

base=
remote=
heads=
start=
how=

absolute() { case $1 in /*) printf '%s\n' "$1" ;; *) printf '%s/%s\n' "$PWD" "$1" ;; esac; }

# place_for_worktree PATH: absolute and without symbolic links; its parent is made.
place_for_worktree() {
  local path top
  path=$(absolute "$1")
  while [ "$path" != / ] && [ "${path%/}" != "$path" ]; do path=${path%/}; done
  mkdir -p -- "$(dirname -- "$path")" || die 1 "cannot make the folder of the worktree $path"
  if [ -L "$path" ] && [ -d "$path" ]; then
    path=$(cd -- "$path" && pwd -P)
  else
    path=$(physical "$path")
  fi
  case $path in
    "$repo") die 1 "the worktree must not be the repository itself: $repo" ;;
    "$common"/worktrees/* | "$common"/objects/* | "$common"/refs/* | "$common"/modules/* | "$common"/hooks/* \
      | "$common"/info/* | "$common"/logs/* | "$common"/lfs/* | */.git/*)
      die 1 "the worktree must not be in the inside of a git repository: $path"
      ;;
  esac
  top=$(around "$path")
  [ -z "$top" ] || die 1 "the worktree must not be inside another worktree: $top"
  printf '%s\n' "$path"
}

# around PATH: the linked worktree of this repository that PATH lies in.
around() {
  git -C "$repo" worktree list --porcelain | sed -n 's/^worktree //p' | sed 1d | while IFS= read -r top; do
    case $1 in "$top"/*) printf '%s\n' "$top" && break ;; esac
  done
}

# An add that was killed: git had registered it, but its files were never all there.
is_half_made() {
  local own
  is_registered "$repo" "$worktree" && [ -f "$worktree/.git" ] || return 1
  own=$(sed -n 's/^gitdir: //p' "$worktree/.git")
  [ -d "$own" ] || return 1
  [ "$(cat -- "$own/locked" 2>/dev/null)" != initializing ] || return 0
  [ ! -e "$own/index" ] || return 1
  [ -e "$own/orchestrator-making" ] || holds_only_dot_git "$worktree" \
    || die 1 "$worktree is a worktree without an index, and there are files in it: check it out (git reset there), or move it away"
}

holds_only_dot_git() { [ "$(ls -A -- "$1")" = .git ] && [ -f "$1/.git" ]; }

finish_half_made() {
  local own
  own=$(sed -n 's/^gitdir: //p' "$worktree/.git")
  rm -f -- "$own/locked" "$own/index.lock" "$own/HEAD.lock"
  if holds_only_dot_git "$worktree"; then
    case $own in "$common/worktrees/"?*) rm -rf -- "$own" ;; esac
    rm -f -- "$worktree/.git"
    rmdir -- "$worktree"
    return
  fi
  git -C "$worktree" symbolic-ref HEAD "refs/heads/$branch"
  : >"$own/orchestrator-making"
  rm -f -- "$own/index"
}

# The .git file of a worktree of this repository that git has forgotten, or that it had not written when it was killed.
is_orphan() {
  holds_only_dot_git "$1" || return 1
  [ -s "$1/.git" ] || return 0
  case $(cat -- "$1/.git") in "gitdir: $common/worktrees/"*) return 0 ;; esac
  return 1
}

# is_of_twin STATE-DIR: a ticket of the same name is there, in another home.
is_of_twin() {
  [ -n "$me" ] && [ -n "$1" ] && [ -n "${ORCHESTRATOR_STATE_DIR:-}" ] && [ ! "$1" -ef "$ORCHESTRATOR_STATE_DIR" ] \
    && [ -e "$1/plans/${me%%/*}/tickets/${me#*/}.json" ]
}

take_over_worktree() {
  local there own owner state
  own=$(git_dir "$worktree")
  owner=$(cat -- "$own/orchestrator-owner" 2>/dev/null || true)
  [ -z "$me" ] || [ -z "$owner" ] || [ "$owner" = "$me" ] \
    || die 1 "the worktree $worktree belongs to the ticket $owner: give this ticket a worktree of its own"
  state=$(cat -- "$own/orchestrator-state-dir" 2>/dev/null || true)
  ! is_of_twin "$state" \
    || die 1 "the worktree $worktree belongs to the ticket $owner of another home ($state): give this ticket a worktree of its own"
  free_worktree "$worktree" "$branch"
  there=$(git -C "$worktree" symbolic-ref --quiet --short HEAD || true)
  [ "$there" != "$branch" ] || return 0
  # During a rebase HEAD is detached; the branch is known to git all the same.
  [ "$(unfinished "$worktree")" != rebase ] || return 0
  if [ -z "$there" ]; then
    there=$(commit_of "$worktree" HEAD || echo nothing)
    if [ "$there" = "$(commit_of "$repo" "refs/heads/$branch" || true)" ]; then
      git -C "$worktree" symbolic-ref HEAD "refs/heads/$branch"
      return 0
    fi
    there="no branch (detached HEAD at ${there:0:12})"
  fi
  die 1 "$worktree is a worktree on $there, not on $branch: check out $branch there, or change the ticket's worktree"
}

refuse_what_is_there() {
  [ -e "$worktree" ] || [ -L "$worktree" ] || return 0
  if [ -d "$worktree" ] && is_orphan "$worktree"; then
    rm -f -- "$worktree/.git"
  fi
  if [ ! -d "$worktree" ] || [ -n "$(ls -A -- "$worktree")" ]; then
    die 1 "$worktree exists and is not a worktree of $repo: move it away, or change the ticket's worktree"
  fi
}

refuse_branch_of_others() {
  local owner state other file
  owner=$(git -C "$repo" config --local "branch.$branch.orchestratorTicket" || true)
  [ -z "$me" ] || [ -z "$owner" ] || [ "$owner" = "$me" ] || die 1 "the branch $branch belongs to the ticket $owner: \
give this ticket another branch, or release it (git config --unset branch.$branch.orchestratorTicket)"
  state=$(git -C "$repo" config --local "branch.$branch.orchestratorStateDir" || true)
  [ -z "$owner" ] || ! is_of_twin "$state" || die 1 "the branch $branch belongs to the ticket $owner of another home ($state): \
give this ticket another branch, or release it (git config --unset branch.$branch.orchestratorTicket)"
  [ -z "$found" ] || return 0
  other=$(checked_out_at "$repo" "$branch")
  [ -z "$other" ] || die 1 "branch $branch is checked out at $other: free it there, or give the ticket another branch"
  for file in "$common"/rebase-merge/head-name "$common"/rebase-apply/head-name \
    "$common"/worktrees/*/rebase-merge/head-name "$common"/worktrees/*/rebase-apply/head-name; do
    [ "$(cat -- "$file" 2>/dev/null)" != "refs/heads/$branch" ] || die 1 "branch $branch is being rebased in another worktree (${file%/rebase-*}): finish that, or give the ticket another branch"
  done
}

has_head() { case $'\n'$heads$'\n' in *$'\t'"refs/heads/$1"$'\n'*) return 0 ;; esac; return 1; }

# find_base: $base, and $start, its freshest commit. A worktree that is there already goes on when the remote cannot be
# asked now.
find_base() {
  local kept=
  [ -z "$found" ] || kept=$(cat -- "$(git_dir "$worktree")/orchestrator-base" 2>/dev/null || true)
  if remote=$(remote_of "$repo"); then
    ask_remote "$kept" && return
    [ -n "$found" ] || die "$(not_now)" "cannot fetch from $remote ($(git remote get-url "$remote")): $git_said"
    echo "cannot fetch from $remote now, and goes on with what is there: $git_said" >&2
    base=${asked:-${kept:-$(base_of "$worktree" || true)}}
    start=refs/remotes/$remote/$base
    return
  fi
  remote=
  [ -z "$(git remote)" ] || die 1 "$repo has several remotes ($(git remote | paste -sd ' ' -)), and none is called origin: \
say which one counts (git config checkout.defaultRemote NAME)"
  base=${asked:-$kept}
  if [ -z "$base" ] && ! base=$(base_of "$repo"); then
    commit_of "$repo" HEAD >/dev/null || die 1 "$repo has no commits yet: make a first commit"
    die 1 "$repo is on no branch (detached HEAD) and has neither main nor master: check out the branch to start from, or name it (base)"
  fi
  start=refs/heads/$base
  commit_of "$repo" "$start" >/dev/null || die 1 "the base $base does not exist in $repo; there are: $(git for-each-ref \
    --count=20 --sort=-committerdate --format='%(refname:short)' refs/heads | paste -sd , - | sed 's/,/, /g')"
  refuse_clash
}

# ask_remote KEPT: fails when the remote cannot be asked; what it says that cannot be right ends the script. A runner
# has more patience with a network that is away than a person, and lets others have their turn meanwhile.
ask_remote() {
  local pause said=
  for pause in 0.5 1 5 last; do
    said=$(reach "$repo" ls-remote --symref "$remote" HEAD 'refs/heads/*' 2>&1) && break
    git_said=$said
    case $pause in
      5) [ -n "${ORCHESTRATOR_ATTEMPT:-}" ] && [ -z "$found" ] && is_away || return 1 ;;
      last) return 1 ;;
    esac
    end_turn
    sleep "$pause"
    take_turns "$repo"
  done
  heads=$said
  choose_base "$1"
  start=refs/remotes/$remote/$base
  [ "$base" != "$branch" ] || die 1 "the ticket's branch is the base itself: $base; give the ticket another branch"
  refuse_clash
  set -- "+refs/heads/$base:$start"
  ! has_head "$branch" || set -- "$@" "+refs/heads/$branch:refs/remotes/$remote/$branch"
  fetch_from "$repo" "$remote" "$@"
}

# Whoever calls by hand is told 1.
not_now() { if [ -n "${ORCHESTRATOR_ATTEMPT:-}" ] && is_away; then echo 2; else echo 1; fi; }

# What $git_said tells of may pass by itself.
is_away() {
  case $git_said in
    *"Could not resolve host"* | *"Connection refused"* | *"onnection timed out"* | *"Connection reset"* | *"etwork is unreachable"* \
      | *"peration timed out"* | *"error: 429"* | *"error: 50"[0-9]* | *"early EOF"* | *"unexpected disconnect"* | *"Could not connect"* \
      | *"ailed to connect"* | *"Temporary failure"*) return 0 ;;
  esac
  return 1
}

choose_base() {
  local name
  if [ -n "$asked" ]; then
    base=$asked
    has_head "$base" || base=${asked#"$remote/"}
    has_head "$base" || die 1 "the base $asked does not exist on $remote; there are: $(known_heads)"
    return
  fi
  for name in "$1" "$(printf '%s\n' "$heads" | sed -n 's#^ref: refs/heads/\(.*\)[[:space:]]HEAD$#\1#p')" \
    "$(git symbolic-ref --quiet --short "refs/remotes/$remote/HEAD" | sed "s#^$remote/##" || true)" \
    "$(git --git-dir="$common" symbolic-ref --quiet --short HEAD || true)" main master; do
    [ -n "$name" ] && has_head "$name" && base=$name && return
    [ -z "$name" ] || [ "$name" != "$1" ] || die 1 "the base $name does not exist on $remote any more; there are: $(known_heads). Name another (base)"
  done
  name=$(known_heads)
  case $name in
    '') ;;
    *,*) die 1 "$remote does not say which branch is its own; name the base: $name" ;;
    *) base=$name && return ;;
  esac
  die 1 "$remote has no branch to start from: push one first (git push $remote HEAD)"
}

known_heads() { printf '%s\n' "$heads" | sed -n 's#^[0-9a-f]*[[:space:]]refs/heads/##p' | head -n 20 | paste -sd , - | sed 's/,/, /g'; }

# git keeps branches as files: feat and feat/x cannot both be.
refuse_clash() {
  local above=$branch below
  ! commit_of "$repo" "refs/heads/$branch" >/dev/null || return 0
  while case $above in */*) true ;; *) false ;; esac; do
    above=${above%/*}
    ! commit_of "$repo" "refs/heads/$above" >/dev/null && ! has_head "$above" \
      || die 1 "the branch $branch cannot be made: there is a branch $above; give the ticket another branch"
  done
  below=$(git for-each-ref --count=1 --format='%(refname:short)' "refs/heads/$branch/")
  [ -n "$below" ] || below=$(printf '%s\n' "$heads" | sed -n "s#^[0-9a-f]*[[:space:]]refs/heads/##p" | grep -F -- "$branch/" | while IFS= read -r name; do
    case $name in "$branch"/*) printf '%s\n' "$name" && break ;; esac
  done || true)
  [ -z "$below" ] || die 1 "the branch $branch cannot be made: there is a branch $below; give the ticket another branch"
}

# The files come later: many worktrees may be filled at once, but only one added.
add_worktree() {
  if commit_of "$repo" "refs/heads/$branch" >/dev/null; then
    how="existing branch $branch"
    add || die 1 "cannot make the worktree: $git_said"
    return
  fi
  how="new branch $branch from $base"
  if [ -n "$remote" ] && has_head "$branch"; then
    how="existing branch $branch of $remote"
    add -b "$branch" "refs/remotes/$remote/$branch"
  else
    add -b "$branch" "$start"
  fi || {
    # A lock may have hit the second half of it: then the branch is there already.
    commit_of "$repo" "refs/heads/$branch" >/dev/null && [ ! -e "$worktree/.git" ] && add
  } || die 1 "cannot make the worktree: $git_said"
}

# add [-b BRANCH START]. -f -f is for a registration whose directory is gone; that the branch is free was asked before.
add() {
  local new=()
  [ $# -eq 0 ] || new=(--no-track -b "$2")
  patiently git -c core.hooksPath=/dev/null worktree add -f -f --no-checkout ${new[@]+"${new[@]}"} -- "$worktree" "${3:-$branch}"
}

# Beside the index for the worktree, in git's configuration for the branch, which outlives it.
keep_owner() {
  [ -n "$me" ] || return 0
  printf '%s\n' "$me" >"$dir/orchestrator-owner"
  [ -z "${ORCHESTRATOR_STATE_DIR:-}" ] || {
    printf '%s\n' "$ORCHESTRATOR_STATE_DIR" >"$dir/orchestrator-state-dir"
    note_of_branch orchestratorStateDir "$ORCHESTRATOR_STATE_DIR"
  }
  note_of_branch orchestratorTicket "$me"
}

note_of_branch() {
  [ "$(git config --local "branch.$branch.$1" || true)" = "$2" ] \
    || patiently git config --local "branch.$branch.$1" "$2" \
    || die 1 "cannot note whose branch $branch is: $git_said"
}

# A worktree inside the main tree must not be added to it as a file.
hide_from_main_tree() {
  local top rest
  top=$(git worktree list --porcelain | sed -n '1s/^worktree //p')
  case $worktree in "$top"/*) rest=${worktree#"$top"} ;; *) return 0 ;; esac
  [ "$(git -C "$top" rev-parse --is-inside-work-tree 2>/dev/null)" = true ] || return 0
  ! git -C "$top" check-ignore --quiet -- "$worktree/" 2>/dev/null || return 0
  mkdir -p -- "$common/info"
  printf '%s/\n' "$rest" | sed 's/[][*?\\ !#]/\\&/g' >>"$common/info/exclude"
}

uses_lfs() { git -C "$worktree" grep --quiet 'filter=lfs' HEAD -- '*.gitattributes' 2>/dev/null; }

has_lfs() { git lfs version >/dev/null 2>&1; }

without_lfs=(-c filter.lfs.required=false -c filter.lfs.process= -c filter.lfs.smudge=cat -c filter.lfs.clean=cat)

prepare_lfs() {
  uses_lfs && has_lfs || return 0
  git config filter.lfs.process >/dev/null || git config filter.lfs.smudge >/dev/null || patiently git lfs install --local \
    || patiently git lfs install --local --skip-repo || die 1 "cannot set up Git LFS in $repo: $git_said"
}

check_out() {
  local lfs=()
  if uses_lfs && ! has_lfs; then
    echo "git-lfs is not installed: large files of $worktree are pointers" >&2
    lfs=("${without_lfs[@]}")
  fi
  patiently reach "$worktree" -c core.hooksPath=/dev/null -c submodule.recurse=false ${lfs[@]+"${lfs[@]}"} reset --hard --quiet \
    || die 1 "cannot check out $worktree: $git_said"
}

pull_lfs() {
  uses_lfs && has_lfs && [ -n "$remote" ] || return 0
  patiently reach "$worktree" lfs pull "$remote" || die 1 "cannot get the files of Git LFS: $git_said"
}

# catch_up: a branch that has no work of its own is not left behind: what somebody pushed to it, then the base.
catch_up() {
  local target new old
  [ -z "$(unfinished "$worktree")" ] || return 0
  for target in "refs/remotes/$remote/$branch" "$start"; do
    [ "$target" = "$start" ] || { [ -n "$remote" ] && has_head "$branch"; } || continue
    new=$(commit_of "$worktree" "$target") && old=$(commit_of "$worktree" HEAD) || continue
    [ "$old" != "$new" ] && is_ancestor "$worktree" "$old" "$new" || continue
    if [ -n "$(loose_work "$worktree")" ]; then
      echo "$worktree has uncommitted changes; it is left behind ${target#refs/*/}" >&2
      return 0
    fi
    if patiently git -C "$worktree" -c core.hooksPath=/dev/null -c submodule.recurse=false merge --quiet --ff-only "$new"; then
      : >"$dir/orchestrator-making"
      making=yes
    else
      echo "$worktree is left behind ${target#refs/*/}: $git_said" >&2
    fi
  done
}

# Where the branch left the base. When the base has all of it, where it had left it before.
keep_base() {
  local old kept commit
  [ -n "$base" ] || return 0
  kept=$(cat -- "$dir/orchestrator-base" 2>/dev/null || true)
  old=$(cat -- "$dir/orchestrator-base-commit" 2>/dev/null || true)
  printf '%s\n' "$base" >"$dir/orchestrator-base"
  commit=$(git -C "$worktree" merge-base HEAD "$start" 2>/dev/null) || return 0
  [ -z "$old" ] || [ "$kept" != "$base" ] || [ "$commit" != "$(commit_of "$worktree" HEAD)" ] \
    || ! is_ancestor "$worktree" "$old" HEAD 2>/dev/null || [ -n "$making" ] || return 0
  printf '%s\n' "$commit" >"$dir/orchestrator-base-commit"
}

# update_submodules: all of them as long as nobody has worked here; later those that are not there at all.
update_submodules() {
  local missing path try
  [ -f "$worktree/.gitmodules" ] || return 0
  missing=$(git -C "$worktree" submodule status | sed -n 's/^-[0-9a-f]* //p')
  [ -n "$missing$making" ] || return 0
  take_turns "$repo"
  patiently git -C "$worktree" submodule --quiet init || die 1 "cannot set up the submodules of $worktree: $git_said"
  end_turn
  if [ -n "$making" ]; then
    for try in 1 2; do
      submodules --force && return 0
      forget_half_cloned
    done
    die 1 "cannot get the submodules of $worktree: $git_said"
  fi
  while IFS= read -r path; do
    submodules -- "$path" || die 1 "cannot get the submodule $path of $worktree: $git_said"
  done <<<"$missing"
}

# A submodule that lies on this machine is fetched, as in the main tree, if it is there already: git would refuse it.
submodules() {
  local key allow=(-c protocol.file.allow=always)
  while IFS= read -r key; do
    key=${key#submodule.}
    [ -e "$common/modules/${key%.url}/HEAD" ] || allow=()
  done <<<"$(git config -f "$worktree/.gitmodules" --name-only --get-regexp '^submodule\..*\.url$')"
  patiently reach "$worktree" -c core.hooksPath=/dev/null ${allow[@]+"${allow[@]}"} submodule --quiet update --init --recursive "$@"
}

forget_half_cloned() {
  local key path name
  git config -f "$worktree/.gitmodules" --get-regexp '^submodule\..*\.path$' | while read -r key path; do
    name=${key#submodule.}
    name=$dir/modules/${name%.path}
    if [ -d "$name" ] && ! git --git-dir="$name" rev-parse --quiet --verify 'HEAD^{commit}' >/dev/null 2>&1; then
      rm -rf -- "$name"
      ! holds_only_dot_git "$worktree/$path" 2>/dev/null || rm -f -- "$worktree/$path/.git"
    fi
  done
}

# include_files: what .worktreeinclude names, from the tree that REPO is, or else from the main one.
include_files() {
  local source
  source=$(git rev-parse --show-toplevel 2>/dev/null) \
    || source=$(git worktree list --porcelain | sed -n -e '1{s/^worktree //;h;}' -e '/^bare$/{s/.*//;h;}' -e '/^$/{x;p;q;}')
  if [ ! -d "$source" ] || { [ ! -f "$source/.worktreeinclude" ] && [ ! -f "$worktree/.worktreeinclude" ]; }; then
    return 0
  fi
  orchestrator worktree include "$source" "$worktree" || die 1 "cannot copy what .worktreeinclude names to $worktree"
}
