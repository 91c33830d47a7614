"""Clustering of particles with FastJet, all jets in one call.

Source:
    FastJet user manual (Cacciari, Salam, Soyez, 2011), arXiv:1111.6097.
"""

from __future__ import annotations

import threading
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from jetgen.files.silence import silent

_ONE_AT_A_TIME = threading.Lock()
"""Standard output and the filters of warnings are those of the whole process."""

LARGEST_RADIUS = 1000.0
"""A radius that merges all particles: the largest that FastJet allows."""


def packed(momenta: NDArray[np.float64], offsets: NDArray[np.int64]) -> Any:
    """A ragged array of four-momenta in the form that FastJet expects.

    Args:
        momenta: ``(4, M)`` = px, py, pz, E, the particles of one set after those of another.
        offsets: ``(B + 1,)`` the first index of each set, followed by ``M``.
    """
    import awkward as ak

    record = ak.contents.RecordArray(
        [ak.contents.NumpyArray(row) for row in momenta],
        ["px", "py", "pz", "E"],
        parameters={"__record__": "Momentum4D"},
    )
    return ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(offsets), record))


def packed_tensor(p4: Tensor, present: Tensor) -> Any:
    """:func:`packed` for four-momenta ``(B, N, 4)`` with the mask ``present`` ``(B, N)``."""
    rows = p4[present].detach().cpu().double().numpy()
    offsets = np.concatenate([[0], present.sum(1).cumsum(0).cpu().numpy()]).astype(np.int64)
    return packed(np.ascontiguousarray(rows.T), offsets)


def cluster_sequence(particles: Any, definition: Any) -> Any:
    """FastJet's clustering of :func:`packed` particles; its banner is not printed."""
    import fastjet

    with _ONE_AT_A_TIME, silent():
        return fastjet.ClusterSequence(particles, definition)


def exclusive_subjets(sequence: Any, most: int) -> Any:
    """The at most ``most`` exclusive subjets of each set; fewer if it has fewer particles.

    FastJet's Python layer always warns here and changes the format of all later warnings; both
    effects are suppressed.
    """
    with _ONE_AT_A_TIME:
        shown = warnings.formatwarning
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="dcut and exclusive jets")
            found = sequence.exclusive_jets_up_to(most)
        warnings.formatwarning = shown
    return found
