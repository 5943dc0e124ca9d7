"""A workflow walked without starting anything."""
