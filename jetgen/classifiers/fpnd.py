"""FPND: the Frechet distance of the activations of a ParticleNet that classifies jets."""

from __future__ import annotations

import torch

from jetgen.classifiers.published_reference import TYPES, PublishedReference
from jetgen.cloud import ParticleCloud
from jetgen.config.evaluate import PUBLISHED
from jetgen.conversion import Jets
from jetgen.errors import InputError
from jetgen.metrics.fpd import frechet_distance, moments
from jetgen.metrics.samples import RECOMMENDED, relative_particles
from jetgen.networks.particlenet import ACTIVATIONS
from jetgen.physics.classes import class_name
from jetgen.physics.observables import MeasuredSets
from jetgen.weights import counted_sets, sized


def fpnd(generated: Jets, jet_type: str, network: PublishedReference) -> float:
    """The published distance between generated jets and the real jets of a class.

    Frechet distance between the activations of at most 50,000 generated jets and the published
    Gaussian for the real jets, from the 30 hardest particles of each jet. Event weights count.

    Raises:
        InputError: for jets that are not finite, have no particles, or are too few for their
            covariance.

    Source:
        Particle Cloud Generation with Message Passing Generative Adversarial Networks (Kansal et
        al., 2021), arXiv:2106.11535.
    """
    particles = relative_particles(generated, "generated jets")[:RECOMMENDED]
    weights = particles.weights
    if counted_sets(weights) <= ACTIVATIONS:
        raise InputError(
            f"fpnd: expected more than {ACTIVATIONS} generated jets, received {sized(weights)}"
        )
    real = network.moments(jet_type)
    ones = torch.ones(len(particles), dtype=torch.float64)
    made = moments(network.activations(MeasuredSets(particles, {})), ones, weights)
    return frechet_distance(made, real).item()


def published_type(real: ParticleCloud) -> str:
    """The class of these jets, which must be one with published moments.

    Raises:
        InputError: when the jets have another class or several classes.
    """
    types = real.condition("type").unique().tolist() if real.has_condition("type") else []
    names = sorted({class_name(int(k)) for k in types})
    if len(names) != 1 or names[0] not in TYPES:
        raise InputError(
            f"reference={PUBLISHED!r}: expected real jets of one class among {', '.join(TYPES)}, "
            f"received {', '.join(names) or 'unknown'}"
        )
    return names[0]
