"""The laws of masked sets, for every loss on one list."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from jetgen import components
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
from jetgen.losses.base import ReconstructionLoss
from jetgen.testing import check_loss
from jetgen.testing.losses import (
    COUNTS,
    TOLERANCE,
    Loss,
    gives_one_finite_value_for_each_jet,
    has_finite_slopes_between_equal_sets,
    has_the_gradient_of_finite_differences,
    ignores_order,
    ignores_padding,
    in_unit_range,
    pairs,
    takes_any_number_of_particles,
    takes_single_and_half_precision,
    treats_jets_independently,
    value_and_gradients,
)

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
        x, y = in_unit_range(x, x_mask), in_unit_range(y, y_mask)
        return loss(x, x_mask, y, y_mask, **options)

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
JET_LEVEL = ("mse", "bce", "energy", "mass", "pt", "multiplicity")  # not zero for an empty set
ORDERED = {"mse", "mse-sum", "bce", "bce-sum"}
ONE_WAY = ("bce", "chamfer-x", "chamfer-y", "pt", "mass-rel")
SYMMETRIC = {n for n in LOSSES if not n.startswith(ONE_WAY)}

every_loss = pytest.mark.parametrize("name", LOSSES)


@every_loss
def test_value_per_jet_is_finite_and_not_negative(name: str) -> None:
    gives_one_finite_value_for_each_jet(LOSSES[name])
    value, dx, _ = value_and_gradients(LOSSES[name], *pairs(*COUNTS))
    assert value[1] > 0 or name.startswith(("mass", "multiplicity"))  # one massless particle
    assert dx[0].abs().sum() > 0 or "-y" in name


@every_loss
def test_order_of_particles_does_not_matter(name: str) -> None:
    ignores_order(LOSSES[name], ordered=name in ORDERED)
    if name in ORDERED:
        with pytest.raises(AssertionError):
            ignores_order(LOSSES[name])


@every_loss
def test_padding_neither_counts_nor_receives_gradient(name: str) -> None:
    ignores_padding(LOSSES[name])


@pytest.mark.parametrize("name", sorted(LOSSES.keys() - {"emd-geomloss"}))  # one diameter for all
def test_a_jet_does_not_depend_on_the_others(name: str) -> None:
    treats_jets_independently(LOSSES[name])


@every_loss
def test_any_number_of_particles(name: str) -> None:
    takes_any_number_of_particles(LOSSES[name], empty_is_far=name.startswith(JET_LEVEL))


@pytest.mark.parametrize("name", sorted(SYMMETRIC))
def test_exchanging_the_sets_changes_nothing(name: str) -> None:
    x, x_mask, y, y_mask = pairs(*COUNTS)
    one, other = LOSSES[name](x, x_mask, y, y_mask), LOSSES[name](y, y_mask, x, x_mask)
    torch.testing.assert_close(one, other, **TOLERANCE)


@every_loss
def test_equal_sets_are_at_zero_with_finite_gradients(name: str) -> None:
    """Coincident particles, where ``sqrt`` would have an infinite slope."""
    has_finite_slopes_between_equal_sets(LOSSES[name])
    x, x_mask, _, _ = pairs([7, 1, 4], [5, 1, 4])
    x[:, 1] = x[:, 0]
    value, dx, _ = value_and_gradients(LOSSES[name], x, x_mask, x, x_mask)
    if name.startswith("bce"):  # the entropy, and no slope on the decoded side
        assert dx.abs().max() < 1e-7
    elif name != "chamfer-density":  # two particles share one neighbour
        torch.testing.assert_close(value, torch.zeros_like(value), rtol=0, atol=1e-7)


@every_loss
def test_gradient_is_that_of_finite_differences(name: str) -> None:
    if name == "emd-geomloss":  # it stops after its annealing, which must then be slow
        slow = plain(emd, backend="geomloss", settings=replace(ACCURATE, scaling=0.99))
        has_the_gradient_of_finite_differences(slow, error=0.1)
    else:
        has_the_gradient_of_finite_differences(LOSSES[name])


@every_loss
def test_single_and_half_precision(name: str) -> None:
    rough = name.startswith(("bce", "pt", "multi", "mass")) or "weighted" in name or "mov" in name
    single = 3e-2 if "mass" in name else 1e-4
    takes_single_and_half_precision(LOSSES[name], single=single, half=3e-2 if rough else 1e-4)


@pytest.mark.parametrize("name", components.LOSSES)
def test_reconstruction_loss_keeps_the_laws(name: str) -> None:
    check_loss(components.LOSSES[name])


def test_a_broken_law_says_its_name() -> None:
    class OverPadding(ReconstructionLoss):
        def forward(self, x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor) -> Tensor:
            return (x.mean(1) - y.mean(1)).square().sum(1) * x_mask.any(1)

    with pytest.raises(AssertionError, match="ignores padding"):
        check_loss(OverPadding)
