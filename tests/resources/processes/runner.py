"""A runner that starts one attempt and is then killed by its test: `runner.py <directory> <id> <slow: 0|1> <argv…>`."""

import os
import sys
import time
from pathlib import Path

from orchestrator.adapters.attempts import process

directory, attempt_id, slow, *argv = sys.argv[1:]
if slow == "1":  # nothing but the lock tells of the launcher until somebody says `go`
    wait = 'until [ -e "$0/go" ]; do sleep 0.01; done\n'
    process.LAUNCHER = wait + process.LAUNCHER
env = {**os.environ, "ORCHESTRATOR_ATTEMPT_DIR": directory}
request = process.Request(
    id=attempt_id, n=1, phase="work", kind="script", argv=tuple(argv), cwd=str(Path.cwd()), env=env, stdin="hello"
)
process.start(Path(directory), request)
print("started", flush=True)
time.sleep(600)
