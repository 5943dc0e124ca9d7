#!/usr/bin/env bash
# Usage: await-merge.sh REPO PR
#
# For polls: whether a pull request that is approved is merged, or what has come in between. With `autoMerge` it says
# when the runner may merge it.
#
# Exit: 0 merged · 1 open, or the forge cannot be asked · 2 closed · 3 conflict with the base · 5 something new was said, a
# check failed, or the approval is gone · 6 autoMerge is on, and it may be merged now.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

[ $# -eq 2 ] || die 1 "usage: await-merge.sh REPO PR"
code=0
word=$(orchestrator forge await-merge "$2" --repo "$1") || code=$?
[ -n "$word" ] || die 1 "cannot ask the forge about pull request '$2'; see the lines above"
printf '%s\n' "$word"
exit "$code"
