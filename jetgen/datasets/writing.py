"""Writing jets to HDF5, and sets with any named features to a file of the suffix's format."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from jetgen.cloud import CARTESIAN, CARTESIAN_ENERGY, RELATIVE, Feature, ParticleCloud
from jetgen.conversion import Jets, to_cloud, with_momenta
from jetgen.datasets.formats.cloud_hdf5 import CloudWriter
from jetgen.datasets.formats.hdf5_writing import ENDINGS, Attribute, require_new
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.datasets.formats.parquet_table import ATTRIBUTES, UNIT, pyarrow
from jetgen.datasets.formats.table import WEIGHT
from jetgen.errors import InputError
from jetgen.files.whole import as_path, whole_file
from jetgen.kinds import kind_of_cloud
from jetgen.physics.classes import UNKNOWN_CLASS
from jetgen.physics.fourvectors import JET_KINEMATICS, particle_momenta, to_cartesian
from jetgen.physics.units import in_gev

Append = Callable[[ParticleCloud], None]

_TYPE = Feature("type")

_PHI = Feature("phi", "rad")

TREE = "sets"
"""Name of the tree in ROOT files."""

ROW_GROUP = 100_000
"""Smallest number of sets per row group of a Parquet file."""


def write(cloud: Jets, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write sets to a file, in the format of its suffix; return the path.

    ``.h5`` and ``.hdf5`` files of jets are written by :class:`JetgenWriter`; jets without pT and
    eta, those with further features or conditions, and other sets by :class:`CloudWriter`.
    ``.root`` and ``.parquet`` files have one list per feature and set, ``.csv`` files one row per
    set of one item. :func:`jetgen.read` reads all of them. An unknown azimuth of the jets (JetNet
    files do not contain it) remains unknown: particles are then read as ``etarel, phirel, ptrel``.

    Args:
        cloud: the sets: a cloud, a ragged awkward array, or an array as
            :mod:`jetgen.conversion` says.
        path: the file to write.
        overwrite: replace an existing file instead of raising an error.

    Raises:
        InputError: when the file exists, its suffix is another one, or these are no sets.
    """
    path = as_path(path, "path")
    cloud = to_cloud(cloud, name="cloud")
    attributes: dict[str, Attribute] = {"command": "write"}
    hdf5 = path.suffix in (".h5", ".hdf5")
    jets = with_momenta(cloud)
    placed = all(map(jets.has_condition, ("pt", "eta")))
    turned = jets.features[:3] == RELATIVE and not jets.has_condition(_PHI.name)
    if placed and jets.features == RELATIVE and (hdf5 or not turned):
        jets = to_cartesian(jets.to(torch.float64))
    if kind_of_cloud(in_gev(jets)).momenta and jets.features[:3] != RELATIVE:
        cloud = in_gev(jets)
    if hdf5 and _is_of_jets(cloud):
        if turned:
            unknown = torch.full((len(cloud),), math.nan)
            cloud = cloud.with_conditions({_PHI: unknown.to(cloud.particles)})
        absent = [f for f in JET_KINEMATICS if not cloud.has_condition(f.name)]
        cloud = cloud.with_conditions({f: getattr(cloud, f.name) for f in absent})
        slots = max(1, int(cloud.multiplicity.max()))
        with jet_writer(path, slots=slots, attributes=attributes, overwrite=overwrite) as append:
            append(cloud)
        return path
    with set_writer(
        path,
        cloud.features,
        cloud.condition_features,
        slots=cloud.mask.shape[1],
        attributes=attributes,
        overwrite=overwrite,
    ) as append:
        append(cloud)
    return path


def _is_of_jets(cloud: ParticleCloud) -> bool:
    """Whether a file of :class:`JetgenWriter` has a place for all features and conditions."""
    return cloud.features in (CARTESIAN, CARTESIAN_ENERGY) and set(cloud.condition_features) <= {
        *JET_KINEMATICS,
        Feature("num_particles"),
        _TYPE,
    }


@contextmanager
def jet_writer(
    path: str | Path,
    features: Sequence[Feature] = CARTESIAN,
    conditions: Sequence[Feature] = JET_KINEMATICS,
    *,
    slots: int,
    attributes: dict[str, Attribute],
    overwrite: bool = False,
) -> Iterator[Append]:
    """A context that yields a function which appends jets to a new file.

    ``.root`` and ``.parquet`` files are those of :func:`set_writer` with ``px, py, pz, E``, the
    jets' kinematics and ``type``; all others are written by :class:`JetgenWriter`.

    Args:
        path: the file to write.
        features, conditions: those of jets, which are the same in all such files.
        slots: largest number of particles per jet.
        attributes: as in :func:`set_writer`.
        overwrite: replace an existing file instead of refusing.

    Raises:
        InputError: when the file exists, or its name ends in something else.
    """
    path = Path(path)
    if path.suffix in (".root", ".parquet"):
        with set_writer(
            path,
            CARTESIAN_ENERGY,
            (*JET_KINEMATICS, _TYPE),
            slots=max(slots, 2),  # lists, also of jets of one particle
            attributes=attributes,
            overwrite=overwrite,
        ) as append:
            yield lambda cloud: append(_with_energy(cloud))
        return
    if path.suffix.lower() not in ("", *ENDINGS):
        raise InputError(
            f"{path}: expected a name in {', '.join(ENDINGS)}, .root or .parquet for jets, "
            f"received {path.suffix!r}; choose a name such as {path.with_suffix('.h5').name}"
        )
    with JetgenWriter(path, attributes=attributes, slots=slots, overwrite=overwrite) as writer:
        yield writer.append


def _with_energy(cloud: ParticleCloud) -> ParticleCloud:
    """Jets with ``px, py, pz, E`` and a class, -1 where it is unknown."""
    kinds = cloud.condition("type") if cloud.has_condition("type") else None
    unknown = torch.full((len(cloud),), float(UNKNOWN_CLASS))
    return replace(
        cloud, particles=particle_momenta(cloud), features=CARTESIAN_ENERGY
    ).with_conditions({_TYPE: unknown if kinds is None else kinds})


@contextmanager
def set_writer(
    path: str | Path,
    features: Sequence[Feature],
    conditions: Sequence[Feature] = (),
    *,
    slots: int,
    attributes: dict[str, Attribute],
    overwrite: bool = False,
) -> Iterator[Append]:
    """A context that yields a function which appends sets to a new file.

    The file appears when the block ends without an error. ``.h5`` and ``.hdf5`` files are written
    by :class:`CloudWriter`. ``.root`` files have one tree, ``.parquet`` files one table: numbers
    for sets of one item, lists otherwise, and the attributes as JSON text. ``.csv`` files support
    sets of one item only and have no attributes. All contain names, units and weights.

    Args:
        path: the file to make.
        features: features of the items.
        conditions: conditions of the sets.
        slots: largest number of items per set.
        attributes: metadata of the file, written at the end of the block, so that the block may add
            to them.
        overwrite: replace an existing file instead of refusing.

    Raises:
        InputError: when the file exists, the suffix is not supported, sets do not fit into a table,
            or pyarrow is missing for a Parquet file.
    """
    path = Path(path)
    match path.suffix:
        case ".h5" | ".hdf5":
            with CloudWriter(
                path, features, conditions, slots=slots, attributes=attributes, overwrite=overwrite
            ) as writer:
                yield writer.append
        case ".root":
            require_new(path, overwrite)
            with (
                whole_file(path, alone=True) as temporary,
                _root(temporary, features, conditions, slots, attributes) as add,
            ):
                yield add
        case ".parquet":
            require_new(path, overwrite)
            pyarrow()  # may be missing; checked before a file is created
            with (
                whole_file(path, alone=True) as temporary,
                _parquet(temporary, features, conditions, slots, attributes) as add,
            ):
                yield add
        case ".csv":
            require_new(path, overwrite)
            if slots > 1:
                raise InputError(
                    f"{path}: expected .h5, .root or .parquet for sets of up to {slots} items, "
                    "received .csv, whose rows are sets of one"
                )
            with (
                whole_file(path, alone=True) as temporary,
                _csv(temporary, features, conditions) as add,
            ):
                yield add
        case other:
            raise InputError(
                f"{path}: expected a name in .h5, .root, .parquet or .csv, received {other!r}"
            )


@contextmanager
def _root(
    path: Path,
    features: Sequence[Feature],
    conditions: Sequence[Feature],
    slots: int,
    attributes: dict[str, Attribute],
) -> Iterator[Append]:
    import uproot

    kinds: dict[str, Any] = {f.name: "float32" if slots == 1 else "var * float32" for f in features}
    kinds |= {f.name: "float32" for f in (*conditions, WEIGHT)}
    with uproot.recreate(path) as file:
        tree = file.mktree(TREE, kinds, title=", ".join(map(str, (*features, *conditions))))

        def append(cloud: ParticleCloud) -> None:
            import awkward as ak

            items = cloud.particles[cloud.mask].cpu().numpy()  # (sum n, F)
            counts = cloud.multiplicity.cpu().numpy()
            columns = {
                f.name: items[:, i] if slots == 1 else ak.unflatten(items[:, i], counts)
                for i, f in enumerate(cloud.features)
            }
            columns |= {f.name: cloud.condition(f.name).cpu().numpy() for f in conditions}
            tree.extend(columns | {WEIGHT.name: cloud.weights.cpu().numpy()})

        yield append
        if attributes:
            file["attributes"] = json.dumps(attributes)


@contextmanager
def _parquet(
    path: Path,
    features: Sequence[Feature],
    conditions: Sequence[Feature],
    slots: int,
    attributes: dict[str, Attribute],
) -> Iterator[Append]:
    arrow = pyarrow()
    number = arrow.float32()
    kinds = [(f, number if slots == 1 else arrow.list_(number)) for f in features]
    kinds += [(f, number) for f in (*conditions, WEIGHT)]
    fields = [arrow.field(f.name, kind, metadata={UNIT: f.unit}) for f, kind in kinds]
    schema = arrow.schema(fields)
    pending: list[Any] = []

    def flush() -> None:
        if pending:
            file.write_table(arrow.concat_tables(pending).combine_chunks())
            pending.clear()

    def append(cloud: ParticleCloud) -> None:
        items = cloud.particles[cloud.mask].cpu().numpy()  # (sum n, F)
        ends = cloud.multiplicity.cumsum(0).cpu().numpy().astype(np.int32)
        offsets = np.concatenate([np.zeros(1, np.int32), ends])
        arrays = [arrow.array(np.ascontiguousarray(items[:, i])) for i in range(len(features))]
        if slots > 1:
            arrays = [arrow.ListArray.from_arrays(offsets, values) for values in arrays]
        columns = [*(cloud.condition(f.name) for f in conditions), cloud.weights]
        arrays += [arrow.array(values.cpu().numpy()) for values in columns]
        pending.append(arrow.table(arrays, schema=schema))
        if sum(len(table) for table in pending) >= ROW_GROUP:
            flush()

    with arrow.parquet.ParquetWriter(path, schema) as file:
        yield append
        flush()
        file.add_key_value_metadata({ATTRIBUTES: json.dumps(attributes)})


@contextmanager
def _csv(
    path: Path, features: Sequence[Feature], conditions: Sequence[Feature]
) -> Iterator[Append]:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow(map(str, (*features, *conditions, WEIGHT)))

        def append(cloud: ParticleCloud) -> None:
            columns = [*cloud.particles[:, 0].unbind(1)]
            columns += [*(cloud.condition(f.name) for f in conditions), cloud.weights]
            rows = torch.stack(columns, dim=1).cpu().numpy()
            np.savetxt(file, rows, fmt="%.9g", delimiter=",")

        yield append
