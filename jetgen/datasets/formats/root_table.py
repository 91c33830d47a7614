"""ROOT files with one tree, whose branches hold numbers, or lists of numbers.

Where some branches hold lists, these are the features of sets of as many items, and branches of
single numbers are conditions of the sets; otherwise every entry is a set of one item. Units come
from the title of the tree (``px [GeV], py [GeV]``), since names of branches cannot hold them.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from jetgen.cloud import Feature, ParticleCloud
from jetgen.datasets.formats.source import Format
from jetgen.datasets.formats.table import WEIGHT, TableSource, as_feature
from jetgen.errors import InputError

MAGIC = b"root"
NUMBER = r"(u?int(8|16|32|64)_t|float|double|bool)"


class RootSource(TableSource):
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
    def _lists(self) -> list[Feature]:
        pattern = rf"{NUMBER}\[\]|std::vector<{NUMBER}>"
        return [self._feature(n) for n, kind in self._kinds.items() if re.fullmatch(pattern, kind)]

    @cached_property
    def columns(self) -> list[Feature]:
        counters = {f"n{feature.name}" for feature in self._lists}
        numbers = [n for n, kind in self._kinds.items() if re.fullmatch(NUMBER, kind)]
        return [self._feature(name) for name in numbers if name not in counters]

    def _feature(self, name: str) -> Feature:
        named = [as_feature(head) for head in str(self._tree.title).split(",")]
        return next((feature for feature in named if feature.name == name), Feature(name))

    def __len__(self) -> int:
        return int(self._tree.num_entries)

    @cached_property
    def slots(self) -> int:
        if not self._lists:
            return 1
        import awkward as ak

        name = self._lists[0].name
        sizes = (
            int(ak.max(ak.num(part[name]), initial=0))
            for part in self._tree.iterate([name], library="ak")
        )
        return max(sizes, default=0)

    def values(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        names = [f.name for f in self.columns]
        arrays = self._tree.arrays(names, entry_start=start, entry_stop=stop, library="np")
        empty = np.zeros((stop - start, 0))
        return np.stack([arrays[name] for name in names], axis=1) if names else empty

    def read(self, start: int, stop: int) -> ParticleCloud:
        if not self._lists:
            return super().read(start, stop)
        import awkward as ak

        names = [f.name for f in self._lists]
        arrays = self._tree.arrays(names, entry_start=start, entry_stop=stop, library="ak")
        counts = ak.to_numpy(ak.num(arrays[names[0]]))
        for name in names:
            if not np.array_equal(ak.to_numpy(ak.num(arrays[name])), counts):
                raise InputError(
                    f"{self.path}: expected lists of equal length in every entry, received other "
                    f"lengths in {name} than in {names[0]}"
                )
        mask = torch.arange(self.slots) < torch.from_numpy(counts.astype(np.int64)).unsqueeze(1)
        items = torch.zeros(*mask.shape, len(names))
        flat = [ak.to_numpy(ak.flatten(arrays[name])).astype(np.float32) for name in names]
        items[mask] = torch.from_numpy(np.stack(flat, axis=1))
        single = torch.from_numpy(self.values(start, stop)).float()
        conditions = {f: single[:, i] for i, f in enumerate(self.columns)}
        weights = [conditions.pop(f) for f in self.columns if f == WEIGHT]
        cloud = ParticleCloud(
            items,
            mask,
            tuple(self._lists),
            weights=weights[0] if weights else None,  # type: ignore[arg-type]
        )
        return cloud.with_conditions(conditions)

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path}


def _matches(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


ROOT_TABLE = Format(
    name="ROOT tree",
    description="one tree with branches of numbers, or of lists of numbers",
    matches=_matches,
    open=lambda path, jet_type: RootSource(path),
)
