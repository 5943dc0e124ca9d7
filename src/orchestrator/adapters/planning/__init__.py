"""Plans as files: written whole, edited, removed, imported; and what a planning session gets."""
