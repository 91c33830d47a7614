"""Jets as quantised codes of an autoencoder, and back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from jetgen.cloud import Feature, ParticleCloud
from jetgen.compression.packing import Arrays
from jetgen.config.train import TrainConfig
from jetgen.errors import InputError
from jetgen.generation import TrainedModel, laboratory_jets
from jetgen.objectives.autoencoder import Autoencoder
from jetgen.objectives.preparation import represent
from jetgen.physics.classes import UNKNOWN_CLASS
from jetgen.physics.fourvectors import to_cartesian
from jetgen.priors.jets import JetDraw


@dataclass(frozen=True)
class Coder:
    r"""Encodes and decodes batches of jets with one model.

    A jet is stored as :math:`k = \mathrm{round}(z / \Delta)`, its code in integers, with its
    number of particles and the conditions of the model. With a largest error :math:`\epsilon`
    every particle also has a residual for each of px, py and pz,
    :math:`r = \mathrm{round}((p - \hat p) / 2\epsilon)`, with :math:`\hat p` the particle decoded
    from :math:`k \Delta` that an optimal assignment gives it; the jet read back has
    :math:`\hat p + 2 \epsilon r`, so that :math:`|p' - p| \le \epsilon` but for the rounding of
    single precision. The order of the particles is not kept.

    Args:
        model: a run whose objective is an autoencoder.
        step: :math:`\Delta`, in latent units (codes are drawn to a prior of unit variance).
        max_error: :math:`\epsilon` [GeV], or ``None`` for codes alone.

    Raises:
        InputError: when the run is no autoencoder.
    """

    model: TrainedModel
    step: float
    max_error: float | None = None

    def __post_init__(self) -> None:
        if not self.model.reconstructs:
            raise InputError(
                f"--run: expected an autoencoder, received {self.model.folder.path} with the "
                f"objective {self.model.config.objective}, which cannot encode jets"
            )

    @property
    def autoencoder(self) -> Autoencoder:
        return cast(Autoencoder, self.model.model)

    @property
    def options(self) -> TrainConfig:
        return self.model.config

    @torch.no_grad()
    def encode(self, cloud: ParticleCloud) -> dict[str, NDArray[np.generic]]:
        """The arrays of a batch of jets, as files hold them.

        Raises:
            InputError: when a jet has no code, or more particles than the run although an error
                is promised.
        """
        jets = represent(cloud, self.options).to(self.model.device)
        codes = self.autoencoder.encode(jets).mean.cpu().double()
        if not bool(torch.isfinite(codes).all()):
            first = int((~torch.isfinite(codes).all(1)).nonzero()[0])
            raise InputError(
                f"expected jets with momentum, received one whose code is not finite, with "
                f"{int(cloud.multiplicity[first])} particles"
            )
        integers = (codes / self.step).round().long()
        given = self.autoencoder.given(jets)
        arrays: dict[str, NDArray[np.generic]] = {
            "codes": integers.T.numpy(),
            "multiplicity": given.multiplicity.cpu().numpy(),
            "type": _types(cloud),
            "weight": cloud.weights.numpy(),
        }
        for name, values in given.conditions.items():
            arrays[_condition(name)] = values.cpu().float().numpy()
        if self.max_error is not None:
            decoded = self._decode(arrays)
            residuals = self._residuals(cloud, decoded) / (2 * self.max_error)
            for feature, column in zip(decoded.features, residuals.round().T, strict=True):
                arrays[_residual(feature.name)] = column.long().numpy()
        return arrays

    @torch.no_grad()
    def decode(self, arrays: Arrays) -> ParticleCloud:
        """Jets as files hold them: Cartesian, with the jet-level values of their sum."""
        cloud = self._decode(arrays)
        if self.max_error is not None:
            columns = [arrays[_residual(feature.name)] for feature in cloud.features]
            residuals = torch.from_numpy(np.stack(columns, 1).astype(np.float64))
            cloud.particles[cloud.mask] += 2 * self.max_error * residuals
        jets = laboratory_jets(cloud)
        types = torch.from_numpy(arrays["type"].astype(np.int64))
        return jets.with_conditions({Feature("type"): types})

    def _decode(self, arrays: Arrays) -> ParticleCloud:
        """The particles ``(B, N, 3)`` [GeV] of the codes, in double precision."""
        device = self.model.device
        conditions = {
            name.removeprefix(_condition("")): torch.from_numpy(values).to(device)
            for name, values in arrays.items()
            if name.startswith(_condition(""))
        }
        multiplicity = torch.from_numpy(arrays["multiplicity"].astype(np.int64)).to(device)
        integers = torch.from_numpy(arrays["codes"].astype(np.int64).T)
        z = (integers.double() * self.step).float().to(device)
        generator = torch.Generator().manual_seed(self.options.seed)
        jets = self.autoencoder.decode(z, JetDraw(multiplicity, conditions), generator)
        weights = torch.from_numpy(arrays["weight"].astype(np.float64))
        return replace(to_cartesian(jets.to("cpu")).to(torch.float64), weights=weights)

    def _residuals(self, cloud: ParticleCloud, decoded: ParticleCloud) -> Tensor:
        """What the decoded particles lack ``(sum n, 3)``, in their order."""
        most = int(cloud.multiplicity.max())
        if most > self.options.particles:
            raise InputError(
                f"--max-error: expected jets of at most {self.options.particles} particles, as "
                f"{self.model.folder.path} keeps, received one of {most}; train with --particles "
                f"{most}, or leave --max-error out"
            )
        wanted = to_cartesian(cloud.compact()).to(torch.float64)
        rows = []
        for count, here, there in zip(
            wanted.multiplicity.tolist(), decoded.particles, wanted.particles, strict=True
        ):
            distances = torch.cdist(here[:count], there[:count])
            rows.append(there[linear_sum_assignment(distances.numpy())[1]] - here[:count])
        return torch.cat(rows)


def _types(cloud: ParticleCloud) -> NDArray[np.int8]:
    kinds = (
        cloud.condition("type")
        if cloud.has_condition("type")
        else torch.full((len(cloud),), UNKNOWN_CLASS)
    )
    return kinds.numpy().astype(np.int8)


def _condition(name: str) -> str:
    return f"condition.{name}"


def _residual(name: str) -> str:
    return f"residual.{name}"
