r"""The ParticleNet of the Frechet ParticleNet distance, with the published layer sizes.

Three edge convolutions of width 64, 128 and 256, each a network of three layers averaged over the
16 nearest neighbours and followed by a skip connection, :math:`x \leftarrow [y, x]`; the mean over
all points; a layer of width 256, whose output before the ReLU is the activation; class scores. The
first neighbours are found in the first two features. Every slot is a point, including padding.

Reference:
    ParticleNet: Jet Tagging via Particle Clouds (Qu, Gouskos, 2019), arXiv:1902.08570. Particle
    Cloud Generation with Message Passing Generative Adversarial Networks (Kansal et al., 2021),
    arXiv:2106.11535.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate

import torch
from torch import Tensor, nn

from jetgen.networks.edgeconv import EdgeConv
from jetgen.networks.neighbours import nearest_neighbours

WIDTHS = (64, 128, 256)
ACTIVATIONS = 256
_NEIGHBOURS = 16
_LAYERS = 3


class ParticleNet(nn.Module):
    """Scores ``(B, classes)`` from points ``(B, N, features)``.

    Batch norms, which are fixed scales and shifts in evaluation, are merged into the layers before
    them; the network is intended for weights that were trained elsewhere.

    Args:
        features: number of features per point.
        classes: number of scores.
    """

    def __init__(self, features: int = 3, classes: int = 5) -> None:
        super().__init__()
        sizes = list(accumulate([features, *WIDTHS]))
        self.convolutions = nn.ModuleList(
            EdgeConv(inputs, width, edge_layers=_LAYERS, aggregation="mean")
            for inputs, width in zip(sizes, WIDTHS, strict=False)
        )
        self.activate = nn.Linear(sizes[-1], ACTIVATIONS)
        self.score = nn.Linear(ACTIVATIONS, classes)

    def activations(self, points: Tensor) -> Tensor:
        """``(B, 256)`` outputs of the layer before the scores, without its ReLU."""
        every = torch.ones_like(points[..., 0], dtype=torch.bool)
        x, coordinates = points, points[..., :2]
        for convolution in self.convolutions:
            index, valid = nearest_neighbours(coordinates, every, _NEIGHBOURS)
            coordinates = x = torch.cat([convolution(x, index, valid), x], dim=-1)
        return self.activate(x.mean(1))

    def forward(self, points: Tensor) -> Tensor:
        return self.score(torch.relu(self.activations(points)))


def from_batch_normed(state: Mapping[str, Tensor]) -> ParticleNet:
    """The network from weights with the names of the JetNet library, batch norms merged.

    ``edge_nets.I.model.J``: linear layers at J = 0, 3, 6, their batch norms at 1, 4, 7;
    ``fc1.0`` and ``fc2``.
    """
    folded: dict[str, Tensor] = {}
    for i in range(len(WIDTHS)):
        for layer in range(_LAYERS):
            linear, norm = (f"edge_nets.{i}.model.{3 * layer + part}" for part in (0, 1))
            ours = "first" if layer == 0 else f"later.{2 * (layer - 1)}"
            scale = state[f"{norm}.weight"] / (state[f"{norm}.running_var"] + 1e-5).sqrt()
            shift = state[f"{linear}.bias"] - state[f"{norm}.running_mean"]
            name = f"convolutions.{i}.{ours}"
            folded[f"{name}.weight"] = scale.unsqueeze(1) * state[f"{linear}.weight"]
            folded[f"{name}.bias"] = scale * shift + state[f"{norm}.bias"]
    for ours, theirs in (("activate", "fc1.0"), ("score", "fc2")):
        for part in ("weight", "bias"):
            folded[f"{ours}.{part}"] = state[f"{theirs}.{part}"]
    features = state["edge_nets.0.model.0.weight"].shape[1] // 2
    network = ParticleNet(features, len(state["fc2.weight"]))
    network.load_state_dict(folded)
    return network.eval()
