"""What a discriminator is told of a jet as a whole."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from jetgen.cloud import ParticleCloud
from jetgen.datasets.transforms import Standardise
from jetgen.physics.fourvectors import jet_momentum, mass, pt
from jetgen.physics.substructure import angularity, pt_dispersion

COLUMNS = 3
"""Number of columns of a :class:`JetSummary`."""

SMALLEST = 1e-3
"""Values below which the logarithm no longer tells them apart."""


class JetSummary(nn.Module):
    r"""Logarithms of relative mass, girth and pT dispersion ``(B, 3)``, standardised.

    .. math:: \log \frac{m}{p_T}, \qquad \log \sum_i z_i \theta_i, \qquad
              \log \sqrt{\textstyle\sum_i z_i^2}

    These are sums over particles weighted by momentum, which a network over sets that pools its
    particles evenly is slow to find, and they hold the correlations that independent particles
    lack. None depends on the scale of the momenta.
    """

    def __init__(self) -> None:
        super().__init__()
        self.scales = nn.ModuleList(Standardise() for _ in range(COLUMNS))

    @torch.no_grad()
    def fit(self, jets: ParticleCloud) -> None:
        """Standardise on the training jets."""
        for scale, column in zip(self.scales, _columns(jets), strict=True):
            scale.fit(column)  # type: ignore[operator]

    def forward(self, jets: ParticleCloud) -> Tensor:
        """The columns of jets in physical units, in the type of their particles."""
        scaled = [s(column) for s, column in zip(self.scales, _columns(jets), strict=True)]
        return torch.stack(scaled, dim=1).to(jets.particles)


def _columns(jets: ParticleCloud) -> list[Tensor]:
    total = jet_momentum(jets)
    relative_mass = mass(total) / pt(total).clamp(min=1e-12)
    quantities = [relative_mass, angularity(jets), pt_dispersion(jets)]
    return [quantity.clamp(min=SMALLEST).log() for quantity in quantities]
