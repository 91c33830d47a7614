"""Expressions of energy-flow polynomials as a list of tensor operations, ready to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial, reduce
from operator import itemgetter, mul

import torch
from torch import Tensor

from jetgen.physics.efp_graphs import Graph, components
from jetgen.physics.efp_plan import (
    Applied,
    Chained,
    Expression,
    Power,
    Product,
    Row,
    Total,
    Vector,
    simplicity,
    total,
    transposed,
)

ONE, Z, THETA = 0, 1, 2
"""Numbers of the input values, which come first in every run."""

Vectors = tuple[str, tuple[Vector, ...]]
"""The element-wise product of vectors, ``plain`` or ``weighted`` with ``z``."""


@lru_cache(maxsize=64)
def efp_program(graphs: tuple[Graph, ...]) -> Program:
    """The program that computes the polynomials of these graphs, connected or not."""
    return Program(graphs)


class Program:
    """Operations in order of execution, each expression computed once.

    Vectors are ``(B, ..., N)`` and matrices ``(B, ..., N, N)``, with one extra axis for each of the
    ``fixed`` particles held fixed; its length is one if the value does not depend on that particle.
    """

    def __init__(self, graphs: Sequence[Graph]) -> None:
        self.steps: list[tuple[tuple[int, ...], Callable[..., Tensor]]] = []
        self.known: dict[Expression | Vectors, int] = {Power(1): THETA}
        self.graphs, self.fixed = len(graphs), 0
        parts = [components(graph) for graph in graphs]
        connected = sorted({part for group in parts for part in group})
        halves = [_halves(total(part).vectors) for part in connected]
        distinct = sorted({half for pair in halves for half in pair}, key=str)
        self.halves = [self._product(half) for half in distinct]
        self.pairs = [len(distinct) * distinct.index(a) + distinct.index(b) for a, b in halves]
        self.factors = [
            [connected.index(group[i]) if i < len(group) else len(connected) for group in parts]
            for i in range(max(map(len, parts), default=0))
        ]
        self.finished = self._finished()

    def __call__(self, z: Tensor, theta: Tensor) -> Tensor:
        """The polynomials ``(B, G)`` from weights ``(B, N)`` and angles ``(B, N, N)``.

        In padded slots ``z`` must be zero and ``theta`` finite; ``theta`` must be symmetric.
        """
        axes = [1] * self.fixed
        z = z.view(len(z), *axes, -1)
        values = {ONE: torch.ones_like(z), Z: z}
        values[THETA] = theta.view(len(z), *axes, *theta.shape[1:])
        for number, finished in enumerate(self.finished, THETA + 1):
            values[number] = self.run(number, values)
            for i in finished:
                del values[i]  # free the memory while it is still in cache
        return self.totals(z, values)

    def run(self, number: int, values: Mapping[int, Tensor]) -> Tensor:
        """Compute the value with this number from the values of its :meth:`inputs`."""
        inputs, operation = self.steps[number - THETA - 1]
        return operation(*(values[i] for i in inputs))

    def inputs(self, number: int) -> tuple[int, ...]:
        """The numbers of the values that this step needs."""
        return self.steps[number - THETA - 1][0]

    def expressions(self) -> list[tuple[int, Expression | Vectors]]:
        """The expression of each number after those of the inputs, in the order of the steps."""
        named = ((n, expression) for expression, n in self.known.items() if n > THETA)
        return sorted(named, key=itemgetter(0))

    def totals(self, z: Tensor, values: Mapping[int, Tensor]) -> Tensor:
        """The polynomials ``(B, G)`` from the vectors that the steps have computed."""
        # (B, H, N): every total is one vector times another, summed with z
        rows = torch.stack([values[i].flatten(1) for i in self.halves], dim=1)
        products = ((rows * z.flatten(1).unsqueeze(1)) @ rows.mT).flatten(1)
        totals = products.index_select(1, torch.as_tensor(self.pairs, device=z.device))
        known = torch.cat([totals, totals.new_ones(len(z), 1)], dim=1)
        factors = torch.as_tensor(self.factors, device=z.device)
        return reduce(mul, (known.index_select(1, columns) for columns in factors))

    def _add(self, run: Callable[..., Tensor], *inputs: int) -> int:
        self.steps.append((inputs, run))
        return THETA + len(self.steps)

    def _finished(self) -> list[list[int]]:
        """For each step, the earlier values that no later step needs."""
        last = {i: number for number, (inputs, _) in enumerate(self.steps) for i in inputs}
        finished: list[list[int]] = [[] for _ in self.steps]
        for i, number in last.items():
            if i > THETA and i not in self.halves:
                finished[number].append(i)
        return finished

    def _step(self, expression: Expression) -> int:
        """The number of an expression's value; a new expression adds a step."""
        if expression not in self.known:
            self.known[expression] = self._compute(expression)
        return self.known[expression]

    def _compute(self, expression: Expression) -> int:
        match expression:
            case Power(degree):
                half = Power(degree // 2), Power(degree - degree // 2)
                return self._add(torch.mul, *(self._step(power) for power in half))
            case Product(factors):
                return self._add(_times, *(self._step(factor) for factor in factors))
            case Chained(left, vectors, right):
                flipped = transposed(expression)
                if simplicity(flipped) < simplicity(expression):
                    return self._add(
                        partial(torch.transpose, dim0=-2, dim1=-1), self._step(flipped)
                    )
                outer = self._step(left), self._weighted(vectors), self._step(right)
                return self._add(_chained, *outer)
            case Applied(matrix, vectors):
                # a row vector times a matrix is faster; most matrices are symmetric
                return self._add(_applied, self._step(transposed(matrix)), self._weighted(vectors))
            case Row(matrix, depth):
                self.fixed = max(self.fixed, depth)
                return self._add(partial(_row, depth), self._step(matrix))
            case Total(vectors, depth):
                return self._add(partial(_total, depth), self._weighted(vectors))

    def _product(self, vectors: tuple[Vector, ...]) -> int:
        return self._vectors("plain", vectors, ONE)

    def _weighted(self, vectors: tuple[Vector, ...]) -> int:
        return self._vectors("weighted", vectors, Z)

    def _vectors(self, kind: str, vectors: tuple[Vector, ...], first: int) -> int:
        """The product of vectors, multiplied by ``z`` if ``kind`` is ``weighted``."""
        steps = [self._step(vector) for vector in vectors]
        steps = [first, *steps] if first == Z or not steps else steps
        if len(steps) == 1:
            return steps[0]
        key = (kind, vectors)
        if key not in self.known:
            self.known[key] = self._add(_times, *steps)
        return self.known[key]


def _halves(vectors: tuple[Vector, ...]) -> tuple[tuple[Vector, ...], tuple[Vector, ...]]:
    middle = len(vectors) // 2
    return vectors[:middle], vectors[middle:]


def _times(*values: Tensor) -> Tensor:
    return reduce(mul, values)


def _applied(matrix: Tensor, vector: Tensor) -> Tensor:
    return (vector.unsqueeze(-2) @ matrix).squeeze(-2)


def _chained(left: Tensor, vector: Tensor, right: Tensor) -> Tensor:
    return (left * vector.unsqueeze(-2)) @ right


def _row(depth: int, matrix: Tensor) -> Tensor:
    """The rows of a matrix as vectors, one for each fixed particle, on the axis ``depth``."""
    return matrix.transpose(depth, -2).squeeze(-2)


def _total(depth: int, weighted: Tensor) -> Tensor:
    """The sum of a vector as a vector over the last fixed particle, on the axis ``depth``."""
    return weighted.sum(-1, keepdim=True).transpose(depth, -1)
