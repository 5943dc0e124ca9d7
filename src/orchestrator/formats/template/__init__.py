"""Templates: their names, values, limits and hints, and shell text that is filled in."""
