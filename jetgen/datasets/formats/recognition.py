"""Recognition of the columns of jets: momenta of particles and jets, labels and weights.

:func:`recognise` finds the momenta by the names of the columns (:mod:`.names`) if they are
unambiguous; otherwise the user passes a map ``{"px": "part_px", ...}``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from jetgen.datasets.formats.categories import category_column
from jetgen.datasets.formats.names import MOMENTA, SYNONYMS, Column, collections, split_name
from jetgen.errors import InputError, did_you_mean, some
from jetgen.kinematics import GEV
from jetgen.physics.classes import CLASSES, class_index

JET_WORDS = ("jet", "jets", "fatjet", "fj", "j", "")
"""Prefixes of the names of jet-level columns, in order of preference."""

JET_ROLES = ("pt", "eta", "y", "phi", "mass", "E", "n")

LABELS = {
    **{name: name for name in CLASSES},
    **{name[0]: name for name in CLASSES[:5]},
    "tbqq": "top",
    "wqq": "w",
    "zqq": "z",
}
"""The class marked by a column ``label_NAME``, by ``NAME`` in lower case."""

SIGNAL = {"is_signal_new": {"top": 1.0, "qcd": 0.0}}
"""Published columns with one label: the value of each class."""

SET = "set"
"""Key of the map for the columns that number the sets of a table with one item per row."""

TREE = "tree"
"""Key of the map for the tree or RNTuple that is read of several in a ROOT file."""


class Mark(NamedTuple):
    """The column and value that mark the jets of a class."""

    column: str
    value: float


@dataclass(frozen=True)
class JetColumns:
    """The columns of all quantities of jets and particles.

    Args:
        particles: column of each quantity of the particles: one of :data:`MOMENTA`, and ``E``,
            ``mass`` and ``mask`` if available.
        jets: column of each quantity of the jets.
        classes: mark of the jets of each type index; empty without labels.
        type: column of type indices, instead of ``classes``.
        weight: column of event weights.
        scale: GeV per unit of the momenta.
    """

    particles: Mapping[str, str]
    jets: Mapping[str, str] = field(default_factory=dict)
    classes: Mapping[int, Mark] = field(default_factory=dict)
    type: str | None = None
    weight: str | None = None
    scale: float = 1.0

    @property
    def used(self) -> set[str]:
        """The names of all these columns."""
        single = {name for name in (self.type, self.weight) if name is not None}
        marks = {mark.column for mark in self.classes.values()}
        return {*self.particles.values(), *self.jets.values(), *marks, *single}


def recognise(
    columns: Sequence[Column],
    chosen: Mapping[str, str],
    where: object = "table",
    texts: Sequence[str] = (),
) -> JetColumns | None:
    """Find the columns with the momenta of particles, and those of their jets.

    Args:
        columns: the columns of one container.
        chosen: quantities and their columns from the map of the user: particles ``px``, ``py``,
            ``pz``, ``E``, ``pt``, ``eta``, ``y`` (rapidity), ``phi``, ``mass``, ``etarel``,
            ``phirel``, ``ptrel``, ``mask``; jets ``jet_pt``, ...; ``weight``; ``type``; the name of
            a class (``top=label_Tbqq``, ``gluon=label:21``, ``gluon=flavour:g``); ``unit``
            (``MeV``). The keys ``set`` (:mod:`~jetgen.datasets.formats.grouped_table`) and
            ``tree`` (:mod:`~jetgen.datasets.formats.root_table`) are used before.
        where: the file, for messages.
        texts: the columns of words, which may be labels of classes.

    Returns:
        The mapping, or None if no columns have names of particle momenta.

    Raises:
        InputError: when several collections may be the particles, or the map does not match.
    """
    _check(columns, chosen, where, texts)
    roles = set(SYNONYMS) - {"n"}
    particles = {role: name for role, name in chosen.items() if role in roles}
    lists = [column for column in columns if column.items]
    if particles:
        _require_momenta(particles, lists, where)
    else:
        found = collections(lists)
        if not found:
            if chosen:
                raise InputError(f"{where}: {nearest(columns)}")
            return None
        if len(found) > 1:
            shown = " or ".join(suggestion(each) for each in found.values())
            raise InputError(
                f"{where}: expected the momenta of one collection of particles, received those "
                f"of {', '.join(found)}; choose one: {shown}"
            )
        (particles,) = found.values()
    single = [column for column in columns if not column.items]
    jets = _jets(single) | {
        role[4:]: name for role, name in chosen.items() if role.startswith("jet_")
    }
    classes = {
        class_index(role): _mark(name, single, texts)
        for role, name in chosen.items()
        if role in CLASSES
    }
    kind = chosen.get("type")
    if not classes and kind is None:
        classes = _labels(single)
        names = [c.name for c in single if c.name in ("type", "jet_type")]
        kind = None if classes or len(names) != 1 else names[0]
    weight = chosen.get("weight", next((c.name for c in single if c.name == "weight"), None))
    scale = _scale(particles, columns, chosen.get("unit"), where)
    return JetColumns(particles, jets, classes, kind, weight, scale)


def suggestion(particles: Mapping[str, str]) -> str:
    """The option that maps these columns, for messages."""
    return f"map={dict(particles)}"


def nearest(columns: Iterable[Column], likely: Mapping[str, str] | None = None) -> str:
    """Message for a file whose columns of momenta are not recognised.

    Args:
        columns: the columns of the file.
        likely: a map that the numbers suggest (default: the first lists as pt, eta, phi).
    """
    lists = [column.name for column in columns if column.items]
    others = [column.name for column in columns if not column.items]
    if len(lists) >= 3:
        example = suggestion(likely or dict(zip(MOMENTA[1], lists, strict=False)))
        return (
            f"expected columns that name the momenta of particles, received {some(lists)}; "
            f"specify them, such as {example}"
        )
    return (
        "expected columns with a list of numbers per jet for the momenta of its particles, "
        f"received {some([*lists, *others])}"
    )


def _jets(single: Sequence[Column]) -> dict[str, str]:
    """The columns of the jets themselves."""
    named: dict[str, dict[str, str]] = defaultdict(dict)
    for column in single:
        collection, role = split_name(column.name)
        if role in JET_ROLES:
            named[collection].setdefault(role, column.name)
    for word in JET_WORDS:
        for collection in sorted(named, key=len):
            last = re.split(r"[_./: ]", collection.lower())[-1]
            if last == word and "pt" in named[collection]:
                return named[collection]
    return {}


def _labels(single: Sequence[Column]) -> dict[int, Mark]:
    """The marks of classes, in columns with published names."""
    marked = {}
    for column in single:
        for name, value in SIGNAL.get(column.name, {}).items():
            marked[class_index(name)] = Mark(column.name, value)
    if marked:
        return marked
    labels = [c.name for c in single if c.name.lower().startswith("label_")]
    names = [name[len("label_") :].lower() for name in labels]
    if len(labels) < 2 or not all(name in LABELS for name in names):
        return {}
    return {
        class_index(LABELS[name]): Mark(label, 1.0)
        for name, label in zip(names, labels, strict=True)
    }


def _mark(text: str, single: Sequence[Column], texts: Sequence[str]) -> Mark:
    if any(column.name == text for column in single):
        return Mark(text, 1.0)
    word = _word(text, texts)
    if word is not None:
        return Mark(category_column(*word), 1.0)
    name, _, value = text.rpartition(":")
    return Mark(name, float(value))


def _word(text: str, texts: Sequence[str]) -> tuple[str, str] | None:
    """Column and word of ``flavour:gluon``, where the column is one of ``texts``."""
    return next(
        ((name, text[len(name) + 1 :]) for name in texts if text.startswith(f"{name}:")), None
    )


def _scale(
    particles: Mapping[str, str], columns: Sequence[Column], unit: str | None, where: object
) -> float:
    """GeV per unit of the momenta.

    Raises:
        InputError: for a unit that is not one of energy, or columns with different units.
    """
    if "ptrel" in particles:
        return 1.0
    energies = {particles[role] for role in ("px", "py", "pz", "pt", "E") if role in particles}
    stated = {c.unit.removesuffix("/c") for c in columns if c.name in energies}
    units = {unit} if unit else stated - {""} or {""}
    known = [name for name in units if name in GEV]
    if len(known) != 1 or len(units) != 1:
        raise InputError(
            f"{where}: expected momenta in one unit of {', '.join(filter(None, GEV))}, received "
            f"{', '.join(sorted(units))}; specify it, such as {suggestion({'unit': 'MeV'})}"
        )
    return GEV[known[0]]


def _require_momenta(particles: Mapping[str, str], lists: Sequence[Column], where: object) -> None:
    if not any(all(role in particles for role in momenta) for momenta in MOMENTA):
        choices = "; ".join(", ".join(momenta) for momenta in MOMENTA)
        raise InputError(
            f"{where}: expected a map of the momenta of particles ({choices}), received "
            f"{', '.join(particles)}"
        )
    names = {column.name for column in lists}
    for role, name in particles.items():
        if name not in names:
            raise InputError(
                f"{where}: expected a column with a list of numbers per jet for {role}, received "
                f"{name}, which holds one number"
            )


def _check(
    columns: Sequence[Column], chosen: Mapping[str, str], where: object, texts: Sequence[str]
) -> None:
    """Check that the map contains known quantities and existing columns."""
    known = [*(role for role in SYNONYMS if role != "n"), *(f"jet_{role}" for role in JET_ROLES)]
    known += ["weight", "type", "unit", SET, TREE]
    names = {column.name for column in columns}
    for role, name in chosen.items():
        if role not in (*known, *CLASSES):
            raise InputError(
                f"map: expected names among {some(known)} or a class of jets, received "
                f"{role!r}{did_you_mean(role, known)}"
            )
        if role == "unit" or name in names or (role in CLASSES and _word(name, texts)):
            continue
        column, _, value = name.rpartition(":")
        marks = role in CLASSES and column in names and re.fullmatch(r"-?\d+(\.\d+)?", value)
        if not marks:
            raise InputError(
                f"{where}: expected a column {name!r} for {role}, received the columns "
                f"{some(sorted(names))}{did_you_mean(name, names)}"
            )
