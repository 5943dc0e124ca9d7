#!/usr/bin/env bash
# Usage: check-pr-merged.sh REPO PR
# Exit: 0 merged · 1 still open, or the forge cannot be asked · 2 closed without a merge. Prints the word.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

[ $# -eq 2 ] || die 1 "usage: check-pr-merged.sh REPO PR"
state=$(orchestrator forge state "$2" --repo "$1") || die 1 "cannot ask the forge about pull request '$2'; see the lines above"
echo "$state"
case $state in
  merged) ;;
  closed) exit 2 ;;
  *) exit 1 ;;
esac
