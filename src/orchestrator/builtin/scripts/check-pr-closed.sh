#!/usr/bin/env bash
# Usage: check-pr-closed.sh REPO PR
# Exit: 0 closed without a merge · 1 not closed (open or merged) · 2 the forge cannot be asked. Prints the word.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

[ $# -eq 2 ] || die 2 "usage: check-pr-closed.sh REPO PR"
state=$(orchestrator forge state "$2" --repo "$1") || die 2 "cannot ask the forge about pull request '$2'; see the lines above"
echo "$state"
[ "$state" = closed ] || exit 1
