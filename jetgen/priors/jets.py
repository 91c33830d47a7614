"""Jet-level quantities drawn from the data: multiplicity, and the conditions of a model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from jetgen.cloud import ParticleCloud

NEIGHBOURS = 100
"""Smallest number of training jets, nearest to the fixed values, to draw from."""

NEIGHBOUR_SHARE = 0.01
"""Share of the training jets to draw from, if it is a larger number."""


class JetDraw(NamedTuple):
    """Jet-level quantities of ``B`` jets that are drawn before their particles are generated.

    Args:
        multiplicity: numbers of particles ``(B,)`` int64.
        conditions: ``(B,)`` values of each condition by name, in its unit.
        azimuth: ``(B,)`` azimuth in rad of the first item, if the model generates rotated sets.
    """

    multiplicity: Tensor
    conditions: dict[str, Tensor]
    azimuth: Tensor | None = None


class JetDistribution(nn.Module):
    """The training jets' joint distribution of multiplicity and conditions.

    Jets are drawn with replacement, so that correlations are kept. Continuous values are then moved
    at random within the gap to their neighbours in rank, so that no training jet is repeated and
    the marginal distributions do not change. If some values are fixed, jets are drawn from the
    nearest training jets (those of a fixed class, and among them the nearest in units of the
    standard deviation of each quantity).

    Args:
        jets: number of training jets to store.
        names: names of the conditions.
    """

    multiplicity: Tensor
    conditions: Tensor

    def __init__(self, jets: int, names: Sequence[str]) -> None:
        super().__init__()
        self.names = tuple(names)
        self.register_buffer("multiplicity", torch.zeros(jets, dtype=torch.int64))
        self.register_buffer("conditions", torch.zeros(jets, len(self.names)))

    @torch.no_grad()
    def fit(self, cloud: ParticleCloud) -> None:
        """Store the jets of ``cloud``, which must have the conditions ``names``."""
        self.multiplicity.copy_(cloud.multiplicity)
        for i, name in enumerate(self.names):
            self.conditions[:, i] = cloud.condition(name)

    def known(self) -> dict[str, Tensor]:
        """Values ``(J,)`` of the training jets for each quantity that can be fixed; ``n`` first."""
        conditions = zip(self.names, self.conditions.unbind(1), strict=True)
        return {"n": self.multiplicity, **dict(conditions)}

    def draw(
        self,
        jets: int,
        generator: torch.Generator | None = None,
        fixed: Mapping[str, float] | None = None,
    ) -> JetDraw:
        """Draw ``jets`` jets with replacement.

        Args:
            jets: number of jets.
            generator: source of randomness.
            fixed: values common to all drawn jets, by the names of :meth:`known`.
        """
        fixed = fixed or {}
        near = self._near(fixed)
        device = near.device
        rows = near[torch.randint(len(near), (jets,), generator=generator).to(device)]
        position = torch.rand((len(self.names), jets), generator=generator).to(device)
        multiplicity = self.multiplicity[rows]
        conditions = {
            name: _within_gap(self.conditions[:, i], rows, position[i])
            for i, name in enumerate(self.names)
        }
        for name, value in fixed.items():
            if name == "n":
                multiplicity = torch.full_like(multiplicity, int(value))
            else:
                conditions[name] = torch.full_like(conditions[name], value)
        return JetDraw(multiplicity, conditions)

    def share(self, fixed: Mapping[str, float]) -> float:
        """The share of the training jets that jets with these fixed values are drawn from."""
        return len(self._near(fixed)) / len(self.multiplicity)

    def _near(self, fixed: Mapping[str, float]) -> Tensor:
        """Indices of the training jets nearest to the fixed values."""
        rows = torch.arange(len(self.multiplicity), device=self.multiplicity.device)
        square = torch.zeros(len(rows), dtype=torch.float64, device=rows.device)
        known = self.known()
        for name, value in fixed.items():
            values = known[name].double()
            if name == "type":
                rows = rows[values[rows] == value]
            else:
                spread = values.std(correction=0).clamp(min=1e-12)
                square += ((values - value) / spread).square()
        if set(fixed) <= {"type"}:
            return rows
        wanted = max(NEIGHBOURS, math.ceil(NEIGHBOUR_SHARE * len(rows)))
        farthest = square[rows].kthvalue(min(wanted, len(rows))).values
        return rows[square[rows] <= farthest]


def _within_gap(values: Tensor, rows: Tensor, position: Tensor) -> Tensor:
    """``values[rows]`` moved within the gaps to their neighbours in rank; integers stay equal.

    A ``position`` in [0, 1] is between the half-way points to both neighbours.
    """
    if bool((values == values.round()).all()):
        return values[rows]
    ordered = values.sort().values
    rank = torch.searchsorted(ordered, values[rows].contiguous())
    halfway = (ordered[1:] + ordered[:-1]) / 2
    edges = torch.cat([ordered[:1], halfway, ordered[-1:]])
    return edges[rank] + position * (edges[rank + 1] - edges[rank])
