"""Jet-level observables that a discriminator receives."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from jetgen.cloud import ParticleCloud
from jetgen.datasets.transforms import Standardise
from jetgen.physics.fourvectors import jet_momentum, mass, pt
from jetgen.physics.substructure import angularity, pt_dispersion

OBSERVABLES = 3
"""Number of observables of a :class:`JetSummary`."""

SMALLEST = 1e-3
"""Smallest value for the logarithm; smaller values are replaced by it."""


class JetSummary(nn.Module):
    r"""Logarithms of relative mass, girth and pT dispersion ``(B, 3)``, standardised.

    .. math:: \log \frac{m}{p_T}, \qquad \log \sum_i z_i \theta_i, \qquad
              \log \sqrt{\textstyle\sum_i z_i^2}

    These are momentum-weighted sums over particles, which a network over sets with unweighted
    pooling learns slowly, and they are sensitive to correlations that independent particles lack.
    None depends on the scale of the momenta.
    """

    def __init__(self) -> None:
        super().__init__()
        self.scales = nn.ModuleList(Standardise() for _ in range(OBSERVABLES))

    @torch.no_grad()
    def fit(self, jets: ParticleCloud) -> None:
        """Fit the standardisation to the training jets."""
        for scale, values in zip(self.scales, _observables(jets), strict=True):
            scale.fit(values)  # type: ignore[operator]

    def forward(self, jets: ParticleCloud) -> Tensor:
        """The observables of jets in physical units, with the dtype of their particles."""
        scaled = [s(values) for s, values in zip(self.scales, _observables(jets), strict=True)]
        return torch.stack(scaled, dim=1).to(jets.particles)


def _observables(jets: ParticleCloud) -> list[Tensor]:
    total = jet_momentum(jets)
    relative_mass = mass(total) / pt(total).clamp(min=1e-12)
    quantities = [relative_mass, angularity(jets), pt_dispersion(jets)]
    return [quantity.clamp(min=SMALLEST).log() for quantity in quantities]
