# shellcheck shell=bash
# Sourced by the other scripts, never run: what they all need to know about a repository.
#
# Law: git's own atomic operations are the only locks. What somebody may still need is never removed: in doubt a script
# stops, says why on stderr, and leaves everything as it was.
# A script that is copied into a home's scripts/ to be changed finds this file beside itself: copy it too.

unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_COMMON_DIR \
  GIT_NAMESPACE GIT_PREFIX GIT_IMPLICIT_WORK_TREE

gh=${ORCHESTRATOR_GH:-gh}
git_said=

# Never asks, never opens an editor, speaks English (its words are read below); the project's own tests see none of that.
git() {
  LC_ALL=C GIT_TERMINAL_PROMPT=0 GIT_OPTIONAL_LOCKS=0 GIT_EDITOR=true GIT_SEQUENCE_EDITOR=true GIT_MERGE_AUTOEDIT=no \
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
  else
    set -- orchestrator ${ORCHESTRATOR_CONFIG:+-C "$ORCHESTRATOR_CONFIG"} "$@"
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

# patiently COMMAND...: once more while another git holds a lock; what it printed is in $git_said.
patiently() {
  local pause
  for pause in 0.1 0.2 0.4 0.8 1 1 1 1; do
    git_said=$("$@" 2>&1) && return 0
    case $git_said in
      *.lock* | *"cannot lock ref"* | *"could not lock"* | *"nable to update local ref"* | *"Another git process"*) ;;
      *) return 1 ;;
    esac
    sleep "$pause"
  done
  git_said=$("$@" 2>&1)
}

has_origin() { git -C "$1" remote get-url origin >/dev/null 2>&1; }

is_ancestor() { git -C "$1" merge-base --is-ancestor "$2" "$3"; }

commit_of() { git -C "$1" rev-parse --quiet --verify "$2^{commit}"; }

git_dir() { git -C "$1" rev-parse --absolute-git-dir; }

# fetch_origin REPO [REFSPEC]: a network that hiccups is asked three times.
fetch_origin() {
  local pause
  for pause in 0.5 1 0; do
    patiently git -C "$1" -c gc.auto=0 -c maintenance.auto=false fetch --quiet origin ${2+"$2"} && return 0
    sleep "$pause"
    case $git_said in *"bad object worktrees/"*"/HEAD"*) give_head "$1" ;; esac
  done
  return 1
}

# give_head REPO: over the HEAD of zeros that a killed `git worktree add` leaves behind, every fetch of the repository
# stumbles. A living one replaces it at once; one that is still there becomes the HEAD of a branch without commits, and
# the setup of that ticket does the rest.
give_head() {
  local common head
  head=${git_said#*bad object }
  head=${head%%/HEAD*}/HEAD
  common=$(git -C "$1" rev-parse --git-common-dir)
  head=$(cd -- "$1" && cd -- "$common" && pwd -P)/$head
  [ -s "$head" ] && [ -z "$(tr -d '0\n' <"$head")" ] || return 0
  echo "ref: refs/heads/half-made" >"$head"
}

# base_of DIR: the branch that work starts from and returns to. Setup keeps it beside the worktree's index, so that
# nobody who switches branches in the main tree changes where a ticket goes. Of a worktree that somebody else made, what
# is checked out in the main tree counts: its own branch is the ticket's.
base_of() {
  local kept current name common
  kept=$(git_dir "$1")/orchestrator-base
  if [ -s "$kept" ]; then
    cat -- "$kept"
    return
  fi
  common=$(git -C "$1" rev-parse --git-common-dir)
  common=$(cd -- "$1" && cd -- "$common" && pwd -P)
  current=$(git --git-dir="$common" symbolic-ref --quiet --short HEAD || true)
  if has_origin "$1"; then
    name=$(git -C "$1" ls-remote --symref origin HEAD | sed -n 's#^ref: refs/heads/\(.*\)[[:space:]]HEAD$#\1#p' || true)
    for name in "$name" "$current" main master; do
      [ -n "$name" ] && commit_of "$1" "refs/remotes/origin/$name" >/dev/null && printf '%s\n' "$name" && return
    done
    return 1
  fi
  for name in "$current" main master; do
    [ -n "$name" ] && commit_of "$1" "refs/heads/$name" >/dev/null && printf '%s\n' "$name" && return
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
  git -C "$1" -c core.quotePath=false diff --name-only HEAD
  loose_files "$1"
}

# free_locks FILE...: a ticket's worktree and branch belong to one attempt at a time, so a lock on them that stays is a
# dead git's.
free_locks() {
  local lock try
  for lock; do
    for try in 1 2 3 4 5 6 7 8 9 10; do
      [ -e "$lock" ] || continue 2
      sleep 0.2
    done
    echo "removing $lock, left by a git that died" >&2
    rm -f -- "$lock"
  done
}

# free_worktree DIR [BRANCH]: the locks of a ticket's worktree, and of its branch.
free_worktree() {
  local dir
  dir=$(git_dir "$1")
  free_locks "$dir/index.lock" "$dir/HEAD.lock"
  [ $# -eq 1 ] || free_branch "$1" "$2"
}

free_branch() {
  local common
  common=$(git -C "$1" rev-parse --git-common-dir)
  free_locks "$(cd -- "$1" && cd -- "$common" && pwd -P)/refs/heads/$2.lock"
}

# take_turns REPO: one script at a time goes on from here, until it ends or calls end_turn. git's own locks do not cover a
# fast-forward of a checked out branch: it writes the files first and moves the branch after that. The lock is a symbolic
# link, whose making is atomic, to its holder's process id, by which a holder that died is known.
take_turns() {
  local common holder until=$((SECONDS + 120))
  common=$(git -C "$1" rev-parse --git-common-dir)
  turn=$(cd -- "$1" && cd -- "$common" && pwd -P)/orchestrator-turn
  trap end_turn EXIT
  until ln -s "$$" "$turn" 2>/dev/null; do
    [ $SECONDS -lt $until ] || die 1 "$turn has been held by process ${holder:-?} for two minutes; remove it if that is no ticket's"
    holder=$(readlink "$turn") || continue
    if ! kill -0 "$holder" 2>/dev/null && mkdir "$turn.stale" 2>/dev/null; then
      [ "$(readlink "$turn")" != "$holder" ] || rm -f -- "$turn"
      rmdir -- "$turn.stale"
    fi
    sleep 0.1
  done
}

end_turn() { [ "$(readlink "$turn")" != "$$" ] || rm -f -- "$turn"; }

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
