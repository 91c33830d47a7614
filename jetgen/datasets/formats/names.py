"""Recognition of columns by name: momenta of particles and jets, labels and weights.

Physicists name the same columns in many ways: ``part_px``, ``Jet_constituents_pt``, ``Cand_pt``,
``particles.E``. :func:`recognise` finds the momenta among them if they are unambiguous; otherwise
the user passes a map ``{"px": "part_px", ...}``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from jetgen.errors import InputError, did_you_mean, some
from jetgen.kinematics import GEV
from jetgen.physics.classes import CLASSES, class_index

MOMENTA = (
    ("px", "py", "pz"),
    ("pt", "eta", "phi"),
    ("pt", "y", "phi"),
    ("etarel", "phirel", "ptrel"),
)
"""Sets of columns that determine massless particles, in order of preference."""

SYNONYMS = {
    "px": ("px", "momentumx"),
    "py": ("py", "momentumy"),
    "pz": ("pz", "momentumz"),
    "E": ("e", "energy", "en", "ene"),
    "pt": ("pt", "ptgev"),
    "eta": ("eta", "pseudorapidity"),
    "y": ("y", "rapidity", "rap"),
    "phi": ("phi", "azimuth"),
    "mass": ("mass", "m"),
    "etarel": ("etarel", "deta", "deltaeta", "eta_rel", "relative_eta"),
    "phirel": ("phirel", "dphi", "deltaphi", "phi_rel", "relative_phi"),
    "ptrel": ("ptrel", "pt_rel", "relative_pt"),
    "mask": ("mask", "valid"),
    "n": ("nparticles", "num_particles", "n_particles", "multiplicity", "nconstituents"),
}
"""Each quantity, and the lower-case endings of column names for it."""

COLLECTION = re.compile(
    r"(jets?|parts?|particles?|const(it)?s?|constituents?|cands?|pfcands?|candidates?|tracks?|"
    r"trk|pfo?s?|towers?|clusters?)",
    re.IGNORECASE,
)
"""Words for collections, after which a quantity may follow without a separator (``jetpt``)."""

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

INDEX = re.compile(
    r"i?(event|evt|entry|jet|fatjet|fj|set|collision|shower)(id|index|idx|number|num|no|nr)?"
)
"""Names, in lower case and without separators, of columns that number jets or events."""

SET = "set"
"""Key of the map for the columns that number the sets of a table with one item per row."""

FEWEST_NUMBERED = 5
"""Smallest number of columns ``px_0, px_1, ...`` that are combined to particles of a jet."""

NUMBERED = re.compile(r"(?P<before>\D*|.*\D)(?P<number>\d+)(?P<after>\D*)")
"""Names with a number that may be that of a particle: ``px_0``, ``p0_px``, ``part.0.px``."""


class Column(NamedTuple):
    """One column of a container.

    Args:
        name: its name, unique in the container.
        items: whether a row contains a list of numbers, one per particle, instead of one number.
        unit: its unit, if the container gives one.
        length: length of the lists if all have the same length and may be padded, otherwise 0.
        members: names of the numbered columns that it is combined from.
    """

    name: str
    items: bool
    unit: str = ""
    length: int = 0
    members: tuple[str, ...] = ()


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


def split_name(name: str) -> tuple[str, str | None]:
    """Split the name of a column into collection and quantity.

    >>> split_name("Jet_constituents_pt"), split_name("partPx"), split_name("jet_tau21")
    (('Jet_constituents', 'pt'), ('part', 'px'), ('jet_tau21', None))
    """
    found: tuple[str, str | None] = name, None
    longest = 0
    for role, endings in SYNONYMS.items():
        for ending in endings:
            head, tail = name[: -len(ending)], name[-len(ending) :]
            if len(ending) > longest and tail.lower() == ending and _separate(head, tail):
                found, longest = (head.rstrip("_./:- "), role), len(ending)
    return found


def _separate(head: str, tail: str) -> bool:
    """Whether a name may be split here: at a separator, a capital letter, or after a collection."""
    if not head or head[-1] in "_./:- ":
        return True
    camel = head[-1].islower() and tail[0].isupper()
    return camel or bool(len(tail) > 1 and COLLECTION.fullmatch(head))


def is_index(name: str) -> bool:
    """Whether a column of this name numbers jets or events.

    >>> is_index("jet_id"), is_index("eventNumber"), is_index("jet_pt")
    (True, True, False)
    """
    return INDEX.fullmatch(re.sub(r"[_./: -]", "", name).lower()) is not None


def is_weight(name: str) -> bool:
    """Whether a column of this name may contain event weights.

    >>> is_weight("jets.weight"), is_weight("mc_event_weights"), is_weight("height")
    (True, True, False)
    """
    return re.search(r"(^|[_./: -])(w|wgt|wt|weights?)$", name, re.IGNORECASE) is not None


def standard_names(names: Sequence[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Standard names of the momenta among some names, and momenta that others are nearly named as.

    >>> standard_names(["part_px", "part_py", "part_pz", "charge"])
    ({'part_px': 'px', 'part_py': 'py', 'part_pz': 'pz'}, ())
    >>> standard_names(["p_x", "p_y", "p_z"])
    ({}, ('px', 'py', 'pz'))
    """
    found = _collections(Column(name, True) for name in names)
    if len(found) == 1:
        (roles,) = found.values()
        return {name: role for role, name in roles.items()}, ()
    bare = {re.sub(r"[_./: -]", "", name).lower() for name in names}
    meant = [momenta for momenta in MOMENTA if bare >= set(momenta)] if not found else []
    return {}, meant[0] if meant else ()


def numbered(columns: Sequence[Column]) -> list[Column]:
    """The columns, with numbered columns combined to lists: ``px_0, px_1, ...`` to ``px``.

    The number is at the end or before the quantity (``p0_px``, ``part.0.px`` and ``p0px`` become
    ``p_px`` and ``part_px``). Columns are combined if they contain the momenta of at least five
    particles.
    """
    own = {column.name for column in columns}
    series: dict[str, dict[int, str]] = defaultdict(dict)
    for column in columns:
        found = NUMBERED.fullmatch(column.name)
        if found and not column.items:
            parts = found["before"].rstrip("_."), found["after"].lstrip("_.")
            stem = "_".join(filter(None, parts))
            if stem not in own and split_name(stem)[1] is not None:
                series[stem][int(found["number"])] = column.name
    lists = []
    for stem, by_number in series.items():
        first = min(by_number)
        whole = sorted(by_number) == list(range(first, first + len(by_number))) and first < 2
        if whole and len(by_number) >= FEWEST_NUMBERED:
            members = tuple(by_number[k] for k in sorted(by_number))
            unit = next(c.unit for c in columns if c.name == members[0])
            lists.append(Column(stem, True, unit, len(members), members))
    if not _collections(lists):
        return list(columns)
    merged = {name for column in lists for name in column.members}
    return [*lists, *(column for column in columns if column.name not in merged)]


def recognise(
    columns: Sequence[Column], chosen: Mapping[str, str], where: object = "table"
) -> JetColumns | None:
    """Find the columns with the momenta of particles, and those of their jets.

    Args:
        columns: the columns of one container.
        chosen: quantities and their columns from the map of the user: particles ``px``, ``py``,
            ``pz``, ``E``, ``pt``, ``eta``, ``y`` (rapidity), ``phi``, ``mass``, ``etarel``,
            ``phirel``, ``ptrel``, ``mask``; jets ``jet_pt``, ...; ``weight``; ``type``; the name of
            a class (``top=label_Tbqq``, ``gluon=label:21``); ``unit`` (``MeV``). The key ``set``
            is used before (:mod:`jetgen.datasets.formats.grouped_table`).
        where: the file, for messages.

    Returns:
        The mapping, or None if no columns have names of particle momenta.

    Raises:
        InputError: when several collections may be the particles, or the map does not match.
    """
    _check(columns, chosen, where)
    roles = set(SYNONYMS) - {"n"}
    particles = {role: name for role, name in chosen.items() if role in roles}
    lists = [column for column in columns if column.items]
    if particles:
        _require_momenta(particles, lists, where)
    else:
        collections = _collections(lists)
        if not collections:
            if chosen:
                raise InputError(f"{where}: {nearest(columns)}")
            return None
        if len(collections) > 1:
            shown = " or ".join(suggestion(found) for found in collections.values())
            raise InputError(
                f"{where}: expected the momenta of one collection of particles, received those "
                f"of {', '.join(collections)}; choose one: {shown}"
            )
        (particles,) = collections.values()
    single = [column for column in columns if not column.items]
    jets = _jets(single) | {
        role[4:]: name for role, name in chosen.items() if role.startswith("jet_")
    }
    classes = {
        class_index(role): _mark(name, single) for role, name in chosen.items() if role in CLASSES
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


def nearest(columns: Iterable[Column]) -> str:
    """Message for a file whose columns of momenta are not recognised."""
    lists = [column.name for column in columns if column.items]
    others = [column.name for column in columns if not column.items]
    if len(lists) >= 3:
        example = suggestion(dict(zip(MOMENTA[1], lists, strict=False)))
        return (
            f"expected columns that name the momenta of particles, received {some(lists)}; "
            f"specify them, such as {example}"
        )
    return (
        "expected columns with a list of numbers per jet for the momenta of its particles, "
        f"received {some([*lists, *others])}"
    )


def _collections(lists: Iterable[Column]) -> dict[str, dict[str, str]]:
    """The momenta of each collection of particles with complete momenta."""
    named: dict[str, dict[str, str]] = defaultdict(dict)
    for column in lists:
        collection, role = split_name(column.name)
        if role is not None and role != "n":
            named[collection].setdefault(role, column.name)
    found = {}
    for collection, roles in named.items():
        for momenta in MOMENTA:
            if all(role in roles for role in momenta):
                more = () if "ptrel" in momenta else ("E", "mass")
                kept = (*momenta, *more[: 1 if "E" in roles else 2], "mask")
                found[collection] = {role: roles[role] for role in kept if role in roles}
                break
    absolute = {name: roles for name, roles in found.items() if "ptrel" not in roles}
    return absolute or found


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


def _mark(text: str, single: Sequence[Column]) -> Mark:
    if any(column.name == text for column in single):
        return Mark(text, 1.0)
    name, _, value = text.rpartition(":")
    return Mark(name, float(value))


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


def _check(columns: Sequence[Column], chosen: Mapping[str, str], where: object) -> None:
    """Check that the map contains known quantities and existing columns."""
    known = [*(role for role in SYNONYMS if role != "n"), *(f"jet_{role}" for role in JET_ROLES)]
    known += ["weight", "type", "unit", SET]
    names = {column.name for column in columns}
    for role, name in chosen.items():
        if role not in (*known, *CLASSES):
            raise InputError(
                f"map: expected names among {some(known)} or a class of jets, received "
                f"{role!r}{did_you_mean(role, known)}"
            )
        if role == "unit" or name in names:
            continue
        column, _, value = name.rpartition(":")
        marks = role in CLASSES and column in names and re.fullmatch(r"-?\d+(\.\d+)?", value)
        if not marks:
            raise InputError(
                f"{where}: expected a column {name!r} for {role}, received the columns "
                f"{some(sorted(names))}{did_you_mean(name, names)}"
            )
