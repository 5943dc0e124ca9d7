#!/usr/bin/env bash
# Usage: check-remote.sh REPO
#
# For a poll: whether the repository's remote can be asked again, after setup-worktree.sh found that it cannot.
#
# Exit: 0 it can, or there is none · 1 not yet; why is on stderr.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

[ $# -eq 1 ] && [ -d "$1" ] || die 1 "usage: check-remote.sh REPO"
remote=$(remote_of "$1") || exit 0 # what is wrong there setup says in words
[ -n "$remote" ] || exit 0
said=$(reach "$1" ls-remote "$remote" HEAD 2>&1 >/dev/null) || die 1 "cannot ask $remote yet: $said"
echo "$remote can be asked"
