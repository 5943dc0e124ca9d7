"""Whose turn it is, and who waits for whom."""
