"""Jets from Pythia 8 and FastJet: ``jetgen simulate`` and its use from Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from jetgen.cloud import CARTESIAN_ENERGY, Feature, ParticleCloud
from jetgen.config.simulate import SimulateConfig
from jetgen.datasets.formats.hdf5_writing import Attribute
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.datasets.simulation.workers import deferred_interrupt, parallel_jets, worker_seeds
from jetgen.physics.classes import JET_CLASSES
from jetgen.physics.fourvectors import JET_KINEMATICS
from jetgen.progress import counted

if TYPE_CHECKING:
    from jetgen.datasets.simulation.clustering import Jets


class Simulated(NamedTuple):
    """What a simulation wrote."""

    path: Path
    jets: int
    particles: int
    interrupted: bool


def simulate(config: SimulateConfig) -> Simulated:
    """Make jets and write them to ``config.output``, with a progress bar on stderr.

    Ctrl-C ends it early: the file then holds the jets made so far and says ``interrupted``.

    Raises:
        InputError: when the file exists, or Pythia does not take the settings.
        ChildProcessError: when a worker process dies.
        KeyboardInterrupt: on Ctrl-C before the first jet.
    """
    from jetgen.datasets.simulation.events import configured, settings

    configured(settings(config))
    particles, stopped = 0, False
    writer = JetgenWriter(
        config.output,
        attributes=_attributes(config),
        slots=config.max_particles,
        overwrite=config.overwrite,
    )
    with writer, deferred_interrupt() as stop, counted("simulate", config.jets, "jets") as advance:
        for cloud in simulated_clouds(config, stop):
            writer.append(cloud)
            particles += int(cloud.multiplicity.clamp(max=config.max_particles).sum())
            advance(len(cloud))
        stopped = writer.jets < config.jets
        writer.attributes["interrupted"] = int(stopped)
        if not writer.jets:
            raise KeyboardInterrupt
    return Simulated(writer.path, writer.jets, particles, stopped)


def simulated_clouds(
    config: SimulateConfig, stop: Callable[[], bool] = lambda: False
) -> Iterator[ParticleCloud]:
    """The jets of a simulation, some tens at a time, until all are made or ``stop()`` is true.

    Particles are ``px, py, pz, E`` in GeV; the conditions are the jet's ``pt, eta, phi, mass``,
    ``num_particles`` and ``type``. The same seed and workers give the same jets.
    """
    for jets in parallel_jets(config, stop):
        yield to_cloud(jets, JET_CLASSES.index(config.jet_type))


def to_cloud(jets: Jets, jet_type: int) -> ParticleCloud:
    """Jets as a padded cloud, in double precision."""
    from jetgen.datasets.simulation.clustering import kinematics

    mask = np.arange(jets.counts.max(initial=1)) < jets.counts[:, None]
    particles = np.zeros((*mask.shape, 4))
    particles[mask] = jets.constituents.T
    conditions = np.stack(
        [*kinematics(jets.momenta), jets.counts, np.full(len(jets), jet_type)], axis=1
    )
    return ParticleCloud(
        torch.from_numpy(particles),
        torch.from_numpy(mask),
        CARTESIAN_ENERGY,
        torch.from_numpy(conditions),
        (*JET_KINEMATICS, Feature("num_particles"), Feature("type")),
    )


def _attributes(config: SimulateConfig) -> dict[str, Attribute]:
    from jetgen.datasets.simulation.detector import DETECTOR
    from jetgen.datasets.simulation.events import settings

    packages = ("pythia8mc", "fastjet", "jetgen", "awkward", "numpy")
    return {
        "command": "simulate",
        "config": asdict(config),
        "jet_class": config.jet_type,
        "seed": config.seed,
        "worker_seeds": worker_seeds(config.seed, config.workers),
        "pythia_settings": settings(config),
        "detector": [system._asdict() for system in DETECTOR] if config.detector else [],
        "versions": {name: version(name) for name in packages},
    }
