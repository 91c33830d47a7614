r"""Energy-flow polynomials with all their matrix-vector products in few passes.

In a program of :mod:`jetgen.physics.efp_program` each vector :math:`\sum_j M_{ij} w_j` is one step,
and so is each matrix. If every matrix is a product of powers of :math:`\theta` and of
:math:`W_{ij} = \sum_x \theta_{ix} z_x \theta_{xj}`, all vectors whose weights are already computed
follow from one pass over :math:`\theta`, without any other matrix in memory. The 36 polynomials of
up to four edges take two passes: seven vectors, then two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import torch
from torch import Tensor

from jetgen.physics.efp_plan import Applied, Chained, Matrix, Power, Product, Row, Total
from jetgen.physics.efp_program import ONE, Program, Z

Powers = tuple[int, int]
"""Exponents of ``theta`` and of ``W``."""

Moments = Callable[[Tensor, Tensor, Tensor, Sequence[Powers]], Tensor]
"""A function with the signature of :func:`moments_plain`."""


def moments_plain(theta: Tensor, z: Tensor, weights: Tensor, powers: Sequence[Powers]) -> Tensor:
    r""":math:`\sum_j \theta_{ij}^{p_k} W_{ij}^{q_k} w_{kj}`, ``(B, K, N)``.

    Args:
        theta: symmetric ``(B, N, N)``.
        z: ``(B, N)``.
        weights: ``(B, K, N)``, zero where there is no particle.
        powers: ``p`` and ``q`` of each sum.
    """
    chained = (theta * z.unsqueeze(1)) @ theta
    sums = [
        (theta**p * chained**q * w.unsqueeze(1)).sum(2)
        for (p, q), w in zip(powers, weights.unbind(1), strict=True)
    ]
    return torch.stack(sums, dim=1)


@dataclass
class _Pass:
    """The vectors computed in one pass, and the element-wise products that follow from them."""

    weights: list[int] = field(default_factory=list)
    powers: list[Powers] = field(default_factory=list)
    vectors: list[int] = field(default_factory=list)
    products: list[int] = field(default_factory=list)


class FusedProgram:
    """A program arranged in passes over the angles.

    Raises:
        ValueError: for polynomials with matrices of another form; see :func:`fused_program`.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.passes: list[_Pass] = [_Pass()]
        known_after = {ONE: 0, Z: 0}  # the pass after which a vector is available
        for number, expression in program.expressions():
            inputs = program.inputs(number)
            match expression:
                case Applied(matrix):
                    after = known_after[inputs[1]] + 1
                    if after == len(self.passes):
                        self.passes.append(_Pass())
                    here = self.passes[after]
                    here.weights.append(inputs[1])
                    here.powers.append(_powers(matrix))
                    here.vectors.append(number)
                case tuple():
                    after = max(known_after[i] for i in inputs)
                    self.passes[after].products.append(number)
                case Row() | Total():
                    raise ValueError("a particle is held fixed")
                case _:
                    continue
            known_after[number] = after

    def __call__(self, z: Tensor, theta: Tensor, moments: Moments = moments_plain) -> Tensor:
        """The polynomials ``(B, G)``, in the order of the program."""
        values = {ONE: torch.ones_like(z), Z: z}
        for here in self.passes:
            if here.vectors:
                weights = torch.stack([values[i] for i in here.weights], dim=1)
                sums = moments(theta, z, weights, here.powers)
                values.update(zip(here.vectors, sums.unbind(1), strict=True))
            for number in here.products:
                values[number] = self.program.run(number, values)
        return self.program.totals(z, values)


@lru_cache(maxsize=64)
def fused_program(program: Program) -> FusedProgram | None:
    """The program arranged in passes; ``None`` if its matrices do not allow it."""
    try:
        return FusedProgram(program)
    except ValueError:
        return None


def _powers(matrix: Matrix) -> Powers:
    match matrix:
        case Power(degree):
            return degree, 0
        case Chained(Power(1), (), Power(1)):
            return 0, 1
        case Product(factors):
            p, q = zip(*map(_powers, factors), strict=True)
            return sum(p), sum(q)
    raise ValueError(f"matrix of another form: {matrix}")
