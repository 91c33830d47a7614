"""Errors of the jets' four-momenta after compression."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.compression.coding import Coder
from jetgen.compression.compressors import Compressor
from jetgen.metrics.residuals import half_width
from jetgen.physics.fourvectors import JET_KINEMATICS, wrap_phi
from jetgen.physics.observables import MeasuredSets, measure


@dataclass(frozen=True)
class Restored:
    """The same jets before and after compression, in the same order.

    Args:
        before, after: the jets, with their ``pt``, ``eta``, ``phi`` and ``mass``.
        bytes_per_jet: stored bytes per jet.
    """

    before: MeasuredSets
    after: MeasuredSets
    bytes_per_jet: float

    def residuals(self) -> dict[str, Tensor]:
        """After minus before ``(B,)``, by variable; azimuths are wrapped to [-π, π)."""
        found = {
            f.name: self.after.observables[f.name] - self.before.observables[f.name]
            for f in JET_KINEMATICS
        }
        return {**found, "phi": wrap_phi(found["phi"])}

    @property
    def error(self) -> float:
        r"""Mean over the four variables of the relative error :math:`h(x' - x) / h(x)`.

        :math:`h` is half the width of the central 68 %.
        """
        return statistics.mean(
            half_width(residual, self.before.weights)
            / half_width(self.before.observables[name], self.before.weights)
            for name, residual in self.residuals().items()
        )


def kinematics(cloud: ParticleCloud) -> MeasuredSets:
    """Jets with ``pt``, ``eta``, ``phi``, ``mass``: those of sets of one item, else of the sum."""
    names = [feature.name for feature in JET_KINEMATICS]
    if {feature.name for feature in cloud.features}.issuperset(names):
        double = cloud.to(torch.float64)
        return MeasuredSets(double, {name: double.feature(name)[:, 0] for name in names})
    return measure(cloud)


def after_coding(coder: Coder, cloud: ParticleCloud) -> Restored:
    """The jets of ``cloud`` compressed with a model, with residuals if the coder stores them."""
    frames = coder.frames(cloud)
    size = sum(map(len, frames)) / len(cloud)
    return Restored(kinematics(cloud), kinematics(coder.restore(frames)), size)


def after_compression(
    compressor: Compressor, cloud: ParticleCloud, errors: Mapping[str, float]
) -> Restored:
    """The jets of ``cloud`` (named features or px, py, pz) after a general-purpose compressor."""
    allowed = np.array([errors[feature.name] for feature in cloud.features])
    content = compressor.pack(cloud.particles[cloud.mask].numpy(), allowed)
    particles = cloud.particles.clone()
    particles[cloud.mask] = torch.from_numpy(compressor.unpack(content, allowed).copy())
    after = replace(cloud, particles=particles)
    return Restored(kinematics(cloud), kinematics(after), len(content) / len(cloud))
