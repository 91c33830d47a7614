r"""Jet substructure: pT dispersion, angularities, correlators, N-subjettiness, soft-drop mass.

All are dimensionless and differentiable, with one value per jet ``(B,)``. Here
``z_i = pT_i / sum pT``, and ``theta`` is the distance in pseudorapidity and azimuth, folded into
[0, pi]. A jet without particles gives zeros.
"""

from __future__ import annotations

from contextlib import nullcontext

import torch
from torch import Tensor

from jetgen.arguments import takes_sets
from jetgen.cloud import RELATIVE, ParticleCloud
from jetgen.physics import fourvectors
from jetgen.physics.clustering import beside
from jetgen.physics.efp import efps
from jetgen.physics.efp_graphs import efp_graphs
from jetgen.physics.fourvectors import to_relative, wrap_phi
from jetgen.physics.nsubjettiness import nsubjettiness
from jetgen.physics.observables import MeasuredSets, Observable
from jetgen.physics.soft_drop import soft_drop_mass

SUBSTRUCTURE_OBSERVABLES = (
    Observable("pt_dispersion", "pT dispersion", r"$p_\mathrm{T}$ dispersion $p_\mathrm{T}^D$"),
    Observable("girth", "girth", r"Girth $\lambda_1$"),
    Observable("les_houches", "Les Houches angularity", r"Angularity $\lambda_{1/2}$"),
    Observable("thrust", "thrust angularity", r"Angularity $\lambda_2$"),
    Observable("tau21", "N-subjettiness ratio tau21", r"$\tau_{21}$"),
    Observable("tau32", "N-subjettiness ratio tau32", r"$\tau_{32}$"),
    Observable("c2", "energy correlator C2", r"$C_2$"),
    Observable("d2", "energy correlator D2", r"$D_2$"),
    Observable("soft_drop_mass", "soft-drop mass", r"Soft-drop mass $m_\mathrm{SD}$", "GeV"),
)
"""Observables with one number per jet; the last needs the jet's pT."""

_PAIR, _TRIANGLE = ((0, 1),), ((0, 1), (0, 2), (1, 2))

_TOGETHER = 1e-12
"""Angle below which two particles have the same direction up to rounding."""


@takes_sets
def pt_dispersion(cloud: ParticleCloud) -> Tensor:
    """``sqrt(sum_i z_i^2)``: one for a single particle, ``n^(-1/2)`` for n equal ones."""
    shares = _shares(_relative(cloud))
    square = shares.square().sum(1)
    return torch.where(square > 0, torch.where(square > 0, square, 1.0).sqrt(), 0.0)


@takes_sets
def effective_multiplicity(cloud: ParticleCloud) -> Tensor:
    """``(sum_i pT_i)^2 / sum_i pT_i^2``: n for n equal particles, fewer where few carry most.

    It is the inverse square of :func:`pt_dispersion`, which separates gluon from quark jets:
    "Search for a Higgs boson in the decay channel H to ZZ(*) to q qbar l- l+" (CMS, 2012),
    arXiv:1202.1416. In float64; constant at one, with zero gradient, for a single particle.
    """
    pt = fourvectors.pt(fourvectors.particle_momenta(cloud.to(torch.float64)))
    square = pt.square().sum(1)
    present = ~(square <= 0)  # keeps NaN
    return torch.where(present, pt.sum(1).square() / torch.where(present, square, 1.0), 0.0)


@takes_sets
def angularity(cloud: ParticleCloud, *, beta: float = 1.0, kappa: float = 1.0) -> Tensor:
    r"""``sum_i z_i^kappa theta_i^beta`` about the axis of the jet's momentum.

    ``kappa = 1``: girth or width (``beta = 1``), thrust (2), Les Houches angularity (0.5).

    Source:
        Gaining (Mutual) Information about Quark/Gluon Discrimination (Larkoski, Thaler,
        Waalewijn, 2014), arXiv:1408.3122.
    """
    relative = _relative(cloud)
    square = relative.feature("etarel").square() + wrap_phi(relative.feature("phirel")).square()
    away = square > 0
    theta = torch.where(away, torch.where(away, square, 1.0).pow(beta / 2), 0.0)
    shares = _shares(relative)
    present = shares > 0
    weights = torch.where(present, torch.where(present, shares, 1.0).pow(kappa), 0.0)
    return (weights * theta).sum(1)


@takes_sets
def correlator_ratios(cloud: ParticleCloud, *, beta: float = 1.0) -> tuple[Tensor, Tensor]:
    r"""``C2 = e3 / e2^2`` and ``D2 = e3 / e2^3`` of the correlators over distinct particles.

    ``e2 = sum_{i<j} z_i z_j theta_ij^beta``, ``e3`` the same over triples with the product of the
    three distances. Zero for jets with fewer than two distinct directions (up to rounding).

    Source:
        Energy Correlation Functions for Jet Substructure (Larkoski, Salam, Thaler, 2013),
        arXiv:1305.0007; Power Counting to Better Jet Observables (Larkoski, Moult, Neill, 2014),
        arXiv:1409.6298.
    """
    pairs, triples = efps(cloud, (_PAIR, _TRIANGLE), beta=beta, normed=True).unbind(1)
    return _correlator_ratios(pairs, triples, _TOGETHER**beta)


def _correlator_ratios(pairs: Tensor, triples: Tensor, smallest: float) -> tuple[Tensor, Tensor]:
    second, third = pairs / 2, triples / 6
    apart = second > smallest
    second = torch.where(apart, second, torch.ones_like(second))
    nothing = torch.zeros_like(second)
    return (
        torch.where(apart, third / second / second, nothing),
        torch.where(apart, third / second / second / second, nothing),
    )


@takes_sets
def subjettiness_ratios(
    cloud: ParticleCloud, *, beta: float = 1.0, radius: float = 0.8
) -> tuple[Tensor, Tensor]:
    """``tau21 = tau_2 / tau_1``, ``tau32 = tau_3 / tau_2``; 0 if both are zero up to rounding."""
    one, two, three = nsubjettiness(cloud, (1, 2, 3), beta=beta, radius=radius).unbind(1)
    smallest = _TOGETHER**beta
    return _ratio(two, one, smallest), _ratio(three, two, smallest)


@takes_sets
def substructure(cloud: ParticleCloud) -> dict[str, Tensor]:
    """The substructure observables by name, dimensionless ``(B,)`` values in float64.

    They are those of :data:`SUBSTRUCTURE_OBSERVABLES`, with ``relative_soft_drop_mass`` (over the
    jet's pT) instead of ``soft_drop_mass``. N-subjettiness uses ``beta`` 1, soft drop uses
    ``z_cut`` 0.1 and ``beta`` 0.
    """
    c2, d2 = correlator_ratios(cloud)
    return _of_sets(MeasuredSets(_relative(cloud), {}), c2, d2)


_MANY = 20_000
"""Jets from which on processes that cluster save more time than they take to start."""

_FROM_PARTICLES = (
    "pt_dispersion", "girth", "les_houches", "thrust", "tau21", "tau32", "relative_soft_drop_mass",
)  # fmt: skip
"""Those that are not ratios of polynomials."""


def _of_sets(jets: MeasuredSets, c2: Tensor, d2: Tensor) -> dict[str, Tensor]:
    threads = torch.get_num_threads()
    with beside(threads) if threads > 1 and len(jets) >= _MANY else nullcontext():
        values = jets.by_size(_from_particles)
    found = dict(zip(_FROM_PARTICLES, values.unbind(1), strict=True))
    mass = found.pop("relative_soft_drop_mass")
    return found | {"c2": c2, "d2": d2, "relative_soft_drop_mass": mass}


def _from_particles(jets: ParticleCloud) -> Tensor:
    """``(B, 7)`` the values of relative jets."""
    values = (
        pt_dispersion(jets),
        angularity(jets),
        angularity(jets, beta=0.5),
        angularity(jets, beta=2.0),
        *subjettiness_ratios(jets),
        soft_drop_mass(jets),
    )
    return torch.stack(values, dim=1)


def with_substructure(measured: MeasuredSets) -> MeasuredSets:
    """The measured jets with :data:`SUBSTRUCTURE_OBSERVABLES` added to their observables.

    Jets that already have them are returned unchanged, because FastJet takes a fifth of a second
    for 1,000 jets of 90 particles on one core.
    """
    if SUBSTRUCTURE_OBSERVABLES[0].name in measured.observables:
        return measured
    polynomials, graphs = measured.polynomials, efp_graphs(4)
    total, pairs, triples = (polynomials[:, graphs.index(g)] for g in ((), _PAIR, _TRIANGLE))
    total = torch.where(total > 0, total, 1.0)
    c2, d2 = _correlator_ratios(pairs / total**2, triples / total**3, _TOGETHER)
    found = _of_sets(measured, c2, d2)
    if "pt" in measured.observables:
        mass = found["relative_soft_drop_mass"] * measured.observables["pt"]
        found["soft_drop_mass"] = mass
    return measured.with_observables(found)


def _ratio(above: Tensor, below: Tensor, smallest: float) -> Tensor:
    known = below > smallest
    return torch.where(known, above / torch.where(known, below, 1.0), 0.0)


def _relative(cloud: ParticleCloud) -> ParticleCloud:
    """Particles relative to the jet axis, in float64; relative jets are not changed."""
    double = cloud.to(torch.float64)
    return double if cloud.features[:3] == RELATIVE else to_relative(double)


def _shares(relative: ParticleCloud) -> Tensor:
    """``(B, N)`` pT over the sum of pT."""
    momenta = relative.feature("ptrel")
    total = momenta.sum(1, keepdim=True)
    return momenta / torch.where(total > 0, total, torch.ones_like(total))
