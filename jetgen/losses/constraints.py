r"""How far the mass and the transverse momentum of a generated jet are from the real one's.

Each takes two :class:`~jetgen.cloud.ParticleCloud` batches in physical units, Cartesian (GeV) or
relative (then masses and momenta are in units of the jet's pT), and sums in float64: the mass
is what is left of two large numbers. Empty jets and single massless particles have zero mass
with zero gradient, never an infinite one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.errors import InputError
from jetgen.losses.reduction import Reduction, choose, reduce
from jetgen.physics import fourvectors

Difference = Literal["squared", "absolute", "relative"]


def mass_difference(
    generated: ParticleCloud,
    real: ParticleCloud,
    kind: Difference = "squared",
    reduction: Reduction = "none",
) -> Tensor:
    r"""``(m - m_real)^2``, ``|m - m_real|`` or ``|m - m_real| / m_real`` of the jets' masses.

    Args:
        generated, real: ``B`` jets each, in one representation.
        kind: ``squared`` [GeV^2], ``absolute`` [GeV] or ``relative``; the latter is zero where
            the real mass is zero.

    Returns:
        ``(B,)`` in the particles' type, or reduced.

    Raises:
        InputError: when the two batches differ in size or representation.
    """
    return _difference(fourvectors.mass, generated, real, kind, reduction)


def pt_difference(
    generated: ParticleCloud,
    real: ParticleCloud,
    kind: Difference = "squared",
    reduction: Reduction = "none",
) -> Tensor:
    r"""``(pT - pT_real)^2``, ``|pT - pT_real|`` or that over ``pT_real`` of the summed momenta.

    Args, returns and errors as :func:`mass_difference`.
    """
    return _difference(fourvectors.pt, generated, real, kind, reduction)


def _difference(
    quantity: Callable[[Tensor], Tensor],
    generated: ParticleCloud,
    real: ParticleCloud,
    kind: Difference,
    reduction: Reduction,
) -> Tensor:
    choose("kind", kind, ("squared", "absolute", "relative"))
    if len(generated) != len(real) or generated.features[:3] != real.features[:3]:
        raise InputError(
            f"real: expected {len(generated)} jets as {generated!r}, received {real!r}"
        )
    target = quantity(fourvectors.jet_momentum(real))
    difference = quantity(fourvectors.jet_momentum(generated)) - target
    if kind == "squared":
        values = difference.square()
    elif kind == "absolute":
        values = difference.abs()
    else:
        known = target > 0
        scale = torch.where(known, target, torch.ones_like(target))
        values = torch.where(known, difference.abs() / scale, torch.zeros_like(target))
    return reduce(values.to(generated.particles.dtype), reduction)
