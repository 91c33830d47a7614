"""The nearest jets found by bounds are those of the whole matrix of distances."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jetgen.losses.emd_matrix import emd_matrix, emd_pairs
from jetgen.metrics.cov_mmd import coverage_and_mmd
from jetgen.metrics.nearest_jets import nearest_distances

Seeds = st.integers(0, 10_000)


def jets(count: int, particles: int, seed: int, scale: float = 0.1) -> tuple[torch.Tensor, ...]:
    """Positions, mask and weights of jets of one to ``particles`` particles, sums about one."""
    random = np.random.default_rng(seed)
    mask = np.arange(particles) < random.integers(1, particles + 1, (count, 1))
    weights = random.exponential(size=(count, particles)) * mask
    weights *= random.uniform(0.8, 1.0, (count, 1)) / weights.sum(1, keepdims=True)
    points = scale * random.normal(size=(count, particles, 2))
    return tuple(map(torch.from_numpy, (points, mask, weights)))


def both(a, b, **options):
    x, x_mask, p = a
    y, y_mask, q = b
    options = {"R": 1.0, **options}
    if options["R"] is not None or options.pop("weighted", False):
        options |= {"a_weights": p, "b_weights": q}
    arguments = x, x_mask, y, y_mask
    return emd_pairs(*arguments, **options), emd_matrix(*arguments, **options)


def assert_decides(found: torch.Tensor, matrix: torch.Tensor) -> None:
    for dim in (0, 1):
        assert torch.equal(found.amin(dim), matrix.amin(dim))
        np.testing.assert_array_equal(found.argmin(dim), matrix.numpy().argmin(dim))
    solved = found.isfinite()
    assert torch.equal(found[solved], matrix[solved])
    assert coverage_and_mmd(found) == coverage_and_mmd(matrix)


@settings(max_examples=25, deadline=None)
@given(
    counts=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    particles=st.tuples(st.integers(1, 8), st.integers(1, 8)),
    scale=st.sampled_from([1e-4, 0.1, 3.0]),
    power=st.sampled_from([1, 2]),
    seed=Seeds,
)
def test_the_minima_are_those_of_all_pairs(counts, particles, scale, power, seed):
    a, b = (jets(counts[s], particles[s], seed + s, scale) for s in (0, 1))
    pairs, matrix = both(a, b, power=power)
    assert_decides(nearest_distances(pairs), matrix)


@pytest.mark.parametrize("weighted", [False, True])
def test_weights_that_add_up_to_one_and_equal_ones(weighted):
    pairs, matrix = both(jets(9, 6, 1), jets(7, 5, 2), R=None, weighted=weighted)
    assert_decides(nearest_distances(pairs), matrix)


@settings(max_examples=10, deadline=None)
@given(seed=Seeds)
def test_of_repeated_jets_the_first_is_nearest(seed):
    random = np.random.default_rng(seed)
    pool = jets(4, 5, seed)
    a, b = ([t[torch.from_numpy(random.choice(4, 9))] for t in pool] for _ in range(2))
    pairs, matrix = both(a, b)
    assert_decides(nearest_distances(pairs), matrix)


def test_no_bound_is_above_its_distance_and_far_jets_are_not_solved():
    a, b = jets(40, 12, 3), jets(50, 12, 4)
    pairs, matrix = both(a, b)
    every = torch.arange(matrix.numel())
    bounds = pairs.bounds(every // 50, every % 50).view(40, 50)
    assert bool((bounds <= matrix).all())
    assert (bounds / matrix).mean() > 0.85
    assert nearest_distances(pairs).isfinite().double().mean() < 0.35


def test_empty_jets_cost_what_the_others_weigh():
    x, mask, p = jets(4, 5, 5)
    mask[2], p[2] = False, 0
    pairs, matrix = both((x, mask, p), (x, mask, p))
    torch.testing.assert_close(matrix[2], p.sum(1))
    assert_decides(nearest_distances(pairs), matrix)


def test_memory_does_not_grow_with_the_number_of_pairs():
    pairs, _ = both(jets(2, 60, 6), jets(2, 60, 7))
    i, j = torch.zeros(2, 1000, dtype=torch.long)
    chunks = pairs._chunks(i, j)
    sides = [pairs._sides(i[chunk], j[chunk]) for chunk in chunks]
    assert max(len(p) * p.shape[1] * q.shape[1] for *_, p, q in sides) <= max(1 << 17, 64 * 61**2)
    assert sum(map(len, chunks)) == 1000
