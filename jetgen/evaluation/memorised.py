"""Whether samples repeat the training jets, for files of metrics and reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jetgen.evaluation.checks import RECONSTRUCTED, ComparisonInput
from jetgen.metrics.memorisation import FEWEST_COMPARED, Memorisation, compared, nearest_training
from jetgen.metrics.samples import relative_particles


def memorised_jets(checked: ComparisonInput, seed: int) -> dict[str, Memorisation]:
    """:func:`jetgen.metrics.memorisation.memorisation` of each sample, by its name.

    Nothing without training jets, and for samples with too few jets. Reconstructed jets, which are
    no generated ones, and the trivial generator are left out.
    """
    if checked.training is None or checked.real.counted < FEWEST_COMPARED:
        return {}
    left_out = (RECONSTRUCTED, checked.real.kind.baseline)
    samples = {
        name: jets.relative
        for name, jets in checked.samples.items()
        if name not in left_out and jets.counted >= FEWEST_COMPARED
    }
    if not samples:
        return {}
    training = relative_particles(checked.training.relative, "training jets")
    held_out = nearest_training(checked.real.relative, training, "held-out", seed=seed)
    return {
        name: compared(
            nearest_training(jets, training, name, seed=seed), held_out, len(training), seed=seed
        )
        for name, jets in samples.items()
    }


def memorisation_records(found: Mapping[str, Memorisation]) -> dict[str, Any]:
    """The numbers of each sample, with a sentence, for a file."""
    return {name: one.record() | {"text": in_words(one)} for name, one in found.items()}


def in_words(found: Memorisation) -> str:
    """What was found of a sample, in a sentence."""
    seen = (
        f"{found.seen} of the {len(found.held_out)} held-out jets are training jets themselves: "
        "compare with jets that training has not seen"
    )
    if not found.comparable:
        return f"whether training jets are repeated cannot be said, as {seen}"
    verdict = "repeats training jets" if found.copies else "no sign that training jets are repeated"
    further = f". {seen}" if found.seen else ""
    return (
        f"{verdict}: {100 * found.near:.1f} ± {100 * found.near_error:.1f} % are nearer to a "
        "training jet than 99 % of the held-out jets are (1 % expected), median distance "
        f"{found.ratio:.2f} ± {found.ratio_error:.2f} times that of held-out jets{further}"
    )
