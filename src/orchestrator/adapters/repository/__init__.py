"""Questions to git about a repository, its branches and its worktrees, and the files that lie beside them."""
