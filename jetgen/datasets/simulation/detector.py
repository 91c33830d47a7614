r"""A parametric detector: thresholds, and Gaussian smearing of energies and angles.

Each particle is measured by one of three systems, with the relative energy resolution
``sigma_E / E = sqrt(stochastic^2 / E + constant^2)`` (E in GeV, sum in quadrature) and with
Gaussian errors on ``eta`` and ``phi``. The numbers are round values for a general-purpose detector
at the LHC and do not describe a particular one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetgen.datasets.simulation.collisions import Events


class Response(NamedTuple):
    """Resolution and acceptance of one system.

    Args:
        stochastic: sampling term of the energy resolution, in sqrt(GeV).
        constant: constant term of the energy resolution.
        angle: standard deviation of eta, and of phi in radians.
        threshold: smallest measured pT in GeV.
        coverage: largest abs(eta).
    """

    stochastic: float
    constant: float
    angle: float
    threshold: float
    coverage: float


TRACKER = Response(stochastic=0.0, constant=0.02, angle=0.001, threshold=0.5, coverage=2.5)
ELECTROMAGNETIC = Response(stochastic=0.1, constant=0.01, angle=0.01, threshold=0.5, coverage=5.0)
HADRONIC = Response(stochastic=0.8, constant=0.05, angle=0.03, threshold=1.0, coverage=5.0)
"""Charged particles are measured by the tracker, and outside its coverage, like the neutral
hadrons, by the hadronic calorimeter; photons by the electromagnetic one."""

DETECTOR = (TRACKER, ELECTROMAGNETIC, HADRONIC)
PHOTON = 22
NEUTRAL = (130, 310, 311, 2112, 3122, 3212, 3322)
"""Codes of the long-lived neutral hadrons."""


def smeared(events: Events, random: np.random.Generator) -> Events:
    """The particles as measured by the detector, without those outside its acceptance.

    A particle keeps its mass; its measured energy is at least half a percent of the true one, so
    that a large downward fluctuation of a soft particle does not reverse its direction.
    """
    px, py, pz, energy = events.momenta
    pt = np.hypot(px, py)
    eta = np.arcsinh(pz / np.maximum(pt, np.finfo(float).tiny))
    system = _system(events.codes, eta)
    response = np.array(DETECTOR)[system].T  # (5, M)
    stochastic, constant, angle, threshold, coverage = response

    normal = random.standard_normal((3, len(pt)))
    resolution = np.sqrt(stochastic**2 / np.maximum(energy, np.finfo(float).tiny) + constant**2)
    scale = np.maximum(1 + resolution * normal[0], 0.005)
    momentum = np.sqrt(px**2 + py**2 + pz**2)
    square = np.maximum((energy - momentum) * (energy + momentum), 0.0)
    measured_eta = eta + angle * normal[1]
    phi = np.arctan2(py, px) + angle * normal[2]
    measured_pt = scale * momentum / np.cosh(measured_eta)
    accepted = (measured_pt >= threshold) & (np.abs(eta) < coverage)
    momenta = np.stack(
        [
            measured_pt * np.cos(phi),
            measured_pt * np.sin(phi),
            measured_pt * np.sinh(measured_eta),
            np.sqrt((scale * momentum) ** 2 + square),
        ]
    )
    return Events(momenta, events.codes, events.offsets).select(accepted)


def _system(codes: NDArray[np.int32], eta: NDArray[np.float64]) -> NDArray[np.int64]:
    """``(M,)`` index into ``DETECTOR`` of the system that measures each particle."""
    kind = np.abs(codes)
    charged = (kind != PHOTON) & ~np.isin(kind, NEUTRAL)
    tracked = charged & (np.abs(eta) < TRACKER.coverage)
    return np.where(kind == PHOTON, 1, np.where(tracked, 0, 2))
