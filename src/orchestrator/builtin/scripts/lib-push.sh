# shellcheck shell=bash
# Sourced after lib.sh, never run: how a ticket's branch reaches origin.
#
# Law: neither side loses anything. What is overwritten on origin is what we pushed ourselves, by a lease on that very
# commit. Commits that somebody added on top of ours stay below our new ones; whatever else somebody did to the branch
# ends the push, in words.
# Beside the worktree's index lies orchestrator-pushed: the commit that we pushed last (orchestrator-pushing: were about
# to push, should we have been killed before we could note it).
#
# push_branch WORKTREE BRANCH: 0 origin has the branch as it is here · 1 not now · 2 refused. Why is in $push_said; what
# was done with commits of somebody else is printed to stderr.

push_said=
push_to=

push_branch() {
  local dir try code
  push_to=$(remote_of "$1") || { push_said="$1 has no remote to push to" && return 2; }
  dir=$(git_dir "$1")
  put_back "$1" "$2" "$dir" || { push_said="$1 cannot be brought back to $2" && return 2; }
  is_on_branch "$1" "$2" || return 2
  for try in 1 2 3; do
    code=0
    push_once "$1" "$2" "$dir" || code=$?
    [ "$code" -eq 4 ] || return "$code"
  done
  push_said="$2 on $push_to changes all the time: $push_said"
  return 1
}

# What is pushed is the branch; commits that the worktree has elsewhere would be forgotten.
is_on_branch() {
  local there head
  there=$(git -C "$1" symbolic-ref --quiet --short HEAD || echo "no branch")
  [ "$there" != "$2" ] || return 0
  head=$(commit_of "$1" "refs/heads/$2") && [ "$head" = "$(commit_of "$1" HEAD)" ] && return 0
  push_said="$1 is on $there, not on $2: check out $2 there"
  return 1
}

# push_once WORKTREE BRANCH GITDIR: as push_branch; 4: origin's branch changed meanwhile.
push_once() {
  local ours theirs known
  theirs=$(remote_commit "$1" "$2") || { push_said="cannot ask $push_to for $2: $git_said" && return 1; }
  ours=$(commit_of "$1" "refs/heads/$2") || { push_said="there is no branch $2" && return 2; }
  known=$(ours_on_origin "$1" "$2" "$3" "$theirs")
  if [ "$theirs" = "$ours" ]; then
    note_pushed "$3" "$ours"
    return 0
  elif [ -z "$theirs" ]; then
    [ -z "$known" ] || echo "$2 was deleted on $push_to; it is pushed anew" >&2
  elif [ "$theirs" != "$known" ]; then
    take_turns "$1"
    fetch_from "$1" "$push_to" "+refs/heads/$2:refs/remotes/$push_to/$2" \
      || { push_said="cannot fetch $2 from $push_to: $git_said" && end_turn && return 1; }
    end_turn
    commit_of "$1" "$theirs" >/dev/null || { push_said="$2 is being changed" && return 4; }
    if ! is_ancestor "$1" "$theirs" "$ours"; then
      put_together "$1" "$2" "$known" "$theirs" || return 2
      ours=$(commit_of "$1" "refs/heads/$2")
    fi
  fi
  send "$1" "$2" "$3" "$ours" "$theirs"
}

# The commit of origin's branch, nothing when there is none.
remote_commit() {
  local pause
  for pause in 0.5 1 0; do
    if git_said=$(reach "$1" ls-remote "$push_to" "refs/heads/$2" 2>&1); then
      printf '%s\n' "$git_said" | sed -n "s#^\([0-9a-f]\{40,\}\)[[:space:]]refs/heads/.*#\1#p" | head -n 1
      return 0
    fi
    sleep "$pause"
  done
  return 1
}

# The commit that we pushed last. A push that was noted before, but not after, counts when origin has it; without any
# note, whatever was once the tip of the branch here is ours.
ours_on_origin() {
  local name kept
  for name in orchestrator-pushing orchestrator-pushed; do
    if [ -s "$3/$name" ]; then
      kept=$(cat -- "$3/$name")
      [ "$name" = orchestrator-pushing ] && [ "$kept" != "$4" ] || { printf '%s\n' "$kept" && return 0; }
    fi
  done
  [ -n "$4" ] || return 0
  case $'\n'$(git -C "$1" reflog show --format=%H "refs/heads/$2" -- 2>/dev/null)$'\n' in
    *$'\n'"$4"$'\n'*) printf '%s\n' "$4" ;;
  esac
}

note_pushed() {
  printf '%s\n' "$2" >"$1/orchestrator-pushing"
  mv -f -- "$1/orchestrator-pushing" "$1/orchestrator-pushed"
}

# put_together WORKTREE BRANCH KNOWN THEIRS: our branch and the commits that somebody put on top of what we had pushed.
# What was pushed is still part of ours: our newer commits go on top of theirs. Ours was rebased meanwhile: theirs go on
# top of ours, for the old ones are gone from it.
put_together() {
  local busy names
  if [ -z "$3" ] || ! commit_of "$1" "$3" >/dev/null || ! is_ancestor "$1" "$3" "$4"; then
    push_said="somebody else has pushed other commits to $2 on $push_to (now at ${4:0:12}${3:+, we had pushed ${3:0:12}}); \
nothing is overwritten, and the work is kept in $1.
Bring both together there (git rebase $push_to/$2, or git merge), or push the one that counts, then retry the ticket"
    return 1
  fi
  busy=$(unfinished "$1")
  [ -z "$busy" ] || { push_said="a $busy is unfinished in $1" && return 1; }
  names=$(git -C "$1" log --format='%an' "$3..$4" --not $(tracked_base "$1") | sort -u | paste -sd , - | sed 's/,/, /g')
  : >"$(git_dir "$1")/orchestrator-putting"
  if is_ancestor "$1" "$3" "refs/heads/$2"; then
    put_ours_on_top "$@"
  else
    put_theirs_on_top "$@"
  fi || { clash "$@" && return 1; }
  rm -f -- "$(git_dir "$1")/orchestrator-putting"
  echo "$2 had new commits on $push_to${names:+ by $names} (now ${4:0:12}): they are part of it now" >&2
}

put_ours_on_top() {
  patiently git -C "$1" -c rebase.autoStash=false -c rebase.updateRefs=false rebase --quiet --onto "$4" "$3" "$2"
}

# Their merges of the base are not needed: ours has a base of its own.
put_theirs_on_top() {
  local theirs
  theirs=$(git -C "$1" rev-list --reverse --no-merges "$3..$4" --not "refs/heads/$2" $(tracked_base "$1"))
  [ -n "$theirs" ] || return 0
  # shellcheck disable=SC2086 # a list of commits
  patiently git -C "$1" checkout --quiet --detach "refs/heads/$2" \
    && patiently git -C "$1" cherry-pick --allow-empty $theirs \
    && patiently git -C "$1" checkout --quiet -B "$2" HEAD
}

tracked_base() {
  local kept
  kept=$(git_dir "$1")/orchestrator-base
  [ -s "$kept" ] && commit_of "$1" "refs/remotes/$push_to/$(cat -- "$kept")" || true
}

# put_back WORKTREE BRANCH GITDIR: the worktree as it was before putting together was begun (there was nothing
# uncommitted then); the branch itself is moved by the last step only.
put_back() {
  [ -e "$3/orchestrator-putting" ] || return 0
  git -C "$1" rebase --abort 2>/dev/null || git -C "$1" cherry-pick --abort 2>/dev/null || true
  rm -rf -- "$3/rebase-merge" "$3/rebase-apply" "$3/sequencer"
  rm -f -- "$3/CHERRY_PICK_HEAD"
  git -C "$1" symbolic-ref HEAD "refs/heads/$2" && git -C "$1" reset --hard --quiet \
    && rm -f -- "$3/orchestrator-putting"
}

# clash WORKTREE BRANCH KNOWN THEIRS
clash() {
  local files
  files=$(git -C "$1" -c core.quotePath=false diff --name-only --diff-filter=U)
  push_said="the commits that were added to $2 on $push_to${names:+ by $names} (now ${4:0:12}) do not go together with those of the ticket: \
${files:-$git_said}
nothing is overwritten, and the work is kept in $1; rebase $2 onto $push_to/$2 there, then retry the ticket"
  put_back "$1" "$2" "$(git_dir "$1")"
}

# send WORKTREE BRANCH GITDIR OURS THEIRS: origin's branch goes from THEIRS (nothing: it does not exist) to OURS.
send() {
  printf '%s\n' "$4" >"$3/orchestrator-pushing"
  if patiently reach "$1" push --quiet "--force-with-lease=refs/heads/$2:$5" "$push_to" "$4:refs/heads/$2"; then
    note_pushed "$3" "$4"
    return 0
  fi
  push_said="cannot push $2: $git_said"
  case $git_said in
    *"stale info"* | *"fetch first"* | *"reference already exists"* | *"cannot lock ref"*) return 4 ;;
    *"remote rejected"*"nternal server error"* | *"remote rejected"*"unpacker error"*) return 1 ;;
    *"remote rejected"* | *"pre-receive hook declined"* | *"GH0"[0-9][0-9]*) return 2 ;;
  esac
  return 1
}
