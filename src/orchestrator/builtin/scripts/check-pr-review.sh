#!/usr/bin/env bash
# Usage: check-pr-review.sh REPO PR
#
# Prints the word for what the pull request needs now. A request for changes counts while it is unanswered: made on the
# head commit, or after the newest commit. One that was answered by a push is nothing new until somebody speaks again,
# though the forge goes on showing it.
#
# Exit: 0 approved or merged · 1 nothing new to act on, or the forge cannot be asked · 2 changes_requested, ci_failed
# or closed.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

[ $# -eq 2 ] || die 1 "usage: check-pr-review.sh REPO PR"
cannot_ask() { die 1 "cannot ask the forge about pull request '$pr'; see the lines above"; }
pr=$2

case $(pr_state "$1" "$pr") in
  MERGED) echo merged && exit 0 ;;
  CLOSED) echo closed && exit 2 ;;
  OPEN) ;;
  *) cannot_ask ;;
esac
in_repo "$1" "$pr" || cannot_ask

# Five lines: author, time of the newest commit, decision, was a request made since, did a check fail.
summary='
  .author.login as $author | .headRefOid as $head
  | ([.commits[].committedDate] | max // "") as $pushed
  | [.latestReviews[]?.state] as $latest
  | (if (.reviewDecision // "") == "CHANGES_REQUESTED" or ($latest | index("CHANGES_REQUESTED")) then "changes"
     elif .reviewDecision == "APPROVED" then "approved"
     elif (.reviewDecision // "") == "" and ($latest | index("APPROVED")) then "approved"
     else "none" end) as $decision
  | ([.reviews[] | select(.author.login != $author and (.state == "CHANGES_REQUESTED" or .state == "COMMENTED"))
      | select(.submittedAt > $pushed or .commit.oid == $head)]
     + [.comments[] | select(.author.login != $author and .createdAt > $pushed)
        | select(.authorAssociation | IN("OWNER", "MEMBER", "COLLABORATOR"))] | length > 0) as $spoken
  | ([.statusCheckRollup[]? | select(((.conclusion // "") | IN("FAILURE", "TIMED_OUT", "STARTUP_FAILURE"))
      or ((.state // "") | IN("FAILURE", "ERROR")))] | length > 0) as $failed
  | $author, $pushed, $decision, $spoken, $failed'
fields=author,headRefOid,commits,reviewDecision,reviews,latestReviews,comments,statusCheckRollup
answer=$("$gh" pr view "$pr" --json "$fields" --jq "$summary" </dev/null) || cannot_ask
{ read -r author && read -r pushed && read -r decision && read -r spoken && read -r failed; } <<ANSWER || cannot_ask
$answer
ANSWER

# Open threads whose last word is somebody else's, said after the newest commit.
query='query($owner: String!, $name: String!, $number: Int!) { repository(owner: $owner, name: $name) {
  pullRequest(number: $number) { reviewThreads(last: 100) { nodes { isResolved
    comments(last: 1) { nodes { createdAt author { login } } } } } } } }'
talk='.data.repository.pullRequest.reviewThreads.nodes[] | select(.isResolved | not) | .comments.nodes[]
  | (.author.login // "ghost") + " " + .createdAt'
talks=$("$gh" api graphql -F owner='{owner}' -F name='{repo}' -F number="$pr" -f query="$query" --jq "$talk" </dev/null) \
  || cannot_ask
open=false
while read -r who at; do
  # ISO times in UTC compare as text.
  if [ -n "$who" ] && [ "$who" != "$author" ] && [[ $at > $pushed ]]; then open=true; fi
done <<TALKS
$talks
TALKS

if [ "$open" = true ] || { [ "$decision" = changes ] && [ "$spoken" = true ]; }; then
  echo changes_requested && exit 2
elif [ "$failed" = true ]; then
  echo ci_failed && exit 2
elif [ "$decision" = approved ]; then
  echo approved
else
  echo "nothing new" && exit 1
fi
