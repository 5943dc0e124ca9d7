"""Drafts and lists of tickets: YAML, JSON, Markdown, CSV, with places for what is wrong."""
