"""Graphs as text for others: SVG, Mermaid, DOT."""
