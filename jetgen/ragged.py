"""Sets of particles as ragged awkward arrays, whose records have the methods of vector."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from jetgen import kinematics

VECTORS = tuple(
    {*first, *last}
    for first in (("px", "py", "pz"), ("pt", "eta", "phi"))
    for last in (("E",), ("mass",))
)
"""Names of coordinates that make a record a Momentum4D of vector, which takes no others beside."""


def ragged(
    particles: Tensor,
    names: Sequence[str],
    counts: Tensor,
    *,
    momenta: Tensor | None,
    sums: Tensor | None,
    conditions: Mapping[str, Tensor],
    weights: Tensor,
) -> Any:
    """An awkward array with one record per set, as ``ParticleCloud.to_awkward`` describes it.

    Args:
        particles: ``(M, F)`` the particles of all sets, one set after the other.
        names: of the ``F`` features.
        counts: ``(B,)`` number of particles of each set.
        momenta: ``(M, 4)`` their ``px, py, pz, E``, if the features are momenta.
        sums: ``(B, 4)`` the same of the sets.
        conditions: ``(B,)`` the values of each condition.
        weights: ``(B,)`` event weights.
    """
    import awkward as ak
    from vector.backends.awkward import behavior

    fields = {name: particles[:, i].numpy() for i, name in enumerate(names)}
    jets: dict[str, Any] = {}
    if momenta is not None and sums is not None:
        if "E" in fields:
            fields["E"] = momenta[:, 3].numpy()
        if "pt" in fields and "y" in fields:  # to vector y is a Cartesian coordinate
            fields = {"rapidity" if name == "y" else name: v for name, v in fields.items()}
        fields |= _missing(fields, momenta)
        jets = {name: _contiguous(sums[:, i]) for i, name in enumerate(("px", "py", "pz", "E"))}
    columns = {
        name: ak.unflatten(np.ascontiguousarray(values), counts.numpy())
        for name, values in fields.items()
    }
    beside = {name: _contiguous(values) for name, values in conditions.items()}
    return ak.zip(
        {
            "particles": ak.zip(columns, with_name=_vector_name(fields)),
            "conditions": ak.zip(beside) if beside else ak.Array([{}] * len(counts)),
            "weights": weights.numpy(),
            **jets,
        },
        depth_limit=1,
        with_name="Momentum4D" if jets else None,
        behavior=behavior,
    )


def _contiguous(values: Tensor) -> NDArray[Any]:
    return np.ascontiguousarray(values.numpy())


def _vector_name(fields: Collection[str]) -> str | None:
    known = set(fields) & {name for names in VECTORS for name in names}
    return "Momentum4D" if known in VECTORS else None


def _missing(fields: Collection[str], momenta: Tensor) -> dict[str, NDArray[Any]]:
    """The fields that vector's Momentum4D needs beside those that are there."""
    added = {}
    if not {"px", "py", "pz"} <= set(fields):
        kinds = (kinematics.pt, kinematics.eta, kinematics.phi)
        added = {kind.__name__: kind(momenta).numpy() for kind in kinds}
    if not {"E", "mass"} & set(fields):
        added["mass"] = np.zeros(len(momenta))
    return {name: values for name, values in added.items() if name not in fields}
