"""Jet mass and pT terms on jets whose mass and pT are known."""

import math

import pytest
import torch

from jetgen.cloud import CARTESIAN, CARTESIAN_ENERGY, RELATIVE, ParticleCloud
from jetgen.errors import InputError
from jetgen.losses import mass_difference, multiplicity_difference, pt_difference
from jetgen.physics.substructure import effective_multiplicity


def jets(*rows: list[list[float]], features: tuple = CARTESIAN) -> ParticleCloud:
    particles = torch.tensor(rows, dtype=torch.float32)
    return ParticleCloud(particles, torch.ones(particles.shape[:2], dtype=torch.bool), features)


BACK_TO_BACK = jets([[5.0, 0.0, 0.0], [-5.0, 0.0, 0.0]])  # mass 10, pT 0
COLLINEAR = jets([[3.0, 4.0, 0.0], [3.0, 4.0, 0.0]])  # mass 0, pT 10


@pytest.mark.parametrize(
    ("kind", "expected"), [("squared", 100), ("absolute", 10), ("relative", 1)]
)
def test_known_jets(kind: str, expected: float) -> None:
    mass = mass_difference(COLLINEAR, BACK_TO_BACK, kind=kind)
    pt = pt_difference(BACK_TO_BACK, COLLINEAR, kind=kind)
    assert mass.item() == pytest.approx(expected, rel=1e-5)
    assert pt.item() == pytest.approx(expected, rel=1e-5)
    assert mass.dtype == torch.float32
    assert (
        pt_difference(COLLINEAR, BACK_TO_BACK, kind="relative").item() == 0
    )  # nothing to divide by


def test_relative_and_cartesian_jets_agree() -> None:
    """Two particles at +-0.3 in azimuth with half the jet's pT each: mass sin(0.3), pT cos(0.3)."""
    real = jets([[0.0, 0.3, 0.5], [0.0, -0.3, 0.5]], features=RELATIVE)
    zero = jets([[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]], features=RELATIVE)
    mass = mass_difference(zero, real, kind="absolute").item()
    pt = pt_difference(zero, real, kind="absolute").item()
    assert mass == pytest.approx(math.sin(0.3), rel=1e-5)
    assert pt == pytest.approx(1 - math.cos(0.3), rel=1e-5)


def test_mass_of_a_collimated_fast_jet_survives_single_precision() -> None:
    angle, p = 1e-3, 1000.0
    pair = [[p, p * math.sin(s * angle), 0.0] for s in (1, -1)]
    real = jets(pair)
    exact = 2 * p * math.sin(angle)
    reference = jets([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    value = mass_difference(reference, real, kind="absolute").item()
    assert value == pytest.approx(exact, rel=1e-3)


@pytest.mark.parametrize("features", [CARTESIAN, CARTESIAN_ENERGY, RELATIVE])
def test_gradients_at_zero_mass_are_finite(features: tuple) -> None:
    width = len(features)
    particles = torch.zeros(3, 4, width)
    particles[1, 0] = 1.0
    if features == CARTESIAN_ENERGY:
        particles[1, 0, 3] = math.sqrt(3)
    particles[2] = torch.rand(4, width, generator=torch.Generator().manual_seed(0)) + 0.1
    mask = torch.tensor([[False] * 4, [True] + [False] * 3, [True] * 4])
    particles.requires_grad_()
    generated = ParticleCloud(particles, mask, features)
    real = ParticleCloud(torch.rand(3, 4, width), mask.roll(1, 0), features)
    for loss in (mass_difference, pt_difference, multiplicity_difference):
        for kind in ("squared", "absolute", "relative"):
            value = loss(generated, real, kind=kind).sum()
            (gradient,) = torch.autograd.grad(value, particles, retain_graph=True)
            assert gradient.isfinite().all()
            assert (gradient[~mask] == 0).all()


def test_effective_multiplicity_counts_what_carries_the_momentum() -> None:
    equal = jets([[3.0, 4.0, 1.0]] * 4)
    with_soft_ones = jets([[0.0, 2.0, 7.0], [0.0, -2.0, 7.0], [0.0, 0.0, 5.0]])
    shares = jets([[0.1, 0.2, 0.5], [0.0, -0.1, 0.25], [0.0, 0.0, 0.25]], features=RELATIVE)
    assert effective_multiplicity(equal).item() == pytest.approx(4)
    assert effective_multiplicity(with_soft_ones).item() == pytest.approx(2)
    assert effective_multiplicity(shares).item() == pytest.approx(8 / 3)
    assert multiplicity_difference(equal, with_soft_ones).item() == pytest.approx(4)
    assert multiplicity_difference(with_soft_ones, equal, "relative").item() == pytest.approx(0.5)


def test_the_multiplicity_of_one_particle_has_no_gradient() -> None:
    particles = torch.tensor([[[0.3, 0.1, 0.7]]], dtype=torch.float64, requires_grad=True)
    one = ParticleCloud(particles, torch.ones(1, 1, dtype=torch.bool), RELATIVE)
    count = effective_multiplicity(one).sum()
    assert count.item() == pytest.approx(1)
    (gradient,) = torch.autograd.grad(count, particles)
    assert gradient.abs().max() < 1e-14


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(InputError, match="kind: expected one of squared, absolute, relative"):
        mass_difference(COLLINEAR, COLLINEAR, kind="log")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="real: expected 1 jets"):
        mass_difference(COLLINEAR, jets([[0.0, 0.0, 1.0]], features=RELATIVE))
