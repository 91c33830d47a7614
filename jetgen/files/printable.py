"""Names from files as text that is safe to print and to draw."""

from __future__ import annotations

import re

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters but line feeds and tabs, and those that reverse the direction of text."""


def printable(text: str) -> str:
    r"""The text with control characters written out.

    >>> printable("jets\x1b[31m.h5")
    'jets\\x1b[31m.h5'
    """
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
