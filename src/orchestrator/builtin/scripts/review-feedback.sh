#!/usr/bin/env bash
# Usage: review-feedback.sh REPO PR
# Prints what reviewers and checks say about the pull request, as text for the agent that answers it.
# Exit: 0 printed · 1 the forge cannot be asked.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

[ $# -eq 2 ] || die 1 "usage: review-feedback.sh REPO PR"
in_repo "$1" "$2" || die 1 "cannot ask the forge"

said='
  (.reviews[] | select(.body != "") | "Review by \(.author.login) (\(.state | ascii_downcase), \(.submittedAt)):\n\(.body)\n"),
  (.comments[] | "Comment by \(.author.login) (\(.createdAt)):\n\(.body)\n"),
  (.statusCheckRollup[]? | select(((.conclusion // .state) // "") | IN("FAILURE", "ERROR", "TIMED_OUT", "STARTUP_FAILURE"))
    | "Failed check: \(.name // .context) \(.detailsUrl // .targetUrl // "")")'
"$gh" pr view "$2" --json reviews,comments,statusCheckRollup --jq "$said" </dev/null || die 1 "cannot ask the forge"

query='query($owner: String!, $name: String!, $number: Int!) { repository(owner: $owner, name: $name) {
  pullRequest(number: $number) { reviewThreads(last: 100) { nodes { isResolved path line
    comments(last: 20) { nodes { body author { login } } } } } } } }'
threads='.data.repository.pullRequest.reviewThreads.nodes[] | select(.isResolved | not)
  | "Open thread at \(.path):\(.line // "?")\n" + ([.comments.nodes[] | "\(.author.login // "ghost"): \(.body)"] | join("\n")) + "\n"'
"$gh" api graphql -F owner='{owner}' -F name='{repo}' -F number="$2" -f query="$query" --jq "$threads" </dev/null \
  || die 1 "cannot ask the forge"
