#!/usr/bin/env bash
# Usage: setup.sh REPO BRANCH WORKTREE
# The same as setup-worktree.sh, under the name that the bugfix workflow has always used.
set -euo pipefail
exec /usr/bin/env bash "${BASH_SOURCE[0]%/*}/setup-worktree.sh" "$@"
