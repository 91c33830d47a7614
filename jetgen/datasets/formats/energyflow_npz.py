"""EnergyFlow's quark and gluon jets: NumPy archives that are read piece by piece.

Source: "Energy Flow Networks: Deep Sets for Particle Jets", P. T. Komiske, E. M. Metodiev,
J. Thaler, 2018, arXiv:1810.05165; the files are Zenodo records 3164691 and 3066475.
"""

from __future__ import annotations

import zipfile
import zlib
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jetgen.cloud import CARTESIAN, Feature, ParticleCloud
from jetgen.datasets.formats.source import Format, Source
from jetgen.errors import InputError
from jetgen.physics import fourvectors
from jetgen.physics.classes import class_index
from jetgen.physics.fourvectors import JET_KINEMATICS

CONDITIONS = (*JET_KINEMATICS, Feature("num_particles"), Feature("type"))


class EnergyFlowSource(Source):
    """Massless particles as ``px, py, pz``; jets are the sums of their particles."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        self._stream: Any = None

    @property
    def slots(self) -> int:
        return self._shape[1]

    @property
    def attributes(self) -> dict[str, Any]:
        return {}

    def __len__(self) -> int:
        return self._shape[0]

    def types(self) -> Tensor:
        """Gluons where ``y`` is 0, quarks where it is 1."""
        with zipfile.ZipFile(self.path) as archive, archive.open("y.npy") as stream:
            quark = np.lib.format.read_array(stream) == 1
        return torch.where(torch.from_numpy(quark), class_index("quark"), class_index("gluon"))

    def read(self, start: int, stop: int) -> ParticleCloud:
        values = self._values(start, stop)  # pt, rapidity, phi, pdgid
        mask = (values != 0).any(-1)
        p4 = fourvectors.massless(*values[..., :3].unbind(-1))
        total = torch.where(mask.unsqueeze(-1), p4, p4.new_zeros(())).sum(1)
        measured = (fourvectors.pt, fourvectors.eta, fourvectors.phi, fourvectors.mass)
        columns = [measure(total) for measure in measured]
        columns += [mask.sum(1), self._types[start:stop]]
        conditions = torch.stack([column.float() for column in columns], dim=1)
        return ParticleCloud(p4[..., :3].float(), mask, CARTESIAN, conditions, CONDITIONS)

    def faults(self, start: int, stop: int) -> dict[str, Tensor]:
        return {"negative particle pT": (self._values(start, stop)[..., 0] < 0).any(1)}

    @cached_property
    def _types(self) -> Tensor:
        return self.types()

    @cached_property
    def _shape(self) -> tuple[int, ...]:
        return archived_shapes(self.path)["X"]

    def _values(self, start: int, stop: int) -> Tensor:
        """Rows of ``X`` ``(stop - start, N, 4)`` in float64; those before are not kept."""
        try:
            if self._stream is None:
                self._stream = zipfile.ZipFile(self.path).open("X.npy")  # noqa: SIM115 (kept)
                _, _, self._kind = _header(self._stream)
                self._origin = self._stream.tell()
            row = self.slots * 4 * self._kind.itemsize
            stop = min(stop, len(self))
            self._stream.seek(self._origin + start * row)
            data = self._stream.read((stop - start) * row)
            rows = np.frombuffer(data, self._kind).reshape(stop - start, self.slots, 4)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise InputError(
                f"{self.path}: jets {start} to {stop} cannot be read ({error}); the file is "
                "damaged: fetch or make it again"
            ) from error
        return torch.from_numpy(rows.astype(np.float64))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_stream": None}


def archived_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Shape of each array in a NumPy archive; none for other files.

    Raises:
        InputError: when the archive is cut short or damaged.
    """
    with path.open("rb") as handle:
        if handle.read(2) != b"PK":
            return {}
    try:
        with zipfile.ZipFile(path) as archive:
            members = [name for name in archive.namelist() if name.endswith(".npy")]
            return {name[:-4]: _header(archive.open(name))[0] for name in members}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            f"{path}: expected a complete NumPy archive, received one that is cut short or "
            f"damaged ({error}); fetch or make it again"
        ) from error


def _header(stream: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and type of the array that begins here; the stream ends up at its values."""
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(stream)
    return np.lib.format.read_array_header_2_0(stream)


def _matches(path: Path) -> bool:
    found = archived_shapes(path)
    jets, labels = found.get("X", ()), found.get("y", ())
    return len(jets) == 3 and jets[2] == 4 and labels == jets[:1]


ENERGYFLOW_NPZ = Format(
    name="EnergyFlow npz",
    description="X (J, M, 4) = pt, rapidity, phi, pdgid and y (J,) = 1 quark, 0 gluon",
    matches=_matches,
    open=lambda path, jet_type: EnergyFlowSource(path),
    works=("Komiske:2018",),
)
