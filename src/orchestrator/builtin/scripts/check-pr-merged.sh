#!/usr/bin/env bash
# Usage: check-pr-merged.sh REPO PR
# Exit: 0 merged · 1 still open, or the forge cannot be asked · 2 closed without a merge. Prints the word.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

[ $# -eq 2 ] || die 1 "usage: check-pr-merged.sh REPO PR"
state=$(pr_state "$1" "$2") || die 1 "cannot ask the forge about pull request '$2'; see the lines above"
case $state in
  MERGED) echo merged ;;
  CLOSED) echo closed && exit 2 ;;
  *) echo open && exit 1 ;;
esac
