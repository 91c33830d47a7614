"""The five jet classes of the LHC jet data sets, in the order of their type index."""

from jetgen.errors import InputError

JET_CLASSES = ("gluon", "quark", "top", "w", "z")
"""Type index i stands for ``JET_CLASSES[i]``; the order is that of the JetNet library."""

UNKNOWN_CLASS = -1
"""The type index of a jet whose class is not known."""


def class_index(name: str) -> int:
    """The type index of a class, by its name or its first letter.

    Raises:
        InputError: for a name that is no jet class.

    >>> class_index("top"), class_index("t")
    (2, 2)
    """
    for index, known in enumerate(JET_CLASSES):
        if name.lower() in (known, known[0]):
            return index
    raise InputError(f"jet type {name!r}: expected one of {', '.join(JET_CLASSES)}")


def class_name(index: int) -> str:
    """The name of a type index; ``unknown`` for any other number."""
    return JET_CLASSES[index] if 0 <= index < len(JET_CLASSES) else "unknown"
