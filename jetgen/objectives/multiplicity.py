"""How many particles a model really makes, and when that number has collapsed.

The number of slots is given to a decoder, so what can collapse is what it fills them with: many
particles at one point, particles without momentum, or, where the code decides it, the number
itself.
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

CLOSE = 0.01
"""Distance, in widths of the real particles' features, below which two particles count as one."""

SOFT = 0.01
"""Share of the softest real particle's pT below which a particle counts as none."""

COLLAPSED, PATIENCE = 0.3, 10
"""Share of the real particles below which few are left, and epochs in a row of that."""


def require_given_multiplicity(config: TrainConfig) -> None:
    """Refuse that codes decide the number of particles, for an objective that cannot take it.

    Raises:
        InputError: when they do.
    """
    require(
        config.multiplicity == "data",
        "multiplicity",
        f"data with the objective {config.objective}, which compares the codes of jets of "
        "similar multiplicity with the prior",
        config.multiplicity,
    )


def hard_particles(jets: ParticleCloud, real: ParticleCloud) -> Tensor:
    """Which particles ``(B, N)`` are not too soft (:data:`SOFT`) to be those of real jets.

    Args:
        jets: jets in physical units, with their mask.
        real: real jets in the same representation, which say how soft a particle can be.
    """
    softest = pt(particle_momenta(real)).masked_fill(~real.mask, torch.inf).amin()
    softest = torch.where(softest.isfinite(), softest, 0.0)  # no particle, no lower bound
    return jets.mask & (pt(particle_momenta(jets)) > SOFT * softest)


def all_items(made: ParticleCloud, real: ParticleCloud) -> Tensor:
    """All items ``(B, N)``: where they carry no momentum, none is too soft."""
    return made.mask


def distinct_particles(made: Tensor, counted: Tensor) -> Tensor:
    r"""Number of distinct particles in each jet ``(B,)``.

    .. math:: n_\mathrm{eff} = \sum_{i \in S} \frac{1}{|\{j \in S : d_{ij} < \epsilon\}|}

    over the particles ``S`` that are counted, with :math:`\epsilon` = :data:`CLOSE`. It is n for
    particles apart from each other and 1 for all at one point.

    Args:
        made: transformed features ``(B, N, F)``, of about unit width.
        counted: which of them count ``(B, N)``.
    """
    pairs = counted.unsqueeze(2) & counted.unsqueeze(1)
    exact = "donot_use_mm_for_euclid_dist"
    close = (torch.cdist(made.float(), made.float(), compute_mode=exact) < CLOSE) & pairs
    company = close.sum(2).clamp(min=1)  # (B, N)
    return (counted / company).sum(1)


def collapsed_multiplicity(history: Sequence[Mapping[str, Any]]) -> str | None:
    """The cause, when jets have had far fewer particles than real ones for :data:`PATIENCE` epochs.

    Args:
        history: rows of metrics, one an epoch; those of objectives that do not log
            ``validation_particle_share`` say nothing.
    """
    shares = [row.get("validation_particle_share") for row in history[-PATIENCE:]]
    known = [float(share) for share in shares if share not in (None, "")]
    if len(known) < PATIENCE or max(known) > COLLAPSED:
        return None
    return (
        f"collapsed multiplicity: for {PATIENCE} epochs the jets have held fewer than "
        f"{COLLAPSED:.0%} of the particles they should, the rest being at one point with others "
        "or without momentum; try a smaller `learning_rate`, loss='emd', queries='noise' or "
        "a `likelihood_weight`"
    )
