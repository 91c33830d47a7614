r"""Event weights: which are refused, how many sets they are worth, and draws by weight.

.. math:: n_\mathrm{eff} = \frac{(\sum_i w_i)^2}{\sum_i w_i^2}

is the number of sets of equal weight whose mean has the same error. Sample sizes are stated as this
number.
"""

from __future__ import annotations

import torch
from torch import Tensor

from jetgen.errors import InputError


def require_weights(weights: Tensor, name: str = "weights") -> None:
    """Raise :class:`InputError` for weights that are negative or no finite numbers."""
    odd = ~((weights >= 0) & weights.isfinite())
    if bool(odd.any()):
        first = int(odd.nonzero()[0])
        raise InputError(
            f"{name}: expected finite event weights of zero or more, received {int(odd.sum())} "
            f"others of {len(weights)}, first {float(weights[first]):g} of set {first}; correct "
            "them or remove these sets"
        )


def require_some_weight(weights: Tensor, name: str = "weights") -> None:
    """Raise :class:`InputError` for weights as :func:`require_weights`, and if all are zero."""
    require_weights(weights, name)
    if len(weights) and not bool(weights.any()):
        raise InputError(
            f"{name}: expected event weights that are not all zero, received {len(weights)} zeros; "
            "correct them, or leave the weights out"
        )


def equal(weights: Tensor) -> bool:
    """Whether all weights are the same, which is equivalent to no weights."""
    return not len(weights) or bool((weights == weights[0]).all())


def effective_size(weights: Tensor) -> float:
    """``(sum w)^2 / sum w^2``: number of values of equal weight with the same error of the mean.

    >>> effective_size(torch.tensor([2.0, 2.0, 2.0])), effective_size(torch.tensor([1.0, 0.0]))
    (3.0, 1.0)
    """
    if equal(weights):
        return float(len(weights))
    weights = weights.double()
    return float(weights.sum() ** 2 / weights.square().sum())


def counted_sets(weights: Tensor) -> int:
    """:func:`effective_size` as a whole number: the size of a sample."""
    return round(effective_size(weights))


def sized(weights: Tensor) -> str:
    """A number of sets in words, for messages.

    >>> sized(torch.ones(3)), sized(torch.tensor([1.0, 1.0, 0.0]))
    ('3', '3 weighted (which count as 2)')
    """
    if equal(weights):
        return str(len(weights))
    return f"{len(weights)} weighted (which count as {counted_sets(weights)})"


def systematic_draw(weights: Tensor, number: int) -> Tensor:
    r"""``(number,)`` rising indices, each ``i`` about :math:`w_i \cdot` ``number`` :math:`/ \sum w`
    times, and at most once more or less than that.

    Index ``i`` is drawn where the running sum of the weights passes one of ``number`` equally
    spaced points. With equal weights and ``number`` sets each index is drawn once; whole-number
    weights give the same sets as repeated ones.

    >>> systematic_draw(torch.tensor([1.0, 2.0, 1.0]), 4).tolist()
    [0, 1, 1, 2]
    """
    reached = weights.double().cumsum(0)
    points = (torch.arange(number, dtype=torch.float64) + 0.5) * (reached[-1] / number)
    return torch.searchsorted(reached, points, right=True).clamp(max=len(weights) - 1)


def unweighted_draw(weights: Tensor, generator: torch.Generator) -> Tensor:
    """Indices of sets that follow the law of the weighted ones, none of them twice.

    Set ``i`` is kept with probability ``w_i / max w``; all are kept where weights are equal.
    """
    if equal(weights):
        return torch.arange(len(weights))
    chances = torch.rand(len(weights), generator=generator, dtype=torch.float64)
    return (chances * weights.max() < weights).nonzero().squeeze(1)
