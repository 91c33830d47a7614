"""``jetgen simulate``: jets and events from Pythia 8 and FastJet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from jetgen.cloud import Feature, ParticleCloud
from jetgen.components import PRESETS
from jetgen.config.resuming import described
from jetgen.config.simulate import SimulateConfig
from jetgen.datasets.formats.cloud_hdf5 import CloudWriter
from jetgen.datasets.formats.hdf5_writing import Attribute
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.datasets.parallel import deferred_interrupt
from jetgen.datasets.simulation.clouds import TYPE, Sets, to_cloud
from jetgen.datasets.simulation.workers import chunk_seed, chunk_sizes, parallel_chunks
from jetgen.files.chunks import Arrays, kept_chunks, may_replace
from jetgen.files.progress import counted
from jetgen.physics.classes import type_of_sample


class Simulated(NamedTuple):
    """Summary of the written file."""

    path: Path
    jets: int
    particles: int
    interrupted: bool


def simulate(config: SimulateConfig) -> Simulated:
    """Simulate the sets of a sample and write them to ``config.output``, with a progress bar.

    Ctrl-C stops early: the file then contains the jets so far and the attribute ``interrupted``,
    and ``resume`` goes on from there. The jets depend on the seed, not on the number of workers.

    Raises:
        InputError: when the file exists, Pythia rejects the settings, or there are chunks of
            another unfinished file, or of this one without ``resume``.
        ChildProcessError: when a worker process dies.
        KeyboardInterrupt: on Ctrl-C before the first jet.
    """
    from jetgen.datasets.simulation.events import configured, settings

    configured(settings(config))
    particles, stopped = 0, False
    writer = _writer(config)
    with (
        deferred_interrupt() as stop,
        kept_chunks(
            writer.path, writer.attributes, resume=config.resume, overwrite=config.overwrite
        ) as chunks,
    ):
        writer.attributes = chunks.attributes

        def made(first: int) -> Iterator[Arrays]:
            for sets in parallel_chunks(config, stop, first):
                yield {name: getattr(sets, name) for name in _arrays(config)}

        with writer, counted("simulate", config.jets, "jets") as advance:
            for arrays in chunks.stream(made):
                cloud = _cloud(config, {name: arrays[name] for name in _arrays(config)})
                writer.append(cloud)
                particles += int(cloud.multiplicity.clamp(max=writer.slots).sum())
                advance(len(cloud))
            stopped = writer.jets < config.jets
            chunks.finished = not stopped
            writer.attributes["interrupted"] = int(stopped)
            writer.attributes["jets_per_second"] = writer.jets / chunks.seconds
            if not writer.jets:
                raise KeyboardInterrupt
    return Simulated(writer.path, writer.jets, particles, stopped)


def simulated_clouds(
    config: SimulateConfig, stop: Callable[[], bool] = lambda: False
) -> Iterator[ParticleCloud]:
    """The sets of a simulation in chunks, until all are done or ``stop()`` is true.

    Particles of single jets are ``px, py, pz, E`` in GeV; the conditions are the jet's ``pt, eta,
    phi, mass``, ``num_particles`` and ``type``. Sets of two jets have the features of
    :class:`jetgen.datasets.simulation.dijets.DijetCuts`, muons
    :data:`jetgen.datasets.simulation.muons.FEATURES`; their condition is the ``type``. The same
    seed gives the same sets, whatever the number of workers.
    """
    for made in parallel_chunks(config, stop):
        yield _cloud(config, {name: getattr(made, name) for name in _arrays(config)})


def _arrays(config: SimulateConfig) -> tuple[str, ...]:
    """The names of the arrays that hold the sets of a chunk."""
    if PRESETS[config.sample].sets == "jets":
        return "momenta", "event", "constituents", "counts"
    return "items", "types", "weights"


def _cloud(config: SimulateConfig, arrays: Arrays) -> ParticleCloud:
    """The sets of a chunk."""
    if PRESETS[config.sample].sets == "jets":
        from jetgen.datasets.simulation.clustering import Jets

        return to_cloud(Jets(**arrays), type_of_sample(config.sample))
    features, _ = _columns(config)
    return Sets(features, **arrays).to_cloud()


def _writer(config: SimulateConfig) -> JetgenWriter | CloudWriter:
    attributes = _attributes(config)
    overwrite = may_replace(config.output, resume=config.resume, overwrite=config.overwrite)
    if PRESETS[config.sample].sets == "jets":
        return JetgenWriter(
            config.output,
            attributes=attributes,
            slots=config.max_particles,
            overwrite=overwrite,
        )
    features, slots = _columns(config)
    return CloudWriter(
        config.output,
        features,
        (TYPE,),
        slots=slots,
        attributes=attributes,
        overwrite=overwrite,
    )


def _columns(config: SimulateConfig) -> tuple[tuple[Feature, ...], int]:
    """The features of the items of a set, and the largest number of items."""
    if PRESETS[config.sample].sets == "muons":
        from jetgen.datasets.simulation.muons import FEATURES

        return FEATURES, 1
    from jetgen.datasets.simulation.dijets import cuts_of

    return cuts_of(config).features, 2


def _attributes(config: SimulateConfig) -> dict[str, Attribute]:
    from jetgen.datasets.simulation.detector import DETECTOR
    from jetgen.datasets.simulation.events import settings

    packages = ("pythia8mc", "fastjet", "jetgen", "awkward", "numpy")
    return {
        "command": "simulate",
        "config": described(config) | config.scales._asdict(),
        "jet_class": config.sample,
        "seed": config.seed,
        "chunk_seeds": [chunk_seed(config.seed, k) for k in range(len(chunk_sizes(config)))],
        "pythia_settings": settings(config),
        "pythia_processes": dict(PRESETS[config.sample].processes),
        "detector": [system._asdict() for system in DETECTOR] if config.detector else [],
        "versions": {name: version(name) for name in packages},
    }
