"""Jets, or sets with named features, as quantised codes of an autoencoder, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from jetgen.cloud import Feature, ParticleCloud
from jetgen.compression.lattice import Lattice
from jetgen.compression.packing import Arrays, pack, unpack
from jetgen.config.train import TrainConfig
from jetgen.errors import InputError
from jetgen.objectives.autoencoder import Autoencoder
from jetgen.objectives.preparation import represent
from jetgen.physics.fourvectors import to_cartesian
from jetgen.priors.jets import JetDraw
from jetgen.runs.trained_model import TrainedModel

ITEMS_PER_FRAME = 65_536
"""Largest number of items that are encoded and entropy-coded at once."""

_GIVEN, _KEPT = "given.", "kept."


@dataclass(frozen=True)
class Coder:
    r"""Encodes and decodes batches of jets, or of sets with named features, with one model.

    A set is stored as its integer code :math:`k = \mathrm{round}(z / \Delta)`, its number of items,
    the conditions of the model and the additional conditions ``kept``. With largest errors
    :math:`\epsilon_f` every item also has a residual for each feature,
    :math:`r = \mathrm{round}((x - \hat x) / 2\epsilon_f)`, with :math:`\hat x` the decoded item
    (from :math:`k \Delta`) that an optimal assignment matches to it. The restored item is
    :math:`x' = \hat x + 2 \epsilon_f r`, so that :math:`|x' - x| \le \epsilon_f` up to rounding in
    single precision (:class:`~jetgen.compression.lattice.Lattice`). A feature that is an integer in
    all sets of a batch is restored as an integer: :math:`\hat x` is rounded, and the step is
    :math:`2 \lfloor\epsilon_f\rfloor + 1`. The order of the items is not kept.

    The features are px, py, pz for jets in any representation, and those of the run for other sets.

    Args:
        model: a run whose objective is an autoencoder.
        step: :math:`\Delta`, in latent units (the prior has unit variance).
        max_error: :math:`\epsilon_f` of each feature in its unit, or ``None`` for codes only.
        kept: additional conditions to store, which the model does not receive.

    Raises:
        InputError: when the run is not an autoencoder.
    """

    model: TrainedModel
    step: float
    max_error: Mapping[str, float] | None = None
    kept: tuple[Feature, ...] = ()

    def __post_init__(self) -> None:
        if not self.model.reconstructs:
            raise InputError(
                f"run: expected an autoencoder, received {self.model.run.name} with the "
                f"objective {self.model.config.objective}, which cannot encode jets"
            )

    @property
    def autoencoder(self) -> Autoencoder:
        return cast(Autoencoder, self.model.model)

    @property
    def options(self) -> TrainConfig:
        return self.model.config

    @torch.no_grad()
    def encode(self, cloud: ParticleCloud) -> dict[str, NDArray[Any]]:
        """The arrays of a batch, in the form that is stored in files.

        Raises:
            InputError: when the code of a set is not finite, or a set has more items than the run
                supports and ``max_error`` is given.
        """
        sets = represent(cloud, self.options).to(self.model.device)
        codes = self.autoencoder.encode(sets).mean.cpu().double()
        if not bool(torch.isfinite(codes).all()):
            first = int((~torch.isfinite(codes).all(1)).nonzero()[0])
            raise InputError(
                f"expected jets with momentum, received one whose code is not finite, with "
                f"{int(cloud.multiplicity[first])} particles"
            )
        integers = (codes / self.step).round().long()
        given = self.autoencoder.conditioning_of(sets)
        arrays: dict[str, NDArray[Any]] = {
            "codes": integers.T.numpy(),
            "multiplicity": given.multiplicity.cpu().numpy(),
            "weight": cloud.weights.numpy(),
        }
        arrays |= {_GIVEN + name: _narrow(values) for name, values in given.conditions.items()}
        arrays |= {_KEPT + f.name: _narrow(cloud.condition(f.name)) for f in self.kept}
        if self.max_error is not None:
            arrays |= self._residuals(self.wanted(cloud), self._decode(arrays))
        return arrays

    @torch.no_grad()
    def decode(self, arrays: Arrays) -> ParticleCloud:
        """The sets of a batch, jets as px, py, pz, with the model's and the kept conditions."""
        sets = self._decode(arrays)
        if self.max_error is not None:
            columns = [arrays[_residual(i)] for i in range(len(sets.features))]
            residuals = torch.from_numpy(np.stack(columns, 1).astype(np.float64))
            whole = torch.from_numpy(arrays["whole"])
            lattice = self._lattice(sets.particles[sets.mask], sets.features, whole)
            sets.particles[sets.mask] = lattice.items(residuals)
        return sets.with_conditions(
            {f: torch.from_numpy(arrays[_KEPT + f.name].astype(np.float64)) for f in self.kept}
        )

    def frames(self, cloud: ParticleCloud) -> list[bytes]:
        """The sets as frames of a compressed file."""
        size = sets_per_frame(self.model)
        starts = range(0, len(cloud), size)
        return [pack(self.encode(cloud[start : start + size])) for start in starts]

    def restore(self, frames: Sequence[bytes]) -> ParticleCloud:
        """The sets stored in these frames."""
        return ParticleCloud.concatenate([self.decode(unpack(frame)) for frame in frames])

    def _decode(self, arrays: Arrays) -> ParticleCloud:
        """The items ``(B, N, F)`` of the codes, in their units, in double precision."""
        device = self.model.device
        conditions = {
            name.removeprefix(_GIVEN): torch.from_numpy(values.astype(np.float32)).to(device)
            for name, values in arrays.items()
            if name.startswith(_GIVEN)
        }
        multiplicity = torch.from_numpy(arrays["multiplicity"].astype(np.int64)).to(device)
        integers = torch.from_numpy(arrays["codes"].astype(np.int64).T)
        z = (integers.double() * self.step).float().to(device)
        generator = torch.Generator().manual_seed(self.options.seed)
        sets = self.autoencoder.decode(z, JetDraw(multiplicity, conditions), generator).to("cpu")
        sets = self.options.kind.as_compressed(sets)
        weights = torch.from_numpy(arrays["weight"].astype(np.float64))
        return replace(sets.to(torch.float64), weights=weights)

    def wanted(self, cloud: ParticleCloud) -> ParticleCloud:
        """The items to be restored, with the features of :meth:`decode`."""
        items: ParticleCloud = self.options.kind.all_items(cloud, self.model)
        return items.to(torch.float64)

    def _residuals(self, wanted: ParticleCloud, decoded: ParticleCloud) -> dict[str, NDArray[Any]]:
        """Residuals of the decoded items in steps, and which features are integers."""
        items, start = wanted.particles[wanted.mask], decoded.particles[decoded.mask]
        whole = (items == items.round()).all(0)
        lattice = self._lattice(start, decoded.features, whole)
        items = start + lattice.step * assigned_differences(
            items / lattice.step, start / lattice.step, wanted.multiplicity.tolist()
        )
        columns = lattice.residuals(items).long().unbind(1)
        return {"whole": whole.numpy()} | {_residual(i): c.numpy() for i, c in enumerate(columns)}

    def _lattice(self, start: Tensor, features: Sequence[Feature], whole: Tensor) -> Lattice:
        """The lattice of values around decoded items ``(M, F)``."""
        errors = cast(Mapping[str, float], self.max_error)
        error = torch.tensor([errors[f.name] for f in features], dtype=torch.float64)
        step = torch.where(whole, 2 * error.floor() + 1, 2 * error)
        return Lattice(torch.where(whole, start.round(), start), step, self.options.kind.momenta)


def all_particles(cloud: ParticleCloud, model: TrainedModel) -> ParticleCloud:
    """All particles of the jets as px, py, pz.

    Raises:
        InputError: when a jet has more particles than the run keeps.
    """
    most = int(cloud.multiplicity.max())
    if most > model.config.particles:
        raise InputError(
            f"max_error: expected jets of at most {model.config.particles} particles, as "
            f"{model.folder.path} keeps, received one of {most}; train with "
            f"`jetgen.train(..., particles={most})`, or omit `max_error`"
        )
    return to_cartesian(cloud.compact())


def all_items(cloud: ParticleCloud, model: TrainedModel) -> ParticleCloud:
    """All items of sets with named features; a run keeps all of them."""
    return represent(cloud, model.config)


def sets_per_frame(model: TrainedModel) -> int:
    """Number of sets of a run that are encoded and entropy-coded at once."""
    return max(1, ITEMS_PER_FRAME // model.config.particles)


def assigned_differences(wanted: Tensor, decoded: Tensor, multiplicity: list[int]) -> Tensor:
    """Items minus the decoded items ``(M, F)`` matched to them by minimum-distance assignment."""
    if max(multiplicity) <= 1:
        return wanted - decoded
    rows = []
    for here, there in zip(decoded.split(multiplicity), wanted.split(multiplicity), strict=True):
        distances = torch.cdist(here, there)
        rows.append(there[linear_sum_assignment(distances.numpy())[1]] - here)
    return torch.cat(rows)


def _narrow(values: Tensor) -> NDArray[Any]:
    """Single precision, or integers if all values are integers, which take fewer bytes."""
    single = values.cpu().float()
    whole = bool((single == single.round()).all())
    return single.long().numpy() if whole else single.numpy()


def _residual(column: int) -> str:
    return f"residual.{column}"
