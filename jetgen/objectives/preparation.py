"""From jets as files hold them to what networks see, and back."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from jetgen.cloud import CARTESIAN, RELATIVE, ParticleCloud
from jetgen.config.train import TrainConfig
from jetgen.datasets.transforms import FeatureTransforms, Standardise, parse_transforms
from jetgen.physics.fourvectors import mass, particle_momenta, pt, to_cartesian, to_relative


def represent(cloud: ParticleCloud, config: TrainConfig) -> ParticleCloud:
    """Jets in the representation of ``config``: leading particles, by falling pT, at the front.

    Relative features are measured against the sum of the particles kept, which also sets the
    conditions pt, eta, phi and mass.
    """
    relative = to_relative(cloud)
    relative = to_relative(relative.leading(config.particles, by="ptrel"))
    return relative if config.representation == "relative" else to_cartesian(relative)


class Preparation(nn.Module):
    """Feature transforms and the context columns, fitted on the training jets.

    The context of a jet tells a network what it is given: its number of particles and, for
    relative features, the jet's ``log pt`` and ``eta``; standardised.
    """

    def __init__(self, config: TrainConfig) -> None:
        super().__init__()
        self.relative = config.representation == "relative"
        self.features = RELATIVE if self.relative else CARTESIAN
        chosen = config.transform
        if self.relative and not any(text.startswith("ptrel=") for text in chosen):
            chosen = [*chosen, "ptrel=log+standardise"]
        self.transforms = FeatureTransforms(self.features, parse_transforms(chosen, self.features))
        self.context_scales = nn.ModuleList(Standardise() for _ in range(3 if self.relative else 1))

    @property
    def context_columns(self) -> int:
        return len(self.context_scales)

    def fit(self, cloud: ParticleCloud) -> None:
        """Fit transforms and scales on the training jets."""
        self.transforms.fit(cloud)
        columns = self._context_values(
            cloud.multiplicity, cloud.condition("pt"), cloud.condition("eta")
        )
        for scale, column in zip(self.context_scales, columns, strict=True):
            scale.fit(column.double())  # type: ignore[operator]

    def _context_values(
        self, multiplicity: Tensor, jet_pt: Tensor, jet_eta: Tensor
    ) -> list[Tensor]:
        values = [multiplicity.to(jet_pt)]
        return [*values, jet_pt.log(), jet_eta] if self.relative else values

    def context(self, multiplicity: Tensor, jet_pt: Tensor, jet_eta: Tensor) -> Tensor:
        """Context ``(B, C)`` from numbers of particles, jet pT [GeV] and eta, each ``(B,)``."""
        columns = self._context_values(multiplicity, jet_pt, jet_eta)
        return torch.stack(
            [scale(column) for scale, column in zip(self.context_scales, columns, strict=True)], 1
        )

    def to_physical(self, particles: Tensor, like: ParticleCloud) -> ParticleCloud:
        """Network features ``(B, N, F)`` as jets with the mask and conditions of ``like``."""
        safe = torch.where(like.mask.unsqueeze(-1), particles, particles.new_zeros(()))
        return replace(like, particles=self.transforms.inverse(safe), features=self.features)


def in_jet_frame(cloud: ParticleCloud) -> ParticleCloud:
    r"""Relative particles shifted and scaled so that they sum to their jet.

    pT is scaled to :math:`|\sum \vec p_T| = p_T^{jet}`, azimuths are rotated to
    :math:`\phi^{jet}`, and rapidities are boosted along the beam until the sum has the
    pseudorapidity of the jet: the rapidity that belongs to it is
    :math:`y = \mathrm{asinh}(\sinh\eta \cdot p_T / m_T)`.
    """
    p4 = particle_momenta(cloud.to(torch.float64)).sum(1)
    jet_eta = cloud.condition("eta").double()
    transverse = pt(p4).clamp(min=1e-12)
    transverse_mass = torch.hypot(transverse, mass(p4))
    wanted = torch.asinh(torch.sinh(jet_eta) * transverse / transverse_mass)
    present = torch.asinh(p4[:, 2] / transverse_mass)
    shift_eta = wanted - jet_eta - present
    shift_phi = -torch.atan2(p4[:, 1], p4[:, 0])
    etarel, phirel, ptrel = cloud.particles.double().unbind(-1)
    moved = torch.stack(
        [
            etarel + shift_eta.unsqueeze(1),
            phirel + shift_phi.unsqueeze(1),
            ptrel / transverse.unsqueeze(1),
        ],
        dim=-1,
    )
    return replace(cloud, particles=moved.to(cloud.particles))
