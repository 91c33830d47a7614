"""ROOT files: a tree or RNTuple with columns of numbers or lists of numbers.

Of several the only one that holds momenta is read, or that of ``map={"tree": "Events"}``.

Units are read from the title of the tree (``px [GeV], py [GeV]``), because names of branches cannot
contain them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from jetgen.datasets.formats.awkward_table import AwkwardSource
from jetgen.datasets.formats.column_source import as_feature
from jetgen.datasets.formats.names import Column, collections
from jetgen.datasets.formats.recognition import TREE, suggestion
from jetgen.datasets.formats.source import Format
from jetgen.errors import InputError, did_you_mean, some

MAGIC = b"root\0"
"""The signature, and the first byte of a version below 2^24: text may begin with "root", too."""
UNBOUNDED = 2**26
"""Size in bytes above which an array is checked to be one that the file can hold."""

MOST_PACKED = 1100
"""Largest compression ratio of larger arrays; deflate reaches 1032."""

TABLES = ("TTree", "TNtuple", "TNtupleD", "ROOT::RNTuple", "ROOT::Experimental::RNTuple")
"""The ROOT classes of tables."""


class RootSource(AwkwardSource):
    """The entries of a tree or RNTuple of a file: by default of the only one with momenta."""

    def __init__(self, path: str | Path, tree: str | None = None) -> None:
        super().__init__(path)
        self._name = tree

    @cached_property
    def _tree(self) -> Any:
        import uproot

        try:
            file = uproot.open(self.path)
            held = self.path.stat().st_size
            if held < file.file.fEND:
                raise OSError(f"{held} of {file.file.fEND} bytes")
            kinds = file.classnames(cycle=False)
            trees = {name: file[name] for name, kind in kinds.items() if kind in TABLES}
        except (ValueError, OSError, KeyError, uproot.DeserializationError) as error:
            raise InputError(
                f"{self.path}: expected a complete ROOT file, received one that is cut short or "
                f"damaged ({' '.join(str(error).split())}); fetch or make it again"
            ) from error
        if not trees:
            held_instead = ", ".join(f"{name} ({kind})" for name, kind in kinds.items())
            raise InputError(
                f"{self.path}: expected a tree or RNTuple, received none, but "
                f"{held_instead or 'an empty file'}"
            )
        return self._chosen(trees)

    def _chosen(self, trees: Mapping[str, Any]) -> Any:
        """The tree that is named, the only one, or the only one with the momenta of particles."""
        if self._name is not None:
            if self._name in trees:
                return trees[self._name]
            raise InputError(
                f"{self.path}: expected a tree among {some(trees)}, received "
                f"{self._name!r}{did_you_mean(self._name, list(trees))}"
            )
        if len(trees) == 1:
            return next(iter(trees.values()))
        found = [name for name, tree in trees.items() if _has_momenta(tree)]
        if len(found) == 1:
            return trees[found[0]]
        raise InputError(
            f"{self.path}: expected one tree or RNTuple with momenta of particles, received "
            f"{some(found or trees)}; choose one: {suggestion({TREE: (found or list(trees))[0]})}"
        )

    @cached_property
    def kinds(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        one = min(1, len(self))
        for name in self._tree.keys(recursive=False):
            try:
                array = self._tree[name].array(entry_start=0, entry_stop=one, library="ak")
                found[name] = array.type.content
            except Exception as error:  # uproot raises many types for classes it cannot interpret
                found[name] = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return found

    @property
    def attributes(self) -> dict[str, Any]:
        return {"ROOT class": self._tree.classname, "ROOT name": self._tree.name}

    def unit(self, column: str) -> str:
        title = getattr(self._tree, "title", None) or getattr(self._tree, "description", "")
        named = [as_feature(head) for head in str(title).split(",")]
        return next((feature.unit for feature in named if feature.name == column), "")

    def close(self) -> None:
        if "_tree" in self.__dict__:
            self.__dict__.pop("_tree").file.close()

    def __len__(self) -> int:
        return int(self._tree.num_entries)

    @property
    def block(self) -> int | None:
        clusters = getattr(self._tree, "cluster_summaries", None)
        if clusters is not None:  # of an RNTuple
            return max((int(cluster.num_entries) for cluster in clusters), default=1)
        ends = [branch.entry_offsets for branch in self._tree.branches]
        return max((int(np.diff(end).max()) for end in ends if len(end) > 1), default=1)

    def arrays(self, names: Sequence[str], start: int, stop: int) -> dict[str, Any]:
        found = {
            name: self._tree[name].array(entry_start=start, entry_stop=stop, library="ak")
            for name in names
        }
        for name, array in found.items():
            if array.nbytes > max(UNBOUNDED, self.path.stat().st_size * MOST_PACKED):
                raise InputError(
                    f"{self.path}: expected as many numbers of {name} as the file holds, received "
                    f"{array.nbytes / 2**30:.1f} GiB; the file is damaged: fetch or make it again"
                )
        return found

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_name": self._name}


def _has_momenta(tree: Any) -> bool:
    """Whether the names of columns are those of momenta."""
    return bool(collections(Column(name, True) for name in tree.keys(recursive=False)))


def _matches(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


ROOT_TABLE = Format(
    name="ROOT table",
    description="a tree or RNTuple with columns of numbers, or of lists of numbers",
    matches=_matches,
    open=lambda path, jet_type: RootSource(path),
    general=True,
)
