"""An encoder of your own, checked by jetgen's laws and trained like a built-in one.

python own_encoder.py data/gluon.h5            # five minutes of training
python own_encoder.py data/gluon.h5 --tiny     # seconds, to see that it runs
"""

import argparse
import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn

import jetgen
from jetgen.config.option import option
from jetgen.networks.base import Encoder
from jetgen.networks.masking import masked, mean_pool
from jetgen.testing import check_encoder

TINY = {"jets": 300, "particles": 20, "hidden": 16, "epochs": 2, "prior_epochs": 2}


class AttentionEncoder(Encoder):
    """A weighted mean over particles; the weights are learned, several sets of them."""

    @dataclass(frozen=True)
    class Options:
        heads: int = option(4, at_least=1, help="number of sets of weights")

    def __init__(
        self, features: int, context: int, outputs: int, *, hidden: int, layers: int, heads: int
    ) -> None:
        super().__init__()
        self.embed = nn.Sequential(
            nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, hidden)
        )
        self.score = nn.Linear(hidden, heads)
        widths = [hidden * (heads + 1) + context, *[hidden] * layers]
        hiddens = [
            module for a, b in itertools.pairwise(widths) for module in (nn.Linear(a, b), nn.ReLU())
        ]
        self.head = nn.Sequential(*hiddens, nn.Linear(widths[-1], outputs))

    def forward(self, particles: Tensor, mask: Tensor, context: Tensor) -> Tensor:
        """``particles (B, N, F)``, ``mask (B, N)``, ``context (B, C)`` to ``(B, outputs)``."""
        h = self.embed(masked(particles, mask))  # (B, N, hidden)
        weights = masked(self.score(h).sigmoid(), mask)  # (B, N, heads)
        pooled = (weights.transpose(1, 2) @ h).flatten(1) / mask.sum(1, keepdim=True).clamp(min=1)
        return self.head(torch.cat([pooled, mean_pool(h, mask), context], dim=1))


def main(data: str, tiny: bool) -> None:
    check_encoder(AttentionEncoder)  # order, padding, other jets of the batch, gradients, saving
    run = jetgen.train(
        data=data,
        run="runs/own-encoder",
        encoder="own_encoder:AttentionEncoder",  # MODULE:CLASS; the module must be importable
        encoder_option=["heads=2"],
        **(TINY if tiny else {"time_limit": 5}),
    )
    print(jetgen.generate(run, 100))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("data", help="file with jets")
    parser.add_argument("--tiny", action="store_true", help="few jets and a small model")
    arguments = parser.parse_args()
    main(arguments.data, arguments.tiny)
