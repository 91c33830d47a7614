"""Jets measured and made fit for comparison: what cannot be compared is left out, and said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.errors import InputError
from jetgen.physics.observables import Measured, measure

RECONSTRUCTED = "reconstructed"
"""The sample of this name holds the real jets' reconstructions, one for one."""


@dataclass(frozen=True)
class Checked:
    """Measured jets without a number that is not finite.

    Args:
        real: the real jets that samples are compared to.
        samples: by name; ``reconstructed``, where there, corresponds to ``real`` jet by jet.
        pool: every real jet there is (``real`` and training), for the real-versus-real floor.
        kept: ``(B,)`` which of the real jets that were given are in ``real``.
        warnings: what was left out or is odd, for the reader.
    """

    real: Measured
    samples: dict[str, Measured]
    pool: Measured
    kept: Tensor
    warnings: tuple[str, ...]


def check(
    real: ParticleCloud,
    samples: Mapping[str, ParticleCloud],
    training: ParticleCloud | None = None,
) -> Checked:
    """Measure all jets; leave out those with values that are not finite, with a warning.

    Jets without particles stay, because a generator that makes them must pay for it, with a
    warning. A pair of a real jet and its reconstruction goes as a whole.

    Raises:
        InputError: when there is no sample, no usable jet in one, or when the reconstructions
            do not correspond to the real jets.
    """
    if not samples:
        raise InputError("comparison: expected at least one sample of jets, received none")
    if RECONSTRUCTED in samples and len(samples[RECONSTRUCTED]) != len(real):
        raise InputError(
            f"reconstructed jets: expected one for each of the {len(real)} real jets, received "
            f"{len(samples[RECONSTRUCTED])}"
        )
    warnings: list[str] = []
    measured = {name: measure(cloud) for name, cloud in samples.items()}
    all_real = measure(real)
    finite = {name: _finite(jets, name, warnings) for name, jets in measured.items()}
    real_finite = _finite(all_real, "real", warnings)
    if RECONSTRUCTED in samples:
        real_finite = finite[RECONSTRUCTED] = real_finite & finite[RECONSTRUCTED]
    usable = {name: jets[finite[name]] for name, jets in measured.items()}
    usable_real = all_real[real_finite]
    pool = usable_real
    if training is not None:
        seen = measure(training)
        pool = _joined(pool, seen[_finite(seen, "training", warnings)])
    longest = int(usable_real.relative.multiplicity.max())
    for name, jets in usable.items():
        slots = jets.relative.mask.shape[1]
        if slots < longest:
            warnings.append(
                f"{name}: a jet holds at most {slots} particles, a real one up to {longest}; "
                "keep only the hardest particles of the real jets to compare like with like"
            )
    return Checked(usable_real, usable, pool, real_finite, tuple(warnings))


def _finite(jets: Measured, name: str, warnings: list[str]) -> Tensor:
    """``(B,)`` jets whose every number is finite; warns of the others, and of empty jets."""
    finite = jets.relative.particles.isfinite().all(-1).all(-1)
    for values in jets.observables.values():
        finite = finite & values.isfinite()
    bad = int((~finite).sum())
    if bad == len(jets):
        raise InputError(
            f"{name} jets: expected finite particle momenta, received {bad} of {len(jets)} jets "
            "with values that are not; check the file with `jetgen inspect`"
        )
    if bad:
        warnings.append(
            f"{name}: {bad} of {len(jets)} jets hold values that are not finite and are left out"
        )
    empty = int((jets.relative.multiplicity == 0).sum())
    if empty:
        warnings.append(
            f"{name}: {empty} of {len(jets)} jets have no particles; they count, with mass, pT, "
            "energy, η and φ zero"
        )
    return finite


def _joined(first: Measured, second: Measured) -> Measured:
    """Both sets of jets, with the observables that both know."""
    names = [name for name in first.observables if name in second.observables]
    return Measured(
        ParticleCloud.concatenate([_bare(first.relative), _bare(second.relative)]),
        {name: torch.cat([first.observables[name], second.observables[name]]) for name in names},
    )


def _bare(cloud: ParticleCloud) -> ParticleCloud:
    return replace(cloud, conditions=cloud.conditions[:, :0], condition_features=())
