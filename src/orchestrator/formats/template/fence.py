"""`fenced`: foreign text between two lines that it cannot forge, for prompts.

The law: both lines carry a mark that is made of the text itself. Who writes the text cannot write its mark into it,
because it would be another one then; so nothing in the text ends the fence.
"""

from __future__ import annotations

import hashlib

from orchestrator.formats.template.values import text_of

MARK_LENGTH = 16
"""Hexadecimal digits: too many to look for a text that contains its own."""


def fenced(value: object, name: object = "text") -> str:
    """`----- begin ticket 3f9c… -----`, the text, `----- end ticket 3f9c… -----`."""
    text, title = text_of(value).strip(), " ".join(text_of(name).split())
    mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:MARK_LENGTH]
    return f"----- begin {title} {mark} -----\n{text}\n----- end {title} {mark} -----"
