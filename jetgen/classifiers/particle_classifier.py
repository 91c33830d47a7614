"""A two-sample test with networks that receive the particles."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from jetgen.classifiers.figure_of_merit import (
    FigureOfMerit,
    Weights,
    halves,
    keys_of_sets,
    score_outputs,
)
from jetgen.classifiers.jet_classifier import (
    Architecture,
    classifier_input,
    in_batches,
    train_classifier,
)
from jetgen.cloud import ParticleCloud
from jetgen.physics.observables import MeasuredSets

MOST_JETS = 40_000
"""Largest number of jets of each kind: minutes on two cores, where boosted trees take seconds."""

CONTEXT = ("multiplicity", "pt", "eta")
"""Jet-level inputs of a network in addition to the particles, if both samples have them."""


def particle_figure_of_merit(
    real: MeasuredSets,
    generated: MeasuredSets,
    architecture: Architecture,
    *,
    jets: int = MOST_JETS,
    seed: int = 1,
    progress: Callable[[str], None] = lambda text: None,
) -> FigureOfMerit:
    """Train a network on half the jets to separate generated from real jets, test on the others.

    Its inputs are all particles relative to their jet, and the jet's multiplicity, pT and eta.
    Event weights count in the training and in all results, with the same total for both kinds.

    Args:
        real, generated: the same number of jets is used of each.
        architecture: ``particlenet`` or ``transformer``, with settings of
            :class:`jetgen.classifiers.jet_classifier.JetClassifier`.
        jets: largest number of jets of each kind.
        seed: seed for the selection of jets, the initial weights and the batches.
        progress: called with a line of text after every epoch.

    Raises:
        InputError: when there are too few jets.
    """
    keys = keys_of_sets(real, generated)
    dealt = halves(real.weights, generated.weights, jets, seed, keys)
    context = [n for n in CONTEXT if n in real.observables and n in generated.observables]

    first, second = (classifier_input(side, context) for side in (real, generated))
    network = train_classifier(
        architecture,
        [first[dealt.train_real], second[dealt.train_generated]],
        context,
        seed=seed,
        progress=progress,
    )

    def output(jets: ParticleCloud) -> Tensor:
        scores = network(jets)
        return scores[:, 1] - scores[:, 0]

    tested = first[dealt.test_real], second[dealt.test_generated]
    outputs, made = (in_batches(side, output).double().numpy() for side in tested)
    weights = Weights(*(side.weights.double().numpy() for side in tested))
    return score_outputs(outputs, made, dealt.jets, weights=weights)
