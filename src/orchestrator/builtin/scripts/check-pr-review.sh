#!/usr/bin/env bash
# Usage: check-pr-review.sh REPO PR
#
# Prints the word for what the pull request needs now. What was handed over and answered is nothing new until somebody
# speaks again, though the forge goes on showing it; of a pull request whose ticket remembers nothing, what is older
# than the newest commit counts as answered. Checks that are pending are not passed.
#
# Exit: 0 approved or merged · 1 nothing new to act on, pending or a draft, or the forge cannot be asked ·
# 2 changes_requested, ci_failed or closed · 3 conflict with the base.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

[ $# -eq 2 ] || die 1 "usage: check-pr-review.sh REPO PR"
code=0
word=$(orchestrator forge review "$2" --repo "$1") || code=$?
[ -n "$word" ] || die 1 "cannot ask the forge about pull request '$2'; see the lines above"
printf '%s\n' "$word"
exit "$code"
