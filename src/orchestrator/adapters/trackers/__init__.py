"""Where issues come from, one tracker each."""
