"""Removing what tickets have left behind and nobody needs any more."""
