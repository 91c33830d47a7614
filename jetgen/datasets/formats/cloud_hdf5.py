"""HDF5 files of sets with any named features: muons, di-jet events, rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from jetgen.cloud import Feature, ParticleCloud
from jetgen.datasets.faults import BAD_MASK
from jetgen.datasets.formats.hdf5 import Hdf5Source, attribute, shapes, texts
from jetgen.datasets.formats.hdf5_writing import Attribute, Dataset, Hdf5Writer
from jetgen.datasets.formats.labels import type_indices
from jetgen.datasets.formats.source import Format
from jetgen.errors import InputError
from jetgen.physics.classes import UNKNOWN_CLASS


class CloudWriter(Hdf5Writer):
    """Streams sets to an HDF5 file, which appears when the block ends without an error.

    >>> import tempfile
    >>> from jetgen.cloud import CARTESIAN
    >>> path = Path(tempfile.mkdtemp()) / "muons.h5"
    >>> with CloudWriter(path, CARTESIAN, slots=1, attributes={}) as writer:
    ...     mask = torch.ones(2, 1, dtype=torch.bool)
    ...     writer.append(ParticleCloud(torch.ones(2, 1, 3), mask, CARTESIAN))
    >>> cloud_source = CloudSource(path)
    >>> cloud_source.read(0, 2)
    ParticleCloud(2 x 1 x 3: px [GeV], py [GeV], pz [GeV]; conditions: none)

    Args:
        path: the file to write.
        features: features of the items.
        conditions: conditions of the sets.
        slots: largest number of items per set.
        attributes: metadata of the file.
        overwrite: replace an existing file instead of raising an error.

    Raises:
        InputError: when the file exists.
    """

    def __init__(
        self,
        path: str | Path,
        features: Sequence[Feature],
        conditions: Sequence[Feature] = (),
        *,
        slots: int,
        attributes: dict[str, Attribute],
        overwrite: bool = False,
    ) -> None:
        self.features, self.conditions, self.slots = tuple(features), tuple(conditions), slots
        datasets = {
            "items": Dataset((slots, len(self.features)), self.features),
            "mask": Dataset((slots,), (Feature("mask"),), "bool"),
            "conditions": Dataset((len(self.conditions),), self.conditions),
            "weights": Dataset((), (Feature("weight"),)),
        }
        if not self.conditions:
            del datasets["conditions"]
        super().__init__(
            path, datasets, form="jetgen sets", attributes=attributes, overwrite=overwrite
        )

    def append(self, cloud: ParticleCloud) -> None:
        """Append sets with the features and conditions of the file; other conditions are ignored.

        Raises:
            InputError: when features differ, or a set has more items than the file has slots.
        """
        if cloud.features != self.features:
            expected, received = (", ".join(map(str, f)) for f in (self.features, cloud.features))
            raise InputError(f"{self.path}: expected sets of {expected}, received {received}")
        if len(cloud) and int(cloud.multiplicity.max()) > self.slots:
            raise InputError(
                f"{self.path}: expected sets of at most {self.slots} items, received "
                f"{int(cloud.multiplicity.max())}"
            )
        compact = cloud.compact(self.slots)
        rows = {"items": compact.particles, "mask": compact.mask, "weights": compact.weights}
        if self.conditions:
            columns = [compact.condition(f.name) for f in self.conditions]
            rows["conditions"] = torch.stack(columns, dim=1)
        self.add({name: values.detach().cpu().numpy() for name, values in rows.items()}, len(cloud))


class CloudSource(Hdf5Source):
    """Reads files written by :class:`CloudWriter`."""

    @property
    def slots(self) -> int:
        return int(self.file["items"].shape[1])

    def __len__(self) -> int:
        return int(self.file["items"].shape[0])

    def types(self) -> Tensor:
        names = [f.name for f in self._features("conditions")]
        if "type" not in names:
            return torch.full((len(self),), UNKNOWN_CLASS)
        column = self.rows("conditions", 0, len(self))[:, names.index("type")]
        return type_indices(column, f"{self.path}: type")

    def read(self, start: int, stop: int) -> ParticleCloud:
        conditions = self._features("conditions")
        return ParticleCloud(
            self.numbers("items", start, stop),
            self.numbers("mask", start, stop) != 0,
            self._features("items"),
            self.numbers("conditions", start, stop) if conditions else None,  # type: ignore[arg-type]
            conditions,
        ).with_unchecked_weights(self.numbers("weights", start, stop))

    def _features(self, dataset: str) -> tuple[Feature, ...]:
        if dataset not in self.file:
            return ()
        held = self.file[dataset]
        columns = held.shape[1:][-1:]
        stated = [texts(attribute(held, name)) for name in ("columns", "units")]
        if any(len(names) != columns[0] for names in stated):
            raise InputError(
                f"{self.path}: expected the attributes columns and units of {dataset} to name its "
                f"{columns[0]} columns, received {', '.join(map(str, stated))}; write them"
            )
        return tuple(map(Feature, *stated))

    def faults(self, start: int, stop: int) -> dict[str, Tensor]:
        mask = self.numbers("mask", start, stop)
        return {BAD_MASK: ((mask != 0) & (mask != 1)).any(1)}


def _matches(path: Path) -> bool:
    found = shapes(path)
    items = found.get("items", ())
    return len(items) == 3 and found.get("mask") == items[:2] and found.get("weights") == items[:1]


CLOUD_HDF5 = Format(
    name="jetgen sets HDF5",
    description="items (S, N, F), mask (S, N), conditions (S, C), weights (S,)",
    matches=_matches,
    open=lambda path, jet_type: CloudSource(path),
)
