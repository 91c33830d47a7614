"""The data that a run is trained on, as its options name them."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch

from jetgen.cloud import Feature, ParticleCloud
from jetgen.config.reading import file_options
from jetgen.config.train import IN_MEMORY, REGION, TrainConfig
from jetgen.conversion import to_cloud, with_momenta
from jetgen.datasets import read
from jetgen.datasets.choosing import choose_in_memory, drawn_rows, wanted_sets
from jetgen.datasets.columns import select_columns
from jetgen.datasets.copies import Copies
from jetgen.datasets.detection import find_files
from jetgen.datasets.faults import (
    NEGATIVE_PT,
    counted,
    doubtful_unit,
    faults_of,
    refuse_faults,
    warn_of_doubts,
)
from jetgen.datasets.loading import HeldJets
from jetgen.datasets.selection import Selection
from jetgen.datasets.streaming import StreamedJets, first_jets
from jetgen.errors import InputError, InputWarning, PrecisionWarning
from jetgen.files.whole import sha256
from jetgen.objectives.preparation import represent
from jetgen.physics.region import Region
from jetgen.runs.folder import RunFolder

Data = ParticleCloud | Sequence[str | Path]
"""The data of a run: sets that are passed from Python, or the names of files."""


def to_data(given: Any, map: Mapping[str, str] | None = None) -> ParticleCloud | list[str] | None:
    """What a user passes as the data of a run: names of files, a cloud, or an array of one.

    Args:
        given: the data.
        map: the fields that contain the momenta, of arrays that have some; files are read later.

    Raises:
        InputError: for anything else.
    """
    if given is None or isinstance(given, ParticleCloud):
        return given
    paths = given if isinstance(given, list | tuple) else [given]
    if all(isinstance(path, str | os.PathLike) for path in paths):
        return [os.fspath(path) for path in paths]
    return to_cloud(given, name="data", map=map)


def load_jets(
    config: TrainConfig, extra_columns: Sequence[str] = (), data: Data | None = None
) -> ParticleCloud:
    """The jets that ``config`` names, in its representation.

    They have weight one where the run is not ``weighted``.

    Args:
        config: the options of the run.
        extra_columns: further columns of a table that are kept as conditions.
        data: the jets themselves, or their files, in place of those that ``config`` names.

    Raises:
        InputError: when files cannot be read, or sets passed from Python are not passed again.
    """
    if isinstance(data, ParticleCloud):
        jets = _chosen(data, config, extra_columns)
    else:
        jets = _selection(config, data, extra_columns).all()
    jets = _prepared(jets, config=config)
    copies = Copies()
    copies.add(jets)
    _warn_of_copies(copies, len(jets))
    return jets


STREAMED = 2**29
"""Bytes of jets above which a training leaves them in their files; the same on every machine."""


@contextmanager
def _exact_columns() -> Iterator[None]:
    """Within the block, columns that single precision cannot hold are errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", PrecisionWarning)
        try:
            yield
        except PrecisionWarning as warning:
            raise InputError(str(warning)) from warning


@_exact_columns()
def training_jets(
    config: TrainConfig, data: Data | None = None, *, copies_together: bool = True
) -> HeldJets | StreamedJets:
    """:func:`load_jets`, split for a training; in their files if they are many.

    By default jets are streamed where they take more than :data:`STREAMED` bytes as they are read,
    and their files can be read in parts. The first arguments are those of :func:`load_jets`; all
    copies of a jet are in one set, except in runs of jetgen 0.2 and before.

    Raises:
        InputError: as :func:`load_jets`, when different numbers of a column are equal in
            single precision, or when jets cannot be streamed although ``config`` asks.
    """
    if isinstance(data, ParticleCloud):
        if config.streamed:
            raise InputError(
                "streamed: expected files, received sets in memory; omit it, or write them to a "
                "file (jetgen.write)"
            )
        jets = load_jets(config, data=data)
        return HeldJets(jets, config.seed, copies_together=copies_together)
    selection = _selection(config, data)
    if not _stays_in_files(selection, config):
        jets = load_jets(config, data=data)
        return HeldJets(jets, config.seed, copies_together=copies_together)
    prepare = partial(_prepared, config=config)
    streamed_jets = StreamedJets(
        selection, prepare, config.seed, config.data_workers, copies_together=copies_together
    )
    _warn_of_copies(streamed_jets.copies, streamed_jets.number)
    return streamed_jets


def first_of_set(
    config: TrainConfig,
    data: Data,
    name: str,
    most: int,
    extra_columns: Sequence[str] = (),
    *,
    copies_together: bool = True,
) -> ParticleCloud | None:
    """The first jets of a set of a run whose training leaves jets in their files, else None.

    Args:
        config, data, extra_columns: as for :func:`load_jets`.
        name: ``training``, ``validation`` or ``test``.
        most: the largest number of jets.
        copies_together: as for :func:`training_jets`.

    Raises:
        InputError: as :func:`load_jets`.
    """
    if isinstance(data, ParticleCloud):
        return None
    selection = _selection(config, data, extra_columns)
    if not _stays_in_files(selection, config):
        return None
    prepare = partial(_prepared, config=config)
    return first_jets(selection, prepare, config.seed, name, most, copies_together=copies_together)


def _stays_in_files(selection: Selection, config: TrainConfig) -> bool:
    if config.streamed is not None:
        return config.streamed
    return selection.bytes > STREAMED and selection.block is not None


def _selection(
    config: TrainConfig, data: Sequence[str | Path] | None, extra_columns: Sequence[str] = ()
) -> Selection:
    if data is None and config.data == [IN_MEMORY]:
        raise _absent_sets(config.run)
    return Selection(
        config.data if data is None else data,
        **file_options(config),
        jet_type=config.jet_type,
        classes=config.classes,
        columns=config.columns,
        conditions=config.auxiliary_columns(),
        extra=extra_columns,
    )


def _prepared(jets: ParticleCloud, first: int = 0, *, config: TrainConfig) -> ParticleCloud:
    """Jets of files as the run uses them; ``first`` is the number of the first, for messages."""
    if config.weighted is False:  # None, before a training, leaves it to the data
        jets = jets.replace(weights=None)
    jets = represent(jets, config)
    _require_conditions(jets, config, first)
    if config.region is None:
        return jets
    inside = Region(config.region).select(config.kind.region_values(jets))
    return jets.with_conditions({Feature(REGION): inside})


class JetStore:
    """The jets that several runs name, each set of them read once."""

    def __init__(self) -> None:
        self._jets: dict[tuple[Any, ...], tuple[Data, ParticleCloud]] = {}

    def jets(self, config: TrainConfig, data: Data) -> ParticleCloud:
        """:func:`load_jets`, or what it returned for the same data read in the same way."""
        key = (
            # the number of an object that is kept here, so that no other one gets it
            id(data) if isinstance(data, ParticleCloud) else tuple(map(str, data)),
            config.jet_type,
            config.jets and (config.jets, config.seed, config.first),
            tuple(config.map.items()),
            config.allow,
            (config.select, config.drop_missing, *config.classes),
            config.columns,
            tuple(config.auxiliary_columns()),
            config.particles,
            config.representation,
            config.region,
            config.weighted,
        )
        if key not in self._jets:
            self._jets[key] = (data, load_jets(config, data=data))
        return self._jets[key][1]


def _require_conditions(jets: ParticleCloud, config: TrainConfig, first: int) -> None:
    """Raise :class:`InputError` for a condition of the model that is NaN or infinite."""
    for name in filter(jets.has_condition, config.conditions()):
        bad = ~jets.condition(name).isfinite()
        if bool(bad.any()):
            number = first + int(bad.nonzero()[0])
            raise InputError(
                f"condition: expected finite numbers, received NaN or infinity in {name} of "
                f"{int(bad.sum())} sets, first in set {number}; choose another "
                "condition"
            )


def _warn_of_copies(copies: Copies, number: int) -> None:
    """A warning where some of ``number`` sets come twice, which may be a mistake."""
    if again := copies.number:
        warnings.warn(
            f"{again} of {number} sets are copies of others; those of a set are all in the "
            "training, the validation or the test set",
            InputWarning,
            stacklevel=3,
        )
    if again := copies.by_chance:
        warnings.warn(
            f"{again} of {number} rows are equal to others, which may be chance with so few "
            "different values; equal ones are in the training, the validation and the test set",
            InputWarning,
            stacklevel=3,
        )


def _chosen(
    data: ParticleCloud, config: TrainConfig, extra_columns: Sequence[str]
) -> ParticleCloud:
    """Of a cloud what :func:`jetgen.datasets.read` would choose of a file, in float32."""
    cloud = data.to("cpu").to(torch.float32)
    conditions = config.auxiliary_columns()
    wanted = wanted_sets(
        config.jet_type,
        config.select,
        config.drop_missing,
        config.columns,
        conditions,
        config.classes,
    )
    cloud = choose_in_memory(cloud, wanted)
    for name, values in (("particles", cloud.particles), ("conditions", cloud.conditions)):
        if not bool(values.isfinite().all()):
            raise InputError(f"data: expected finite numbers, received NaN or infinity in {name}")
    if config.kind.momenta:
        faults = faults_of(cloud)
        if any(feature.name == "pt" for feature in cloud.features):
            faults[NEGATIVE_PT] = (cloud.feature("pt") < 0).any(1)
        refuse_faults("data", counted(faults, torch.arange(len(cloud))), config.allow)
        cloud = with_momenta(cloud)
        unit = doubtful_unit(cloud, "if so, divide the momenta by 1000")
        warn_of_doubts("data", [unit] if unit else [])
    cloud = cloud[drawn_rows(len(cloud), config.jets, None if config.first else config.seed)]
    cloud = select_columns(cloud, config.columns, [*conditions, *extra_columns])
    return cloud.with_conditions({Feature("num_particles"): cloud.multiplicity})


def _absent_sets(run: str | Path) -> InputError:
    return InputError(
        f"data: expected the sets that {run} was trained on, which were passed from Python and are "
        "in no file; pass them again (`jetgen.load`), or name a file from which the same sets are "
        "read, data=FILE"
    )


def _read_in(files: Sequence[str | Path], config: TrainConfig) -> ParticleCloud:
    """All sets of files, as they would have been passed from Python."""
    return read(files, map=config.map, allow=config.allow)


def content_hash(cloud: ParticleCloud) -> str:
    """SHA-256 of the particles, names, conditions and weights of a cloud; padding is no content."""
    digest = hashlib.sha256(repr((cloud.features, cloud.condition_features)).encode())
    parts = (cloud.particles[cloud.mask], cloud.multiplicity, cloud.conditions, cloud.weights)
    for part in parts:
        digest.update(part.detach().cpu().double().numpy().tobytes())
    return digest.hexdigest()


def are_data_of(config: TrainConfig, folder: RunFolder, files: Sequence[str]) -> bool:
    """Whether these files, all of them and no others, are the data that a run was trained on."""
    noted = {place.sha256 for place in folder.places()}
    if config.data == [IN_MEMORY]:
        return {content_hash(_read_in(files, config))} == noted
    return {sha256(file) for file in find_files(files)} == noted


def data_of(config: TrainConfig, folder: RunFolder, given: Data | None = None) -> Data:
    """The data that a run was trained on, recognised by their content.

    Args:
        config: the options of the run.
        folder: the run.
        given: the sets, or the files that hold them now; by default the files are where they
            were in the training, or as far from the folder of the run.

    Returns:
        The sets of a run that was trained on sets passed from Python, the files of any other, in
        the order of the training.

    Raises:
        InputError: when the data cannot be found, or differ from those of the training.
    """
    in_memory = config.data == [IN_MEMORY]
    if not in_memory and not isinstance(given, ParticleCloud):
        return folder.data_files(given or ())
    if not in_memory:
        raise InputError(
            f"data: expected the files that {folder.path} was trained on "
            f"({', '.join(config.data)}), received sets; name the files, data=FILE"
        )
    if given is None:
        raise _absent_sets(folder.path)
    if not isinstance(given, ParticleCloud):
        given = _read_in(given, config)
    found, known = content_hash(given), folder.read_environment()["data"].get(IN_MEMORY)
    if found != known:
        raise InputError(
            f"data: expected the sets that {folder.path} was trained on, with the same numbers and "
            f"names (SHA-256 {known}), received others (SHA-256 {found}); pass those"
        )
    return given
