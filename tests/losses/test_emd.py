"""Optimal transport against a dense linear program, permutations, translations and Gaussians."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from torch import Tensor

from jetgen.errors import InputError
from jetgen.losses import (
    EMD,
    SinkhornSettings,
    emd,
    emd_matrix,
    energy_movers_distance,
    exact_emd,
)

Seeds = st.integers(0, 10_000)


def linear_program(cost: np.ndarray, a: np.ndarray, b: np.ndarray, total: float) -> float:
    """``min <P, cost>`` with rows of at most ``a``, columns of at most ``b``, in all ``total``."""
    n, m = cost.shape
    rows, columns = np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))
    result = linprog(
        cost.ravel(),
        A_ub=np.vstack([rows, columns]),
        b_ub=np.concatenate([a, b]) + 1e-12,
        A_eq=np.ones((1, n * m)),
        b_eq=[total],
    )
    return float(result.fun)


def problem(n: int, m: int, seed: int) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(1, n, 2, generator=generator, dtype=torch.float64)
    y = torch.randn(1, m, 2, generator=generator, dtype=torch.float64)
    a = torch.rand(1, n, generator=generator, dtype=torch.float64) + 0.1
    b = torch.rand(1, m, generator=generator, dtype=torch.float64) + 0.1
    masks = (torch.ones(1, k, dtype=torch.bool) for k in (n, m))
    return x, y, a, b, *masks


@settings(max_examples=25, deadline=None)
@given(n=st.integers(1, 6), m=st.integers(1, 6), power=st.sampled_from([1, 2, 1.5]), seed=Seeds)
def test_exact_equals_the_linear_program(n: int, m: int, power: float, seed: int) -> None:
    x, y, a, b, x_mask, y_mask = problem(n, m, seed)
    cost = torch.cdist(x, y)[0].numpy() ** power
    for weights in ({}, {"x_weights": a, "y_weights": b}):
        u, v = (a, b) if weights else (torch.ones_like(a), torch.ones_like(b))
        u, v = (u / u.sum())[0].numpy(), (v / v.sum())[0].numpy()
        value = exact_emd(x, x_mask, y, y_mask, power=power, **weights).item()
        assert value == pytest.approx(linear_program(cost, u, v, 1.0), rel=1e-6, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(n=st.integers(1, 6), m=st.integers(1, 6), beta=st.sampled_from([1, 2]), seed=Seeds)
def test_energy_movers_equals_the_linear_program(n: int, m: int, beta: float, seed: int) -> None:
    x, y, a, b, x_mask, y_mask = problem(n, m, seed)
    R = 0.9 * max(1.0, torch.cdist(x, y).max().item())
    cost = (torch.cdist(x, y)[0].numpy() / R) ** beta
    u, v = a[0].numpy(), b[0].numpy()
    expected = linear_program(cost, u, v, min(u.sum(), v.sum())) + abs(u.sum() - v.sum())
    value = energy_movers_distance(x, x_mask, a, y, y_mask, b, R=R, beta=beta).item()
    assert value == pytest.approx(expected, rel=1e-6)


def test_energy_movers_of_an_empty_event_is_the_energy() -> None:
    x, y, a, b, x_mask, y_mask = problem(3, 4, 0)
    nothing = torch.zeros_like(x_mask)
    value = energy_movers_distance(x, nothing, a, y, y_mask, b, R=1.0)
    torch.testing.assert_close(value, b.sum(1))
    a.requires_grad_()
    energy_movers_distance(x, x_mask, a, y, torch.zeros_like(y_mask), b, R=1.0).sum().backward()
    torch.testing.assert_close(a.grad, torch.ones_like(a))


@pytest.mark.parametrize("loss", ["balanced", "energy"])
def test_gradient_by_the_weights(loss: str) -> None:
    x, y, a, b, x_mask, y_mask = problem(4, 5, 3)

    def value(a: Tensor, b: Tensor) -> Tensor:
        if loss == "energy":
            return energy_movers_distance(x, x_mask, a, y, y_mask, b, R=3.0)
        return exact_emd(x, x_mask, y, y_mask, x_weights=a, y_weights=b)

    assert torch.autograd.gradcheck(value, (a.requires_grad_(), b.requires_grad_()), atol=1e-4)


@settings(max_examples=10, deadline=None)
@given(order=st.permutations(range(6)), shift=st.floats(-3, 3), seed=Seeds)
def test_shifted_permutation_costs_the_shift_squared(
    order: list[int], shift: float, seed: int
) -> None:
    x, _, _, _, mask, _ = problem(6, 6, seed)
    y = x[:, order] + torch.tensor([shift, 0.0])
    tight = SinkhornSettings(eps=5.0, tolerance=1e-10, max_iterations=500)
    for backend in ("exact", "sinkhorn"):
        value = emd(x, mask, y, mask, backend=backend, settings=tight).item()
        assert value == pytest.approx(shift**2, abs=1e-6)  # exact for the divergence as well


@pytest.mark.parametrize("eps", [0.2, 1.0])
def test_entropic_cost_of_gaussians(eps: float) -> None:
    """Closed form in one dimension: Janati et al. (2020), arXiv:2006.02572, on quantiles."""
    N, s, t = 400, 1.0, 0.5
    quantiles = torch.special.ndtri((torch.arange(N, dtype=torch.float64) + 0.5) / N).view(1, N, 1)
    mask = torch.ones(1, N, dtype=torch.bool)

    def entropic(s: float, t: float) -> float:  # cost |x - y|^2 + eps KL(P | a x b)
        D = (4 * s**2 * t**2 + (eps / 2) ** 2) ** 0.5
        log = np.log(D + eps / 2) - np.log(eps)
        return s**2 + t**2 - (D - eps / 2) + eps / 2 * log

    expected = entropic(s, t) - entropic(s, s) / 2 - entropic(t, t) / 2
    accurate = SinkhornSettings(eps=eps, tolerance=1e-6, max_iterations=500)
    value = emd(quantiles * s, mask, quantiles * t, mask, backend="sinkhorn", settings=accurate)
    assert value.item() == pytest.approx(expected, rel=0.03)
    exact = emd(quantiles * s, mask, quantiles * t, mask, backend="exact").item()
    assert exact == pytest.approx((s - t) ** 2, rel=0.01)


def test_the_entropic_value_tends_to_the_exact_one() -> None:
    x, y, _, _, x_mask, y_mask = problem(8, 8, 5)
    exact = exact_emd(x, x_mask, y, y_mask).item()
    errors = []
    for eps in (1.0, 0.1, 0.01):
        settings_ = SinkhornSettings(eps=eps, tolerance=1e-4, max_iterations=20_000)
        value = emd(x, x_mask, y, y_mask, backend="sinkhorn", settings=settings_)
        errors.append(abs(value.item() - exact))
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.02 * exact


@pytest.mark.parametrize("eps", [1e-2, 1e-3, 1e-4])
def test_single_precision_survives_small_regularisation(eps: float) -> None:
    x, y, _, _, x_mask, y_mask = problem(30, 20, 6)
    settings_ = SinkhornSettings(eps=eps, max_iterations=50)

    def solve(dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
        points = (10 * x).float().to(dtype).requires_grad_()
        others = (10 * y).float().to(dtype)
        value = emd(points, x_mask, others, y_mask, backend="sinkhorn", settings=settings_)
        (slope,) = torch.autograd.grad(value.sum(), points)
        return value.detach().double(), slope.double()

    value, slope = solve(torch.float32)
    reference, _ = solve(torch.float64)
    torch.testing.assert_close(value, reference, rtol=1e-5, atol=0)
    assert slope.isfinite().all()
    exact = exact_emd((10 * x).float(), x_mask, (10 * y).float(), y_mask).double()
    assert 0.5 * exact < value < 1.00001 * exact  # a bound from below, of few iterations


def test_geomloss_and_ours_agree_on_the_same_problem() -> None:
    x, y, a, b, x_mask, y_mask = problem(8, 6, 7)
    fine = SinkhornSettings(eps=0.3, scaling=0.995, tolerance=1e-8, max_iterations=1000)
    args = {"x_weights": a, "y_weights": b, "settings": fine}
    for power in (1, 2):
        one, other = (
            emd(x, x_mask, y, y_mask, power=power, backend=backend, **args)
            for backend in ("sinkhorn", "geomloss")
        )
        torch.testing.assert_close(one, other, rtol=5e-3, atol=1e-4)


def test_matrix_of_all_pairs() -> None:
    generator = torch.Generator().manual_seed(8)
    a, b = (torch.randn(k, 5, 2, generator=generator) for k in (3, 4))
    a_mask, b_mask = (torch.rand(k, 5, generator=generator) < 0.8 for k in (3, 4))
    wa, wb = (torch.rand(k, 5, generator=generator) for k in (3, 4))
    matrix = emd_matrix(a, a_mask, b, b_mask)
    movers = emd_matrix(a, a_mask, b, b_mask, a_weights=wa, b_weights=wb, R=4.0)
    assert matrix.shape == movers.shape == (3, 4)
    one = slice(1, 2), slice(2, 3)
    pair = (a[one[0]], a_mask[one[0]]), (b[one[1]], b_mask[one[1]])
    torch.testing.assert_close(matrix[1, 2], exact_emd(*pair[0], *pair[1], power=1)[0])
    single = energy_movers_distance(*pair[0], wa[one[0]], *pair[1], wb[one[1]], R=4.0)
    torch.testing.assert_close(movers[1, 2], single[0])
    itself = emd_matrix(a, a_mask, a, a_mask)
    torch.testing.assert_close(itself, itself.T)
    assert itself.diagonal().abs().max() < 1e-6


def test_matrix_of_no_jets_and_on_any_number_of_threads():
    x, mask = torch.randn(3, 5, 2), torch.ones(3, 5, dtype=torch.bool)
    assert emd_matrix(x[:0], mask[:0], x, mask).shape == (0, 3)
    threads = torch.get_num_threads()
    found = []
    for number in (1, 3):
        torch.set_num_threads(number)
        found.append((emd_matrix(x, mask, x + 1, mask), exact_emd(x, mask, x + 1, mask)))
        assert torch.get_num_threads() == number
    torch.set_num_threads(threads)
    for one, other in zip(*found, strict=True):
        assert torch.equal(one, other)


def test_second_derivatives_are_refused_rather_than_wrong() -> None:
    x, y, _, _, x_mask, y_mask = problem(3, 3, 9)
    x.requires_grad_()
    (gradient,) = torch.autograd.grad(exact_emd(x, x_mask, y, y_mask).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="does not require grad"):
        gradient.sum().backward()


def test_wrong_arguments_are_named() -> None:
    x, y, a, _, x_mask, y_mask = problem(3, 3, 9)
    with pytest.raises(InputError, match="backend: expected one of auto, exact, sinkhorn"):
        emd(x, x_mask, y, y_mask, backend="keops")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="power: expected 1 or 2 with geomloss"):
        emd(x, x_mask, y, y_mask, backend="geomloss", power=1.5)
    with pytest.raises(InputError, match="eps: expected a positive number"):
        SinkhornSettings(eps=0.0)
    with pytest.raises(InputError, match="R: expected a positive number"):
        energy_movers_distance(x, x_mask, a, y, y_mask, a, R=0.0)
    with pytest.raises(InputError, match="R: expected a_weights and b_weights"):
        emd_matrix(x, x_mask, y, y_mask, R=1.0)
    assert "backend=exact" in repr(EMD(backend="exact"))
