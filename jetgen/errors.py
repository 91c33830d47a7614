"""The one exception that means "the user can fix this".

The command line prints it as a single line and exits with code 2; in Python it is a
:class:`ValueError` like any other.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class InputError(ValueError):
    """Bad input: the message says what was expected, what was received, and what to do."""


class InputWarning(UserWarning):
    """Input that is taken but may not be what was meant; the command line prints one line."""


class PrecisionWarning(InputWarning):
    """A column whose different numbers become equal in single precision; no training takes it."""


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
    """What a message about an unknown name adds when known ones are nearly the same, at most three.

    >>> did_you_mean("pT", ["pt", "eta"])
    "; did you mean 'pt'?"
    >>> did_you_mean("girth", ["pt", "eta"])
    ''
    """
    near = [repr(each) for each in _near(name, list(known), 3)]
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _near(name: str, names: Sequence[str], most: int) -> list[str]:
    by_lower = {each.lower(): each for each in names}
    found = difflib.get_close_matches(name.lower(), by_lower, most, cutoff=0.75)
    return [by_lower[each] for each in found]
