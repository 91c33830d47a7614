"""``jetgen cluster``: clustering of the particles of published collisions to di-jet events."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jetgen.cloud import ParticleCloud
from jetgen.config.cluster import ClusterConfig
from jetgen.config.resuming import described
from jetgen.datasets.detection import detect, open_source
from jetgen.datasets.formats.cloud_hdf5 import CloudWriter
from jetgen.datasets.formats.hdf5_writing import Attribute
from jetgen.datasets.formats.lhco_hdf5 import LHCO_HDF5
from jetgen.datasets.mapping import mapped
from jetgen.datasets.parallel import deferred_interrupt
from jetgen.datasets.simulation.clouds import TYPE, Sets
from jetgen.datasets.simulation.collisions import Events
from jetgen.datasets.simulation.dijets import DijetCuts, dijets
from jetgen.errors import InputError
from jetgen.files.chunks import Arrays, kept_chunks, may_replace
from jetgen.files.progress import counted
from jetgen.files.whole import as_path, sha256
from jetgen.physics.fourvectors import massless

CHUNK = 500
"""Number of events per chunk of a worker, about 10 MB of particles."""


class Clustered(NamedTuple):
    """Summary of the written file."""

    path: Path
    events: int
    kept: int
    interrupted: bool


@dataclass(frozen=True)
class ClusteredChunk:
    """The di-jets of a chunk of events; its length is the number of events in the chunk."""

    events: int
    sets: Sets

    def __len__(self) -> int:
        return self.events


def cluster_events(config: ClusterConfig) -> Clustered:
    """Write the di-jets of a file of events, in the order of the file, with a progress bar.

    Ctrl-C stops early: the file then contains the di-jets so far and the attribute ``interrupted``,
    and ``resume`` goes on from there.

    Raises:
        InputError: when the input is not a file of events or is damaged, no event passes the cuts,
            the output exists, or there are chunks of another unfinished output, or of this one
            without ``resume``.
        ChildProcessError: when a worker process dies.
        KeyboardInterrupt: on Ctrl-C before the first di-jet.
    """
    path = as_path(config.input, "input")
    form = detect(path)
    if form is not LHCO_HDF5:
        raise InputError(
            f"{path}: expected events ({LHCO_HDF5.description}), received {form.name}, which "
            "contains no particles of events"
        )
    held = len(open_source(path))
    events = held if config.events is None else min(config.events, held)
    cuts = DijetCuts(
        config.radius, config.jet_pt_min, math.inf, config.jet_eta_max, tau21=config.tau21
    )
    writer = CloudWriter(
        config.output,
        cuts.features,
        (TYPE,),
        slots=2,
        attributes=_attributes(config),
        overwrite=may_replace(config.output, resume=config.resume, overwrite=config.overwrite),
    )
    done = 0
    with (
        deferred_interrupt() as stop,
        kept_chunks(
            writer.path, writer.attributes, resume=config.resume, overwrite=config.overwrite
        ) as chunks,
    ):
        writer.attributes = chunks.attributes

        def arrays_from(first: int) -> Iterator[Arrays]:
            ends = [*range(0, events, CHUNK), events]
            made = mapped(
                partial(clustered_chunks, path.resolve(), cuts, ends),
                [end - start for start, end in pairwise(ends)],
                first,
                workers=config.workers,
                dask=config.dask,
                stop=stop,
            )
            return map(_arrays_of, made)

        with writer, counted("cluster", events, "events") as advance:
            for arrays in chunks.stream(arrays_from):
                found = Sets(cuts.features, arrays["items"], arrays["types"], arrays["weights"])
                if len(found):
                    writer.append(found.to_cloud())
                done += int(arrays["events"])
                advance(int(arrays["events"]))
            chunks.finished = done == events
            writer.attributes |= {"events": done, "interrupted": int(done < events)}
            if not writer.jets and done < events:
                raise KeyboardInterrupt
            if not writer.jets:
                chunks.remove()
                raise InputError(
                    f"{path}: expected events with a leading jet above {config.jet_pt_min:g} GeV "
                    f"and two jets within |eta| < {config.jet_eta_max:g}, received none among "
                    f"{events:,}; lower `jet_pt_min`"
                )
    return Clustered(writer.path, done, writer.jets, done < events)


def _arrays_of(chunk: ClusteredChunk) -> Arrays:
    sets = chunk.sets
    numbers = {"items": sets.items, "types": sets.types, "weights": sets.weights}
    return {**numbers, "events": np.array(chunk.events)}


def clustered_chunks(
    path: Path, cuts: DijetCuts, ends: list[int], numbers: range
) -> Iterator[ClusteredChunk]:
    """The di-jets of chunks of a file; chunk k holds the events ``ends[k]`` to ``ends[k + 1] - 1``.

    Raises:
        InputError: when a particle's numbers are not finite.
    """
    source = open_source(path)
    for start, stop in ((ends[number], ends[number + 1]) for number in numbers):
        cloud = source.read(start, stop)
        sound = cloud.particles.isfinite().all(2) & (cloud.particles[..., 0] >= 0)
        bad = ~sound.all(1)
        if bool(bad.any()):
            raise InputError(
                f"{path}: expected finite pt, eta and phi and no negative pt, received others in "
                f"event {start + int(bad.nonzero()[0])}"
            )
        types = cloud.condition("type").numpy().astype(np.int64)
        yield ClusteredChunk(len(cloud), dijets(particles(cloud), types, cuts))


def particles(cloud: ParticleCloud) -> Events:
    """Massless particles of ``pt, eta, phi`` as flat arrays, in double precision."""
    double = cloud.particles[cloud.mask].double()  # (sum n, 3)
    momenta = massless(*double.unbind(1)).T.contiguous().numpy()
    offsets = np.concatenate([[0], cloud.multiplicity.cumsum(0).numpy()])
    return Events(momenta, np.zeros(len(double), np.int32), offsets)


def _attributes(config: ClusterConfig) -> dict[str, Attribute]:
    packages = ("fastjet", "jetgen", "awkward", "numpy")
    return {
        "command": "cluster",
        "config": described(config),
        "input_sha256": sha256(config.input),
        "versions": {name: version(name) for name in packages},
    }
