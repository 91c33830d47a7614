"""Jets of other models beside those of a run, selected as its simulated jets were."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

from jetgen import kinematics
from jetgen.cloud import ParticleCloud
from jetgen.components import PRESETS
from jetgen.errors import InputError
from jetgen.physics.fourvectors import particle_momenta, to_cartesian
from jetgen.reports.setting import simulation_options
from jetgen.runs.trained_model import TrainedModel, load


class Cuts(NamedTuple):
    """What a simulation keeps: particles from a pT on, and jets in a range of pT [GeV]."""

    particle: float
    low: float
    high: float

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> Self | None:
        """Those of a file, from its attributes; none if ``jetgen simulate`` did not write it."""
        options = simulation_options(attributes)
        sample = options.get("sample", options.get("jet_type"))
        if "min_particle_pt" not in options or sample not in PRESETS:
            return None
        usual = PRESETS[sample].scales

        def bound(name: str) -> float:
            value = options.get(name)
            return float(getattr(usual, name) if value is None else value)

        low, high = bound("jet_pt_min"), bound("jet_pt_max")
        return cls(float(options["min_particle_pt"]), low, math.inf if math.isnan(high) else high)

    def __str__(self) -> str:
        soft = f"particles below {self.particle:g} GeV and " if self.particle else ""
        return f"{soft}jets outside of {self.low:g} to {self.high:g} GeV"

    def select(self, jets: ParticleCloud) -> ParticleCloud:
        """The jets that are kept, Cartesian, with the particles that are kept.

        A jet's pT is that of the sum of these particles.
        """
        cartesian = to_cartesian(jets)
        hard = kinematics.pt(particle_momenta(cartesian)) >= self.particle
        kept = cartesian.replace(mask=cartesian.mask & hard)
        return kept[(kept.pt >= self.low) & (kept.pt <= self.high)]


def jets_beside(
    model: TrainedModel,
    names: Sequence[str],
    attributes: Mapping[str, Any],
    number: int,
    seed: int,
) -> dict[str, ParticleCloud]:
    """Jets of further models by their names, in the representation of ``model``.

    Args:
        model: the model of the page.
        names: models that come with jetgen, or folders of runs.
        attributes: of the file of the simulated jets, whose :class:`Cuts` are applied.
        number: jets of each, at most; twice as many are generated.
        seed: of these jets.

    Raises:
        InputError: for an unknown name, or when the sets are no jets.
    """
    kind = model.config.kind
    if not kind.momenta:
        raise InputError(
            f"beside: expected a run on jets, received {model.run.name} on {kind.noun.many}"
        )
    cuts = Cuts.of(attributes)
    found = {}
    for name in names:
        other = load(name)
        made = other.generate(2 * number, seed=seed)
        chosen = made if cuts is None else cuts.select(made)
        found[Path(other.run.name).name] = model.comparable(chosen)[:number]
    return found


def in_words(names: Sequence[str], attributes: Mapping[str, Any]) -> str:
    """Which of their jets are shown; empty without names."""
    if not names:
        return ""
    cuts = Cuts.of(attributes)
    if cuts is None:
        return (
            f" Beside them are jets of {', '.join(names)}, all that were made: the data do not say "
            "how they were selected, which may explain differences."
        )
    return (
        f" Beside them are jets of {', '.join(names)}; of these, {cuts} are left out, as in the "
        "simulation, but here after the clustering."
    )
