"""The quantities listed in a comparison, and how each is obtained from measured jets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.physics.fourvectors import JET_KINEMATICS, to_cartesian
from jetgen.physics.observables import (
    JET_OBSERVABLES,
    PARTICLE_OBSERVABLES,
    MeasuredSets,
    Observable,
)
from jetgen.physics.substructure import SUBSTRUCTURE_OBSERVABLES


class Quantity(NamedTuple):
    """A row of the comparison table.

    Args:
        observable: what is measured.
        scale: the printed numbers are divided by it (1, 1e-3 or 1e-5).
        definition: the quantity in words.
        pooled: whether there is one value per item instead of one per set.
    """

    observable: Observable
    scale: float
    definition: str
    pooled: bool = False

    @property
    def name(self) -> str:
        return self.observable.name

    @property
    def unit(self) -> str:
        """The unit of the printed numbers, including the power of ten."""
        power = {1e-3: "10⁻³", 1e-5: "10⁻⁵"}.get(self.scale, "")
        return " ".join(part for part in (power, self.observable.unit) if part)


class Values(NamedTuple):
    """``(M,)`` values of one quantity, and ``(M,)`` index of the jet that each belongs to."""

    values: Tensor
    jet: Tensor


RANKS = {1: "hardest particle", 5: "5th hardest particle", 20: "20th hardest particle"}
"""Ranks by falling pT: pooled particles do not show how pT is distributed within a jet."""

_POOLED = "over all particles of all jets, relative to the jet's own four-momentum sum"
_DEFINITIONS = {
    "relative_mass": "mass of the sum of the massless particles over its pT; W1 is the field's W1M",
    "etarel": f"η of a particle minus η of its jet, {_POOLED}",
    "phirel": f"φ of a particle minus φ of its jet, {_POOLED}",
    "ptrel": f"pT of a particle over pT of its jet, {_POOLED}",
    "mass": "mass of the sum of the massless particles",
    "pt": "transverse momentum of the sum of the particles",
    "energy": "energy of the sum of the massless particles",
    "eta": "pseudorapidity of the sum of the particles",
    "phi": "azimuth of the sum of the particles, in [-π, π)",
    "multiplicity": "number of particles in a jet",
}
_IN_THOUSANDTHS = ("relative_mass", "etarel", "phirel", "ptrel", "eta", "phi")

_BY_NAME = {
    o.name: Quantity(
        o,
        1e-3 if o.name in _IN_THOUSANDTHS else 1.0,
        _DEFINITIONS[o.name],
        pooled=o in PARTICLE_OBSERVABLES,
    )
    for o in (*JET_OBSERVABLES, *PARTICLE_OBSERVABLES)
}

BY_RANK = tuple(
    Quantity(
        Observable(
            f"ptrel_{rank}",
            f"relative pT of the {words}",
            rf"$p_\mathrm{{T}}^\mathrm{{rel}}$, {words}",
        ),
        1e-3,
        f"pT over jet pT of the {words}, in jets with enough particles",
    )
    for rank, words in RANKS.items()
)

PARTICLE_MOMENTA = tuple(
    Quantity(
        Observable(name, f"particle {name}", rf"Particle $p_{name[1]}$", "GeV"),
        1.0,
        "momentum component of a particle in the laboratory, over all particles of all jets",
        pooled=True,
    )
    for name in ("px", "py", "pz")
)
"""Laboratory momenta of particles, for studies of Cartesian representations."""

QUANTITIES = (
    _BY_NAME["relative_mass"],
    *(_BY_NAME[o.name] for o in PARTICLE_OBSERVABLES),
    *BY_RANK,
    *(_BY_NAME[o.name] for o in JET_OBSERVABLES if o.name != "relative_mass"),
)
"""All compared quantities, in the order of the table."""

PARTICLE_MEAN = Quantity(
    Observable("particle_mean", "mean of the three particle features", "W1P"),
    1e-3,
    "plain mean of the distances of relative η, φ and pT: the field's W1P",
)
"""The row that is the mean of three others."""

_SUBSTRUCTURE_DEFINITIONS = {
    "pt_dispersion": "square root of the sum of squared shares of pT: one for a single particle",
    "girth": "mean distance of particles from the jet's axis, weighted by their share of pT",
    "les_houches": "the same with the square root of the distances",
    "thrust": "the same with squared distances",
    "tau21": "how much better two axes describe the jet than one; small for two prongs",
    "tau32": "how much better three axes describe the jet than two; small for three prongs",
    "c2": "three-particle energy correlator over the square of the two-particle one",
    "d2": "three-particle energy correlator over the cube of the two-particle one",
    "relative_soft_drop_mass": "soft-drop mass over the pT of the jet before grooming",
    "soft_drop_mass": "mass after soft, wide-angle radiation is groomed away",
}

SUBSTRUCTURE = tuple(
    Quantity(observable, 1.0, _SUBSTRUCTURE_DEFINITIONS[observable.name])
    for observable in SUBSTRUCTURE_OBSERVABLES
)
"""Quantities of jets after :func:`jetgen.physics.substructure.with_substructure`."""


def substructure_quantities() -> Sequence[Quantity]:
    """Quantities of jets that reports draw in addition to those of their table."""
    return SUBSTRUCTURE


def quantity_values(jets: MeasuredSets, quantity: Quantity) -> Values | None:
    """The values of one quantity, or None if it is not available for these jets."""
    name = quantity.name
    every = torch.arange(len(jets))
    if name in jets.observables:
        return Values(jets.observables[name], every)
    if any(feature.name == name for feature in jets.frame.features):
        return Values(jets.pooled(name), every.repeat_interleave(jets.multiplicity))
    if quantity in PARTICLE_MOMENTA and "pt" in jets.observables:
        cloud = jets.relative
        known = {f: jets.observables[f.name] for f in JET_KINEMATICS if f.name in jets.observables}
        momenta = to_cartesian(cloud.with_conditions(known))
        owner = every.unsqueeze(1).expand_as(cloud.mask)
        return Values(momenta.feature(name)[cloud.mask], owner[cloud.mask])
    if name.startswith("ptrel_"):
        rank = int(name.removeprefix("ptrel_"))
        if rank > jets.slots:
            return None
        values = torch.cat([_share(piece.relative, rank) for piece in jets.pieces()])
        enough = jets.multiplicity >= rank
        return Values(values[enough], every[enough])
    return None


def _share(cloud: ParticleCloud, rank: int) -> Tensor:
    """``(B,)`` share of pT of the particle of this rank."""
    shares = cloud.feature("ptrel").masked_fill(~cloud.mask, -torch.inf)
    return shares.topk(rank, dim=1).values[:, -1]
