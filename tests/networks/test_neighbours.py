import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jetgen.networks.neighbours import nearest_neighbours


def brute_force(points, mask, jet, slot):
    """Distances from one particle to the others of its set, with their slots, nearest first."""
    others = [j for j in range(mask.shape[1]) if mask[jet, j] and j != slot]
    return sorted((float((points[jet, slot] - points[jet, j]).norm()), j) for j in others)


def check(points, mask, neighbours, tolerance=1e-9):
    index, valid = nearest_neighbours(points, mask, neighbours)
    kept = max(1, min(neighbours, mask.shape[1] - 1))
    assert index.shape == valid.shape == (*mask.shape, kept)
    for jet in range(len(mask)):
        for slot in range(mask.shape[1]):
            row, real = index[jet, slot].tolist(), valid[jet, slot]
            if not mask[jet, slot]:
                assert not real.any()
                continue
            expected = brute_force(points, mask, jet, slot)[:kept]
            found = row[: len(expected)]
            assert real.tolist() == [i < len(expected) for i in range(kept)]
            assert len(set(found)) == len(found) and slot not in found
            assert mask[jet, found].all()
            distances = (points[jet, slot] - points[jet, found]).norm(dim=-1).double()
            torch.testing.assert_close(
                distances,
                torch.tensor([d for d, _ in expected], dtype=torch.float64),
                atol=tolerance,
                rtol=0,
            )
            filler = row[0] if expected else slot
            assert row[len(expected) :] == [filler] * (kept - len(expected))


@settings(deadline=None, max_examples=25)
@given(
    size=st.integers(1, 9),
    neighbours=st.integers(1, 10),
    columns=st.sampled_from([1, 2, 3, 6]),
    seed=st.integers(0, 2**32 - 1),
)
def test_agrees_with_brute_force(size, neighbours, columns, seed):
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(4, size, columns, generator=generator, dtype=torch.float64)
    mask = torch.rand(4, size, generator=generator) < 0.7  # holes are allowed
    points[~mask] = torch.nan
    check(points, mask, neighbours, tolerance=1e-6)


def test_ties_and_coincident_points():
    grid = torch.cartesian_prod(torch.arange(3.0), torch.arange(3.0))
    points = torch.cat([grid, grid[:3]]).expand(2, -1, -1)  # many equal distances, three doubles
    mask = torch.ones(2, 12, dtype=torch.bool)
    mask[1, 5:] = False
    for neighbours in (1, 3, 8, 11):
        check(points, mask, neighbours, tolerance=1e-6)


def test_a_double_is_a_neighbour_and_the_particle_itself_is_not():
    points = torch.zeros(1, 3, 2)
    points[0, 2] = 1.0
    index, valid = nearest_neighbours(points, torch.ones(1, 3, dtype=torch.bool), 1)
    assert valid.all()
    assert index[0, :2, 0].tolist() == [1, 0]


def test_padding_holds_anything():
    points = torch.randn(3, 6, 2, generator=torch.Generator().manual_seed(0))
    mask = torch.arange(6) < torch.tensor([[6], [3], [0]])
    reference = nearest_neighbours(points, mask, 4)
    for filling in (torch.nan, torch.inf, 1e30):
        filled = torch.where(mask.unsqueeze(-1), points, filling)
        for a, b in zip(reference, nearest_neighbours(filled, mask, 4), strict=True):
            assert torch.equal(a, b)


def test_particles_close_together_far_from_the_origin():
    offsets = torch.tensor([0.0, 1e-3, 2.5e-3, 4.5e-3, 7e-3])
    points = 1.0 + offsets.view(1, -1, 1).expand(1, 5, 2)
    index, _ = nearest_neighbours(points, torch.ones(1, 5, dtype=torch.bool), 2)
    assert index[0].tolist() == [[1, 2], [0, 2], [1, 3], [2, 4], [3, 2]]


def test_blocks_of_sets_do_not_change_the_result(monkeypatch):
    points = torch.randn(7, 5, 3, generator=torch.Generator().manual_seed(1))
    mask = torch.rand(7, 5, generator=torch.Generator().manual_seed(2)) < 0.8
    reference = nearest_neighbours(points, mask, 3)
    monkeypatch.setattr("jetgen.networks.neighbours._DISTANCES", 50)
    for a, b in zip(reference, nearest_neighbours(points, mask, 3), strict=True):
        assert torch.equal(a, b)
