"""Particles clustered by FastJet: packed once, all jets in one call.

Source:
    FastJet user manual (Cacciari, Salam, Soyez, 2011), arXiv:1111.6097.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from jetgen.files.silence import silent

WHOLE = 1000.0
"""A radius that merges whatever there is: the largest that FastJet allows."""


def packed(momenta: NDArray[np.float64], offsets: NDArray[np.int64]) -> Any:
    """A ragged array of four-momenta as FastJet takes it.

    Args:
        momenta: ``(4, M)`` = px, py, pz, E, set after set.
        offsets: ``(B + 1,)`` where each set starts, and ``M``.
    """
    import awkward as ak

    record = ak.contents.RecordArray(
        [ak.contents.NumpyArray(row) for row in momenta],
        ["px", "py", "pz", "E"],
        parameters={"__record__": "Momentum4D"},
    )
    return ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(offsets), record))


def packed_tensor(p4: Tensor, present: Tensor) -> Any:
    """The four-momenta ``(B, N, 4)`` that are ``present`` ``(B, N)``, as :func:`packed`."""
    rows = p4[present].detach().cpu().double().numpy()
    offsets = np.concatenate([[0], present.sum(1).cumsum(0).cpu().numpy()]).astype(np.int64)
    return packed(np.ascontiguousarray(rows.T), offsets)


def cluster_sequence(particles: Any, definition: Any) -> Any:
    """FastJet's clustering of :func:`packed` particles, without its banner."""
    import fastjet

    with silent():
        return fastjet.ClusterSequence(particles, definition)


def exclusive_subjets(sequence: Any, most: int) -> Any:
    """The ``most`` exclusive subjets of each set, or as many as it has particles.

    FastJet's Python layer warns here whatever the algorithm, and replaces the format of all
    warnings when it does; neither is let through.
    """
    shown = warnings.formatwarning
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="dcut and exclusive jets")
        found = sequence.exclusive_jets_up_to(most)
    warnings.formatwarning = shown
    return found
