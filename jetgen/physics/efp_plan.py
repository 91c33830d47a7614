r"""Plan to compute a set of energy-flow polynomials with few, shared operations.

A polynomial sums over all assignments of particles to the vertices of a graph. Summing over one
vertex leaves a smaller graph: a vertex with one neighbour becomes a vector on that neighbour
(:class:`Applied`, a matrix times a vector), a vertex with two neighbours becomes a matrix between
them (:class:`Chained`, a product of matrices), and the last vertex becomes a number
(:class:`Total`). If every vertex has at least three neighbours (the smallest case is the complete
graph on four vertices), one vertex is held fixed at each particle in turn (:class:`Row`), which
costs one more tensor axis.

Polynomials that contain equal expressions share them. The vertex that leaves the simplest
expression is summed first, so that as many expressions as possible are equal: the 36 polynomials of
up to four edges need one product of matrices and nine matrix-vector products.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from jetgen.physics.efp_graphs import Graph, vertices


@dataclass(frozen=True)
class Power:
    """The matrix of ``theta_ij ** degree``."""

    degree: int


@dataclass(frozen=True)
class Product:
    """The element-wise product of matrices."""

    factors: tuple[Matrix, ...]


@dataclass(frozen=True)
class Chained:
    """The matrix of ``sum_x left_ix z_x (product of vectors)_x right_xj``."""

    left: Matrix
    vectors: tuple[Vector, ...]
    right: Matrix


@dataclass(frozen=True)
class Applied:
    """The vector of ``sum_x matrix_ix z_x (product of vectors)_x``."""

    matrix: Matrix
    vectors: tuple[Vector, ...]


@dataclass(frozen=True)
class Row:
    """The vector of ``matrix_ij`` over ``j``, with ``i`` the ``depth``-th fixed particle."""

    matrix: Matrix
    depth: int


@dataclass(frozen=True)
class Total:
    """The number ``sum_x z_x (product of vectors)_x``; a vector over the last fixed particle."""

    vectors: tuple[Vector, ...]
    depth: int
    """Number of particles that are held fixed."""


Matrix = Power | Product | Chained
Vector = Applied | Row | Total
Expression = Matrix | Vector


@cache
def total(graph: Graph) -> Total:
    """The expression for the polynomial of a connected graph."""
    matrices: dict[tuple[int, int], Matrix] = {e: Power(graph.count(e)) for e in set(graph)}
    return _Elimination(dict.fromkeys(range(vertices(graph)), ()), matrices, depth=0).total()


def transposed(matrix: Matrix) -> Matrix:
    """The same matrix with rows and columns exchanged."""
    match matrix:
        case Power():
            return matrix
        case Product(factors):
            return Product(_sorted(transposed(factor) for factor in factors))
        case Chained(left, vectors, right):
            return Chained(transposed(right), vectors, transposed(left))


def simplicity(expression: Expression) -> tuple[int, str]:
    """Sort key of expressions: shorter ones first."""
    text = str(expression)
    return len(text), text


class _Elimination:
    """A graph with vectors on its vertices and matrices on its edges, ``a < b`` for ``(a, b)``."""

    def __init__(
        self,
        vectors: dict[int, tuple[Vector, ...]],
        matrices: dict[tuple[int, int], Matrix],
        depth: int,  # how many particles are held fixed
    ) -> None:
        self.vectors, self.matrices, self.depth = vectors, matrices, depth

    def total(self) -> Total:
        """Sum over all vertices."""
        while len(self.vectors) > 1:
            vertex = min(self.vectors, key=self._cost)
            if len(self._neighbours(vertex)) > 2:
                vertex = max(self.vectors, key=lambda v: (len(self._neighbours(v)), -v))
                return self._fixed(vertex)
            self._eliminate(vertex)
        (vectors,) = self.vectors.values()
        return Total(vectors, self.depth)

    def _cost(self, vertex: int) -> tuple[int, tuple[int, str]]:
        near = self._neighbours(vertex)
        return len(near), simplicity(self._summed(vertex, near)) if len(near) < 3 else (0, "")

    def _summed(self, vertex: int, near: Sequence[int]) -> Applied | Chained:
        """The result of summing over a vertex with one or two neighbours."""
        vectors = self.vectors[vertex]
        if len(near) == 1:
            return Applied(self._between(near[0], vertex), vectors)
        return Chained(self._between(near[0], vertex), vectors, self._between(vertex, near[1]))

    def _eliminate(self, vertex: int) -> None:
        near = self._neighbours(vertex)
        left = self._summed(vertex, near)
        self._remove(vertex)
        if isinstance(left, Applied):
            self._attach(near[0], left)
            return
        edge = (near[0], near[1])
        present = self.matrices.get(edge)
        factors = present.factors if isinstance(present, Product) else (present,)
        kept = [factor for factor in factors if factor is not None]
        self.matrices[edge] = Product(_sorted([*kept, left])) if kept else left

    def _fixed(self, vertex: int) -> Total:
        """Hold one vertex fixed, sum over the others, then over this one."""
        depth = self.depth + 1
        for other in self._neighbours(vertex):
            self._attach(other, Row(self._between(vertex, other), depth))
        own = self.vectors[vertex]
        self._remove(vertex)
        parts = [_Elimination(*part, depth).total() for part in self._parts()]
        return Total(_sorted([*own, *parts]), self.depth)

    def _parts(self) -> list[tuple[dict[int, tuple[Vector, ...]], dict[tuple[int, int], Matrix]]]:
        """The connected parts of the remaining graph."""
        groups = [{vertex} for vertex in self.vectors]
        for edge in self.matrices:
            touched = [group for group in groups if group & set(edge)]
            groups = [group for group in groups if group not in touched] + [set().union(*touched)]
        return [
            (
                {v: self.vectors[v] for v in sorted(group)},
                {edge: matrix for edge, matrix in self.matrices.items() if edge[0] in group},
            )
            for group in groups
        ]

    def _neighbours(self, vertex: int) -> list[int]:
        return sorted(a + b - vertex for a, b in self.matrices if vertex in (a, b))

    def _between(self, row: int, column: int) -> Matrix:
        if row < column:
            return self.matrices[row, column]
        return transposed(self.matrices[column, row])

    def _attach(self, vertex: int, vector: Vector) -> None:
        self.vectors[vertex] = _sorted([*self.vectors[vertex], vector])

    def _remove(self, vertex: int) -> None:
        del self.vectors[vertex]
        self.matrices = {edge: m for edge, m in self.matrices.items() if vertex not in edge}


def _sorted(expressions: Iterable) -> tuple:
    return tuple(sorted(expressions, key=simplicity))
