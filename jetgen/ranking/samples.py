"""The rows of a table: jets of each run and prior, reconstructions, trivial generators."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import torch

from jetgen import __version__
from jetgen.cloud import ParticleCloud
from jetgen.files.whole import sha256
from jetgen.ranking.runs import Models, costs, held_out_by
from jetgen.runs.trained_model import TrainedModel

METRICS = 5
"""Version of cached scores; increase it when metrics or their file change."""


@dataclass(frozen=True)
class Sample:
    """A sample of jets that can be generated again.

    Args:
        name: the name of the row.
        kind: the type of generator.
        make: function that generates the jets.
        origin: everything that the measurements depend on.
        facts: numbers that are available without generating the jets.
    """

    name: str
    kind: Literal["generated", "reconstructed", "trivial"]
    make: Callable[[], ParticleCloud]
    origin: Mapping[str, Any]
    facts: Mapping[str, float] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """A short hash of the origin."""
        return hashlib.sha256(json.dumps(self.origin, sort_keys=True).encode()).hexdigest()[:20]


def samples_of(models: Models, training: ParticleCloud, jets: int, seed: int) -> list[Sample]:
    """Every sample of a table.

    Args:
        models: runs with the same held-out jets.
        training: the jets that they were trained on, for the trivial generators.
        jets: number of jets per sample.
        seed: seed of the samples.
    """
    first = next(iter(models.values()))
    held_out, trivial = held_out_by(first), first.config.kind.baselines()
    origin = {
        "jets": jets,
        "seed": seed,
        "jetgen": __version__,
        "metrics": METRICS,
        "held_out": held_out,
    }
    found = [s for name, model in models.items() for s in _of_run(name, model, origin)]
    for name, generator in trivial.items():
        make = partial(_trivial, generator, training, jets, seed)
        found.append(Sample(name, "trivial", make, {**origin, "trivial": name}))
    return found


def _of_run(name: str, model: TrainedModel, origin: Mapping[str, Any]) -> list[Sample]:
    """Jets of each prior that the run has, and its reconstructions."""
    origin = {**origin, "checkpoint": sha256(model.folder.best)}
    jets, seed = origin["jets"], origin["seed"]
    facts = {**costs(model), "network_evaluations": model.model.evaluations}
    if not model.reconstructs:
        make = partial(model.generate, jets, seed=seed)
        return [Sample(name, "generated", make, origin, facts)]
    generated = [
        Sample(
            f"{name} ({prior})",
            "generated",
            partial(model.generate, jets, seed=seed, prior=prior),
            {**origin, "prior": prior},
            facts,
        )
        for prior in model.priors
    ]
    make = partial(_decoded, model, jets, seed)
    return [
        *generated,
        Sample(f"{name} (decoded)", "reconstructed", make, {**origin, "of": "real"}),
    ]


def _decoded(model: TrainedModel, jets: int, seed: int) -> ParticleCloud:
    return model.reconstruct(model.held_out(most=jets), seed=seed)


def _trivial(
    generator: Callable[..., ParticleCloud], training: ParticleCloud, jets: int, seed: int
) -> ParticleCloud:
    return generator(training, jets, torch.Generator().manual_seed(seed))
