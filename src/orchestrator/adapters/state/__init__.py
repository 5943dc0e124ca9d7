"""What the orchestrator remembers: tickets with their journals, the board of them, costs, accounts, reviews, people."""
