"""One attempt, from what it needs before it starts to what its end means."""
