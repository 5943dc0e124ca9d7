#!/bin/sh
# Starts a tool in a session of its own, deaf to TERM, as several agent CLIs do; then waits, or leaves when told so.
setsid sh -c 'trap "" TERM; echo $$ >"$ORCHESTRATOR_ATTEMPT_DIR/tool.pid"; while :; do sleep 0.05; done' &
until [ -s "$ORCHESTRATOR_ATTEMPT_DIR/tool.pid" ]; do sleep 0.01; done
[ "$1" = leave ] && exit 0
echo waiting >"$ORCHESTRATOR_ATTEMPT_DIR/waiting"
wait
