"""Measure and check sets before a comparison; unusable sets are dropped with a warning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from jetgen.classifiers.figure_of_merit import keys_of_sets
from jetgen.cloud import ParticleCloud
from jetgen.errors import InputError
from jetgen.kinds import JETS, Kind
from jetgen.physics.observables import MeasuredSets, PackedSets
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


@dataclass(frozen=True)
class MeasuredSample:
    """Measured sets that have not been checked, and warnings of units that their cloud lacks.

    A comparison of files measures each as soon as it is read, so that only what is measured, with
    particles stored without padding, stays in memory.
    """

    sets: MeasuredSets
    warnings: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.sets)


Sample = ParticleCloud | MeasuredSample
"""What is compared: sets as they are read, or measured."""


def measured_sample(sample: Sample, name: str, kind: Kind = JETS) -> MeasuredSample:
    """The sample, measured; errors call it by this name.

    Raises:
        InputError: when its features are not those of such sets.
    """
    if isinstance(sample, MeasuredSample):
        return sample
    try:
        sets: MeasuredSets = kind.measure(sample)
    except InputError as error:
        raise InputError(f"{name} {kind.noun.many}: {error}") from None
    unknown = kind.missing_units(sample)
    missing = f"{name}: {', '.join(unknown)} without a unit, assumed to be GeV"
    return MeasuredSample(sets, (missing,) if unknown else ())


def check(
    real: Sample,
    samples: Mapping[str, Sample],
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
    warnings: list[str] = []

    def measured_of(sample: Sample, name: str) -> MeasuredSets:
        known = measured_sample(sample, name, kind)
        warnings.extend(known.warnings)
        return known.sets

    for name, sample in samples.items():
        kind.require_comparable(name, _columns_of(sample), _columns_of(real))
    measured = {name: measured_of(sample, name) for name, sample in samples.items()}
    all_real = measured_of(real, reference)
    finite = {name: _finite(jets, name, warnings) for name, jets in measured.items()}
    real_finite = _finite(all_real, reference, warnings)
    if RECONSTRUCTED in samples:
        real_finite = finite[RECONSTRUCTED] = real_finite & finite[RECONSTRUCTED]
    usable = {name: _kept(jets, finite[name]) for name, jets in measured.items()}
    usable_real = _kept(all_real, real_finite)
    pool, seen = usable_real, None
    if training is not None:
        every = measured_of(training, "training")
        seen = _kept(every, _finite(every, "training", warnings))
        pool = _joined(pool, seen)
    for name, sets in usable.items():
        warnings += kind.doubts(name, sets, usable_real)
        warnings += shared_with_real(name, sets, usable_real)
    return ComparisonInput(usable_real, usable, pool, real_finite, tuple(warnings), reference, seen)


def shared_with_real(name: str, sample: MeasuredSets, real: MeasuredSets) -> list[str]:
    """A warning if jets of a sample are copies of real ones, in any order of their particles."""
    if sample.frame.features != real.frame.features:
        return []
    if name == RECONSTRUCTED:  # equal to real ones where the autoencoder is perfect
        return []
    shared = int(torch.isin(*keys_of_sets(sample, real)).sum())
    if not shared:
        return []
    noun = real.kind.noun.many
    return [
        f"{name}: {shared} of {len(sample)} {noun} are copies of the {noun} they are compared "
        "with, so that distances make them look too similar"
    ]


_RARE = 0.01
"""Share of jets with more particles than fit into the other sample that may be chance."""


def different_slots(
    name: str, sample: ParticleCloud | MeasuredSets, real: ParticleCloud | MeasuredSets
) -> list[str]:
    """A warning if more than 1 % of one side's jets have more particles than the other can hold."""
    most = [cloud.slots for cloud in (sample, real)]
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


def without_particles(
    name: str, jets: ParticleCloud | MeasuredSets, kind: Kind = JETS
) -> list[str]:
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
    slots = different_slots(name, sample, real)
    return slots + _different_units(name, sample, real)


def _columns_of(sample: Sample) -> ParticleCloud:
    """A cloud with the names of the sample."""
    return sample.sets.frame if isinstance(sample, MeasuredSample) else sample


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
    parts = (piece.relative.particles for piece in jets.pieces())
    finite = torch.cat([particles.isfinite().all(-1).all(-1) for particles in parts])
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
    warnings += without_particles(name, jets, jets.kind)
    return finite & (jets.weights > 0)


def _kept(jets: MeasuredSets, which: Tensor) -> MeasuredSets:
    """The jets of a mask ``(B,)``, without a copy of all of them."""
    return jets if bool(which.all()) else jets[which]


def _joined(first: MeasuredSets, second: MeasuredSets) -> MeasuredSets:
    """Both sets of jets, with the observables that both have."""
    pieces = (piece for sets in (first, second) for piece in sets.pieces())
    return PackedSets.joined([PackedSets.of(_without_conditions(piece)) for piece in pieces])


def _without_conditions(sets: MeasuredSets) -> MeasuredSets:
    cloud = sets.relative
    bare = cloud.replace(conditions=cloud.conditions[:, :0], condition_features=())
    return MeasuredSets(bare, sets.observables, sets.kind)
