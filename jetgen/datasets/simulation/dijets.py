"""Di-jet events: the two leading jets of a collision, as a set of two."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetgen.cloud import Feature
from jetgen.config.simulate import SimulateConfig
from jetgen.datasets.simulation.clouds import Sets, to_cloud
from jetgen.datasets.simulation.clustering import Jets, cluster, kinematics, visible_particles
from jetgen.datasets.simulation.collisions import Batch, Events
from jetgen.physics.classes import UNKNOWN_CLASS, type_of_sample
from jetgen.physics.fourvectors import JET_KINEMATICS
from jetgen.physics.nsubjettiness import nsubjettiness

TAU21 = Feature("tau21")

SOFTEST = 20.0
"""Smallest pT in GeV of the second jet."""


class DijetCuts(NamedTuple):
    """Parameters of the jets, and selection of events.

    Args:
        radius: R of the anti-kT jets.
        pt_min: smallest pT of the leading jet in GeV.
        pt_max: largest pT of the leading jet in GeV.
        eta_max: largest abs(eta) of both jets.
        tau21: whether ``tau21`` is a feature of a jet.
    """

    radius: float
    pt_min: float
    pt_max: float
    eta_max: float
    tau21: bool

    @property
    def features(self) -> tuple[Feature, ...]:
        """The features of a jet: ``pt, eta, phi, mass``, and ``tau21`` if requested."""
        return (*JET_KINEMATICS, TAU21) if self.tau21 else JET_KINEMATICS


def cuts_of(config: SimulateConfig) -> DijetCuts:
    """The cuts of a simulation."""
    scales = config.scales
    return DijetCuts(
        scales.radius, scales.jet_pt_min, scales.jet_pt_max, config.jet_eta_max, config.tau21
    )


def dijets_of(batch: Batch, config: SimulateConfig, random: np.random.Generator) -> Sets:
    """The di-jets of a batch of simulated collisions.

    ``random`` is the generator of the detector simulation, if there is one.
    """
    types = np.full(len(batch.visible), type_of_sample(config.sample))
    return dijets(visible_particles(batch, config, random), types, cuts_of(config))


def dijets(events: Events, types: NDArray[np.int64], cuts: DijetCuts) -> Sets:
    """The two leading jets of every event whose leading jet has its pT in the window.

    Both are within the largest abs(eta); the leading jet is first.

    Args:
        events: the particles to be clustered.
        types: ``(E,)`` type index of each event.
        cuts: selection of events.
    """
    jets = cluster(events, cuts.radius, SOFTEST)
    _, eta, _, _ = kinematics(jets.momenta)
    pairs = leading_pairs(jets.select(np.abs(eta) < cuts.eta_max))
    columns = kinematics(pairs.momenta)
    if cuts.tau21:
        columns = np.concatenate([columns, tau21(pairs, cuts.radius)[None]])
    items = columns.T.reshape(len(pairs) // 2, 2, len(columns))
    order = np.argsort(-items[..., 0], axis=1)[..., None]
    items = np.take_along_axis(items, order, axis=1)
    lead = items[:, 0, 0]
    kept = (lead >= cuts.pt_min) & (lead <= cuts.pt_max)
    kinds = types[pairs.event[::2][kept]]
    return Sets(cuts.features, items[kept], kinds, np.ones(len(kinds)))


def leading_pairs(jets: Jets) -> Jets:
    """The two jets with the largest pT of every event with at least two, in order of events."""
    pt = kinematics(jets.momenta)[0]
    order = np.lexsort((-pt, jets.event))
    _, first, counts = np.unique(jets.event[order], return_index=True, return_counts=True)
    first = first[counts >= 2]
    keep = np.zeros(len(jets), bool)
    keep[order[np.concatenate([first, first + 1])]] = True
    return jets.select(keep)


def tau21(jets: Jets, radius: float) -> NDArray[np.float64]:
    """``tau_2 / tau_1`` ``(J,)`` of each jet; zero if all particles have the same direction."""
    one, two = nsubjettiness(to_cloud(jets, UNKNOWN_CLASS), (1, 2), radius=radius).numpy().T
    return np.divide(two, one, out=np.zeros_like(two), where=one > 0)
