"""Substructure and polynomials of jets before their comparison, here or on a cluster."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from jetgen.datasets.dask_cluster import by_dask
from jetgen.datasets.kept_clouds import arrays_of, cloud_of
from jetgen.evaluation.checks import ComparisonInput
from jetgen.files.chunks import Arrays
from jetgen.memory import release_memory
from jetgen.physics.observables import MeasuredSets
from jetgen.physics.substructure import with_substructure

_POLYNOMIALS = "polynomials"


def complete_jets(checked: ComparisonInput, dask: str | None = None) -> ComparisonInput:
    """The same jets with substructure and energy-flow polynomials, each measured once.

    Further real jets for the floor are left as they are: not all of them are needed.

    Args:
        checked: the jets.
        dask: cluster that measures them, as :func:`jetgen.datasets.dask_cluster.by_dask` takes it.

    Raises:
        InputError, ChildProcessError: as :func:`jetgen.datasets.dask_cluster.by_dask`.
    """

    def complete(jets: MeasuredSets) -> MeasuredSets:
        if dask is not None:
            return _by_dask(jets, dask)
        found = with_substructure(jets)
        found.polynomials  # noqa: B018  (computed when first used, and kept)
        return found

    real = complete(checked.real)
    samples = {name: complete(jets) for name, jets in checked.samples.items()}
    release_memory()
    pool = real if checked.pool is checked.real else checked.pool
    return replace(checked, real=real, samples=samples, pool=pool)


def _by_dask(jets: MeasuredSets, dask: str) -> MeasuredSets:
    pieces = (
        (arrays_of(piece.relative), {n: v.numpy() for n, v in piece.observables.items()})
        for piece in jets.pieces()
    )
    parts = list(by_dask(_completed, pieces, dask))
    found = {name: torch.from_numpy(np.concatenate([p[name] for p in parts])) for name in parts[0]}
    return jets.with_polynomials(found.pop(_POLYNOMIALS)).with_observables(found)


def _completed(piece: tuple[Arrays, Arrays]) -> Arrays:
    """The observables and polynomials of some jets, in a worker."""
    cloud, known = piece
    sets = MeasuredSets(cloud_of(cloud), {n: torch.from_numpy(v) for n, v in known.items()})
    found = with_substructure(sets)
    new = {name: v.numpy() for name, v in found.observables.items() if name not in known}
    return {**new, _POLYNOMIALS: found.polynomials.numpy()}
