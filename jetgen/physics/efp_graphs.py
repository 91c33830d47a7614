"""The multigraphs that define energy-flow polynomials.

A graph is a tuple of edges; an edge is a pair of vertices numbered from 0, repeated if it is a
multiple edge. The empty tuple is a single vertex. A graph need not be connected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import combinations, permutations, product

from jetgen.errors import InputError

Graph = tuple[tuple[int, int], ...]

_UP_TO_FOUR_EDGES = """
-
01
01 01
01 01 01
01 01 01 01
01 02
01 02 02
01 02 02 02
01 01 02 02
01 02 12
01 02 02 12
01 02 03
01 02 02 03
01 02 13
01 02 02 13
01 01 02 13
01 02 12 03
01 02 13 23
01 02 03 04
01 02 03 14
01 02 13 24
01 23
01 23 23
01 23 23 23
01 01 23 23
01 23 24
01 01 23 24
01 23 24 24
01 23 24 34
01 23 45
01 23 24 25
01 23 24 35
01 02 34 35
01 23 45 45
01 23 45 46
01 23 45 67
"""
"""The connected graphs and then their products, in the order of the energyflow package."""


def efp_graphs(max_degree: int = 4) -> tuple[Graph, ...]:
    """All graphs of at most ``max_degree`` edges; 36 for four.

    Graphs of up to four edges are in the order of the energyflow package, on which metrics rely.
    For each larger number of edges, the connected graphs follow, then the products of two or more.

    Raises:
        InputError: for a negative degree.
    """
    if max_degree < 0:
        raise InputError(f"max_degree: expected zero or more, received {max_degree}")
    listed = (_read(line) for line in _UP_TO_FOUR_EDGES.split("\n")[1:-1])
    graphs = [graph for graph in listed if len(graph) <= max_degree]
    for degree in range(5, max_degree + 1):
        graphs += [*connected_graphs(degree), *_products(degree)]
    return tuple(graphs)


@lru_cache
def connected_graphs(degree: int) -> tuple[Graph, ...]:
    """The connected graphs with exactly ``degree`` edges, one per isomorphism class.

    There are 1, 1, 2, 5, 12, 33, 103, 333 for zero to seven edges. Each is made from a graph with
    one edge fewer by adding an edge, to a new vertex or between two existing ones.
    """
    if degree == 0:
        return ((),)
    grown = set()
    for graph in connected_graphs(degree - 1):
        size = vertices(graph)
        new = [(vertex, size) for vertex in range(size)]
        for edge in [*combinations(range(size), 2), *new]:
            grown.add(canonical((*graph, edge)))
    return tuple(sorted(grown, key=lambda graph: (vertices(graph), len(set(graph)), graph)))


def canonical(graph: Graph) -> Graph:
    """The representative of a connected graph: equal for isomorphic graphs only."""
    multiplicity = Counter(graph)
    around: list[list[tuple[int, int]]] = [[] for _ in range(vertices(graph))]
    for (a, b), count in multiplicity.items():
        around[a].append((b, count))
        around[b].append((a, count))
    colours = [0] * len(around)
    for _ in around:  # distinguish vertices by their neighbourhoods
        seen = [
            (colours[vertex], sorted((colours[other], count) for other, count in near))
            for vertex, near in enumerate(around)
        ]
        ranks = sorted({repr(view): view for view in seen}.values())
        colours = [ranks.index(view) for view in seen]
    classes = [[v for v, c in enumerate(colours) if c == colour] for colour in sorted(set(colours))]
    return min(
        _relabelled(graph, [vertex for part in parts for vertex in part])
        for parts in product(*(permutations(members) for members in classes))
    )


def vertices(graph: Graph) -> int:
    """Number of vertices."""
    return 1 + max((max(edge) for edge in graph), default=0)


def components(graph: Graph) -> tuple[Graph, ...]:
    """The connected parts, each with its own vertices numbered from 0 in rising order."""
    parts = [{vertex} for vertex in range(vertices(graph))]
    for edge in graph:
        touched = [part for part in parts if part & set(edge)]
        parts = [part for part in parts if part not in touched] + [set().union(*touched)]
    return tuple(
        _relabelled([edge for edge in graph if edge[0] in part], sorted(part))
        for part in sorted(parts, key=min)
    )


def check_graphs(graphs: Iterable[Sequence[Sequence[int]]]) -> tuple[Graph, ...]:
    """Edge lists as graphs.

    Raises:
        InputError: for an edge that is not a pair of different vertices, or a missing vertex
            number.
    """
    result = []
    for graph in graphs:
        edges = tuple((int(min(edge)), int(max(edge))) for edge in graph)
        pairs = all(len(edge) == 2 and len(set(edge)) == 2 for edge in graph)
        used = {vertex for edge in edges for vertex in edge}
        if not pairs or used != set(range(len(used))):
            raise InputError(
                "graph: expected pairs of different vertices numbered from 0 without gaps, "
                f"received {list(graph)}"
            )
        result.append(edges)
    return tuple(result)


def _read(line: str) -> Graph:
    return tuple((int(edge[0]), int(edge[1])) for edge in line.split() if edge != "-")


def _relabelled(graph: Iterable[tuple[int, int]], order: Sequence[int]) -> Graph:
    """The graph with vertex ``order[i]`` renumbered to ``i``."""
    name = {vertex: i for i, vertex in enumerate(order)}
    return tuple(sorted((min(p), max(p)) for p in ((name[a], name[b]) for a, b in graph)))


def _products(degree: int) -> list[Graph]:
    """Unions of two or more connected graphs with ``degree`` edges in total."""
    factors = [graph for part in range(1, degree) for graph in connected_graphs(part)]

    def choices(left: int, start: int) -> Iterator[tuple[Graph, ...]]:
        if left == 0:
            yield ()
        for i in range(start, len(factors)):
            if len(factors[i]) <= left:
                for rest in choices(left - len(factors[i]), i):
                    yield (factors[i], *rest)

    return [_union(chosen) for chosen in choices(degree, 0)]


def _union(graphs: Iterable[Graph]) -> Graph:
    joined: list[tuple[int, int]] = []
    for graph in graphs:
        offset = vertices(tuple(joined)) if joined else 0
        joined += [(a + offset, b + offset) for a, b in graph]
    return tuple(joined)
