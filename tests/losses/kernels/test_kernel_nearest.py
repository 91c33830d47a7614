"""The nearest-neighbour and gather kernels against their torch twins."""

import pytest
import torch

from jetgen.losses import chamfer, density_aware_chamfer
from jetgen.losses.nearest import nearest, nearest_plain

pytestmark = pytest.mark.triton

CASES = [(n, m, 3, "l2") for n, m in [(1, 1), (2, 3), (5, 4), (31, 33), (33, 70), (127, 129)]]
CASES += [(9, 8, D, norm) for D in (2, 3, 8) for norm in ("l2", "l1")] + [(33, 9, 8, "l1")]
"""Sizes on both sides of those of tiles, and every number of coordinates with every norm."""


@pytest.mark.parametrize(("n", "m", "D", "norm"), CASES)
def test_indices_are_those_of_torch_also_where_distances_tie(make_sets, n, m, D, norm):
    x, x_mask, y, y_mask = make_sets(n, m, D)
    for round_ in (lambda t: t, torch.round):  # on a lattice nearly everything ties or coincides
        a, b = round_(x).float(), round_(y).float()
        found = nearest(a, x_mask, b, y_mask, norm)
        expected = nearest_plain(a, x_mask, b, y_mask, norm)
        for one, other, mask, partner in zip(
            found, expected, (x_mask, y_mask), (y_mask, x_mask), strict=True
        ):
            known = mask & partner.any(1, keepdim=True)
            assert torch.equal(one[known], other[known])
            assert one.min() >= 0
            assert one.max() < partner.shape[1]  # valid also where it means nothing


def test_half_precision_is_compared_in_single(make_sets):
    from jetgen.losses.kernels.nearest import nearest_indices

    x, x_mask, y, y_mask = make_sets(33, 31)
    x, y = (1000 + x).bfloat16(), (1000 + y).bfloat16()
    found = nearest_indices(x, x_mask, y, y_mask, "l2")
    expected = nearest_plain(x.float(), x_mask, y.float(), y_mask)
    assert torch.equal(found[0][x_mask], expected.of_x[x_mask])
    assert torch.equal(found[1][y_mask], expected.of_y[y_mask])


def test_collimated_particles_far_from_the_origin(make_sets):
    x, _, y, _ = make_sets(9, 8, dtype=torch.float32)
    x, y = (1000 + 1e-3 * t[:1] for t in (x, y))
    full = (torch.ones(t.shape[:2], dtype=torch.bool, device=t.device) for t in (x, y))
    x_mask, y_mask = full
    found = nearest(x, x_mask, y, y_mask)
    expected = nearest_plain(x.double(), x_mask, y.double(), y_mask)
    assert torch.equal(found.of_x, expected.of_x)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"power": 1, "norm": "l1"},
        {"sided": "x", "normalisation": "mean"},
        {"sided": "y", "power": 3},
    ],
    ids=str,
)
@pytest.mark.parametrize(("n", "m"), [(1, 1), (9, 4), (33, 31)])
def test_chamfer_and_its_gradients(make_sets, both_kernels, n, m, options):
    x, x_mask, y, y_mask = make_sets(n, m)
    wx, wy = (torch.rand_like(t[..., 0].nan_to_num()) for t in (x, y))

    def loss(x, y, wx, wy):
        return chamfer(x, x_mask, y, y_mask, x_weights=wx, y_weights=wy, **options)

    for one, other in zip(*both_kernels(loss, x, y, wx, wy), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


def test_density_aware_chamfer_of_half_precision(make_sets, both_kernels):
    x, x_mask, y, y_mask = make_sets(9, 7)

    def loss(x, y):
        return density_aware_chamfer(x, x_mask, y, y_mask)

    for one, other in zip(*both_kernels(loss, x.bfloat16(), y.bfloat16()), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-2, atol=1e-3)


def test_a_jet_gone_wrong_says_so_and_spoils_no_other(make_sets):
    x, x_mask, y, y_mask = make_sets(9, 8)
    expected = chamfer(x, x_mask, y, y_mask, sided="y")
    x[0, 3] = torch.nan
    value = chamfer(x, x_mask, y, y_mask, sided="y")
    assert value[0].isnan()
    assert value[1] == expected[1]


@pytest.mark.parametrize(("n", "m", "D"), [(1, 1, 2), (3, 2, 2)])
def test_gather_has_first_and_second_derivatives(kernel_device, n, m, D):
    from jetgen.losses.kernels.gather import gather_particles

    generator = torch.Generator().manual_seed(1)
    points = torch.randn(2, m, D, generator=generator, dtype=torch.float64).to(kernel_device)
    index = torch.randint(m, (2, n), generator=generator).to(kernel_device)
    points.requires_grad_()
    assert torch.autograd.gradcheck(lambda p: gather_particles(p, index), points)
    assert torch.autograd.gradgradcheck(lambda p: gather_particles(p, index).sin(), points)


@pytest.mark.parametrize(("n", "m"), [(33, 40), (70, 9)])
def test_gradient_of_gather_is_a_sum_in_order(kernel_device, n, m):
    from jetgen.losses.kernels.gather import gather_particles

    generator = torch.Generator().manual_seed(2)
    index = torch.randint(m, (3, n), generator=generator).to(kernel_device)
    upstream = torch.randn(3, n, 3, generator=generator).to(kernel_device)
    points = torch.zeros(3, m, 3, device=kernel_device, requires_grad=True)
    (gradient,) = torch.autograd.grad(gather_particles(points, index), points, upstream)
    expected = torch.zeros_like(points).scatter_add(
        1, index.unsqueeze(2).expand(-1, -1, 3), upstream
    )
    torch.testing.assert_close(gradient, expected.detach(), rtol=1e-5, atol=1e-5)


@pytest.mark.gpu
@pytest.mark.parametrize(("n", "m"), [(150, 127), (1024, 777)])
def test_large_sets_and_the_same_bits_every_time(make_sets, both_kernels, n, m):
    x, x_mask, y, y_mask = make_sets(n, m, B=256, dtype=torch.float32)
    x[:, ::2] = x[:, :1]  # many choose one target

    def loss(x, y):
        return chamfer(x, x_mask, y, y_mask)

    ours, theirs = both_kernels(loss, x, y)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-3)
    for _ in range(3):
        for one, other in zip(ours, both_kernels(loss, x, y)[0], strict=True):
            assert torch.equal(one, other)
