r"""Muons of a proton beam on a thick target, from light mesons, charm and beauty.

Each process is simulated in separate collisions, the same number for each, with decays that are
forced to end in muons; the weight of a muon corrects for both:

.. math:: w = \frac{\sigma}{\sigma_{inelastic}} B P, \qquad P = \frac{\lambda}{\lambda + \ell}

with the cross-section of the process, the branching fraction to muons if the decay was forced, and,
for a pion or kaon, the probability to decay before it interacts in the target: its mean decay
length is :math:`\ell = \beta\gamma c\tau`, its interaction length :math:`\lambda`. The flight
distance of a particle that decays is exponential with mean :math:`\ell \lambda / (\ell + \lambda)`.
The depth of the collision on the beam line is exponential with the same interaction length. Further
collisions of the products of the first one are not simulated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from jetgen.cloud import CARTESIAN, Feature
from jetgen.components import PRESETS
from jetgen.config.simulate import SimulateConfig
from jetgen.datasets.simulation.clouds import Sets
from jetgen.datasets.simulation.events import records, started
from jetgen.datasets.simulation.presets import CHARM, LIGHT
from jetgen.physics.classes import class_index

START = (Feature("x", "mm"), Feature("y", "mm"), Feature("z", "mm"))
"""Production vertex of a muon; z is along the beam, from the front of the target."""

FEATURES = (*CARTESIAN, *START)

_NONE = Sets(
    FEATURES, np.empty((0, 1, len(FEATURES))), np.empty(0, np.int64), np.empty(0, np.float64)
)

MUON, TAU = 13, 15
WARM_UP = 1000
"""Number of collisions to estimate the cross-section of a process."""


def prepared_muons(
    config: SimulateConfig, first: int
) -> Callable[[int, int], Iterator[tuple[int, Sets]]]:
    """Start Pythia with the seed ``first``, and estimate the cross-sections of all processes.

    The function returned yields, from a seed, the number of collisions of each round, ``size`` per
    process, and their muons, shuffled.
    """
    processes = PRESETS[config.sample].processes
    sources = {name: started(config, first, lines) for name, lines in processes.items()}
    for pythia in sources.values():
        pythia.nextBatch(WARM_UP)
    sigma = {name: pythia.infoPython().sigmaGen() for name, pythia in sources.items()}
    decays = {name: forced_decays(pythia) for name, pythia in sources.items()}

    def muons(seed: int, size: int) -> Iterator[tuple[int, Sets]]:
        random = np.random.default_rng(seed)
        for pythia in sources.values():
            pythia.rndm.init(seed)
        for batches in zip(*(records(pythia, size) for pythia in sources.values()), strict=True):
            parts = []
            for name, particles in zip(sources, batches, strict=True):
                if not len(particles):
                    continue
                found = muons_of(
                    particles,
                    decays[name],
                    heavy=name != "light",
                    length=config.interaction_length,
                    random=random,
                )
                parts.append(replace(found, weights=found.weights * sigma[name] / sigma["light"]))
            made = Sets.joined([_NONE, *parts])
            yield sum(map(len, batches)), made.take(random.permutation(len(made)))

    return muons


def is_heavy(codes: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Whether particles are hadrons with charm or beauty, or tau leptons, by their codes.

    >>> is_heavy(np.array([211, 431, -5122, 15, 113])).tolist()
    [False, True, True, True, False]
    """
    kind = np.abs(codes)
    flavours = np.stack([kind // 100 % 10, kind // 1000 % 10])
    return ((kind > 100) & np.isin(flavours, (4, 5)).any(0)) | (kind == TAU)


def flight(p4: NDArray[np.float64], lifetime: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean decay length ``p / m c tau`` in mm of particles ``(4, M)`` with ``c tau`` in mm.

    A mass of zero due to rounding is replaced by the smallest positive number.
    """
    momentum = np.sqrt((p4[:3] ** 2).sum(0))
    square = (p4[3] - momentum) * (p4[3] + momentum)
    return momentum / np.sqrt(np.maximum(square, np.finfo(float).tiny)) * lifetime


class Decay(NamedTuple):
    """Properties of a particle whose decays are forced to end in muons.

    Args:
        fraction: branching fraction to muons.
        lifetime: mean proper lifetime in mm.
    """

    fraction: float
    lifetime: float


def forced_decays(pythia: Any) -> dict[int, Decay]:
    """The forced decays of light mesons and charmed hadrons, by the particle's code."""
    found = {}
    for code in (*LIGHT, *CHARM):
        entry = pythia.particleData.particleDataEntryPtr(code)
        channels = [entry.channel(i) for i in range(entry.sizeChannels())]
        total = sum(channel.bRatio() for channel in channels)
        opened = sum(channel.bRatio() for channel in channels if channel.onMode() > 0)
        found[code] = Decay(opened / total, entry.tau0())
    return found


def muons_of(
    particles: ak.Array,
    decays: Mapping[int, Decay],
    *,
    heavy: bool,
    length: float,
    random: np.random.Generator,
) -> Sets:
    """The muons of a batch of collisions, weighted by ``B P``.

    With ``heavy`` they are those from charm, beauty and taus, else those from pions and kaons;
    without those with another of these particles as an ancestor, whose decay was forced too.
    """
    offsets = np.concatenate([[0], np.cumsum(ak.num(particles).to_numpy())])
    first = np.repeat(offsets[:-1], np.diff(offsets))
    codes, status = (ak.flatten(particles[name]).to_numpy() for name in ("id", "status"))
    above = first + ak.flatten(particles["mother1"]).to_numpy()
    mother_is_light = np.isin(np.abs(codes[above]), LIGHT)
    behind = np.isin(np.abs(codes[above[above]]), LIGHT)
    source = is_heavy(codes[above]) if heavy else mother_is_light & ~behind
    index = np.flatnonzero((np.abs(codes) == MUON) & (status > 0) & source)
    mother, code = above[index], codes[index]
    momentum = ak.flatten(particles["p"])
    p4 = np.stack([momentum[name].to_numpy() for name in ("px", "py", "pz", "e")])

    kinds = np.abs(codes[mother])
    weights = np.ones(len(index))
    for kind, decay in decays.items():
        weights[kinds == kind] = decay.fraction
    start = np.zeros((3, len(index)))
    start[2] = random.exponential(length, len(offsets) - 1)[_event(index, offsets)]
    flying = mother_is_light[index]
    parent = p4[:, mother[flying]]
    lifetime = np.array([decays[kind].lifetime for kind in kinds[flying]])
    mean = flight(parent, lifetime)
    probability = length / (length + mean)
    weights[flying] *= probability
    direction = parent[:3] / np.sqrt((parent[:3] ** 2).sum(0))
    start[:, flying] += random.exponential(mean * probability) * direction
    names = np.where(
        flying,
        np.where(code < 0, "mu-plus-displaced", "mu-minus-displaced"),
        np.where(code < 0, "mu-plus-prompt", "mu-minus-prompt"),
    )
    types = np.array([class_index(name) for name in names], np.int64)
    items = np.concatenate([p4[:3, index], start]).T[:, None]
    return Sets(FEATURES, items, types, weights)


def _event(index: NDArray[np.int64], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.searchsorted(offsets, index, side="right") - 1
