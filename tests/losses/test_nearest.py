"""The fast search against its specification, and against what must come out."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jetgen.losses.nearest import nearest, nearest_plain
from jetgen.losses.search import Search, first_at, may_compile, search_chunks, smallest_distances

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


def closest(x: torch.Tensor, y: torch.Tensor, y_mask: torch.Tensor, norm: str) -> torch.Tensor:
    """What Inductor compiles, as it is."""
    return first_at(x, y, y_mask, smallest_distances(x, y, y_mask, norm), norm)


def random_sets(N: int, M: int, scale: float = 1.0) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(N)
    x, y = (scale * torch.randn(5, n, 3, generator=generator) for n in (N, M))
    x_mask, y_mask = (torch.rand(5, n, generator=generator) < 0.7 for n in (N, M))
    return x, x_mask, y, y_mask


@pytest.mark.parametrize("norm", ["l2", "l1"])
def test_two_minima_are_the_arg_min(norm: str) -> None:
    for N in SIZES:
        x, x_mask, y, y_mask = random_sets(N, SIZES[-N % len(SIZES)])
        chunks = search_chunks(x, x_mask, y, y_mask, norm)
        assert torch.equal(
            closest(x.mT, y, y_mask, norm)[x_mask],
            torch.where(y_mask.any(1, keepdim=True), chunks.of_x, 0)[x_mask],
        )
        assert torch.equal(
            closest(y.mT, x, x_mask, norm)[y_mask],
            torch.where(x_mask.any(1, keepdim=True), chunks.of_y, 0)[y_mask],
        )


def test_a_nan_is_found_by_both_searches() -> None:
    x, y = torch.zeros(1, 4, 2), torch.zeros(1, 5, 2)
    y[0, 3, 1] = torch.nan
    masks = torch.ones(1, 4, dtype=torch.bool), torch.ones(1, 5, dtype=torch.bool)
    assert (search_chunks(x, masks[0], y, masks[1], "l2").of_x == 3).all()
    assert (closest(x.mT, y, masks[1], "l2") == 3).all()


@pytest.mark.slow
@pytest.mark.skipif(not may_compile(), reason="needs a C++ compiler and Python's headers")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own
def test_the_compiled_search_gives_the_same_indices() -> None:
    """Also the same bits of the distances: collimated particles make near ties."""
    search = Search(pays_after=0)
    for N, M in ((30, 30), (127, 33), (2, 9)):
        x, x_mask, y, y_mask = random_sets(N, M, scale=1e-4)
        compiled = search(x + 1, x_mask, y + 1, y_mask, "l2")
        chunks = search_chunks(x + 1, x_mask, y + 1, y_mask, "l2")
        assert torch.equal(compiled.of_x[x_mask], chunks.of_x[x_mask])
        assert torch.equal(compiled.of_y[y_mask], chunks.of_y[y_mask])
    assert "fused" in vars(search)  # it did compile


def test_the_search_is_compiled_when_chunks_have_cost_as_much(monkeypatch) -> None:
    monkeypatch.delenv("JETGEN_KERNELS", raising=False)
    monkeypatch.setattr("jetgen.losses.search.may_compile", lambda: True)
    search = Search(pays_after=2 * 5 * 4 * 3)
    calls = []
    # in place of Inductor's
    search.fused = smallest_distances, lambda *a: calls.append(a) or first_at(*a)
    for _ in range(3):
        x, x_mask, y, y_mask = random_sets(4, 3)
        search(x, x_mask, y, y_mask, "l2")
    assert len(calls) == 2  # the third call, for each side
    search(x[:1], x_mask[:1], y[:1], y_mask[:1], "l2")
    assert len(calls) == 2  # a single jet would be compiled anew


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_compiler_that_fails_is_reported_and_the_search_goes_on(monkeypatch) -> None:
    from torch._dynamo.exc import BackendCompilerFailed

    def fails(*arguments: object) -> None:
        raise BackendCompilerFailed(fails, RuntimeError("no space left"), None)

    monkeypatch.setattr("jetgen.losses.search.may_compile", lambda: True)
    search = Search(pays_after=0)
    search.fused = fails, first_at
    sets = random_sets(4, 3)
    with pytest.warns(RuntimeWarning, match="could not be compiled .*no space left"):
        found = search(*sets, "l2")
    assert torch.equal(found.of_x, search_chunks(*sets, "l2").of_x)
    search(*sets, "l2")  # without another attempt
