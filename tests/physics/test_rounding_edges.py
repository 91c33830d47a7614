"""Jets at the edges of rounding: their mass is zero, and what is left of it may be negative.

One particle, equal ones, collinear ones, particles along the beam, without momentum or not there
at all. Whatever is measured of them is finite and not negative, and so are its gradients.
"""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from jetgen.classifiers.figure_of_merit import Weights, area_under_roc, auc_standard_error
from jetgen.cloud import CARTESIAN, CARTESIAN_ENERGY, RELATIVE, ParticleCloud
from jetgen.components import TRANSFORMS
from jetgen.datasets.simulation.clustering import kinematics
from jetgen.datasets.simulation.muons import flight
from jetgen.losses import (
    efp_difference,
    mass_difference,
    multiplicity_difference,
    pt_difference,
)
from jetgen.objectives.jet_summary import JetSummary
from jetgen.objectives.preparation import in_jet_frame
from jetgen.physics import fourvectors as fv
from jetgen.physics.efp import efps
from jetgen.physics.observables import measure
from jetgen.physics.soft_drop import soft_drop_mass
from jetgen.physics.substructure import (
    angularity,
    correlator_ratios,
    effective_multiplicity,
    pt_dispersion,
    subjettiness_ratios,
)

JETS, SLOTS = 100, 6
KINDS = ("one", "equal", "collinear", "along the beam", "one without momentum", "empty")


def axes(generator: torch.Generator) -> Tensor:
    """``(JETS, 1, 3)`` momenta of 1 MeV to 10 TeV in all directions."""
    scale = 10 ** (7 * torch.rand(JETS, 1, 1, generator=generator, dtype=torch.float64) - 3)
    return scale * torch.randn(JETS, 1, 3, generator=generator, dtype=torch.float64)


def edge(kind: str, features: tuple, dtype: torch.dtype) -> ParticleCloud:
    generator = torch.Generator().manual_seed(1)
    momenta = axes(generator).expand(JETS, SLOTS, 3).clone()
    mask = torch.ones(JETS, SLOTS, dtype=torch.bool)
    if kind in ("one", "empty"):
        mask[:, int(kind == "one") :] = False
    if kind in ("collinear", "one without momentum"):
        momenta *= torch.rand(JETS, SLOTS, 1, generator=generator, dtype=torch.float64)
    if kind == "one without momentum":
        momenta[:, 0] = 0
    if kind == "along the beam":
        momenta[..., :2] = 0
    cloud = ParticleCloud(momenta * mask.unsqueeze(2), mask, CARTESIAN)
    if features == RELATIVE:
        return fv.to_relative(cloud).to(dtype)
    cloud = cloud.to(dtype)
    if features == CARTESIAN:
        return cloud
    energy = cloud.particles.norm(dim=-1, keepdim=True)
    return replace(cloud, particles=torch.cat([cloud.particles, energy], 2), features=features)


def of_the_sum(quantity: Callable[[Tensor], Tensor]) -> Callable[[ParticleCloud], Tensor]:
    return lambda jets: quantity(fv.particle_momenta(jets).sum(1))


def framed(jets: ParticleCloud) -> Tensor:
    relative = jets if jets.features == RELATIVE else fv.to_relative(jets)
    return in_jet_frame(relative).particles.abs()


def against_others(difference: Callable[..., Tensor]) -> Callable[[ParticleCloud], Tensor]:
    return lambda jets: difference(jets, jets[torch.arange(len(jets)).flip(0)], "absolute")


QUANTITIES: dict[str, Callable[[ParticleCloud], Tensor]] = {
    "mass of particles": lambda jets: fv.mass(fv.particle_momenta(jets)),
    "mass": of_the_sum(fv.mass),
    "pt": of_the_sum(fv.pt),
    "|eta|": of_the_sum(lambda p4: fv.eta(p4).abs()),
    "|phi|": of_the_sum(lambda p4: fv.phi(p4).abs()),
    "relative": lambda jets: fv.to_relative(jets).particles.abs(),
    "axis": lambda jets: fv.to_relative(jets).conditions.abs(),
    "observables": lambda jets: torch.stack(list(measure(jets).observables.values())).abs(),
    "in the jet's frame": framed,
    "summary": lambda jets: JetSummary()(jets).abs(),
    "pt dispersion": pt_dispersion,
    "effective multiplicity": effective_multiplicity,
    "soft-drop mass": soft_drop_mass,
    "C2, D2": lambda jets: torch.stack(correlator_ratios(jets)),
    "tau21, tau32": lambda jets: torch.stack(subjettiness_ratios(jets)),
    "mass difference": against_others(mass_difference),
    "pt difference": against_others(pt_difference),
    "efp difference": against_others(efp_difference),
    "multiplicity difference": against_others(multiplicity_difference),
}
for power in (0.5, 1.0, 2.0):
    QUANTITIES |= {
        f"angularity {power}": lambda jets, b=power: angularity(jets, beta=b),
        f"efps {power}": lambda jets, b=power: efps(jets, beta=b, max_degree=3),
        f"efps ee {power}": lambda jets, b=power: efps(jets, measure="ee", beta=b, max_degree=3),
    }


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("features", [CARTESIAN, CARTESIAN_ENERGY, RELATIVE], ids=len)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_measured_is_finite_and_not_negative(
    kind: str, features: tuple, dtype: torch.dtype
) -> None:
    jets = edge(kind, features, dtype)
    for name, quantity in QUANTITIES.items():
        particles = jets.particles.clone().requires_grad_()
        values = quantity(replace(jets, particles=particles))
        assert bool((values >= 0).all()) and bool(values.isfinite().all()), name
        if values.requires_grad:
            (slope,) = torch.autograd.grad(values.sum(), particles)
            assert bool(slope.isfinite().all()), name


@pytest.mark.parametrize("kind", ["one", "equal", "collinear"])
def test_jets_without_extent_have_no_ratios_of_rounding_errors(kind: str) -> None:
    jets = edge(kind, CARTESIAN, torch.float64)
    for ratio in (*correlator_ratios(jets), *subjettiness_ratios(jets)):
        assert ratio.tolist() == [0.0] * JETS


def test_energy_of_nothing_has_a_gradient() -> None:
    kinematics = torch.zeros(4, 3, dtype=torch.float64, requires_grad=True)
    p4 = fv.massive(*kinematics)
    (slope,) = torch.autograd.grad(p4.sum(), kinematics)
    assert p4.tolist() == [[0.0] * 4] * 3 and bool(slope.isfinite().all())


@pytest.mark.parametrize("step", sorted(TRANSFORMS))
def test_transforms_have_gradients_at_every_value_that_they_were_fitted_to(step: str) -> None:
    values = torch.tensor([0.0, 0.0, 1.0, 2.0, 5.0], dtype=torch.float64)
    for fitted in (values, values[2:3]):
        transform = TRANSFORMS[step]()
        transform.fit(fitted)
        x = values.clone().requires_grad_()
        y = transform(x)
        (slope,) = torch.autograd.grad(y.sum(), x)
        assert bool(y.isfinite().all()) and bool(slope.isfinite().all())


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_arrays_of_massless_momenta(kind: type) -> None:
    momenta = axes(torch.Generator().manual_seed(2))[:, 0].numpy().astype(kind).T
    p4 = np.concatenate([momenta, np.sqrt((momenta**2).sum(0, keepdims=True))]).astype(np.float64)
    mass = kinematics(p4)[3]
    length = flight(p4, np.ones(JETS))
    assert np.isfinite(mass).all() and (mass >= 0).all()
    assert np.isfinite(length).all() and (length > 0).all()


def test_an_area_of_one_has_no_error_and_is_not_above_one() -> None:
    random = np.random.default_rng(1)
    for auc in (0.0, 1.0, 1 - 1e-16, 1e-17, 1 - 1e-15):
        error = auc_standard_error(auc, 1e6, 1e6)
        assert 0 <= error < 1e-7 and math.isfinite(error)
    for _ in range(100):
        weights = Weights(random.random(7), random.random(5))
        area = area_under_roc(np.zeros(7), np.ones(5), weights)
        assert 0 <= area <= 1
        assert area == pytest.approx(1)
