"""Workflows and states as graphs, and where their lines lie."""
