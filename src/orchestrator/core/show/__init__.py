"""What people are shown of plans and tickets, as values."""
