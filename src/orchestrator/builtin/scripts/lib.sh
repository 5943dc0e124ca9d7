# shellcheck shell=bash
# Sourced by the other scripts, never run: what they all need to know about a repository.
#
# Law: a lock belongs to who lives. What somebody may still need is never removed: in doubt a script stops, says why on
# stderr, and leaves everything as it was.
# A script that is copied into a home's scripts/ to be changed finds this file beside itself: copy it too.

unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_COMMON_DIR \
  GIT_NAMESPACE GIT_PREFIX GIT_IMPLICIT_WORK_TREE CDPATH

gh=${ORCHESTRATOR_GH:-gh}
git_said=
turn=

# Never asks, never opens an editor, speaks English (its words are read below); the project's own tests see none of that.
git() {
  LC_ALL=C GIT_TERMINAL_PROMPT=0 GCM_INTERACTIVE=never GIT_OPTIONAL_LOCKS=0 GIT_EDITOR=true GIT_SEQUENCE_EDITOR=true GIT_MERGE_AUTOEDIT=no \
    command git "$@"
}

# orchestrator WORDS...: the very program that runs this script, with its configuration; run by hand, the one that the
# script belongs to, or the one on PATH.
orchestrator() {
  local python=${ORCHESTRATOR_PYTHON:-} here
  if [ -z "$python" ]; then
    here=$(cd -- "${BASH_SOURCE[0]%/*}" && pwd -P)
    case $here in
      */lib/python*/site-packages/orchestrator/builtin/scripts) python=${here%/lib/python*}/bin/python ;;
      */src/orchestrator/builtin/scripts) python=${here%/src/*}/.venv/bin/python ;;
    esac
  fi
  if [ -n "$python" ] && [ -x "$python" ]; then
    set -- "$python" -P -m orchestrator ${ORCHESTRATOR_CONFIG:+-C "$ORCHESTRATOR_CONFIG"} "$@"
  elif type -P orchestrator >/dev/null || ! python3 -P -c 'import orchestrator' 2>/dev/null; then
    set -- orchestrator ${ORCHESTRATOR_CONFIG:+-C "$ORCHESTRATOR_CONFIG"} "$@"
  else
    set -- python3 -P -m orchestrator ${ORCHESTRATOR_CONFIG:+-C "$ORCHESTRATOR_CONFIG"} "$@"
  fi
  command "$@"
}

# furnish REPO WORKTREE: what the worktree needs beside its files, once these are all there: `worktree.setup` of the
# configuration, or .orchestrator/setup of the repository. (Asking takes a while: so only who may have either asks.)
furnish() {
  local config=${ORCHESTRATOR_CONFIG:-${ORCHESTRATOR_HOME:-${HOME:-}/.orchestrator}/config.yaml}
  [ -e "$2/.orchestrator/setup" ] || grep -Eqs '^[^#]*setup' -- "$config" || return 0
  orchestrator worktree setup "$1" "$2"
}

# die CODE WORDS...
die() {
  local code=$1
  shift
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit "$code"
}

# patiently COMMAND...: once more while another git holds a lock; what it printed is in $git_said. A lock that stays, and
# with nobody alive to hold it, is removed.
patiently() {
  local pause
  for pause in 0.1 0.2 0.4 0.8 1 1 1 1; do
    git_said=$("$@" 2>&1) && return 0
    case $git_said in
      *"': '"*"' exists; cannot create"*) return 1 ;;
      *.lock* | *"cannot lock ref"* | *"could not lock"* | *"nable to update local ref"* | *"Another git process"*) ;;
      *) return 1 ;;
    esac
    [ "$pause" != 1 ] || ! free_blocking_lock || continue
    sleep "$pause"
  done
  git_said=$("$@" 2>&1)
}

# The lock that $git_said complains of, when it is a dead git's.
free_blocking_lock() {
  local lock dir
  lock=$(printf '%s\n' "$git_said" | sed -n "s/.*nable to create '\(.*\.lock\)': File exists.*/\1/p" | head -n 1)
  [ -n "$lock" ] \
    || lock=$(printf '%s\n' "$git_said" | sed -n 's/.*could not lock config file \(.*\): File exists.*/\1.lock/p' | head -n 1)
  [ -e "$lock" ] || return 1
  dir=$(common_dir "${lock%/*}" 2>/dev/null) || return 1
  ! living_git "$dir" >/dev/null || return 1
  echo "removing $lock, left by a git that died" >&2
  rm -f -- "$lock"
}

# living_git REPO-OR-WORKTREE...: the process id of a git that works there: in this worktree, or anywhere in this
# repository when its common directory is given. Fails when there is none.
living_git() {
  local entry name cwd places place
  places=$(
    for place; do
      printf '%s\n' "$place"
      [ -f "$place/.git" ] || git -C "$place" worktree list --porcelain | sed -n 's/^worktree //p'
    done
  )
  for entry in /proc/[0-9]*; do
    { read -r name <"$entry/comm"; } 2>/dev/null || continue
    case $name in git | git-*) cwd=$(readlink "$entry/cwd" 2>/dev/null) || continue ;; *) continue ;; esac
    while IFS= read -r place; do
      case $cwd/ in "$place"/*) printf '%s\n' "${entry#/proc/}" && return 0 ;; esac
    done <<<"$places"
  done
  [ ! -d /proc/self ] && command -v lsof >/dev/null || return 1
  while IFS= read -r place; do
    lsof -a -c git -d cwd -Fpn 2>/dev/null | sed -n -e '/^p/{s/^p//;h;}' -e '/^n/{s/^n//;G;p;}' | paste - - \
      | sed -n "s#^$place[/	].*	##p" | grep . | head -n 1 && return 0
  done <<<"$places"
  return 1
}

has_origin() { git -C "$1" remote get-url origin >/dev/null 2>&1; }

# remote_of REPO: the remote that work comes from: origin, else the only one, else git's checkout.defaultRemote.
remote_of() {
  local names name
  names=$(git -C "$1" remote)
  case $'\n'$names$'\n' in
    *$'\norigin\n'*) name=origin ;;
    *$'\n'*[!$'\n']*$'\n'*[!$'\n']*$'\n'*) name=$(git -C "$1" config checkout.defaultRemote) || return 1 ;;
    *) name=$names ;;
  esac
  [ -n "$name" ] && git -C "$1" remote get-url "$name" >/dev/null 2>&1 && printf '%s\n' "$name"
}

is_ancestor() { git -C "$1" merge-base --is-ancestor "$2" "$3"; }

commit_of() { git -C "$1" rev-parse --quiet --verify "$2^{commit}"; }

git_dir() { git -C "$1" rev-parse --absolute-git-dir; }

# common_dir DIR: where git keeps what all worktrees of the repository share.
common_dir() {
  local common
  common=$(git -C "$1" rev-parse --git-common-dir) && (cd -- "$1" && cd -- "$common" && pwd -P)
}

# fetch_origin REPO [REFSPEC...]
fetch_origin() {
  local repo=$1
  shift
  fetch_from "$repo" origin "$@"
}

# fetch_from REPO REMOTE [REFSPEC...]: a network that hiccups is asked three times. What is named is all that changes here.
fetch_from() {
  local pause repo=$1 remote=$2
  shift 2
  case ${1:-} in
    *:*) set -- --refmap= "$remote" "$@" ;;
    *) set -- "$remote" "$@" ;;
  esac
  for pause in 0.5 1 0; do
    patiently reach "$repo" -c gc.auto=0 -c maintenance.auto=false -c core.hooksPath=/dev/null \
      fetch --quiet --no-recurse-submodules "$@" && return 0
    sleep "$pause"
    case $git_said in *"bad object worktrees/"*"/HEAD"*) give_head "$repo" ;; esac
  done
  return 1
}

# reach REPO WORDS...: git, to a remote: it gives up on a line that is dead, and what it may leave running in the
# background (somebody who remembers a password) does not keep the turn.
reach() (
  exec 9>&-
  repo=$1
  shift
  if [ -z "${GIT_SSH_COMMAND:-}${GIT_SSH:-}$(git -C "$repo" config core.sshCommand || true)" ]; then
    export GIT_SSH_COMMAND="ssh -o ConnectTimeout=30 -o ServerAliveInterval=20 -o ServerAliveCountMax=3"
  fi
  export GIT_HTTP_LOW_SPEED_LIMIT=${GIT_HTTP_LOW_SPEED_LIMIT:-1000} GIT_HTTP_LOW_SPEED_TIME=${GIT_HTTP_LOW_SPEED_TIME:-60}
  git -C "$repo" "$@"
)

# give_head REPO: over the HEAD of zeros that a killed `git worktree add` leaves behind, every fetch of the repository
# stumbles. A living one replaces it at once; one that is still there becomes the HEAD of a branch without commits, and
# the setup of that ticket does the rest.
give_head() {
  local head
  head=${git_said#*bad object }
  head=${head%%/HEAD*}/HEAD
  head=$(common_dir "$1")/$head
  [ -s "$head" ] && [ -z "$(tr -d '0\n' <"$head")" ] || return 0
  echo "ref: refs/heads/half-made" >"$head"
}

# base_of DIR: the branch that work starts from and returns to. Setup keeps it beside the worktree's index, so that
# nobody who switches branches in the main tree changes where a ticket goes. Of a worktree that somebody else made it is
# the one that is asked for, else the remote's HEAD, else what is checked out in the main tree: its own branch is the
# ticket's.
base_of() {
  local kept current name remote where=refs/heads
  kept=$(git_dir "$1")/orchestrator-base
  if [ -s "$kept" ]; then
    cat -- "$kept"
    return
  fi
  if [ -n "${ORCHESTRATOR_BASE:-}" ]; then
    printf '%s\n' "${ORCHESTRATOR_BASE#refs/heads/}"
    return
  fi
  current=$(git --git-dir="$(common_dir "$1")" symbolic-ref --quiet --short HEAD || true)
  name=
  if remote=$(remote_of "$1"); then
    where=refs/remotes/$remote
    name=$(reach "$1" ls-remote --symref "$remote" HEAD | sed -n 's#^ref: refs/heads/\(.*\)[[:space:]]HEAD$#\1#p' || true)
  fi
  for name in "$name" "$current" main master; do
    [ -n "$name" ] && commit_of "$1" "$where/$name" >/dev/null && printf '%s\n' "$name" && return
  done
  return 1
}

# checked_out_at REPO BRANCH: the existing worktree that has it checked out; nothing when there is none.
checked_out_at() {
  local line path=
  while IFS= read -r line; do
    case $line in
      "worktree "*) path=${line#worktree } ;;
      "branch refs/heads/$2") [ ! -d "$path" ] || printf '%s\n' "$path" ;;
    esac
  done <<LIST
$(git -C "$1" worktree list --porcelain)
LIST
}

# is_registered REPO PATH: git knows a worktree there, whether or not the directory exists.
is_registered() {
  case $'\n'$(git -C "$1" worktree list --porcelain)$'\n' in *$'\n'"worktree $2"$'\n'*) return 0 ;; esac
  return 1
}

# physical PATH: absolute, without symbolic links in its parent; the parent must exist.
physical() { printf '%s/%s\n' "$(cd -- "$(dirname -- "$1")" && pwd -P)" "$(basename -- "$1")"; }

# is_worktree PATH: itself the top of a linked worktree (not a directory inside some other repository).
is_worktree() { [ -f "$1/.git" ] && [ "$(git -C "$1" rev-parse --show-toplevel 2>/dev/null)" = "$(cd -- "$1" && pwd -P)" ]; }

# unfinished DIR: the operation that stopped half way.
unfinished() {
  local dir
  dir=$(git_dir "$1")
  if [ -d "$dir/rebase-merge" ] || [ -d "$dir/rebase-apply" ]; then
    echo rebase
  elif [ -e "$dir/MERGE_HEAD" ]; then
    echo merge
  elif [ -e "$dir/CHERRY_PICK_HEAD" ]; then
    echo cherry-pick
  elif [ -e "$dir/REVERT_HEAD" ]; then
    echo revert
  elif [ -e "$dir/BISECT_LOG" ]; then
    echo bisect
  fi
}

# loose_files DIR: untracked files that are neither ignored nor what test runs usually leave.
loose_files() {
  local known
  known=$(git_dir "$1")/orchestrator-artefacts
  [ -e "$known" ] || known=/dev/null
  git -C "$1" -c core.quotePath=false ls-files --others --exclude-standard \
    -x '__pycache__/' -x '*.pyc' -x '.pytest_cache/' -x '.mypy_cache/' -x '.ruff_cache/' -x '*.egg-info/' \
    -x '.venv/' -x '.coverage' -x 'node_modules/' -x 'target/' | { grep -Fxv -f "$known" || true; }
}

# loose_work DIR: everything that no commit has, one path a line.
loose_work() {
  git -C "$1" -c core.quotePath=false diff --name-only --ignore-submodules=none HEAD
  loose_files "$1"
}

# free_locks WHERE FILE...: a ticket's worktree and branch belong to one attempt at a time, so a lock on them that stays
# is a dead git's, unless one lives there: a person's, which is waited for.
free_locks() {
  local where=$1 lock try holder told
  shift
  for lock; do
    told=
    for ((try = 1; try <= 150; try++)); do
      [ -e "$lock" ] || continue 2
      if [ $((try % 8)) -eq 0 ]; then
        holder=$(living_git "$where") || break
        [ -n "$told" ] || echo "waiting for a git that works there (process $holder): $lock" >&2
        told=yes
      fi
      sleep 0.2
    done
    [ $try -le 150 ] || die 1 "$lock is there, and a git works there (process $holder): end it, or wait for it, and retry"
    echo "removing $lock, left by a git that died" >&2
    rm -f -- "$lock"
  done
}

# free_worktree DIR [BRANCH]: the locks of a ticket's worktree, and of its branch.
free_worktree() {
  local dir
  dir=$(git_dir "$1")
  free_locks "$1" "$dir/index.lock" "$dir/HEAD.lock"
  [ $# -eq 1 ] || free_branch "$1" "$2"
}

free_branch() {
  local common
  common=$(common_dir "$1")
  free_locks "$common" "$common/refs/heads/$2.lock"
}

# take_turns REPO: one script at a time goes on from here, until it ends or calls end_turn: git's own locks cover neither
# two worktrees that are added at once, nor a fast-forward of a checked out branch, which writes the files first and moves
# the branch after that. The lock is the kernel's, on a file that is never removed, and is gone with its holder whatever
# ends that; who holds it is written in the file.
take_turns() {
  [ -z "$turn" ] || return 0
  turn=$(common_dir "$1")/orchestrator-lock
  { : >>"$turn"; } 2>/dev/null || die 1 "cannot write $turn"
  exec 9>>"$turn"
  if ! lock_turn now; then
    echo "waiting for $(head -n 1 -- "$turn"), which is at work in the same repository" >&2
    lock_turn || die 1 "cannot lock $turn"
  fi
  printf 'process %s (%s%s)\n' "$$" "${0##*/}" "${ORCHESTRATOR_TICKET:+ of $ORCHESTRATOR_PLAN/$ORCHESTRATOR_TICKET}" >"$turn"
}

# lock_turn [now]: with whatever there is that can lock a file descriptor.
lock_turn() {
  local python=${ORCHESTRATOR_PYTHON:-python3}
  if command -v flock >/dev/null; then
    flock ${1:+-n} 9
  elif command -v "$python" >/dev/null; then
    "$python" -I -c 'import fcntl, sys; fcntl.flock(9, fcntl.LOCK_EX | (fcntl.LOCK_NB if sys.argv[1:] else 0))' "$@" 2>/dev/null
  else
    perl -MFcntl=:flock -e 'open(my $f, ">>&=9") or exit 1; exit !flock($f, LOCK_EX | (@ARGV ? LOCK_NB : 0))' "$@"
  fi
}

end_turn() {
  turn=
  exec 9>&-
}

# in_repo REPO PR: what every question about a pull request needs; without a number gh would guess one.
in_repo() {
  [ -n "$1" ] && [ -n "$2" ] || { echo "no repository or no pull request is known" >&2 && return 1; }
  cd -- "$1"
}

# pr_state REPO PR: OPEN, MERGED or CLOSED. Fails when the forge cannot be asked or answers anything else.
pr_state() {
  local state
  in_repo "$1" "$2" || return 1
  state=$("$gh" pr view "$2" --json state --jq .state </dev/null) || return 1
  case $state in
    OPEN | MERGED | CLOSED) printf '%s\n' "$state" ;;
    *) echo "unexpected state '$state'" >&2 && return 1 ;;
  esac
}
