"""Number of distinct particles that a model generates, and detection of its collapse.

The number of filled slots is an input of the decoder, but it may place many particles at one point
or generate particles without momentum; if the code determines the number of particles, that number
itself may collapse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.config.option import require
from jetgen.config.train import TrainConfig
from jetgen.physics.fourvectors import particle_momenta, pt
from jetgen.sharing import gathered

CLOSE = 0.01
"""Distance below which two particles count as one, in widths of the real features."""

SOFT = 0.01
"""A particle is not counted if its pT is below this share of that of the softest real one."""

COLLAPSED, PATIENCE = 0.3, 10
"""Share of the real number of particles that counts as collapsed, and consecutive epochs."""


def require_given_multiplicity(config: TrainConfig) -> None:
    """Require that the number of particles is not determined by the codes.

    Raises:
        InputError: when it is.
    """
    require(
        config.multiplicity == "data",
        "multiplicity",
        f"data with the objective {config.objective}, which compares the codes of jets of "
        "similar multiplicity with the prior",
        config.multiplicity,
    )


def hard_particles(jets: ParticleCloud, real: ParticleCloud) -> Tensor:
    """Mask ``(B, N)`` of the particles that are not too soft (:data:`SOFT`) for real jets.

    Args:
        jets: jets in physical units, with their mask.
        real: real jets in the same representation, which define the softest particle.
    """
    momenta = pt(particle_momenta(real)).masked_fill(~real.mask, torch.inf)
    softest = gathered(momenta.amin(1)).amin()
    softest = torch.where(softest.isfinite(), softest, 0.0)  # no particle, no lower bound
    return jets.mask & (pt(particle_momenta(jets)) > SOFT * softest)


def all_items(made: ParticleCloud, real: ParticleCloud) -> Tensor:
    """Mask ``(B, N)`` of all items: without momenta, none is too soft."""
    return made.mask


def distinct_particles(made: Tensor, counted: Tensor) -> Tensor:
    r"""Number of distinct particles in each jet ``(B,)``.

    .. math:: n_\mathrm{eff} = \sum_{i \in S} \frac{1}{|\{j \in S : d_{ij} < \epsilon\}|}

    over the counted particles ``S``, with :math:`\epsilon` = :data:`CLOSE`. It is n for n separate
    particles, and 1 if all are at one point.

    Args:
        made: transformed features ``(B, N, F)``, of about unit width.
        counted: ``(B, N)`` bool, true for the particles that count.
    """
    pairs = counted.unsqueeze(2) & counted.unsqueeze(1)
    exact = "donot_use_mm_for_euclid_dist"
    close = (torch.cdist(made.float(), made.float(), compute_mode=exact) < CLOSE) & pairs
    company = close.sum(2).clamp(min=1)  # (B, N)
    return (counted / company).sum(1)


def collapsed_multiplicity(history: Sequence[Mapping[str, Any]]) -> str | None:
    """The cause, if jets have had far too few particles for :data:`PATIENCE` epochs; else None.

    Args:
        history: rows of metrics, one per epoch; rows without ``validation_particle_share`` are
            ignored.
    """
    shares = [row.get("validation_particle_share") for row in history[-PATIENCE:]]
    known = [float(share) for share in shares if share not in (None, "")]
    if len(known) < PATIENCE or max(known) > COLLAPSED:
        return None
    return (
        f"collapsed multiplicity: for {PATIENCE} epochs the jets have had fewer than "
        f"{COLLAPSED:.0%} of the particles of real jets; the others coincide with another particle "
        "or have no momentum; try a smaller `learning_rate`, loss='emd', queries='noise' or "
        "a `likelihood_weight`"
    )
