"""What keeps an attempt from starting, or ends it: accounts, budgets, room on the disk."""
