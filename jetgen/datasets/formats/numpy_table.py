"""Jets as arrays in NumPy's ``.npy`` files and ``.npz`` archives."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from jetgen.datasets.formats.arrays_table import Array, ArraysSource
from jetgen.datasets.formats.numpy_arrays import NumpyArray, numpy_arrays
from jetgen.datasets.formats.source import Format


class NumpySource(ArraysSource):
    """The arrays of a file; the one of a ``.npy`` file is called ``particles``."""

    @cached_property
    def _held(self) -> dict[str, NumpyArray]:
        return numpy_arrays(self.path)

    @property
    def arrays(self) -> dict[str, Array]:
        return {name: Array(array.shape, array.kind) for name, array in self._held.items()}

    def close(self) -> None:
        for array in self._held.values():
            array.close()

    def rows(self, name: str, start: int, stop: int) -> np.ndarray[Any, Any]:
        return self._held[name].rows(start, stop)


def _matches(path: Path) -> bool:
    return bool(numpy_arrays(path))


NUMPY_TABLE = Format(
    name="NumPy arrays",
    description="arrays (J,), (J, N) or (J, N, F) with one row per jet",
    matches=_matches,
    open=lambda path, jet_type: NumpySource(path),
    general=True,
)
