"""The fast search against its specification, and against what must come out."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jetgen.losses.nearest import nearest, nearest_plain

SIZES = [*range(1, 10), 31, 33, 127]


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> object:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("norm", ["l2", "l1"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equals_the_specification(threads: int, norm: str, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    for N in SIZES:
        M, D, B = SIZES[-N % len(SIZES)], 2 + N % 7, 41
        x = torch.randn(B, N, D, dtype=dtype, generator=generator)
        y = torch.randn(B, M, D, dtype=dtype, generator=generator)
        x_mask = torch.rand(B, N, generator=generator) < 0.7
        y_mask = torch.rand(B, M, generator=generator) < 0.7
        fast, plain = nearest(x, x_mask, y, y_mask, norm), nearest_plain(x, x_mask, y, y_mask, norm)
        both = (x_mask.any(1) & y_mask.any(1)).unsqueeze(1)
        for one, other, mask in zip(fast, plain, (x_mask, y_mask), strict=True):
            assert (one == other)[mask & both].all()
            assert one.min() >= 0
        assert fast.of_x.max() < M
        assert fast.of_y.max() < N


def test_tables_larger_than_a_chunk(threads: int) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, 300, 2, generator=generator)
    y = torch.randn(3, 257, 2, generator=generator)
    masks = torch.ones(3, 300, dtype=torch.bool), torch.ones(3, 257, dtype=torch.bool)
    fast, plain = (f(x, masks[0], y, masks[1]) for f in (nearest, nearest_plain))
    assert torch.equal(fast.of_x, plain.of_x)
    assert torch.equal(fast.of_y, plain.of_y)


def test_the_lowest_index_wins_a_tie() -> None:
    x, mask = torch.zeros(2, 4, 3), torch.ones(2, 4, dtype=torch.bool)
    mask[1, 0] = False
    found = nearest(x, mask, x, mask)
    assert found.of_x[0].tolist() == [0, 0, 0, 0]
    assert found.of_y[1].tolist()[1:] == [1, 1, 1]


def test_collimated_particles_far_from_the_origin_are_told_apart() -> None:
    """Where ``|x|^2 + |y|^2 - 2 x.y`` in single precision would see one point."""
    y = 100 + torch.arange(5.0).view(1, 5, 1) * 1e-4
    x = y.flip(1) + 2e-5
    mask = torch.ones(1, 5, dtype=torch.bool)
    assert nearest(x, mask, y, mask).of_x.tolist() == [[4, 3, 2, 1, 0]]


@settings(max_examples=50, deadline=None)
@given(order=st.permutations(range(6)), seed=st.integers(0, 1000))
def test_a_permuted_copy_is_found_again(order: list[int], seed: int) -> None:
    x = torch.randn(1, 6, 3, generator=torch.Generator().manual_seed(seed))
    mask = torch.ones(1, 6, dtype=torch.bool)
    found = nearest(x, mask, x[:, order], mask)
    assert found.of_y.tolist() == [list(order)]
    assert found.of_x[0].tolist() == torch.tensor(order).argsort().tolist()
