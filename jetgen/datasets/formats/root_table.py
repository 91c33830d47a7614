"""ROOT files with one tree, whose branches hold numbers, or lists of numbers.

Units come from the title of the tree (``px [GeV], py [GeV]``), since names of branches cannot hold
them.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from jetgen.cloud import Feature
from jetgen.datasets.formats.source import Format
from jetgen.datasets.formats.table import ListTableSource, as_feature
from jetgen.errors import InputError

MAGIC = b"root"
NUMBER = r"(u?int(8|16|32|64)_t|float|double|bool)"


class RootSource(ListTableSource):
    """The entries of a tree; branches of other types than numbers are left out."""

    @cached_property
    def _tree(self) -> Any:
        import uproot

        try:
            file = uproot.open(self.path)
            held = self.path.stat().st_size
            if held < file.file.fEND:
                raise OSError(f"{held} of {file.file.fEND} bytes")
            kinds = file.classnames(cycle=False)
            trees = [name for name, kind in kinds.items() if kind == "TTree"]
            if len(trees) == 1:
                return file[trees[0]]
        except (ValueError, OSError, KeyError, uproot.DeserializationError) as error:
            raise InputError(
                f"{self.path}: expected a complete ROOT file, received one that is cut short or "
                f"damaged ({' '.join(str(error).split())}); fetch or make it again"
            ) from error
        raise InputError(
            f"{self.path}: expected one tree, received {', '.join(trees) or 'none'}; copy one to a "
            "file of its own"
        )

    @cached_property
    def _kinds(self) -> dict[str, str]:
        return {name: str(kind) for name, kind in self._tree.typenames().items()}

    @cached_property
    def lists(self) -> list[Feature]:
        pattern = rf"{NUMBER}\[\]|std::vector<{NUMBER}>"
        return [self._feature(n) for n, kind in self._kinds.items() if re.fullmatch(pattern, kind)]

    @cached_property
    def columns(self) -> list[Feature]:
        counters = {f"n{feature.name}" for feature in self.lists}
        numbers = [n for n, kind in self._kinds.items() if re.fullmatch(NUMBER, kind)]
        return [self._feature(name) for name in numbers if name not in counters]

    def _feature(self, name: str) -> Feature:
        named = [as_feature(head) for head in str(self._tree.title).split(",")]
        return next((feature for feature in named if feature.name == name), Feature(name))

    def __len__(self) -> int:
        return int(self._tree.num_entries)

    def values(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        names = [f.name for f in self.columns]
        arrays = self._tree.arrays(names, entry_start=start, entry_stop=stop, library="np")
        empty = np.zeros((stop - start, 0))
        return np.stack([arrays[name] for name in names], axis=1) if names else empty

    def counts(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        return self.flat(self.lists[0].name, start, stop)[0]

    def flat(self, name: str, start: int, stop: int) -> tuple[np.ndarray[Any, Any], ...]:
        import awkward as ak

        lists = self._tree.arrays([name], entry_start=start, entry_stop=stop, library="ak")[name]
        return ak.to_numpy(ak.num(lists)), ak.to_numpy(ak.flatten(lists))


def _matches(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


ROOT_TABLE = Format(
    name="ROOT tree",
    description="one tree with branches of numbers, or of lists of numbers",
    matches=_matches,
    open=lambda path, jet_type: RootSource(path),
)
