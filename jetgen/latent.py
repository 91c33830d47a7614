"""What ``jetgen latent`` does: encode jets, and look at what their codes know about them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from rich.console import Console
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.config.latent import LatentConfig
from jetgen.datasets import read
from jetgen.evaluation.latent import (
    LatentSpace,
    rank_correlation,
)
from jetgen.evaluation.mutual_information import mutual_information
from jetgen.evaluation.observed import Observed, observe, values_by_name
from jetgen.evaluation.region import Region
from jetgen.generation import TrainedModel, latent_space, load
from jetgen.objectives.preparation import represent
from jetgen.physics.observables import Measured, measure

INFORMED = 3000
"""Jets at most for the mutual information."""


class Inspection(NamedTuple):
    """The codes of jets and what is known of these jets, in the same order.

    Args:
        model: whose codes they are.
        jets: in the run's representation.
        measured: the same jets, measured.
        latent: their codes.
        observed: their observables by name.
    """

    model: TrainedModel
    jets: ParticleCloud
    measured: Measured
    latent: LatentSpace
    observed: dict[str, Observed]

    def information(self, seed: int = 1) -> Tensor:
        """``(L, O)`` mutual information in nats of columns and observables."""
        means = self.latent.mean[:INFORMED]
        found = [
            mutual_information(means, o.values[:INFORMED], discrete=o.discrete, seed=seed)
            for o in self.observed.values()
        ]
        return torch.stack(found, dim=1)

    def correlation(self) -> Tensor:
        """``(L, O)`` rank correlations of columns and observables."""
        values = torch.stack([o.values for o in self.observed.values()], dim=1)
        return rank_correlation(self.latent.mean, values)

    def inside(self, region: Region) -> Tensor:
        """``(B,)`` bool, the jets of a region."""
        return region.select(values_by_name(self.observed))


def inspect_codes(
    run: str | Path, data: Sequence[str] = (), jets: int = 5000, seed: int = 1
) -> Inspection:
    """Encode jets with a trained autoencoder.

    Args:
        run: the folder of the run.
        data: files with jets; the run's held-out jets by default.
        jets: at most so many, chosen at random.
        seed: of the choice.

    Raises:
        InputError: when the run is not finished or no autoencoder, or the jets cannot be read.
    """
    model = load(run)
    cloud = represent(read(list(data)), model.config) if data else model.held_out()
    chosen = torch.randperm(len(cloud), generator=torch.Generator().manual_seed(seed))
    cloud = cloud[chosen[:jets]]
    latent, measured = latent_space(model, cloud, seed), measure(cloud)
    return Inspection(model, cloud, measured, latent, observe(cloud, measured))


def latent(config: LatentConfig) -> Path:
    """Write the page that the options ask for; return its path.

    Raises:
        InputError: when the run is not finished or no autoencoder, the jets cannot be read or
            lack an observable, or the region cannot be read or holds too few jets.
    """
    from jetgen.latent_page import conclude
    from jetgen.studies.page import write_findings

    if config.region is not None:
        Region(config.region)  # a slip in it shows before the work begins
    with Console(stderr=True).status("encode, measure, draw"):
        found = inspect_codes(config.run, config.data, config.jets, config.seed)
        conclusion = conclude(found, config)
    model = found.model
    return write_findings(
        Path(config.output) if config.output else model.folder.path / "latent",
        conclusion,
        title=f"Latent space: {model.folder.path.resolve().name}",
        question=f"What do the codes of {len(found.jets)} jets know about them? {model.title}.",
        facts={
            "Command": [shlex.join(["jetgen", *sys.argv[1:]])],
            "Jets": config.data or [f"held-out jets of {', '.join(model.config.data)}"],
            "Checkpoint": [model.provenance()["checkpoint_sha256"]],
            "Seed": [str(config.seed)],
        },
    )
