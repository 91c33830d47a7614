"""Awkward arrays in memory, read as the columns of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jetgen.cloud import ParticleCloud
from jetgen.conversion import require_no_missing
from jetgen.datasets.faults import warn_of_doubts
from jetgen.datasets.formats.awkward_table import AwkwardSource
from jetgen.datasets.guarded_source import GuardedSource
from jetgen.errors import InputError


class AwkwardArraySource(AwkwardSource):
    """The records of an array; each field is a column."""

    def __init__(self, array: Any) -> None:
        super().__init__("array")
        self._array = array

    @property
    def kinds(self) -> dict[str, Any]:
        return {name: self._array[name].type.content for name in self._array.fields}

    def __len__(self) -> int:
        return len(self._array)

    def arrays(self, names: Sequence[str], start: int, stop: int) -> dict[str, Any]:
        found = {name: self._array[name][start:stop] for name in names}
        require_no_missing(found)
        return found


def from_fields(array: Any, map: Mapping[str, str], size: int | None) -> ParticleCloud:
    """The sets of an awkward array of records of lists of numbers, in ``size`` slots.

    Raises:
        InputError: when ``map`` does not match, or sets have more than ``size`` items.
    """
    source = GuardedSource(AwkwardArraySource(array))
    source.mapped(map)
    if len(source) == 0:
        raise InputError("array: expected at least one record, received an empty array")
    cloud = source.read(0, len(source))
    warn_of_doubts("array", source.doubts(cloud))
    most = int(cloud.multiplicity.max())
    if size is not None and most > size:
        raise InputError(f"size: expected at least {most}, received {size}")
    return cloud.compact(size)
