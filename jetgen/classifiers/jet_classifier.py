"""Networks that classify jets by their particles, and their training."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from jetgen.cloud import Feature, ParticleCloud
from jetgen.datasets.loading import batches
from jetgen.networks.edgeconv import EdgeConvEncoder
from jetgen.networks.transformer import TransformerEncoder
from jetgen.physics.observables import MeasuredSets

Architecture = Literal["particlenet", "transformer"]

WIDTH = 32
"""Width of all layers."""

_SOFTEST = 1e-6
"""Smallest relative pT for logarithms; lower values are replaced by it."""

_BATCH, _EPOCHS, _PATIENCE, _RATE = 256, 30, 4, 1e-3
_VALIDATION = 0.15
_CLASS = Feature("class")


class JetClassifier(nn.Module):
    r"""Scores ``(B, K)`` of K classes from particles and jet-level observables.

    An encoder maps the particles (etarel, phirel, log ptrel) and the context to a vector :math:`h`,
    the scores are :math:`W\,\mathrm{relu}(h) + b`. Inputs are standardised with means and widths
    stored in the network.

    Args:
        architecture: ``particlenet`` for two edge convolutions of three layers with the mean over 7
            neighbours (the paper's light variant), ``transformer`` for two layers of induced
            attention; both have width 32, small enough to train on two CPU cores.
        context: names of the conditions that it receives in addition to the particles.
        classes: number of classes ``K``.

    Reference:
        ParticleNet: Jet Tagging via Particle Clouds (Qu, Gouskos, 2019), arXiv:1902.08570. Set
        Transformer (Lee et al., 2018), arXiv:1810.00825.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, architecture: Architecture, context: Sequence[str], classes: int) -> None:
        super().__init__()
        self.context = tuple(context)
        sizes = (3, len(self.context), WIDTH)
        self.encoder: nn.Module
        if architecture == "particlenet":
            self.encoder = EdgeConvEncoder(
                *sizes, hidden=WIDTH, layers=2, neighbours=7, edge_layers=3, aggregation="mean"
            )
        else:
            self.encoder = TransformerEncoder(*sizes, hidden=WIDTH, layers=2)
        self.head = nn.Linear(WIDTH, classes)
        self.register_buffer("shift", torch.zeros(3 + len(self.context)))
        self.register_buffer("scale", torch.ones(3 + len(self.context)))

    @torch.no_grad()
    def fit_scales(self, jets: ParticleCloud) -> None:
        """Compute mean and width of particle features and context from these jets.

        Event weights do not count: the inputs are only brought to a common size.
        """
        particles, context = self._inputs(jets)
        inputs = [*particles[jets.mask].unbind(1), *context.unbind(1)]
        self.shift.copy_(torch.stack([values.mean() for values in inputs]))
        widths = torch.stack([values.std(correction=0) for values in inputs])
        self.scale.copy_(torch.where(widths > 0, widths, torch.ones_like(widths)))

    def embed(self, jets: ParticleCloud) -> Tensor:
        """The vectors ``h (B, WIDTH)`` of relative jets that have the conditions of the context."""
        particles, context = self._inputs(jets)
        scaled = (particles - self.shift[:3]) / self.scale[:3]
        context = (context - self.shift[3:]) / self.scale[3:]
        return self.encoder(scaled, jets.mask, context)

    def forward(self, jets: ParticleCloud) -> Tensor:
        return self.head(torch.relu(self.embed(jets)))

    def _inputs(self, jets: ParticleCloud) -> tuple[Tensor, Tensor]:
        etarel, phirel, ptrel = jets.particles.to(self.shift).unbind(-1)
        particles = torch.stack([etarel, phirel, ptrel.clamp(min=_SOFTEST).log()], dim=-1)
        context = [jets.condition(name).to(self.shift) for name in self.context]
        return particles, torch.stack(context, dim=1) if context else particles[:, 0, :0]


def classifier_input(jets: MeasuredSets, context: Sequence[str]) -> ParticleCloud:
    """Relative jets in single precision, with the observables of ``context`` as conditions."""
    cloud = jets.relative.compact()
    bare = cloud.replace(conditions=cloud.conditions[:, :0], condition_features=())
    conditions = {Feature(name): jets.observables[name] for name in context}
    return bare.with_conditions(conditions).to(torch.float32)


def train_classifier(
    architecture: Architecture,
    classes: Sequence[ParticleCloud],
    context: Sequence[str],
    *,
    seed: int,
    progress: Callable[[str], None] = lambda text: None,
) -> JetClassifier:
    """Train a classifier of jets; each class is an output of :func:`classifier_input`.

    The cross-entropy, in which jets count by their event weights and every class as much as it has
    jets, is minimised by Adam with a learning rate of 0.001 and batches of 256 jets. 15
    % of the jets are used for validation, and the weights of the best validation epoch are
    returned. The training stops after 4 epochs without improvement, at the latest after 30 epochs.
    """
    jets = ParticleCloud.concatenate(
        [
            cloud.replace(weights=cloud.weights / cloud.weights.mean()).with_conditions(
                {_CLASS: torch.full((len(cloud),), float(k))}
            )
            for k, cloud in enumerate(classes)
        ]
    )
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(jets), generator=generator)
    held_out = int(_VALIDATION * len(jets))
    validation, training = jets[order[:held_out]], jets[order[held_out:]]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # initial weights
        network = JetClassifier(architecture, context, len(classes))
    network.fit_scales(training)
    optimiser = torch.optim.Adam(network.parameters(), lr=_RATE)
    best, best_state, since_best = float("inf"), copy.deepcopy(network.state_dict()), 0
    for epoch in range(_EPOCHS):
        for batch in batches(training, _BATCH, generator):
            optimiser.zero_grad()
            _losses(network, batch).mean().backward()
            optimiser.step()
        with torch.no_grad():
            loss = torch.cat([_losses(network, b) for b in batches(validation, _BATCH)])
        value, since_best = loss.mean().item(), since_best + 1
        if value < best:
            best, best_state, since_best = value, copy.deepcopy(network.state_dict()), 0
        progress(f"{architecture}: epoch {epoch + 1}, cross-entropy {value:.4f} (best {best:.4f})")
        if since_best >= _PATIENCE:
            break
    network.load_state_dict(best_state)
    return network.eval()


@torch.no_grad()
def in_batches(
    jets: ParticleCloud, function: Callable[[ParticleCloud], Tensor], size: int = 1024
) -> Tensor:
    """``function`` of all jets in order, computed in batches."""
    starts = range(0, len(jets), size)
    return torch.cat([function(jets[start : start + size]) for start in starts])


def _losses(network: JetClassifier, batch: ParticleCloud) -> Tensor:
    labels = batch.condition(_CLASS.name).long()
    return batch.weights * cross_entropy(network(batch), labels, reduction="none")
