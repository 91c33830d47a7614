r"""Do generated jets repeat the training jets? Distances to the nearest training jet.

A generator that has learned the law of the jets makes jets as far from the training jets as jets
that training has not seen. One that copies makes jets that are nearer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.conversion import Jets
from jetgen.errors import InputError
from jetgen.losses.emd_matrix import emd_pairs
from jetgen.metrics.samples import relative_particles
from jetgen.weights import counted_sets, sized, systematic_draw

NEAR = 0.01
"""Share of held-out jets that count as near to a training jet."""

FEWEST_COMPARED = 100
"""Held-out jets below which their nearest 1 % is not one jet."""

_CANDIDATES = 16
"""Training jets per jet whose exact distance is computed."""

_DIRECTIONS = 4
_EDGES = 12
"""Cuts along each direction, on either side of the axis."""

_NARROWEST, _WIDEST = 0.01, 0.8
_ROWS = 4_096
_SIGMAS = 3.0
_EQUAL = 1e-6
"""Distance below which two jets are the same up to rounding."""


@dataclass(frozen=True)
class Memorisation:
    """Distances to the nearest training jets, and what follows from them.

    Args:
        generated, held_out: ``(n,)`` distances of the jets of both kinds, dimensionless.
        training: how many training jets were searched.
        ratio, ratio_error: median distance of generated over held-out jets, with the standard
            deviation over bootstrap resamplings of both.
        near, near_error: share of generated jets nearer than 99 % of the held-out ones; 0.01 is
            expected without copies.
    """

    generated: Tensor
    held_out: Tensor
    training: int
    ratio: float
    ratio_error: float
    near: float
    near_error: float

    @property
    def comparable(self) -> bool:
        """Whether fewer than 1 % of the held-out jets are training jets.

        Otherwise no distance is smaller than theirs, and nothing follows.
        """
        return self.seen < NEAR * len(self.held_out)

    @property
    def copies(self) -> bool:
        """Whether more jets are near than chance allows, by 3 standard errors; if comparable."""
        return self.comparable and self.near - NEAR > _SIGMAS * self.near_error

    @property
    def seen(self) -> int:
        """Held-out jets that are training jets: they should be none."""
        return int((self.held_out < _EQUAL).sum())

    def record(self) -> dict[str, float | int | bool]:
        """The numbers for a file, without the single distances; shares only if comparable."""
        counts: dict[str, float | int | bool] = {
            "jets": len(self.generated),
            "held_out_jets": len(self.held_out),
            "held_out_jets_seen": self.seen,
            "training_jets": self.training,
            "comparable": self.comparable,
        }
        if not self.comparable:
            return counts
        return counts | {
            "median_ratio": self.ratio,
            "median_ratio_error": self.ratio_error,
            "near": self.near,
            "near_expected": NEAR,
            "near_error": self.near_error,
            "copies": self.copies,
        }


def memorisation(
    generated: Jets,
    held_out: Jets,
    training: Jets,
    *,
    jets: int = 500,
    replicas: int = 200,
    seed: int = 42,
) -> Memorisation:
    r"""Compare distances of generated and of held-out jets to their nearest training jets.

    The distance is the energy mover's distance with ``R = 1`` and ``beta = 1`` of ptrel in the
    plane of etarel and phirel. It is computed to the 16 training jets that are nearest by the sum
    of 1-Wasserstein distances of projections on four directions, which finds every copy; the
    smallest of the 16 counts.

    Args:
        generated, held_out, training: jets; the held-out ones must not be training jets.
        jets: at most this many generated and held-out jets, drawn without replacement, and by
            event weight where there are weights. Those of training jets do not matter.
        replicas: bootstrap resamplings for the errors.
        seed: of the draws.

    Raises:
        InputError: for jets without particles or with values that are not finite, and for fewer
            than 100 held-out or generated jets.

    Source:
        The distance: The Metric Space of Collider Events (Komiske, Metodiev, Thaler, 2019),
        arXiv:1902.02346; nearest training samples against held-out ones: A Non-Parametric Test to
        Detect Data-Copying in Generative Models (Meehan, Chaudhuri, Dasgupta, 2020),
        arXiv:2004.05675.
    """
    known = relative_particles(training, "training jets")
    return compared(
        nearest_training(generated, known, "generated", jets=jets, seed=seed),
        nearest_training(held_out, known, "held-out", jets=jets, seed=seed),
        len(known),
        replicas=replicas,
        seed=seed,
    )


def compared(
    generated: Tensor, held_out: Tensor, training: int, *, replicas: int = 200, seed: int = 42
) -> Memorisation:
    """:func:`memorisation` for distances that are known, to ``training`` jets."""
    generator = torch.Generator().manual_seed(seed)
    near, ratio = _summaries(generated[None], held_out[None])
    resampled = [
        side[torch.randint(len(side), (replicas, len(side)), generator=generator)]
        for side in (generated, held_out)
    ]
    nears, ratios = _summaries(*resampled)
    return Memorisation(
        generated,
        held_out,
        training,
        ratio=ratio.item(),
        ratio_error=ratios.std().item(),
        near=near.item(),
        near_error=max(nears.std().item(), 1 / len(generated)),
    )


def nearest_training(
    sample: Jets, training: ParticleCloud, name: str, *, jets: int = 500, seed: int = 42
) -> Tensor:
    """``(n,)`` distances of at most ``jets`` jets to the nearest of relative ``training`` jets.

    Raises:
        InputError: as :func:`memorisation`.
    """
    cloud = relative_particles(sample, f"{name} jets")
    number = counted_sets(cloud.weights)
    if number < FEWEST_COMPARED:
        raise InputError(
            f"memorisation: expected at least {FEWEST_COMPARED} {name} jets, received "
            f"{sized(cloud.weights)}"
        )
    generator = torch.Generator().manual_seed(seed)
    chosen = systematic_draw(cloud.weights, number)
    chosen = chosen[torch.randperm(number, generator=generator)[:jets]]
    return _nearest(cloud[chosen], training)


def _summaries(generated: Tensor, held_out: Tensor) -> tuple[Tensor, Tensor]:
    """``(R,)`` shares of near jets and ratios of medians, of rows of distances."""
    limit = held_out.quantile(NEAR, dim=1, keepdim=True)
    near = (generated < limit).double().mean(1)
    middle = held_out.quantile(0.5, dim=1).clamp(min=torch.finfo(torch.float64).tiny)
    return near, generated.quantile(0.5, dim=1) / middle


def _nearest(jets: ParticleCloud, training: ParticleCloud) -> Tensor:
    """``(B,)`` smallest distance of each jet to a candidate."""
    own = _projections(jets)
    best = torch.full((len(jets), 0), torch.inf)
    places = torch.zeros(len(jets), 0, dtype=torch.int64)
    for start in range(0, len(training), _ROWS):
        others = _projections(training[start : start + _ROWS])
        apart = torch.cat([best, torch.cdist(own, others, p=1)], dim=1)
        number = torch.arange(start, start + len(others)).expand(len(jets), -1)
        best, kept = apart.topk(min(_CANDIDATES, apart.shape[1]), dim=1, largest=False)
        places = torch.cat([places, number], dim=1).gather(1, kept)
    few, column = places.unique(return_inverse=True)
    candidates = training[few]
    momenta = jets.particles[..., 2], candidates.particles[..., 2]
    pairs = emd_pairs(
        *_points(jets), *_points(candidates), a_weights=momenta[0], b_weights=momenta[1], R=1.0
    )
    row = torch.arange(len(jets)).unsqueeze(1).expand_as(column)
    return pairs.distances(row.flatten(), column.flatten()).view(column.shape).amin(1)


def _projections(jets: ParticleCloud) -> Tensor:
    """``(B, K)`` cumulative ptrel below cuts along directions, times the distance of the cuts.

    Sums of absolute differences of two rows approximate a sum of 1-Wasserstein distances.
    """
    ends = math.log10(_NARROWEST), math.log10(_WIDEST)
    cuts = torch.logspace(*ends, _EDGES, dtype=torch.float64)
    cuts = torch.cat([-cuts.flip(0), cuts.new_zeros(1), cuts])
    widths = torch.gradient(cuts)[0]
    angles = torch.arange(_DIRECTIONS, dtype=torch.float64) * torch.pi / _DIRECTIONS
    axes = torch.stack([angles.cos(), angles.sin()])
    along = jets.particles[..., :2] @ axes  # (B, N, directions)
    momenta = torch.where(jets.mask, jets.particles[..., 2], 0.0)
    index = torch.searchsorted(cuts, along.contiguous())
    table = along.new_zeros(len(jets), len(cuts) + 1, _DIRECTIONS)
    table.scatter_add_(1, index, momenta.unsqueeze(2).expand_as(along))
    return (table.cumsum(1)[:, :-1] * widths.unsqueeze(1)).flatten(1)


def _points(jets: ParticleCloud) -> tuple[Tensor, Tensor]:
    return jets.particles[..., :2], jets.mask
