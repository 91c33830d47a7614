"""Measure and check sets before a comparison; unusable sets are dropped with a warning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.datasets.copies import copy_keys
from jetgen.errors import InputError
from jetgen.kinds import JETS, Kind
from jetgen.physics.observables import MeasuredSets
from jetgen.weights import require_some_weight

RECONSTRUCTED = "reconstructed"
"""The name of the sample that holds the reconstructions of the real jets, in their order."""

_THOUSANDFOLD = 300.0, 3000.0
"""Range of momentum ratios that suggest a wrong unit, MeV for GeV."""


@dataclass(frozen=True)
class ComparisonInput:
    """Measured jets, all values finite.

    Args:
        real: the real jets that samples are compared to.
        samples: by name; ``reconstructed``, if present, corresponds to ``real`` jet by jet.
        pool: all real jets (``real`` and training), for the real-versus-real floor.
        training: the jets that a model was trained on, if they are known.
        kept: ``(B,)`` which of the real jets that were passed are in ``real``.
        warnings: what was dropped or is unusual, for the reader.
        reference: the name of the real jets in texts.
    """

    real: MeasuredSets
    samples: dict[str, MeasuredSets]
    pool: MeasuredSets
    kept: Tensor
    warnings: tuple[str, ...]
    reference: str = "simulated"
    training: MeasuredSets | None = None


def check(
    real: ParticleCloud,
    samples: Mapping[str, ParticleCloud],
    training: ParticleCloud | None = None,
    kind: Kind = JETS,
    reference: str = "simulated",
) -> ComparisonInput:
    """Measure all jets; drop those with values that are not finite, with a warning.

    Jets of weight zero are dropped without one. Jets without particles are kept, with a warning, so
    that they count against the generator that makes them. A real jet and its reconstruction are
    dropped together. Jets also give a warning for missing or apparently different units, and for
    samples with different maximum numbers of particles.

    Args:
        real: the real jets, or other sets.
        samples: the sets to be compared with them, by name.
        training: further real sets, for the floor.
        kind: whether all of them are jets or other sets.
        reference: the name of the real sets in texts.

    Raises:
        InputError: when there is no sample, a sample without a usable jet or without weight, a
            sample whose columns are not those of jets or that shares none with the real sets, or
            reconstructions that do not correspond to the real jets.
    """
    if not samples:
        raise InputError("comparison: expected at least one sample of jets, received none")
    if RECONSTRUCTED in samples and len(samples[RECONSTRUCTED]) != len(real):
        raise InputError(
            f"reconstructed jets: expected one for each of the {len(real)} real jets, received "
            f"{len(samples[RECONSTRUCTED])}"
        )
    for name, sample in samples.items():
        kind.require_comparable(name, sample, real)
    warnings: list[str] = []
    measured = {name: _measured(cloud, name, kind, warnings) for name, cloud in samples.items()}
    all_real = _measured(real, reference, kind, warnings)
    finite = {name: _finite(jets, name, warnings) for name, jets in measured.items()}
    real_finite = _finite(all_real, reference, warnings)
    if RECONSTRUCTED in samples:
        real_finite = finite[RECONSTRUCTED] = real_finite & finite[RECONSTRUCTED]
    usable = {name: _kept(jets, finite[name]) for name, jets in measured.items()}
    usable_real = _kept(all_real, real_finite)
    pool, seen = usable_real, None
    if training is not None:
        every = _measured(training, "training", kind, warnings)
        seen = _kept(every, _finite(every, "training", warnings))
        pool = _joined(pool, seen)
    for name, sets in usable.items():
        warnings += kind.doubts(name, sets, usable_real)
        warnings += shared_with_real(name, sets, usable_real)
    return ComparisonInput(usable_real, usable, pool, real_finite, tuple(warnings), reference, seen)


def shared_with_real(name: str, sample: MeasuredSets, real: MeasuredSets) -> list[str]:
    """A warning if jets of a sample are copies of real ones, in any order of their particles."""
    first, second = sample.relative, real.relative
    if first.features != second.features:
        return []
    if name == RECONSTRUCTED:  # equal to real ones where the autoencoder is perfect
        return []
    shared = int(torch.isin(*copy_keys(first, second)).sum())
    if not shared:
        return []
    noun = real.kind.noun.many
    return [
        f"{name}: {shared} of {len(first)} {noun} are copies of the {noun} they are compared with, "
        "so that distances make them look too similar"
    ]


_RARE = 0.01
"""Share of jets with more particles than fit into the other sample that may be chance."""


def different_slots(name: str, sample: ParticleCloud, real: ParticleCloud) -> list[str]:
    """A warning if more than 1 % of one side's jets have more particles than the other can hold."""
    most = [cloud.mask.shape[1] for cloud in (sample, real)]
    longest = [int(cloud.multiplicity.max()) for cloud in (sample, real)]
    beyond = [
        (cloud.multiplicity > slots).double().mean().item()
        for cloud, slots in ((real, most[0]), (sample, most[1]))
    ]
    if beyond[0] > _RARE:
        return [
            f"{name}: a jet holds at most {most[0]} particles, a real one up to {longest[1]}; "
            f"keep only the {most[0]} hardest particles of the real jets"
        ]
    if beyond[1] > _RARE:
        return [
            f"{name}: a jet holds up to {longest[0]} particles, a real one at most {most[1]}; "
            f"if the real jets were truncated, keep only the {most[1]} hardest particles of the "
            "others"
        ]
    return []


def without_particles(name: str, jets: ParticleCloud, kind: Kind = JETS) -> list[str]:
    """A warning if there are empty jets.

    Raises:
        InputError: when all jets are empty.
    """
    noun = kind.noun
    empty = int((jets.multiplicity == 0).sum())
    if empty == len(jets):
        raise InputError(
            f"{name} {noun.many}: expected {noun.many} with {noun.item}s, received {len(jets)} "
            "without any"
        )
    if not empty:
        return []
    return [
        f"{name}: {empty} of {len(jets)} {noun.many} have no {noun.item}s; they count, {kind.empty}"
    ]


def doubts_of_jets(name: str, sample: MeasuredSets, real: MeasuredSets) -> list[str]:
    """Warnings if jets differ in their maximum number of particles or, apparently, their unit."""
    slots = different_slots(name, sample.relative, real.relative)
    return slots + _different_units(name, sample, real)


def _measured(cloud: ParticleCloud, name: str, kind: Kind, warnings: list[str]) -> MeasuredSets:
    """The measured sets; errors name them, and a missing unit gives a warning."""
    try:
        measured: MeasuredSets = kind.measure(cloud)
    except InputError as error:
        raise InputError(f"{name} {kind.noun.many}: {error}") from None
    if unknown := kind.missing_units(cloud):
        warnings.append(f"{name}: {', '.join(unknown)} without a unit, assumed to be GeV")
    return measured


def _different_units(name: str, sample: MeasuredSets, real: MeasuredSets) -> list[str]:
    """A warning if momenta differ by a factor of about one thousand."""
    if not ("pt" in sample.observables and "pt" in real.observables):
        return []
    momenta = [float(jets.observables["pt"].median()) for jets in (sample, real)]
    low, high = _THOUSANDFOLD
    if not low * min(momenta) < max(momenta) < high * min(momenta):
        return []
    return [
        f"{name}: the median jet pT is {momenta[0]:.4g} GeV, that of real jets {momenta[1]:.4g} "
        "GeV; is one of the files in MeV?"
    ]


def _finite(jets: MeasuredSets, name: str, warnings: list[str]) -> Tensor:
    """``(B,)`` which jets have weight and only finite values; warns of others and empty ones."""
    noun = jets.kind.noun
    require_some_weight(jets.weights, f"{name} {noun.many}")
    finite = jets.relative.particles.isfinite().all(-1).all(-1)
    for values in jets.observables.values():
        finite = finite & values.isfinite()
    bad = int((~finite).sum())
    if bad == len(jets):
        raise InputError(
            f"{name} {noun.many}: expected finite {noun.item}s, received {bad} of {len(jets)} "
            f"{noun.many} with values that are not; check the file with `jetgen inspect`"
        )
    if bad:
        warnings.append(
            f"{name}: {bad} of {len(jets)} {noun.many} hold values that are not finite and are "
            "dropped"
        )
    warnings += without_particles(name, jets.relative, jets.kind)
    return finite & (jets.weights > 0)


def _kept(jets: MeasuredSets, which: Tensor) -> MeasuredSets:
    """The jets of a mask ``(B,)``, without a copy of all of them."""
    return jets if bool(which.all()) else jets[which]


def _joined(first: MeasuredSets, second: MeasuredSets) -> MeasuredSets:
    """Both sets of jets, with the observables that both have."""
    names = [name for name in first.observables if name in second.observables]
    return replace(
        first,
        relative=ParticleCloud.concatenate([_bare(first.relative), _bare(second.relative)]),
        observables={
            name: torch.cat([first.observables[name], second.observables[name]]) for name in names
        },
    )


def _bare(cloud: ParticleCloud) -> ParticleCloud:
    return cloud.replace(conditions=cloud.conditions[:, :0], condition_features=())
