"""Four laws of masked sets, for every loss on one list."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from jetgen.cloud import CARTESIAN, RELATIVE, Feature, ParticleCloud
from jetgen.losses import (
    SinkhornSettings,
    bce,
    chamfer,
    density_aware_chamfer,
    emd,
    energy_movers_distance,
    mass_difference,
    mse,
    multiplicity_difference,
    pt_difference,
)

Loss = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]

ACCURATE = SinkhornSettings(eps=2.0, tolerance=1e-10, max_iterations=500)


def weighted(loss: Callable[..., Tensor], **options: object) -> Loss:
    """The last column is the weight, made positive."""

    def call(x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor) -> Tensor:
        wx = 0.5 + x[..., -1].masked_fill(~x_mask, 0.0).square()
        wy = 0.5 + y[..., -1].masked_fill(~y_mask, 0.0).square()
        x, y = x[..., :-1], y[..., :-1]
        if loss is energy_movers_distance:
            return loss(x, x_mask, wx, y, y_mask, wy, **options)
        return loss(x, x_mask, y, y_mask, x_weights=wx, y_weights=wy, **options)

    return call


def plain(loss: Callable[..., Tensor], **options: object) -> Loss:
    return lambda x, x_mask, y, y_mask: loss(x, x_mask, y, y_mask, **options)


def constraint(loss: Callable[..., Tensor], features: tuple[Feature, ...], kind: str) -> Loss:
    def call(x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor) -> Tensor:
        if features == RELATIVE:  # transverse momenta are positive
            x, y = x.abs(), y.abs()
        a, b = ParticleCloud(x, x_mask, features), ParticleCloud(y, y_mask, features)
        return loss(a, b, kind=kind)

    return call


def probabilities(loss: Callable[..., Tensor], **options: object) -> Loss:
    """Features as what a sigmoid makes of them."""

    def call(x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor) -> Tensor:
        x, y = x.masked_fill(~x_mask.unsqueeze(2), 0.0), y.masked_fill(~y_mask.unsqueeze(2), 0.0)
        return loss(x.sigmoid(), x_mask, y.sigmoid(), y_mask, **options)

    return call


LOSSES: dict[str, Loss] = {
    "bce": probabilities(bce),
    "bce-sum": probabilities(bce, normalisation="sum"),
    "mse": plain(mse),
    "mse-sum": plain(mse, normalisation="sum"),
    "chamfer": plain(chamfer),
    "chamfer-mean": plain(chamfer, normalisation="mean"),
    "chamfer-unsquared": plain(chamfer, power=1),
    "chamfer-x": plain(chamfer, sided="x"),
    "chamfer-y": plain(chamfer, sided="y", power=3),
    "chamfer-l1": plain(chamfer, norm="l1", power=1),
    "chamfer-weighted": weighted(chamfer, normalisation="mean"),
    "chamfer-density": plain(density_aware_chamfer),
    "emd-exact": plain(emd, backend="exact"),
    "emd-exact-1": plain(emd, backend="exact", power=1),
    "emd-exact-weighted": weighted(emd, backend="exact"),
    "emd-sinkhorn": plain(emd, backend="sinkhorn", settings=ACCURATE),
    "emd-sinkhorn-1": plain(emd, backend="sinkhorn", settings=ACCURATE, power=1),
    "emd-sinkhorn-weighted": weighted(emd, backend="sinkhorn", settings=ACCURATE),
    "emd-geomloss": plain(emd, backend="geomloss", settings=ACCURATE),
    "energy-movers": weighted(energy_movers_distance, R=2.0),
    "mass": constraint(mass_difference, CARTESIAN, "squared"),
    "mass-relative-frame": constraint(mass_difference, RELATIVE, "absolute"),
    "pt": constraint(pt_difference, CARTESIAN, "relative"),
    "pt-relative-frame": constraint(pt_difference, RELATIVE, "squared"),
    "multiplicity": constraint(multiplicity_difference, CARTESIAN, "squared"),
    "multiplicity-relative-frame": constraint(multiplicity_difference, RELATIVE, "absolute"),
}
JET_LEVEL = ("mse", "bce", "energy", "mass", "pt", "multiplicity")  # seen in an empty set too
ORDERED = {"mse", "mse-sum", "bce", "bce-sum"}
ONE_WAY = ("bce", "chamfer-x", "chamfer-y", "pt", "mass-rel")
SYMMETRIC = {n for n in LOSSES if not n.startswith(ONE_WAY)}

# Within a registry of solvers, a sum over particles in another order rounds differently, and a
# network simplex may end in another of several optimal vertices only where there are ties.
TOLERANCE = {"rtol": 1e-6, "atol": 1e-9}

every_loss = pytest.mark.parametrize("name", LOSSES)


def sets(
    n: list[int], m: list[int], N: int = 7, M: int = 5, seed: int = 0
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(len(n), N, 3, generator=generator, dtype=torch.float64)
    y = torch.randn(len(m), M, 3, generator=generator, dtype=torch.float64)
    x_mask = torch.arange(N) < torch.tensor(n).unsqueeze(1)
    y_mask = torch.arange(M) < torch.tensor(m).unsqueeze(1)
    return x, x_mask, y, y_mask


def value_and_gradients(loss: Loss, x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor) -> list:
    x, y = x.clone().requires_grad_(), y.clone().requires_grad_()
    value = loss(x, x_mask, y, y_mask)
    gradients = torch.autograd.grad(value.sum(), (x, y))
    return [value.detach(), *gradients]


COUNTS = ([7, 1, 0, 3, 0, 4, 6], [5, 1, 0, 0, 2, 4, 5])


@every_loss
def test_value_per_jet_is_finite_and_not_negative(name: str) -> None:
    problem = sets(*COUNTS)
    value, dx, dy = value_and_gradients(LOSSES[name], *problem)
    assert value.shape == (7,)
    assert (value > -1e-9).all()
    assert value[2] == 0  # both empty
    assert value[[0, 5, 6]].min() > 0
    assert value[1] > 0 or name.startswith(("mass", "multiplicity"))  # one massless particle
    assert dx.isfinite().all()
    assert dy.isfinite().all()
    assert dx[0].abs().sum() > 0 or "-y" in name


@every_loss
@pytest.mark.parametrize("which", ["x", "y", "both"])
def test_order_of_particles_does_not_matter(name: str, which: str) -> None:
    x, x_mask, y, y_mask = sets(*COUNTS, N=5)
    loss = LOSSES[name]
    p, q = torch.randperm(5, generator=torch.Generator().manual_seed(1)), torch.arange(5)
    order = {"x": (p, q), "y": (q, p), "both": (p, p)}[which]
    before = value_and_gradients(loss, x, x_mask, y, y_mask)
    after = value_and_gradients(
        loss, x[:, order[0]], x_mask[:, order[0]], y[:, order[1]], y_mask[:, order[1]]
    )
    if name in ORDERED and which != "both":
        assert not torch.allclose(before[0], after[0])
        return
    torch.testing.assert_close(after[0], before[0], **TOLERANCE)
    torch.testing.assert_close(after[1], before[1][:, order[0]], **TOLERANCE)
    torch.testing.assert_close(after[2], before[2][:, order[1]], **TOLERANCE)


@every_loss
@pytest.mark.parametrize("rubbish", [0.0, torch.nan, torch.inf, 1e30])
def test_padding_neither_counts_nor_receives_gradient(name: str, rubbish: float) -> None:
    x, x_mask, y, y_mask = sets(*COUNTS)
    expected = value_and_gradients(LOSSES[name], x, x_mask, y, y_mask)
    pad = torch.nn.functional.pad
    x2 = pad(x.masked_fill(~x_mask.unsqueeze(2), rubbish), (0, 0, 0, 3), value=rubbish)
    y2 = pad(y.masked_fill(~y_mask.unsqueeze(2), rubbish), (0, 0, 0, 4), value=rubbish)
    masks = pad(x_mask, (0, 3)), pad(y_mask, (0, 4))
    value, dx, dy = value_and_gradients(LOSSES[name], x2, masks[0], y2, masks[1])
    torch.testing.assert_close(value, expected[0], **TOLERANCE)
    torch.testing.assert_close(dx[:, :7], expected[1], **TOLERANCE)
    torch.testing.assert_close(dy[:, :5], expected[2], **TOLERANCE)
    assert (dx[~masks[0]] == 0).all()
    assert (dy[~masks[1]] == 0).all()


@pytest.mark.parametrize("name", sorted(LOSSES.keys() - {"emd-geomloss"}))  # one diameter for all
def test_a_jet_does_not_depend_on_the_others(name: str) -> None:
    x, x_mask, y, y_mask = sets(*COUNTS)
    loss = LOSSES[name]
    together = value_and_gradients(loss, x, x_mask, y, y_mask)
    for k in range(len(x)):
        rows = slice(k, k + 1)
        alone = value_and_gradients(loss, x[rows], x_mask[rows], y[rows], y_mask[rows])
        for one, all_ in zip(alone, together, strict=True):
            torch.testing.assert_close(one[0], all_[k], **TOLERANCE)
    # A jet gone wrong says so, and spoils no other.
    x[0, 0] = torch.nan
    spoiled = loss(x, x_mask, y, y_mask)
    assert spoiled[0].isnan()
    torch.testing.assert_close(spoiled[1:], together[0][1:], **TOLERANCE)


@every_loss
@pytest.mark.parametrize("n", [0, 1, 6, 7])
@pytest.mark.parametrize("m", [0, 1, 4, 5])
def test_any_number_of_particles(name: str, n: int, m: int) -> None:
    problem = sets([n, 7], [m, 5])
    value, dx, dy = value_and_gradients(LOSSES[name], *problem)
    assert value.isfinite().all()
    assert dx.isfinite().all()
    assert dy.isfinite().all()
    if not (n and m) and not name.startswith(JET_LEVEL):
        assert value[0] == 0
        assert (dx[0] == 0).all()
        assert (dy[0] == 0).all()


@pytest.mark.parametrize("name", sorted(SYMMETRIC))
def test_exchanging_the_sets_changes_nothing(name: str) -> None:
    x, x_mask, y, y_mask = sets(*COUNTS)
    one, other = LOSSES[name](x, x_mask, y, y_mask), LOSSES[name](y, y_mask, x, x_mask)
    torch.testing.assert_close(one, other, **TOLERANCE)


@every_loss
def test_equal_sets_are_at_zero_with_finite_gradients(name: str) -> None:
    """Coincident particles, where ``sqrt`` would have an infinite slope."""
    x, x_mask, _, _ = sets([7, 1, 4], [5, 1, 4])
    x[:, 1] = x[:, 0]
    value, dx, dy = value_and_gradients(LOSSES[name], x, x_mask, x, x_mask)
    zero = 0.0
    if name == "chamfer-density":  # two particles share one neighbour
        zero = value
    elif name.startswith("bce"):  # the entropy, and no slope on the decoded side
        zero = value
        assert dx.abs().max() < 1e-7
    torch.testing.assert_close(value, value * 0 + zero, rtol=0, atol=1e-7)
    assert dx.isfinite().all()
    assert dy.isfinite().all()


@every_loss
def test_gradient_is_that_of_finite_differences(name: str) -> None:
    problem = sets([7, 2, 4], [5, 2, 4], seed=3)
    x, x_mask, y, y_mask = problem
    loss = LOSSES[name]
    annealed = name == "emd-geomloss"  # it stops after its annealing, which must then be slow
    if annealed:
        loss = plain(emd, backend="geomloss", settings=replace(ACCURATE, scaling=0.99))
    _, dx, dy = value_and_gradients(loss, *problem)
    step = 1e-5
    generator = torch.Generator().manual_seed(4)
    u = torch.randn(x.shape, generator=generator, dtype=x.dtype)
    v = torch.randn(y.shape, generator=generator, dtype=y.dtype)
    up = loss(x + step * u, x_mask, y + step * v, y_mask)
    down = loss(x - step * u, x_mask, y - step * v, y_mask)
    measured = (up - down) / (2 * step)
    slope = (dx * u).sum((1, 2)) + (dy * v).sum((1, 2))
    error = (slope - measured).norm() / measured.norm()
    assert error < (0.1 if annealed else 1e-4)


@every_loss
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_single_and_half_precision(name: str, dtype: torch.dtype) -> None:
    x, x_mask, y, y_mask = sets(*COUNTS)
    x, y = x.to(dtype), y.to(dtype)
    value, dx, dy = value_and_gradients(LOSSES[name], x, x_mask, y, y_mask)
    expected = LOSSES[name](x.double(), x_mask, y.double(), y_mask)
    assert (dx.dtype, dy.dtype) == (dtype, dtype)
    rough = dtype == torch.bfloat16 and (
        name.startswith(("bce", "pt", "multi")) or "weighted" in name or "movers" in name
    )
    tolerance = 3e-2 if rough or "mass" in name else 1e-4
    torch.testing.assert_close(value.double(), expected, rtol=tolerance, atol=tolerance)
