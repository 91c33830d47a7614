"""The classes of jets, and of other sets, in the order of their type index."""

from __future__ import annotations

from torch import Tensor

from jetgen.errors import InputError, did_you_mean, some

JET_CLASSES = ("gluon", "quark", "top", "w", "z")
"""Type index i means ``JET_CLASSES[i]``; the order is that of the JetNet library."""

DIJET_CLASSES = ("lhco-signal", "lhco-qcd")
"""Di-jet events of a resonance and of QCD, as in the LHC Olympics 2020."""

MUON_CLASSES = ("mu-minus-prompt", "mu-plus-prompt", "mu-minus-displaced", "mu-plus-displaced")
"""Muons by their charge, and by whether they are produced on the beam line or away from it."""

TAGGING_CLASSES = ("qcd", "hbb", "hcc", "hgg", "h4q", "hqql", "tbl")
"""Further classes of jets in the JetClass and top tagging sets: quarks and gluons together, and
the decays of the Higgs boson and, with a lepton, of the top quark."""

CLASSES = (*JET_CLASSES, *DIJET_CLASSES, *MUON_CLASSES, *TAGGING_CLASSES)
"""Type index i means ``CLASSES[i]``."""

UNKNOWN_CLASS = -1
"""The type index of a set whose class is not known."""


def class_index(name: str) -> int:
    """The type index of a class, by its name or, for jets, its first letter.

    Raises:
        InputError: for a name that is no class.

    >>> class_index("top"), class_index("t")
    (2, 2)
    """
    for index, known in enumerate(CLASSES):
        if name.lower() == known or (name.lower() == known[0] and known in JET_CLASSES):
            return index
    raise InputError(
        f"jet type {name!r}: expected one of {some(CLASSES)}{did_you_mean(name, CLASSES)}"
    )


def type_of_sample(sample: str) -> int:
    """The type index of simulated sets; samples of other packages have no class.

    >>> type_of_sample("top"), type_of_sample("a-sample-of-mine")
    (2, -1)
    """
    return CLASSES.index(sample) if sample in CLASSES else UNKNOWN_CLASS


def class_name(index: int) -> str:
    """The name of the class with this type index; ``unknown`` for an index without a class."""
    return CLASSES[index] if 0 <= index < len(CLASSES) else "unknown"


def table_class_name(index: int) -> str:
    """The name of a type index in a table: the number itself, except for di-jets and muons.

    Each table numbers its classes in its own way, so an index below the number of jet classes does
    not mean a jet class.

    >>> table_class_name(2), table_class_name(7)
    ('2', 'mu-minus-prompt')
    """
    return CLASSES[index] if len(JET_CLASSES) <= index < len(CLASSES) else str(index)


def unknown_classes(types: Tensor) -> int:
    """Number of type indices that mean an unknown class."""
    return int((types == UNKNOWN_CLASS).sum())
