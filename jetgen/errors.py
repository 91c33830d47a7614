"""The one exception that means "the user can fix this".

The command line prints it as a single line and exits with code 2; in Python it is a
:class:`ValueError` like any other.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """Bad input: the message says what was expected, what came, and what to do."""


class InputWarning(UserWarning):
    """Input that is taken but may not be what was meant; the command line prints one line."""


class HealthWarning(UserWarning):
    """A model that is not what it should be: collapsed, or not trained to the end."""


class TrainingError(RuntimeError):
    """A training that cannot go on; the message names the cause and what to try."""


class UnfinishedError(TrainingError):
    """A training that its time limit ended too early; it can be resumed with a larger one."""


def some(names: Iterable[str], shown: int = 10) -> str:
    """The first names of a list, joined for a message.

    >>> some(["a", "b"]), some("abcd", shown=2)
    ('a, b', 'a, b and 2 more')
    """
    every = list(names)
    more = f" and {len(every) - shown} more" if len(every) > shown else ""
    return (", ".join(every[:shown]) or "none") + more


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """What a message about an unknown name adds when a known one is nearly the same.

    >>> did_you_mean("pT", ["pt", "eta"])
    "; did you mean 'pt'?"
    >>> did_you_mean("girth", ["pt", "eta"])
    ''
    """
    names = list(known)
    by_lower = {each.lower(): each for each in names}
    near = difflib.get_close_matches(name.lower(), by_lower, 1, cutoff=0.75)
    return f"; did you mean {by_lower[near[0]]!r}?" if near else ""
