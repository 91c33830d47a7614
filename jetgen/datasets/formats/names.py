"""What the name of a column says: a collection and a quantity, an index, or event weights.

Physicists name the same columns in many ways: ``part_px``, ``Jet_constituents_pt``, ``Cand_pt``,
``particles.E``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

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

INDEX = re.compile(
    r"i?(event|evt|entry|jet|fatjet|fj|set|collision|shower)(id|index|idx|number|num|no|nr)?"
)
"""Names, in lower case and without separators, of columns that number jets or events."""


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


def unique_names(names: Iterable[str]) -> list[str]:
    """The names, with numbers at repeated ones.

    >>> unique_names(["a", "b", "a", "a.1"])
    ['a', 'b', 'a.1', 'a.1.1']
    """
    found: dict[str, None] = {}
    for name in names:
        number, own = 0, name
        while own in found:
            number += 1
            own = f"{name}.{number}"
        found[own] = None
    return list(found)


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


def collections(lists: Iterable[Column]) -> dict[str, dict[str, str]]:
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


def standard_names(names: Sequence[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Standard names of the momenta among some names, and momenta that others are nearly named as.

    >>> standard_names(["part_px", "part_py", "part_pz", "charge"])
    ({'part_px': 'px', 'part_py': 'py', 'part_pz': 'pz'}, ())
    >>> standard_names(["p_x", "p_y", "p_z"])
    ({}, ('px', 'py', 'pz'))
    """
    found = collections(Column(name, True) for name in names)
    if len(found) == 1:
        (roles,) = found.values()
        return {name: role for role, name in roles.items()}, ()
    bare = {re.sub(r"[_./: -]", "", name).lower() for name in names}
    meant = [momenta for momenta in MOMENTA if bare >= set(momenta)] if not found else []
    return {}, meant[0] if meant else ()
