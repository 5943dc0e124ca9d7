"""Attempts on disk and as processes: files, starting, signalling, looking at, and sweeping what is left."""
