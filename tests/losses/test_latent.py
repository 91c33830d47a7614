"""The distances of codes against closed forms."""

import math

import pytest
import torch

from jetgen.losses.latent import SCALES, mmd, random_directions, sliced_wasserstein


def normal(rows, columns, seed, shift=0.0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, columns, generator=generator, dtype=torch.float64) + shift


@pytest.mark.parametrize("kernel", ["inverse-multiquadric", "rbf"])
def test_mmd_of_two_pairs_of_points(kernel):
    x = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
    y = torch.tensor([[3.0], [5.0]], dtype=torch.float64)

    def k(distance):
        if kernel == "rbf":
            return sum(math.exp(-(distance**2) / (2 * s)) for s in SCALES)
        return sum(2 * s / (2 * s + distance**2) for s in SCALES)

    expected = k(1) + k(2) - 2 * (k(3) + k(5) + k(2) + k(4)) / 4
    assert float(mmd(x, y, kernel)) == pytest.approx(expected)


def test_rbf_mmd_of_shifted_normal_samples_has_its_expected_value():
    # E k(x, y) for x - y ~ N(m, 2): sqrt(C / (C + 4)) exp(-m^2 / (C + 4)), C = 2 s
    def mean(shift):
        return sum(
            math.sqrt(2 * s / (2 * s + 4)) * math.exp(-(shift**2) / (2 * s + 4)) for s in SCALES
        )

    values = [mmd(normal(300, 1, i), normal(300, 1, 100 + i, shift=1.0), "rbf") for i in range(40)]
    samples = torch.stack(values)
    error = float(samples.std() / math.sqrt(len(samples)))
    assert abs(float(samples.mean()) - 2 * (mean(0) - mean(1))) < 4 * error


@pytest.mark.parametrize("kernel", ["inverse-multiquadric", "rbf"])
def test_mmd_is_unbiased_for_one_distribution_and_finite_for_one_point(kernel):
    samples = torch.stack(
        [mmd(normal(50, 4, i), normal(50, 4, 100 + i), kernel) for i in range(60)]
    )
    assert abs(float(samples.mean())) < 4 * float(samples.std() / math.sqrt(len(samples)))
    x = normal(1, 4, 1).requires_grad_()
    mmd(x, normal(1, 4, 2), kernel).backward()
    assert torch.isfinite(x.grad).all()


def test_gradient_of_mmd_draws_samples_together():
    x, y = normal(40, 2, 1, shift=2.0).requires_grad_(), normal(40, 2, 2)
    mmd(x, y).backward()
    moved = x.detach() - 5 * x.grad
    assert mmd(moved, y) < mmd(x.detach(), y)
    assert torch.autograd.gradcheck(lambda a: mmd(a, y[:5]), x[:6].detach().requires_grad_())


def test_sliced_wasserstein_of_a_shift_is_its_squared_projection():
    x = normal(30, 3, 1)
    directions = random_directions(7, x, torch.Generator().manual_seed(3))
    shift = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    expected = (directions @ shift).square().mean()
    torch.testing.assert_close(sliced_wasserstein(x, x.flip(0) + shift, directions), expected)
    torch.testing.assert_close(directions.norm(dim=1), torch.ones(7, dtype=torch.float64))


def test_sliced_wasserstein_over_many_directions_is_the_squared_shift_over_the_dimension():
    x = normal(10, 4, 1)
    directions = random_directions(20_000, x, torch.Generator().manual_seed(3))
    assert float(sliced_wasserstein(x, x + 1.0, directions)) == pytest.approx(1.0, rel=0.05)
