#!/usr/bin/env bash
# Usage: run.sh [BRANCH [WORKTREE]]
# The one step of the minimal workflow: says where it runs. Put your own run.sh into the home's scripts/ to do more.
# Exit: 0 always.
set -euo pipefail
printf 'branch: %s\nworktree: %s\ndirectory: %s\n' "${1:-}" "${2:-}" "$PWD"
