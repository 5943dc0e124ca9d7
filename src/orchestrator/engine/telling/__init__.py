"""Notices, from the decision to the person."""
