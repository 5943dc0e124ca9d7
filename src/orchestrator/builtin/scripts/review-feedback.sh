#!/usr/bin/env bash
# Usage: review-feedback.sh REPO PR
#
# Prints what is new in the review since the last round that was answered, as data for the agent that answers it: whole
# threads with their ids, reviews, comments, failed checks with the end of their logs. Called again it prints the same,
# and what came meanwhile, until answer-review.sh is done.
#
# Exit: 0 printed · 1 the forge cannot be asked · 3 there is nothing to answer (any more): merged, closed, settled.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

[ $# -eq 2 ] || die 1 "usage: review-feedback.sh REPO PR"
code=0
text=$(orchestrator forge feedback "$2" --repo "$1") || code=$?
[ -z "$text" ] || printf '%s\n' "$text"
[ "$code" -ne 3 ] || [ -z "$text" ] || exit 3
[ "$code" -eq 0 ] || die 1 "cannot ask the forge about pull request '$2'; see the lines above"
