"""Jet-level quantities drawn from the data: multiplicity, and the jet's pT and eta."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from jetgen.cloud import ParticleCloud


class JetDraw(NamedTuple):
    """Number of particles ``(B,)`` int64; pT [GeV] and eta ``(B,)`` of as many jets."""

    multiplicity: Tensor
    pt: Tensor
    eta: Tensor


class JetDistribution(nn.Module):
    """The training jets' joint distribution of multiplicity, pT and eta.

    Jets are drawn with replacement, so that correlations are kept; the continuous values are
    then moved at random within the gap to their neighbours in rank, so that no training jet is
    repeated and the marginal distributions stay what they are.

    Args:
        jets: number of training jets to hold.
    """

    multiplicity: Tensor
    pt: Tensor
    eta: Tensor

    def __init__(self, jets: int) -> None:
        super().__init__()
        self.register_buffer("multiplicity", torch.zeros(jets, dtype=torch.int64))
        self.register_buffer("pt", torch.zeros(jets))
        self.register_buffer("eta", torch.zeros(jets))

    @torch.no_grad()
    def fit(self, cloud: ParticleCloud) -> None:
        """Take over the jets of ``cloud``, which needs the conditions ``pt`` and ``eta``."""
        self.multiplicity.copy_(cloud.multiplicity)
        self.pt.copy_(cloud.condition("pt"))
        self.eta.copy_(cloud.condition("eta"))

    def draw(self, jets: int, generator: torch.Generator | None = None) -> JetDraw:
        """``jets`` draws with replacement."""
        device = self.pt.device
        rows = torch.randint(len(self.pt), (jets,), generator=generator).to(device)
        position = torch.rand((2, jets), generator=generator).to(device)
        return JetDraw(
            self.multiplicity[rows],
            _within_gap(self.pt, rows, position[0]),
            _within_gap(self.eta, rows, position[1]),
        )


def _within_gap(values: Tensor, rows: Tensor, position: Tensor) -> Tensor:
    """``values[rows]`` moved to ``position`` in [0, 1] between the half-way points to both
    neighbours in rank."""
    ordered = values.sort().values
    rank = torch.searchsorted(ordered, values[rows].contiguous())
    halfway = (ordered[1:] + ordered[:-1]) / 2
    edges = torch.cat([ordered[:1], halfway, ordered[-1:]])
    return edges[rank] + position * (edges[rank + 1] - edges[rank])
