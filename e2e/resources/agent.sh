#!/usr/bin/env bash
# An agent without a model: what it does in a phase is $E2E_AGENT/<ticket>.<phase>, else $E2E_AGENT/<phase>, else what is
# written here. What it was told lies in $E2E_AGENT/told/<ticket>/<attempt>-<phase>.md, and its environment beside that.
set -euo pipefail
phase=$ORCHESTRATOR_PHASE ticket=$ORCHESTRATOR_TICKET
told=$E2E_AGENT/told/$ticket/$(printf %03d "$ORCHESTRATOR_ATTEMPT")-$phase
if [ -z "${TOLD:-}" ]; then
    mkdir -p "${told%/*}"
    printf '%s' "${1:-}" >"$told.md"
    [ -n "${1:-}" ] || cat >"$told.md"
    env >"$told.env"
    export TOLD=$told.md
fi

export AGENT=$0
# "$AGENT" usual is what a script of a test calls to go on as if it were not there.
[ "${1:-}" = usual ] || for own in "$E2E_AGENT/$ticket.$phase" "$E2E_AGENT/$phase"; do
    if [ -e "$own" ]; then exec bash -eu "$own"; fi
done

case $phase in
    implement)
        echo "made by $ticket" >>"$ticket.txt"
        git add "$ticket.txt" && git commit -qm "$ticket: Do it"
        echo "Made $ticket.txt."
        ;;
    handle_review)
        echo "answered" >>"$ticket.txt"
        git commit -qam "$ticket: Answer the review"
        { grep -o 'PRRT_[0-9]*' "$TOLD" || true; } | sort -u | sed 's/.*/HANDLED &: It is as you say now./'
        echo "Mended what was said."
        ;;
    simplify) echo "Nothing to simplify." ;;
    *) printf 'It is right.\n\nPASS\n' ;;
esac
