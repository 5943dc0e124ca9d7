#!/bin/sh
# Has a child and a grandchild that both ignore INT and TERM, and waits for them.
(
    trap '' INT TERM
    (while :; do sleep 0.05; done) &
    echo $! >"$ORCHESTRATOR_ATTEMPT_DIR/grandchild.pid"
    while :; do sleep 0.05; done
) &
echo $! >"$ORCHESTRATOR_ATTEMPT_DIR/child.pid"
wait
