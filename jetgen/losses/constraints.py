r"""Differences of mass, pT, multiplicity and substructure between generated and real jets.

Each function takes two :class:`~jetgen.cloud.ParticleCloud` batches in physical units, Cartesian
(GeV) or relative (then masses and momenta are in units of the jet's pT). Sums are in float64,
because the mass is the small difference of two large numbers. Empty jets and single massless
particles have zero mass with zero (never infinite) gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from jetgen.arguments import takes_sets
from jetgen.cloud import ParticleCloud
from jetgen.config.component import Component
from jetgen.errors import InputError
from jetgen.losses.reduction import Reduction, reduce, require_choice
from jetgen.physics import fourvectors
from jetgen.physics.efp import efps
from jetgen.physics.substructure import effective_multiplicity

Difference = Literal["squared", "absolute", "relative"]


@takes_sets
def mass_difference(
    generated: ParticleCloud,
    real: ParticleCloud,
    kind: Difference = "squared",
    reduction: Reduction = "none",
) -> Tensor:
    r"""``(m - m_real)^2``, ``|m - m_real|`` or ``|m - m_real| / m_real`` of the jets' masses.

    Args:
        generated, real: ``B`` jets each, in the same representation.
        kind: ``squared`` [GeV^2], ``absolute`` [GeV] or ``relative``; the last is zero if the real
            mass is zero.

    Returns:
        ``(B,)`` with the dtype of the particles, or reduced.

    Raises:
        InputError: when the two batches differ in size or representation.
    """
    return _difference(fourvectors.mass, generated, real, kind, reduction)


@takes_sets
def pt_difference(
    generated: ParticleCloud,
    real: ParticleCloud,
    kind: Difference = "squared",
    reduction: Reduction = "none",
) -> Tensor:
    r"""``(pT - pT_real)^2``, ``|pT - pT_real|`` or ``|pT - pT_real| / pT_real`` of summed momenta.

    Args, returns and errors as :func:`mass_difference`.
    """
    return _difference(fourvectors.pt, generated, real, kind, reduction)


@takes_sets
def efp_difference(
    generated: ParticleCloud,
    real: ParticleCloud,
    kind: Difference = "squared",
    reduction: Reduction = "none",
    max_degree: int = 3,
) -> Tensor:
    r"""Mean of ``(e - e_real)^2``, ``|e - e_real|`` or relative over energy-flow polynomials.

    The polynomials are those of :func:`jetgen.physics.efp.efps` with at most ``max_degree`` edges
    (hadronic measure, beta 1); each measures a different many-particle correlation. Momenta are
    divided by their sum over the jet, so that the polynomials have no unit in any representation.

    Args, returns and errors as :func:`mass_difference`; dimensionless.
    """
    _check_alike(generated, real)

    def polynomials(cloud: ParticleCloud) -> Tensor:
        return efps(cloud, max_degree=max_degree, normed=True)

    return reduce(
        _measured(polynomials, generated, real, kind).mean(1).to(generated.particles), reduction
    )


@takes_sets
def multiplicity_difference(
    generated: ParticleCloud,
    real: ParticleCloud,
    kind: Difference = "squared",
    reduction: Reduction = "none",
) -> Tensor:
    r"""Difference of the effective numbers of particles that carry the pT of the jets.

    The number of filled slots is an input of the decoder and has no gradient. A decoder can still
    distribute the pT over too few or too many of them, which the
    :func:`~jetgen.physics.substructure.effective_multiplicity` ``(sum pT)^2 / sum pT^2`` measures,
    a smooth function of the momenta.

    Args, returns and errors as :func:`mass_difference`; dimensionless.
    """
    _check_alike(generated, real)
    values = _measured(effective_multiplicity, generated, real, kind)
    return reduce(values.to(generated.particles.dtype), reduction)


def _difference(
    quantity: Callable[[Tensor], Tensor],
    generated: ParticleCloud,
    real: ParticleCloud,
    kind: Difference,
    reduction: Reduction,
) -> Tensor:
    _check_alike(generated, real)

    def of_the_sum(cloud: ParticleCloud) -> Tensor:
        return quantity(fourvectors.jet_momentum(cloud))

    values = _measured(of_the_sum, generated, real, kind)
    return reduce(values.to(generated.particles.dtype), reduction)


def _check_alike(generated: ParticleCloud, real: ParticleCloud) -> None:
    if len(generated) != len(real) or generated.features[:3] != real.features[:3]:
        raise InputError(
            f"real: expected {len(generated)} jets as {generated!r}, received {real!r}"
        )


def _measured(
    quantity: Callable[[ParticleCloud], Tensor],
    generated: ParticleCloud,
    real: ParticleCloud,
    kind: Difference,
) -> Tensor:
    require_choice("kind", kind, ("squared", "absolute", "relative"))
    target = quantity(real)
    difference = quantity(generated) - target
    if kind == "squared":
        return difference.square()
    if kind == "absolute":
        return difference.abs()
    known = target > 0
    scale = torch.where(known, target, torch.ones_like(target))
    return torch.where(known, difference.abs() / scale, torch.zeros_like(target))


@dataclass(frozen=True)
class JetTerm(Component):
    """A jet-level term of a loss.

    Args:
        difference: function of generated jets, real jets and the kind of difference; one value per
            jet ``(B,)``.
        works: references to cite, as in :class:`~jetgen.config.component.Component`.
    """

    difference: Callable[[ParticleCloud, ParticleCloud, Difference], Tensor]
    works: tuple[str, ...] = ()

    def __call__(
        self, generated: ParticleCloud, real: ParticleCloud, kind: Difference = "squared"
    ) -> Tensor:
        return self.difference(generated, real, kind)


MASS = JetTerm(mass_difference)
PT = JetTerm(pt_difference)
EFP = JetTerm(efp_difference, works=("Komiske:2017", "Komiske:2019b"))
MULTIPLICITY = JetTerm(multiplicity_difference)
