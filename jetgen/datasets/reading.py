"""Reading jets from files of any supported format, at once or in chunks of bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Unpack

from jetgen.cloud import ParticleCloud
from jetgen.datasets.detection import Paths
from jetgen.datasets.selection import ReadOptions, Selection


def read(paths: Paths, **options: Unpack[ReadOptions]) -> ParticleCloud:
    """Read the jets of one or several files, with the features of the files.

    Args:
        paths: files, folders or glob patterns.
        jet_type: keep only this class (``gluon`` or ``g``, ...); for a JetNet file without a
            published name, the class of its jets.
        jets: keep at most this number of jets, drawn at random from each file in proportion to its
            size, in the order of the files.
        particles: keep at most this number of particles per jet, those with the largest pT.
        columns: keep only these features, in this order; by default all columns of a table except
            the conditions. With columns of the jets themselves (``pt``, ``eta``, ``phi``, ``mass``,
            ...) every jet becomes a set of one item with these features.
        classes: classes of the sets by conditions, ``NAME: CONDITION`` each; the number of the
            first that a set meets, from 0 on, is its condition ``type``; sets of none are left out.
        conditions: columns of a table that are conditions instead of features.
        map: the columns of a table that contain the momenta of the particles, if their names are
            not recognised: ``{"px": "part_px", "py": "part_py", "pz": "part_pz", "unit": "MeV"}``.
        allow: names of anomalies to accept: ``mask``, ``negative-pt`` and ``energy``, which
            otherwise raise an error, and ``holes``, ``mass-shell``, ``num-particles``, ``jet-mass``
            and ``jet-pt``, which otherwise give a warning.
        select: keep only sets that meet this condition on columns or observables, such as
            ``mass > 150`` or ``'ne(m-3)' > 5`` (:class:`jetgen.physics.region.Region`).
        drop_missing: keep only sets without NaN in the features and ``conditions`` that are read,
            which otherwise raises an error. Both warn of the number of sets left out.
        seed: seed for the draw of ``jets``, by default 1.
        first: keep the first jets of each file instead, and read only these.

    Returns:
        Particles as ``px, py, pz[, E]`` in GeV or ``etarel, phirel, ptrel``; conditions ``pt``
        [GeV], ``eta``, ``phi`` [rad] (not in JetNet files), ``mass`` [GeV] of the jet from the
        file, ``num_particles`` (after the selection) and ``type`` (-1 if unknown).

    Raises:
        InputError: when a file is damaged or has an unknown format, when files do not match each
            other, when particles contain NaN, when event weights are negative, NaN or all zero, or
            when there are no jets of this class.
    """
    return Selection(paths, **options).all()


def iter_chunks(
    paths: Paths, chunk: int = 10_000, **options: Unpack[ReadOptions]
) -> Iterator[ParticleCloud]:
    """The jets of :func:`read` in clouds of ``chunk`` jets (fewer in the last)."""
    return Selection(paths, **options).chunks(chunk)
