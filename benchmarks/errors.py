"""What a program under test cannot do. It is part of the result, and no reason to end the measuring."""

from __future__ import annotations


class Unable(Exception):
    """The message says why, in a few words: it stands in the table."""
