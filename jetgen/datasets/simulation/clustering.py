"""Clustering of the visible particles of collisions to jets with FastJet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import awkward as ak
import fastjet
import numpy as np
from numpy.typing import NDArray

from jetgen.components import PRESETS
from jetgen.config.simulate import SimulateConfig
from jetgen.datasets.simulation.collisions import Batch, Events
from jetgen.datasets.simulation.detector import smeared
from jetgen.physics.clustering import cluster_sequence, packed

TOLERANCE = 1e-9
"""Largest difference of a jet and the sum of its constituents, in units of its energy."""


@dataclass(frozen=True)
class Jets:
    """``J`` jets with ``M`` constituents in total, in the order of the jets.

    Args:
        momenta: ``(4, J)`` = px, py, pz, E in GeV of the jets.
        event: ``(J,)`` index of the event of each jet.
        constituents: ``(4, M)`` = px, py, pz, E in GeV.
        counts: ``(J,)`` number of constituents of each jet.
    """

    momenta: NDArray[np.float64]
    event: NDArray[np.int64]
    constituents: NDArray[np.float64]
    counts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.counts)

    def select(self, keep: NDArray[np.bool_]) -> Jets:
        """The jets that ``keep`` ``(J,)`` marks."""
        return Jets(
            self.momenta[:, keep],
            self.event[keep],
            self.constituents[:, np.repeat(keep, self.counts)],
            self.counts[keep],
        )

    @staticmethod
    def joined(parts: Sequence[Jets]) -> Jets:
        """All jets of the parts, with the indices of events as they are in each."""
        return Jets(
            np.concatenate([part.momenta for part in parts], axis=1),
            np.concatenate([part.event for part in parts]),
            np.concatenate([part.constituents for part in parts], axis=1),
            np.concatenate([part.counts for part in parts]),
        )


def kinematics(momenta: NDArray[np.float64]) -> NDArray[np.float64]:
    """``pt, eta, phi, mass`` ``(4, J)`` of four-momenta ``(4, J)``, in GeV and radians."""
    px, py, pz, energy = momenta
    pt, momentum = np.hypot(px, py), np.sqrt(px**2 + py**2 + pz**2)
    square = (energy - momentum) * (energy + momentum)
    return np.stack([pt, np.arcsinh(pz / pt), np.arctan2(py, px), np.sqrt(np.maximum(square, 0.0))])


def cluster(events: Events, radius: float, min_pt: float) -> Jets:
    """Anti-kT jets above ``min_pt`` of all events, in one call.

    Source: The anti-kt jet clustering algorithm (M. Cacciari, G. Salam, G. Soyez, 2008),
    arXiv:0802.1189; FastJet user manual (the same authors, 2011), arXiv:1111.6097.

    Raises:
        RuntimeError: when a jet is not the sum of its constituents.
    """
    definition = fastjet.JetDefinition(fastjet.antikt_algorithm, radius)
    sequence = cluster_sequence(packed(events.momenta, events.offsets), definition)
    found = sequence.inclusive_jets(min_pt=min_pt)
    members = sequence.constituent_index(min_pt=min_pt)

    event = np.repeat(np.arange(len(events)), ak.num(found).to_numpy())
    counts = ak.flatten(ak.num(members, axis=2)).to_numpy()
    first = np.repeat(events.offsets[:-1][event], counts)
    indices = first + ak.flatten(members, axis=None).to_numpy()
    jets = Jets(
        np.stack([ak.flatten(found[name]).to_numpy() for name in ("px", "py", "pz", "E")]),
        event,
        events.momenta[:, indices],
        counts,
    )
    check_sums(jets)
    return jets


def check_sums(jets: Jets) -> None:
    """Check that the constituents of every jet add up to its four-momentum.

    Raises:
        RuntimeError: when they do not.
    """
    if not len(jets):
        return
    starts = np.cumsum(jets.counts) - jets.counts
    sums = np.add.reduceat(jets.constituents, starts, axis=1)
    apart = np.abs(sums - jets.momenta).max(0) / jets.momenta[3]
    if not apart.max() < TOLERANCE:
        worst = int(apart.argmax())
        raise RuntimeError(
            "expected the constituents of a jet to add up to its four-momentum, but in jet "
            f"{worst} they differ by {apart[worst]:.2g} of its energy"
        )


def jets_of(batch: Batch, config: SimulateConfig, random: np.random.Generator) -> Jets:
    """The jets of a batch that pass the cuts and are matched to a parton of the class.

    A jet is kept if its pT and eta are in their windows, a parton of the class is within R of its
    axis, and, for a parton that decays, exactly the quarks of one decay are within R too.
    ``random`` is the generator of the detector simulation, if there is one.
    """
    scales = config.scales
    jets = cluster(visible_particles(batch, config, random), scales.radius, scales.jet_pt_min)
    pt, eta, _, _ = kinematics(jets.momenta)
    jets = jets.select((pt <= scales.jet_pt_max) & (np.abs(eta) < config.jet_eta_max))
    matched = near(jets, batch.partons, scales.radius) == 1
    prongs = PRESETS[config.sample].prongs
    if prongs:
        matched &= near(jets, batch.prongs, scales.radius) == prongs
    return jets.select(matched)


def visible_particles(batch: Batch, config: SimulateConfig, random: np.random.Generator) -> Events:
    """The particles to be clustered: those after the detector simulation, or within the cuts."""
    visible = smeared(batch.visible, random) if config.detector else batch.visible
    px, py, pz, _ = visible.momenta
    square = px**2 + py**2
    return visible.select(
        (square >= config.min_particle_pt**2)
        & (np.abs(pz) < np.sinh(config.particle_eta_max) * np.sqrt(square))
    )


def near(jets: Jets, partons: Events, radius: float) -> NDArray[np.int64]:
    """``(J,)`` number of partons of the same event within ``radius`` of each jet's axis."""
    _, jet_eta, jet_phi, _ = kinematics(jets.momenta)
    _, eta, phi, _ = kinematics(partons.momenta)
    turn = np.abs(jet_phi[:, None] - phi)
    turn = np.minimum(turn, 2 * np.pi - turn)
    close = (jet_eta[:, None] - eta) ** 2 + turn**2 < radius**2
    return (close & (jets.event[:, None] == partons.event)).sum(1)
