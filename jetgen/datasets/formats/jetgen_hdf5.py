"""jetgen's own HDF5 files: the columns of JetNet files, and four-momenta."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jetgen.cloud import CARTESIAN, CARTESIAN_ENERGY, RELATIVE, Feature, ParticleCloud
from jetgen.datasets.faults import BAD_MASK
from jetgen.datasets.formats.hdf5 import Hdf5Source, attribute, shapes, texts
from jetgen.datasets.formats.hdf5_writing import Attribute, Dataset, Hdf5Writer
from jetgen.datasets.formats.labels import type_indices
from jetgen.datasets.formats.source import Format
from jetgen.errors import InputError
from jetgen.physics import fourvectors
from jetgen.physics.classes import UNKNOWN_CLASS
from jetgen.physics.fourvectors import JET_KINEMATICS

COLUMNS: dict[str, tuple[Feature, ...]] = {
    "particle_features": (*RELATIVE, Feature("mask")),
    "jet_features": (
        Feature("pt", "GeV"),
        Feature("eta"),
        Feature("mass", "GeV"),
        Feature("num_particles"),
    ),
    "jet_phi": (Feature("phi", "rad"),),
    "constituents": CARTESIAN_ENERGY,
    "jet_type": (Feature("type"),),
    "jet_weight": (Feature("weight"),),
}
"""The datasets of a file, with names and units of their columns."""


class JetgenWriter(Hdf5Writer):
    """Streams jets to an HDF5 file, which appears when the block ends without an error.

    >>> import h5py, tempfile
    >>> from jetgen.cloud import CARTESIAN
    >>> path = Path(tempfile.mkdtemp()) / "jets.h5"
    >>> cloud = ParticleCloud(torch.ones(2, 3, 3), torch.ones(2, 3, dtype=torch.bool), CARTESIAN)
    >>> jet = dict(zip(JET_KINEMATICS, torch.ones(4, 2)))
    >>> with JetgenWriter(path, attributes={"seed": 1}) as writer:
    ...     writer.append(cloud.with_conditions(jet))
    >>> with h5py.File(path) as file:
    ...     print(file["constituents"].shape, file.attrs["jets"], file.attrs["seed"])
    (2, 150, 4) 2 1

    Args:
        path: the file to write.
        attributes: metadata of the file; mappings and lists are stored as JSON text. They are
            written at the end of the block, so that the block may add to ``writer.attributes``.
        slots: largest number of particles per jet; those with the largest pT are kept.
        overwrite: replace an existing file instead of raising an error.

    Raises:
        InputError: when the file exists.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        attributes: dict[str, Attribute],
        slots: int = 150,
        overwrite: bool = False,
    ) -> None:
        self.slots = slots
        datasets = {name: Dataset(_row(name, slots), COLUMNS[name]) for name in COLUMNS}
        datasets["jet_type"] = datasets["jet_type"]._replace(kind="i1")
        # rounded to single precision, energies would give a wrong mass at large rapidities
        datasets["constituents"] = datasets["constituents"]._replace(kind="f8")
        super().__init__(path, datasets, form="jetgen", attributes=attributes, overwrite=overwrite)

    def append(self, cloud: ParticleCloud) -> None:
        """Append jets; the leading particles are written in falling order of pT.

        Args:
            cloud: ``px, py, pz`` or ``px, py, pz, E`` in GeV, with the jets' ``pt``, ``eta``,
                ``phi`` and ``mass`` as conditions (``type`` if available). Where ``phi`` is NaN it
                is unknown, and the particles are those of a jet at azimuth zero.

        Raises:
            InputError: when the cloud is not Cartesian or lacks one of these conditions.
        """
        if cloud.features[:3] != CARTESIAN:
            names = ", ".join(f.name for f in cloud.features)
            raise InputError(f"expected particles as px, py, pz[, E] in GeV, received {names}")
        self.add(_columns(cloud, self.slots), len(cloud))


def _row(name: str, slots: int) -> tuple[int, ...]:
    columns = len(COLUMNS[name])
    if name in ("particle_features", "constituents"):
        return (slots, columns)
    return (columns,) if columns > 1 else ()


def _columns(cloud: ParticleCloud, slots: int) -> dict[str, np.ndarray[Any, Any]]:
    """The rows of each dataset for these jets, computed in double precision."""
    p4 = fourvectors.particle_momenta(cloud.to(torch.float64))
    square = (p4[..., 0] ** 2 + p4[..., 1] ** 2).masked_fill(~cloud.mask, -1.0)
    order = torch.argsort(square, dim=1, descending=True, stable=True)[:, :slots]
    mask = torch.take_along_dim(cloud.mask, order, dim=1)
    mask = torch.nn.functional.pad(mask, (0, slots - mask.shape[1]))
    p4 = torch.take_along_dim(p4, order.unsqueeze(-1), dim=1)
    p4 = p4[mask[:, : p4.shape[1]]]  # (sum n, 4): angles are slow to compute, so padding is skipped

    pt, eta, phi, mass = (cloud.condition(f.name).to(p4) for f in JET_KINEMATICS)
    jet = mask.nonzero()[:, 0]
    relative = torch.stack(
        [
            fourvectors.eta(p4) - eta[jet],
            fourvectors.wrap_phi(fourvectors.phi(p4) - phi.nan_to_num(0.0)[jet]),
            fourvectors.pt(p4) / pt[jet],
            torch.ones_like(pt[jet]),
        ],
        dim=-1,
    )
    kinds = (
        cloud.condition("type") if cloud.has_condition("type") else pt.new_full((), UNKNOWN_CLASS)
    )
    arrays = {
        "particle_features": _padded(relative.float(), mask),
        "jet_features": torch.stack([pt, eta, mass, mask.sum(1).to(p4)], dim=1),
        "jet_phi": phi,
        "constituents": _padded(p4, mask),
        "jet_type": kinds.expand(len(cloud)),
        "jet_weight": cloud.weights,
    }
    return {name: values.detach().cpu().numpy() for name, values in arrays.items()}


def _padded(rows: Tensor, mask: Tensor) -> Tensor:
    """Rows ``(sum n, F)`` as padded sets ``(B, N, F)``."""
    padded = rows.new_zeros(*mask.shape, rows.shape[1])
    padded[mask] = rows
    return padded


class JetgenSource(Hdf5Source):
    """Reads files written by :class:`JetgenWriter`: ``px, py, pz, E`` in GeV, and the jets.

    Particles are ``etarel, phirel, ptrel`` where the azimuth of all jets is NaN, that is unknown.

    Raises:
        InputError: when the file has other units.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        for name in ("constituents", "jet_features"):
            expected = [feature.unit for feature in COLUMNS[name]]
            stated = list(texts(attribute(self.file[name], "units")))
            if "units" in self.file[name].attrs and stated != expected:
                raise InputError(
                    f"{self.path}: expected {name} in the units {expected}, received {stated}; "
                    "convert them"
                )

    @cached_property
    def turned(self) -> bool:
        """Whether the azimuths of the jets are unknown."""
        azimuths = self.numbers("jet_phi", 0, len(self))
        return len(azimuths) > 0 and bool(azimuths.isnan().all())

    @property
    def slots(self) -> int:
        return int(self.file["constituents"].shape[1])

    def __len__(self) -> int:
        return int(self.file["constituents"].shape[0])

    def types(self) -> Tensor:
        return type_indices(self.rows("jet_type", 0, len(self)), f"{self.path}: jet_type")

    def read(self, start: int, stop: int) -> ParticleCloud:
        names = [f.name for f in COLUMNS["jet_features"]]
        jets = dict(zip(names, self.rows("jet_features", start, stop).T, strict=True))
        jets["phi"] = self.rows("jet_phi", start, stop)
        jets["type"] = self.rows("jet_type", start, stop)
        known = [f for f in JET_KINEMATICS if not (self.turned and f.name == "phi")]
        features = (*known, Feature("num_particles"), Feature("type"))
        conditions = np.stack([jets[f.name].astype(np.float32) for f in features], axis=1)
        relative = self.numbers("particle_features", start, stop)
        return ParticleCloud(
            relative[..., :3] if self.turned else self.numbers("constituents", start, stop),
            relative[..., 3] != 0,
            RELATIVE if self.turned else CARTESIAN_ENERGY,
            torch.from_numpy(conditions),
            features,
        ).with_unchecked_weights(self.numbers("jet_weight", start, stop))

    def faults(self, start: int, stop: int) -> dict[str, Tensor]:
        mask = self.numbers("particle_features", start, stop)[..., 3]
        return {BAD_MASK: ((mask != 0) & (mask != 1)).any(1)}


def _matches(path: Path) -> bool:
    found = shapes(path)
    if len(found.get("constituents", ())) != 3:
        return False
    jets, slots, _ = found["constituents"]
    expected = {
        "particle_features": (jets, slots, 4),
        "jet_features": (jets, 4),
        "jet_phi": (jets,),
        "constituents": (jets, slots, 4),
        "jet_type": (jets,),
        "jet_weight": (jets,),
    }
    return all(found.get(name) == shape for name, shape in expected.items())


JETGEN_HDF5 = Format(
    name="jetgen HDF5",
    description="particle_features (J, N, 4), jet_features (J, 4), constituents (J, N, 4), ...",
    matches=_matches,
    open=lambda path, jet_type: JetgenSource(path),
)
