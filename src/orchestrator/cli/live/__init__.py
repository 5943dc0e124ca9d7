"""Screens that change while somebody looks."""
