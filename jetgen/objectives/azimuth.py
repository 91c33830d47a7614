"""The azimuth that the items of a set have in common, which means nothing: taken off and put on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from jetgen.cloud import Feature, ParticleCloud
from jetgen.errors import InputError
from jetgen.physics.fourvectors import wrap_phi


class CommonAzimuth(nn.Module):
    r"""Sets turned about the beam until their first item lies at azimuth zero, and turned back.

    Collisions look alike from every side. A network that sees back-to-back jets at every azimuth
    has to learn a ring, one that sees turned sets has nothing to learn of it:

    .. math:: \phi'_1 = 0, \qquad \phi'_k = \mathrm{wrap}(\phi_k - \phi_1 - c) \quad (k > 1)

    with :math:`c` the mean direction of :math:`\phi_k - \phi_1` over all further items of the
    training sets, so that the cut of the circle lies opposite to where most of them are.

    Reference:
        DijetGAN: A Generative-Adversarial Network Approach for the Simulation of QCD Dijet Events
        at the LHC (Di Sipio et al., 2019), arXiv:1903.02433, which turns events likewise.

    Args:
        features: the columns of the items.
        name: that of the azimuth, in radians.

    Raises:
        InputError: when there is no such column.
    """

    direction: Tensor

    def __init__(self, features: Sequence[Feature], name: str) -> None:
        super().__init__()
        names = [feature.name for feature in features]
        if name not in names:
            raise InputError(
                f"azimuth: expected a feature among {', '.join(names)}, received {name!r}"
            )
        self.column = names.index(name)
        self.register_buffer("direction", torch.zeros((), dtype=torch.float64))

    def of(self, cloud: ParticleCloud) -> Tensor:
        """The azimuth ``(B,)`` of the first item of each set."""
        return cloud.particles[:, 0, self.column]

    @torch.no_grad()
    def fit(self, cloud: ParticleCloud) -> None:
        """Find the mean direction of the further items, zero where there are none."""
        apart = cloud.particles[:, 1:, self.column].double() - self.of(cloud).double().unsqueeze(1)
        apart = apart[cloud.mask[:, 1:]]
        self.direction.copy_(torch.atan2(apart.sin().sum(), apart.cos().sum()))

    def turned(self, cloud: ParticleCloud) -> ParticleCloud:
        """The sets with their first items at zero and the others measured from ``direction``."""
        apart = cloud.particles[..., self.column] - self.of(cloud).unsqueeze(1)
        moved = wrap_phi(apart - self.direction.to(apart))
        return self._with(cloud, torch.where(self._first(apart), 0.0, moved))

    def turned_back(self, cloud: ParticleCloud, azimuth: Tensor) -> ParticleCloud:
        """The inverse of :meth:`turned`, given the azimuth ``(B,)`` of each first item."""
        found = cloud.particles[..., self.column]
        apart = torch.where(self._first(found), 0.0, found + self.direction.to(found))
        return self._with(cloud, wrap_phi(apart + azimuth.to(apart).unsqueeze(1)))

    def anchored(self, seen: Tensor, origin: Tensor) -> Tensor:
        """Network features ``(B, N, F)`` whose first items are at azimuth zero exactly.

        Args:
            seen: features of turned sets, as a network makes them.
            origin: ``(F,)`` network features of zero.
        """
        columns = torch.arange(seen.shape[2], device=seen.device) == self.column
        fixed = self._first(seen[..., 0]).unsqueeze(-1) & columns  # (N, F)
        return torch.where(fixed, origin.to(seen), seen)

    def _first(self, values: Tensor) -> Tensor:
        """Which slots ``(N,)`` are the first."""
        return torch.arange(values.shape[1], device=values.device) == 0

    def _with(self, cloud: ParticleCloud, azimuths: Tensor) -> ParticleCloud:
        columns = list(cloud.particles.unbind(-1))
        columns[self.column] = azimuths
        return replace(cloud, particles=torch.stack(columns, dim=-1))
