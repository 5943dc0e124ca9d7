#!/usr/bin/env bash
# Usage: cleanup.sh WORKTREE
# The same as cleanup-worktree.sh, under the name that the bugfix workflow has always used.
set -euo pipefail
exec /usr/bin/env bash "${BASH_SOURCE[0]%/*}/cleanup-worktree.sh" "$@"
