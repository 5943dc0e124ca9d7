#!/usr/bin/env bash
# Usage: route-review.sh STATE
# STATE is the word that check-pr-review.sh printed.
# Exit: 0 approved or merged · 1 changes_requested or ci_failed · 2 closed · 3 conflict, or anything else.
set -euo pipefail

case ${1:-} in
  approved | merged) echo "$1" ;;
  changes_requested | ci_failed) echo "$1" && exit 1 ;;
  closed) echo "$1" && exit 2 ;;
  conflict) echo "$1" && exit 3 ;;
  *)
    echo "route-review.sh: '${1:-}' is not a state of a review (approved, merged, changes_requested, ci_failed, closed)" >&2
    exit 3
    ;;
esac
