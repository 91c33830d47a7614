"""The one exception that means "the user can fix this".

The command line prints it as a single line and exits with code 2; in Python it is a
:class:`ValueError` like any other.
"""


class InputError(ValueError):
    """Bad input: the message says what was expected, what came, and what to do."""


class InputWarning(UserWarning):
    """Input that is taken but may not be what was meant; the command line prints one line."""


class TrainingError(RuntimeError):
    """A training that cannot go on; the message names the cause and what to try."""
