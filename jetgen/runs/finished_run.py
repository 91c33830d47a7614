"""A finished run, and the sets that it was trained on."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Unpack

from jetgen.cloud import ParticleCloud
from jetgen.config.reading import FileOptions
from jetgen.config.train import TrainConfig
from jetgen.datasets.copies import copy_keys
from jetgen.datasets.detection import Paths, find_files, open_source
from jetgen.datasets.loading import Split, split_indices
from jetgen.datasets.streaming import SAMPLE
from jetgen.runs.data import Data, JetStore, data_of, first_of_set, load_jets
from jetgen.runs.folder import RunFolder
from jetgen.runs.named import Named


@dataclasses.dataclass(eq=False, repr=False)
class FinishedRun:
    """A run, its options, and its data.

    Args:
        run: the run.
        config: its options.
        reading: the same, with those by which its data are read now.
        store: the jets of this and other runs.
        given: the data of the training, where they are not found without being named.
    """

    run: Named
    config: TrainConfig
    reading: TrainConfig
    store: JetStore
    given: Data | None

    @property
    def folder(self) -> RunFolder:
        """Its folder."""
        return self.run.folder

    @property
    def environment(self) -> dict[str, Any]:
        """Where and on what the run was trained."""
        return self.folder.read_environment()

    def data(self) -> Data:
        """What the run was trained on: its files, where they are now, or the sets themselves.

        Raises:
            InputError: when they cannot be found, or have changed since.
        """
        return data_of(self.reading, self.folder, self.given)

    def training_jets(self) -> ParticleCloud:
        """The jets that the run was trained on, in its representation.

        Raises:
            InputError: as :meth:`data`.
        """
        jets = self._jets()
        return jets[self._split(jets).training]

    def training_sample(self) -> ParticleCloud:
        """:meth:`training_jets`; 100,000 of them at random where training left them in files.

        Raises:
            InputError: as :meth:`data`.
        """
        found = self._first_of_set("training", SAMPLE)
        return self.training_jets() if found is None else found

    def held_out(self, extra_columns: Sequence[str] = (), most: int | None = None) -> ParticleCloud:
        """The test jets, which training has not seen.

        Args:
            extra_columns: further columns of a table that are kept as conditions.
            most: their largest number; where training left the jets in files, only these are in
                memory.

        Raises:
            InputError: as :meth:`data`.
        """
        if most is not None:
            found = self._first_of_set("test", most, extra_columns)
            if found is not None:
                return found
        jets = self._jets(extra_columns)
        return jets[self._split(jets).test[:most]]

    def _first_of_set(
        self, name: str, most: int, extra_columns: Sequence[str] = ()
    ) -> ParticleCloud | None:
        together = self.folder.keeps_copies_together()
        data = self.data()
        return first_of_set(self.reading, data, name, most, extra_columns, copies_together=together)

    def _split(self, jets: ParticleCloud) -> Split:
        together = self.folder.keeps_copies_together()
        return split_indices(len(jets), self.config.seed, copy_keys(jets)[0] if together else None)

    def comparable(
        self,
        data: ParticleCloud | Paths,
        **options: Unpack[FileOptions],
    ) -> ParticleCloud:
        """Jets to compare generated ones with: in the representation and of the class of these.

        The class that the model or its name fixes is chosen, where the data name classes at all.

        Args:
            data: jets, or files, folders or patterns.
            jets, seed, first, map, allow: as for :func:`jetgen.read`.
            select, drop_missing: as for :func:`jetgen.read`; by default as in the training.

        Raises:
            InputError: as :func:`jetgen.read`.
        """
        if isinstance(data, ParticleCloud):
            types = [data.condition("type")] if data.has_condition("type") else []
        else:
            data = find_files(data)
            types = [open_source(path, map=options.get("map")).types() for path in data]
        known = any(bool((kinds >= 0).any()) for kinds in types)
        config = dataclasses.replace(
            self.config,
            jet_type=self.run.fixed.get("type", self.config.jet_type) if known else None,
            jets=options.get("jets"),
            seed=options.get("seed", 1),
            first=options.get("first", False),
            map=dict(options.get("map") or {}),
            allow=tuple(options.get("allow", ())),
            select=options.get("select") or self.config.select,
            drop_missing=options.get("drop_missing", False) or self.config.drop_missing,
        )
        return load_jets(config, data=data)

    def _jets(self, extra_columns: Sequence[str] = ()) -> ParticleCloud:
        """All jets of the run's data, which are those of its training."""
        data = self.data()
        if extra_columns:
            return load_jets(self.reading, extra_columns, data)
        return self.store.jets(self.reading, data)
