"""One-to-one assignment between two masked sets of the same size, at the least total cost."""

from __future__ import annotations

import torch
from torch import Tensor

from jetgen.arguments import takes_arrays
from jetgen.threads import in_threads

_SETS = 64
"""Sets that one thread solves at a time."""


@takes_arrays
@torch.no_grad()
def optimal_assignment(cost: Tensor, mask: Tensor) -> Tensor:
    r"""The permutation :math:`\sigma` of each set that minimises :math:`\sum_i c_{i \sigma(i)}`.

    Solved exactly, in float64 on the CPU, with as many threads as torch uses.

    Args:
        cost: ``(B, N, N)``; what is not finite counts as zero.
        mask: ``(B, N)`` bool, of the rows and of the columns.

    Returns:
        ``(B, N)`` the column of each row; padded rows keep their own.

    Reference:
        On implementing 2D rectangular assignment algorithms (Crouse, 2016), as in SciPy.

    >>> cost = torch.tensor([[[1.0, 0.0, 9.0], [0.0, 5.0, 9.0], [9.0, 9.0, 9.0]]])
    >>> optimal_assignment(cost, torch.tensor([[True, True, False]]))
    tensor([[1, 0, 2]])
    """
    from scipy.optimize import linear_sum_assignment

    tables = cost.detach().double().nan_to_num(0.0, 0.0, 0.0).cpu().numpy()
    known = mask.cpu().numpy()
    columns = torch.arange(cost.shape[1]).repeat(len(cost), 1)
    found = columns.numpy()

    def solve(sets: slice) -> None:
        for k in range(*sets.indices(len(found))):
            (real,) = known[k].nonzero()
            _, chosen = linear_sum_assignment(tables[k].take(real, 0).take(real, 1))
            found[k, real] = real[chosen]

    in_threads(solve, [slice(k, k + _SETS) for k in range(0, len(found), _SETS)])
    return columns.to(cost.device)
