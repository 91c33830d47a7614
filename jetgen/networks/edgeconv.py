r"""Graph convolution over nearest neighbours, with dense masked tensors.

Every particle aggregates messages from its nearest neighbours,

.. math:: y_i = \mathrm{aggregate}_{j \in \mathcal{N}(i)} \; \phi([x_i, \; x_j - x_i])

with :math:`\phi` one or several layers of Linear and ReLU. A particle without neighbours receives
zeros. The first layer is linear in both parts,
:math:`W_a x_i + W_b (x_j - x_i) = (W_a - W_b) x_i + W_b x_j`, so its products are computed per
particle, not per pair, before neighbours are gathered. If it is the only layer, the maximum over
neighbours is exchanged with the ReLU, and no tensor over pairs is needed.

Reference:
    Dynamic Graph CNN for Learning on Point Clouds (Wang, Sun, Liu, Sarma, Bronstein, Solomon,
    2018), arXiv:1801.07829. ParticleNet: Jet Tagging via Particle Clouds (Qu, Gouskos, 2019),
    arXiv:1902.08570.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn

from jetgen.config.option import require
from jetgen.config.train import TrainConfig
from jetgen.extras import require_package
from jetgen.networks.base import Encoder
from jetgen.networks.dense import mlp
from jetgen.networks.masking import masked, max_pool, mean_pool
from jetgen.networks.messages import Aggregation, neighbour_max, neighbour_messages
from jetgen.networks.neighbours import nearest_neighbours

Backend = Literal["dense", "pyg"]


class EdgeConv(nn.Module):
    """One convolution of ``(B, N, inputs)`` to ``(B, N, outputs)`` over given neighbours.

    Args:
        inputs: number of input features.
        outputs: width of every layer of the message network.
        edge_layers: number of its layers, each a Linear and a ReLU.
        aggregation: ``max`` or ``mean`` over the neighbours.
        backend: ``dense``, or ``pyg`` for torch_geometric's layer on the ragged graph, with the
            same parameters and results.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        edge_layers: int = 1,
        aggregation: Aggregation = "max",
        backend: Backend = "dense",
    ) -> None:
        super().__init__()
        self.inputs, self.aggregation, self.backend = inputs, aggregation, backend
        self.first = nn.Linear(2 * inputs, outputs)
        self.later = nn.Sequential()
        for _ in range(edge_layers - 1):
            self.later.extend([nn.Linear(outputs, outputs), nn.ReLU()])
        if backend == "pyg":
            self.ragged = (_ragged_layer(self.first, self.later, aggregation),)

    def forward(self, x: Tensor, index: Tensor, valid: Tensor) -> Tensor:
        """Convolve ``x (B, N, inputs)``, zero where masked.

        ``index`` and ``valid`` are those of
        :func:`jetgen.networks.neighbours.nearest_neighbours`.
        """
        if self.backend == "pyg":
            sources, targets = _flat(index)[valid], _rows(index).expand_as(index)[valid]
            (layer,) = self.ragged
            return layer(x.flatten(0, 1), torch.stack([sources, targets])).view(*x.shape[:2], -1)
        real = valid[..., 0].flatten().nonzero().squeeze(1)  # (M,), particles with neighbours
        compact = torch.empty_like(valid[..., 0], dtype=torch.int64).flatten()
        compact[real] = torch.arange(len(real), device=real.device)
        received = self._convolve(
            x.flatten(0, 1)[real],
            compact[_flat(index).flatten(0, 1)[real]],
            valid.flatten(0, 1)[real],
        )
        result = received.new_zeros(len(compact), received.shape[1])
        return result.index_copy(0, real, received).view(*x.shape[:2], -1)

    def _convolve(self, x: Tensor, index: Tensor, valid: Tensor) -> Tensor:
        """The convolution of particles ``(M, inputs)`` that all have neighbours ``(M, k)``."""
        own, other = self.first.weight.split(self.inputs, dim=1)
        centre = nn.functional.linear(x, own - other, self.first.bias)
        offers = nn.functional.linear(x, other)
        if len(self.later) == 0 and self.aggregation == "max":
            return torch.relu(centre + neighbour_max(offers, index))
        layers = [(part.weight, part.bias) for part in self.later if isinstance(part, nn.Linear)]
        return neighbour_messages(centre, offers, index, valid, layers, self.aggregation)


class EdgeConvBlock(nn.Module):
    """Convolution with a linear shortcut, ``relu(norm(shortcut(x) + conv(x)))``.

    The norm is a layer norm over the features of one particle: statistics over a batch would mix
    jets with each other and with their padding.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        edge_layers: int,
        aggregation: Aggregation,
        backend: Backend,
    ) -> None:
        super().__init__()
        self.conv = EdgeConv(
            inputs, outputs, edge_layers=edge_layers, aggregation=aggregation, backend=backend
        )
        self.shortcut = nn.Linear(inputs, outputs)
        self.norm = nn.LayerNorm(outputs)

    def forward(self, x: Tensor, index: Tensor, valid: Tensor) -> Tensor:
        return torch.relu(self.norm(self.shortcut(x) + self.conv(x, index, valid)))


class EdgeConvEncoder(Encoder):
    """Permutation-invariant map of ``(B, N, F)`` particles to ``(B, outputs)``.

    The first convolution finds neighbours in the leading ``coordinates`` features (two are the
    angles of relative particles; three are the momenta of Cartesian ones), the later ones in the
    output of the previous convolution. ParticleNet's blocks are
    ``edge_layers=3, aggregation="mean"``; one layer with the maximum is several times faster.

    Args:
        features: number of particle features ``F``.
        context: number of context variables ``C``.
        outputs: number of outputs.
        hidden: width of the layers.
        layers: number of convolutions.
        neighbours: number of nearest neighbours.
        coordinates: number of features that define the first distances.
        edge_layers: number of layers of the message networks.
        aggregation: ``max`` or ``mean`` over the neighbours.
        backend: ``dense``, or ``pyg`` for torch_geometric's layers on ragged graphs.
    """

    works = ("Wang:2018", "Qu:2019")

    def __init__(
        self,
        features: int,
        context: int,
        outputs: int,
        *,
        hidden: int,
        layers: int,
        neighbours: int,
        coordinates: int = 2,
        edge_layers: int = 1,
        aggregation: Aggregation = "max",
        backend: Backend = "dense",
    ) -> None:
        super().__init__()
        self.neighbours, self.coordinates = neighbours, coordinates
        self.blocks = nn.ModuleList(
            EdgeConvBlock(
                inputs, hidden, edge_layers=edge_layers, aggregation=aggregation, backend=backend
            )
            for inputs in [features, *[hidden] * (layers - 1)]
        )
        self.head = mlp(2 * hidden + context, hidden, outputs)

    @classmethod
    def check(cls, config: TrainConfig) -> None:
        require(
            not (
                config.objective == "gan"
                and config.gan_loss == "wgan-gp"
                and config.edgeconv_backend == "dense"
                and config.discriminator in (None, "edgeconv")
            ),
            "gan_loss",
            "another loss, encoder='deepsets' or edgeconv_backend='pyg' (the dense edgeconv has no "
            "second derivative, which the gradient penalty needs)",
            config.gan_loss,
        )

    @classmethod
    def build(
        cls,
        config: TrainConfig,
        features: int,
        context: int,
        outputs: int,
        options: Mapping[str, Any],
    ) -> Self:
        coordinates = 2 if config.representation == "relative" else features
        return super().build(
            config,
            features,
            context,
            outputs,
            {
                "neighbours": config.neighbours,
                "coordinates": coordinates,
                "backend": config.edgeconv_backend,
                **options,
            },
        )

    def forward(self, particles: Tensor, mask: Tensor, context: Tensor) -> Tensor:
        x = masked(particles, mask)
        points = x[..., : self.coordinates]
        for block in self.blocks:
            index, valid = nearest_neighbours(points, mask, self.neighbours)
            points = x = masked(block(x, index, valid), mask)
        return self.head(torch.cat([mean_pool(x, mask), max_pool(x, mask), context], dim=1))


def _ragged_layer(first: nn.Linear, later: nn.Sequential, aggregation: Aggregation) -> nn.Module:
    """torch_geometric's layer with these parameters.

    It is stored in a tuple, so that both backends have the same parameters with the same names, and
    it receives its network after construction, because its constructor would initialise the weights
    again.
    """
    layer: nn.Module = require_package("torch_geometric.nn").EdgeConv(
        nn.Identity(), aggr=aggregation
    )
    layer.nn = nn.Sequential(first, nn.ReLU(), *later)
    return layer


def _rows(index: Tensor) -> Tensor:
    """Index ``(B, N, 1)`` of every slot in the flattened batch."""
    jets, size, _ = index.shape
    return torch.arange(jets * size, device=index.device).view(jets, size, 1)


def _flat(index: Tensor) -> Tensor:
    """Slot indices within the set ``(B, N, k)`` as indices in the flattened batch."""
    jets, size, _ = index.shape
    return index + size * torch.arange(jets, device=index.device).view(jets, 1, 1)
