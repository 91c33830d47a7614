"""The published 30-particle network of the Frechet ParticleNet distance, from the jetnet package.

Weights, and the moments of the activations of real jets, are data files of that package. The
package is located but not imported.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from jetgen.classifiers.jet_classifier import in_batches
from jetgen.cloud import ParticleCloud
from jetgen.errors import InputError
from jetgen.metrics.fpd import Moments, gaussian
from jetgen.networks.particlenet import from_batch_normed
from jetgen.physics.classes import JET_CLASSES
from jetgen.physics.observables import MeasuredSets

PARTICLES = 30
TYPES = JET_CLASSES[:3]
"""Classes whose moments are published."""

_LARGEST = (1.6211985349655151, 0.520724892616272, 0.8934717178344727)
_OFFSET = (0.0, 0.0, -0.5)
"""Etarel, phirel and ptrel are divided by the first and shifted by the second."""


class PublishedReference:
    """The published network: the 30 hardest particles, padding as points, 256 activations.

    Raises:
        InputError: when the jetnet package or its files are missing.
    """

    def __init__(self) -> None:
        self.folder = _resources()
        self.weights = _existing(self.folder / "pnet_state_dict.pt")
        state = torch.load(self.weights, map_location="cpu", weights_only=True)
        self.network = from_batch_normed(state)

    def activations(self, jets: MeasuredSets) -> Tensor:
        """``(B, 256)`` float64."""
        return in_batches(jets.relative.leading(PARTICLES, by="ptrel"), self._activate).double()

    def _activate(self, jets: ParticleCloud) -> Tensor:
        points = jets.particles / torch.tensor(_LARGEST).to(jets.particles)
        return self.network.activations((points + torch.tensor(_OFFSET).to(points)).float())

    def moments(self, jet_type: str) -> Moments:
        """Published moments of real jets of one of the classes gluon, quark, top."""
        mean, covariance = (
            torch.from_numpy(np.loadtxt(_existing(self.folder / f"{jet_type[0]}_{name}.txt")))
            for name in ("mu", "sigma")
        )
        return gaussian(mean, covariance)


def _resources() -> Path:
    spec = find_spec("jetnet")
    if spec is None or spec.origin is None:
        raise InputError(
            "reference='jetnet': expected the jetnet package, which contains the network, found "
            "none; `pip install jetnet`, or train your own network with train_reference=True"
        )
    resources = Path(spec.origin).parent / "evaluation" / "fpnd_resources"
    return resources / "jetnet" / f"{PARTICLES}_particles"


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise InputError(
            f"{path}: expected a file of the jetnet package, found none; install version 0.2.5"
        )
    return path
