"""Distances from every jet of one list to every jet of another: exact, and lower bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from jetgen.arguments import takes_arrays
from jetgen.errors import InputError
from jetgen.losses.distances import CHUNK_ELEMENTS
from jetgen.losses.dual_bound import dual_bound
from jetgen.losses.exact_emd import check_power, normalised
from jetgen.losses.network_simplex import optimal_costs
from jetgen.losses.reduction import check_sets, prepare_weights, zero_padding
from jetgen.threads import in_threads

_FEWEST_PAIRS = 64
"""Smallest number of pairs per chunk: 25 MB per cost tensor for jets of 150 particles."""


@takes_arrays
def emd_matrix(
    a: Tensor,
    a_mask: Tensor,
    b: Tensor,
    b_mask: Tensor,
    *,
    power: float = 1,
    a_weights: Tensor | None = None,
    b_weights: Tensor | None = None,
    R: float | None = None,
) -> Tensor:
    r"""``(A, B)`` exact distances from every jet of ``a`` to every jet of ``b``, for COV or MMD.

    Without ``R`` each is an :func:`exact_emd`; with ``R`` an :func:`energy_movers_distance` with
    ``beta = power``, and both weights are required. No gradient. The memory needed in addition to
    the result is that of about a hundred pairs.

    Args:
        a, b: ``(A, N, D)`` and ``(B, M, D)`` with masks ``(A, N)`` and ``(B, M)``.

    Raises:
        InputError: when shapes, types or options are wrong.
    """
    pairs = emd_pairs(
        a, a_mask, b, b_mask, power=power, a_weights=a_weights, b_weights=b_weights, R=R
    )
    every = torch.arange(len(a) * len(b))
    found = pairs.distances(every // max(1, len(b)), every % max(1, len(b)))
    dtype = torch.promote_types(torch.promote_types(a.dtype, b.dtype), torch.float32)
    return found.view(len(a), len(b)).to(a.device, dtype)


@dataclass(frozen=True)
class EMDPairs:
    """Two lists of sets; computes distances of arbitrary pairs.

    Args:
        a, b: ``(A, N, D)`` and ``(B, M, D)`` float64 positions on the CPU.
        a_weights, b_weights: ``(A, N)`` and ``(B, M)``, in rising order, zero where padded.
        power: of the distance between particles.
        slack: cost per unit of weight that one side lacks; the first slot of every set is then
            reserved for it. None if all sums are one.
        equal: whether all particles of a set have the same weight.
    """

    a: Tensor
    b: Tensor
    a_weights: Tensor
    b_weights: Tensor
    power: float
    slack: float | None
    equal: bool

    def distances(self, i: Tensor, j: Tensor) -> Tensor:
        """``(P,)`` float64 exact distances between the sets ``i`` of a and ``j`` of b."""
        found = torch.empty(len(i), dtype=torch.float64)

        def solve(pairs: Tensor) -> None:
            x, y, p, q = self._sides(i[pairs], j[pairs])
            x, y = (c.permute(2, 0, 1).contiguous() for c in (x, y))
            cost = self._cost(x.unsqueeze(3), y.unsqueeze(2))
            if self.slack is not None:
                cost[:, 0], cost[:, :, 0] = self.slack, self.slack
            costs = optimal_costs(cost.numpy(), p.numpy(), q.numpy(), equal=self.equal)
            found[pairs] = torch.from_numpy(costs)

        in_threads(solve, self._chunks(i, j))
        return found

    def bounds(self, i: Tensor, j: Tensor) -> Tensor:
        """``(P,)`` float64 lower bounds on the distances, several times faster to compute."""
        found = torch.empty(len(i), dtype=torch.float64)

        def solve(pairs: Tensor) -> None:
            sides = self._sides(i[pairs], j[pairs])
            x, y, p, q = (t.float().permute(*range(t.ndim)[::-1]).contiguous() for t in sides)
            cost = self._cost(x.unsqueeze(2), y.unsqueeze(1))
            if self.slack is not None:
                cost[0], cost[:, 0] = self.slack, self.slack
            found[pairs] = dual_bound(cost, p, q).double()

        in_threads(solve, self._chunks(i, j))
        return found

    def _cost(self, x: Tensor, y: Tensor) -> Tensor:
        """Transport costs between positions; the first dimension is that of the coordinates."""
        square = (x[0] - y[0]).square_()
        for u, v in zip(x[1:], y[1:], strict=True):
            square += (u - v).square_()
        return square.pow_(self.power / 2)

    def _chunks(self, i: Tensor, j: Tensor) -> Sequence[Tensor]:
        """Chunks of the pairs' indices; sets within a chunk have similar sizes."""
        if not len(i):
            return ()
        sizes, others = ((w != 0).sum(1) for w in (self.a_weights, self.b_weights))
        n, m = self.a.shape[1], self.b.shape[1]
        order = (sizes[i] * (1 + m) + others[j]).argsort()
        return order.split(max(_FEWEST_PAIRS, CHUNK_ELEMENTS // max(1, n * m)))

    def _sides(self, i: Tensor, j: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Positions ``(P, n, D)`` and ``(P, m, D)`` of pairs, and their weights.

        ``n`` and ``m`` are the sizes of the largest sets, plus one with slack: the first slot is
        then not a particle, and its weight is what this side lacks.
        """
        first = 0 if self.slack is None else 1
        skip, miss = (
            w.shape[1] - first - int((w[k] != 0).sum(1).max())
            for w, k in ((self.a_weights, i), (self.b_weights, j))
        )
        p, q = self.a_weights[i, skip:], self.b_weights[j, miss:]
        if first:
            excess = self.a_weights[i].sum(1) - self.b_weights[j].sum(1)
            p[:, 0], q[:, 0] = (-excess).clamp(min=0), excess.clamp(min=0)
        return self.a[i, skip:], self.b[j, miss:], p, q


@torch.no_grad()
def emd_pairs(
    a: Tensor,
    a_mask: Tensor,
    b: Tensor,
    b_mask: Tensor,
    *,
    power: float = 1,
    a_weights: Tensor | None = None,
    b_weights: Tensor | None = None,
    R: float | None = None,
) -> EMDPairs:
    """The pairs of :func:`emd_matrix`, with the same arguments and errors, not yet solved."""
    check_power(power)
    if R is not None and (a_weights is None or b_weights is None):
        raise InputError("R: expected a_weights and b_weights with it, received none")
    if R is not None and not R > 0:
        raise InputError(f"R: expected a positive number, received {R}")
    sides = []
    for name, points, mask, weights in (("a", a, a_mask, a_weights), ("b", b, b_mask, b_weights)):
        check_sets(name, points, mask)
        w = prepare_weights(weights, mask, points, f"{name}_weights").double().cpu()
        w = normalised(w) if R is None else w
        # The smallest weights first, and no more slots than the largest set needs.
        most = max((w != 0).sum(1).tolist(), default=0)
        order = w.argsort(dim=1, stable=True)[:, w.shape[1] - most :]
        x = zero_padding(points, mask).double().cpu() / (1.0 if R is None else R)
        x, w = x.take_along_dim(order.unsqueeze(2), 1), w.take_along_dim(order, 1)
        slot = 0 if R is None else 1
        pad = torch.nn.functional.pad
        sides.append((pad(x, (0, 0, slot, 0)), pad(w, (slot, 0))))
    (x, p), (y, q) = sides
    if x.shape[2] != y.shape[2]:
        raise InputError(f"b: expected {x.shape[2]} coordinates as in a, received {y.shape[2]}")
    slack = None if R is None else 1.0
    return EMDPairs(x, y, p, q, power, slack, equal=a_weights is None and b_weights is None)
