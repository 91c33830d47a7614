from itertools import permutations

import pytest

from jetgen.errors import InputError
from jetgen.physics.efp_graphs import (
    canonical,
    check_graphs,
    components,
    connected_graphs,
    efp_graphs,
    vertices,
)


def relabelled(graph, names):
    return tuple((names[a], names[b]) for a, b in graph)


@pytest.mark.parametrize("degree", range(7))
def test_number_of_connected_multigraphs(degree):
    graphs = connected_graphs(degree)
    assert len(graphs) == [1, 1, 2, 5, 12, 33, 103][degree]  # OEIS A076864
    assert all(len(graph) == degree for graph in graphs)
    assert all(len(components(graph)) == 1 for graph in graphs)


def test_numbers_up_to_a_degree():
    assert [len(efp_graphs(degree)) for degree in range(7)] == [1, 2, 5, 13, 36, 102, 314]


def test_tables_agree_with_the_generator():
    listed = [graph for graph in efp_graphs(4) if len(components(graph)) == 1]
    made = [graph for degree in range(5) for graph in connected_graphs(degree)]
    assert len(listed) == 21
    assert {canonical(graph) for graph in listed} == set(made)
    classes = {
        tuple(sorted(canonical(part) for part in components(graph))) for graph in efp_graphs(4)
    }
    assert len(classes) == 36


def test_a_smaller_degree_gives_the_graphs_of_that_degree():
    four = efp_graphs(4)
    assert efp_graphs(2) == tuple(graph for graph in four if len(graph) <= 2)
    assert efp_graphs(5)[:36] == four


@pytest.mark.parametrize("graph", connected_graphs(4))
def test_canonical_form_depends_on_the_class_only(graph):
    forms = {
        canonical(check_graphs([relabelled(graph, names)])[0])
        for names in permutations(range(vertices(graph)))
    }
    assert forms == {graph}


def test_components():
    assert components(()) == ((),)
    assert components(((0, 2), (1, 3), (3, 4), (1, 4))) == (((0, 1),), ((0, 1), (0, 2), (1, 2)))


def test_checked_orders_the_ends_of_edges():
    assert check_graphs([[(1, 0), [2, 1]], []]) == (((0, 1), (1, 2)), ())


@pytest.mark.parametrize("graph", [[(0, 0)], [(0, 2)], [(0, 1, 2)], [(1, 2)], [(-1, 0)]])
def test_graphs_that_make_no_sense(graph):
    with pytest.raises(InputError, match="expected pairs of different vertices"):
        check_graphs([graph])


def test_negative_degree():
    with pytest.raises(InputError, match="zero or more"):
        efp_graphs(-1)
