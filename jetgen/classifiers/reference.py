"""Reference networks, whose activations are the features of the Frechet ParticleNet distance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from jetgen.classifiers.figure_of_merit import FEWEST_CLASSIFIED
from jetgen.classifiers.jet_classifier import (
    JetClassifier,
    classifier_input,
    in_batches,
    train_classifier,
)
from jetgen.cloud import ParticleCloud
from jetgen.errors import InputError
from jetgen.files.checkpoint import Checkpoint
from jetgen.kinds import JETS
from jetgen.physics.baselines import independent_particles
from jetgen.physics.classes import UNKNOWN_CLASS, class_name
from jetgen.physics.observables import MeasuredSets, measure

MOST_JETS = 20_000
"""Largest number of jets of each class."""

_CONTEXT = ("multiplicity",)
_ANGLE, _SHARE = 0.02, 0.2
"""Widths of the smearing of angles, and of the relative smearing of pT."""


class Reference:
    """A ParticleNet trained to classify jets similar to the evaluated ones.

    Args:
        network: the classifier.
        state: record of the training: ``classes``, ``task``, ``accuracy`` on test jets, ``chance``
            (accuracy of random guessing), ``seed``, ``jets`` (number of jets before the split) and
            ``data`` (hash of their file).
    """

    def __init__(self, network: JetClassifier, state: dict[str, Any]) -> None:
        self.network, self.state = network, state

    def activations(self, jets: MeasuredSets) -> Tensor:
        """``(B, 32)`` float64 outputs of the last layer before the scores, without its ReLU."""
        return in_batches(classifier_input(jets, _CONTEXT), self.network.embed).double()

    def held_out(self, jets: int, data: str | None) -> Tensor:
        """Mask of the first ``jets`` jets of a file with this hash that were not used to train."""
        held_out = torch.ones(jets, dtype=torch.bool)
        if data is not None and data == self.state["data"]:
            trained = _halves(self.state["jets"], self.state["seed"])[0]
            held_out[trained[trained < jets]] = False
        return held_out

    def save(self, path: Path) -> None:
        """Write network and state to one safetensors file, atomically."""
        Checkpoint(self.network.state_dict(), {"reference": self.state}).save(path)

    @classmethod
    def load(cls, path: Path) -> Reference:
        """Read a file written by :meth:`save`.

        Raises:
            InputError: when the file does not exist or is not a reference network.
        """
        if not path.is_file():
            raise InputError(
                f"{path}: expected a reference network, found no such file; make one with "
                "train_reference=True"
            )
        stored = Checkpoint.load(path)
        if "reference" not in stored.state:
            raise InputError(
                f"{path}: expected a reference network, found another checkpoint of jetgen; make "
                "one with train_reference=True"
            )
        state = stored.state["reference"]
        network = JetClassifier("particlenet", _CONTEXT, len(state["classes"]))
        network.load_state_dict(stored.tensors)
        return cls(network.eval(), state)


def train_reference(
    real: ParticleCloud,
    *,
    seed: int = 1,
    data: str | None = None,
    progress: Callable[[str], None] = lambda text: None,
) -> Reference:
    """Train a ParticleNet on a random half of the real jets.

    It classifies the jet classes if there are several with at least 100 jets each. Otherwise it
    separates real jets from two kinds of distorted copies: particles drawn independently from the
    marginal distributions of all particles, and particles with angles smeared by 0.02 and pT by 20
    %. Its inputs are relative particles and their number, not the jet's pT or direction.

    Args:
        real: jets in any representation.
        seed: seed for the split, the copies, the initial weights and the batches.
        data: hash of the jets' file, which identifies the other half later.
        progress: called with a line of text after every epoch.

    Raises:
        InputError: when there are too few jets.
    """
    if len(real) < 2 * FEWEST_CLASSIFIED:
        raise InputError(
            f"train_reference: expected at least {2 * FEWEST_CLASSIFIED} real jets, "
            f"received {len(real)}"
        )
    kinds = _kinds(real)
    trained, tested = (_classes(real[rows], kinds, seed) for rows in _halves(len(real), seed))
    network = train_classifier(
        "particlenet",
        [classifier_input(measure(jets[:MOST_JETS]), _CONTEXT) for jets in trained.values()],
        _CONTEXT,
        seed=seed,
        progress=progress,
    )
    right, total = 0.0, 0.0
    for k, jets in enumerate(tested.values()):
        known = classifier_input(measure(jets[:MOST_JETS]), _CONTEXT)
        found, weights = in_batches(known, network).argmax(1), known.weights.double()
        right, total = right + float(weights[found == k].sum()), total + float(weights.sum())
    return Reference(
        network,
        {
            "classes": list(trained),
            "task": "real jets of several classes" if kinds else "spoiled copies",
            "accuracy": right / total,
            "chance": 1 / len(trained),
            "seed": seed,
            "jets": len(real),
            "data": data,
        },
    )


def _halves(jets: int, seed: int) -> tuple[Tensor, Tensor]:
    """Indices of the training half, and of the other half."""
    order = torch.randperm(jets, generator=torch.Generator().manual_seed(seed))
    return order[: jets // 2], order[jets // 2 :]


def _kinds(real: ParticleCloud) -> list[int]:
    """The type indices to be classified; empty if there is only one."""
    if not real.has_condition("type"):
        return []
    types, counts = real.condition("type").unique(return_counts=True)
    many = [int(k) for k in types[counts >= FEWEST_CLASSIFIED] if k != UNKNOWN_CLASS]
    return many if len(many) > 1 else []


def _classes(real: ParticleCloud, kinds: list[int], seed: int) -> dict[str, ParticleCloud]:
    """The jets of each class, by name."""
    if kinds:
        return {class_name(k): real[real.condition("type") == k] for k in kinds}
    generator = torch.Generator().manual_seed(seed)
    relative = measure(real).relative
    return {
        "real": relative,
        JETS.baseline: independent_particles(relative, len(real), generator),
        "smeared particles": _smeared(relative, generator),
    }


def _smeared(relative: ParticleCloud, generator: torch.Generator) -> ParticleCloud:
    noise = torch.randn(relative.particles.shape, generator=generator).to(relative.particles)
    moved = relative.particles[..., :2] + _ANGLE * noise[..., :2]
    share = relative.particles[..., 2:] * (1 + _SHARE * noise[..., 2:]).clamp(min=0.01)
    return replace(relative, particles=torch.cat([moved, share], dim=-1))
