"""``jetgen simulate``: jets and events from Pythia 8 and FastJet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from jetgen.cloud import Feature, ParticleCloud
from jetgen.components import PRESETS
from jetgen.config.simulate import SimulateConfig
from jetgen.datasets.formats.cloud_hdf5 import CloudWriter
from jetgen.datasets.formats.hdf5_writing import Attribute
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.datasets.parallel import deferred_interrupt
from jetgen.datasets.simulation.clouds import TYPE, Sets, to_cloud
from jetgen.datasets.simulation.workers import parallel_jets, worker_seeds
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

    Ctrl-C stops early: the file then contains the jets so far and the attribute ``interrupted``.

    Raises:
        InputError: when the file exists, or Pythia rejects the settings.
        ChildProcessError: when a worker process dies.
        KeyboardInterrupt: on Ctrl-C before the first jet.
    """
    from jetgen.datasets.simulation.events import configured, settings

    configured(settings(config))
    particles, stopped, started = 0, False, time.perf_counter()
    writer = _writer(config)
    with writer, deferred_interrupt() as stop, counted("simulate", config.jets, "jets") as advance:
        for cloud in simulated_clouds(config, stop):
            writer.append(cloud)
            particles += int(cloud.multiplicity.clamp(max=writer.slots).sum())
            advance(len(cloud))
        stopped = writer.jets < config.jets
        writer.attributes["interrupted"] = int(stopped)
        writer.attributes["jets_per_second"] = writer.jets / (time.perf_counter() - started)
        if not writer.jets:
            raise KeyboardInterrupt
    return Simulated(writer.path, writer.jets, particles, stopped)


def simulated_clouds(
    config: SimulateConfig, stop: Callable[[], bool] = lambda: False
) -> Iterator[ParticleCloud]:
    """The sets of a simulation in small batches, until all are done or ``stop()`` is true.

    Particles of single jets are ``px, py, pz, E`` in GeV; the conditions are the jet's ``pt, eta,
    phi, mass``, ``num_particles`` and ``type``. Sets of two jets have the features of
    :class:`jetgen.datasets.simulation.dijets.DijetCuts`, muons
    :data:`jetgen.datasets.simulation.muons.FEATURES`; their condition is the ``type``. The same
    seed and workers give the same sets.
    """
    for made in parallel_jets(config, stop):
        if isinstance(made, Sets):
            yield made.to_cloud()
        else:
            yield to_cloud(made, type_of_sample(config.sample))


def _writer(config: SimulateConfig) -> JetgenWriter | CloudWriter:
    attributes = _attributes(config)
    if PRESETS[config.sample].sets == "jets":
        return JetgenWriter(
            config.output,
            attributes=attributes,
            slots=config.max_particles,
            overwrite=config.overwrite,
        )
    features, slots = _columns(config)
    return CloudWriter(
        config.output,
        features,
        (TYPE,),
        slots=slots,
        attributes=attributes,
        overwrite=config.overwrite,
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
        "config": asdict(config) | config.scales._asdict(),
        "jet_class": config.sample,
        "seed": config.seed,
        "worker_seeds": worker_seeds(config.seed, config.workers),
        "pythia_settings": settings(config),
        "pythia_processes": dict(PRESETS[config.sample].processes),
        "detector": [system._asdict() for system in DETECTOR] if config.detector else [],
        "versions": {name: version(name) for name in packages},
    }
