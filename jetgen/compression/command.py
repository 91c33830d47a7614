"""``jetgen compress`` and ``jetgen decompress``: jets or other sets to a small file, and back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jetgen import __version__
from jetgen.cloud import Feature, ParticleCloud
from jetgen.compression.coding import Coder, sets_per_frame
from jetgen.compression.container import Reader, Writer
from jetgen.compression.packing import pack
from jetgen.config.compress import CompressConfig
from jetgen.config.decompress import DecompressConfig
from jetgen.config.resuming import described
from jetgen.datasets.detection import find_files, map_of
from jetgen.datasets.formats.hdf5_writing import Attribute, require_new
from jetgen.datasets.guarded_source import as_input_errors
from jetgen.datasets.kept_clouds import arrays_of, cloud_of
from jetgen.datasets.reading import iter_chunks
from jetgen.datasets.writing import Append
from jetgen.errors import InputError
from jetgen.files.chunks import Arrays, kept_chunks, may_replace
from jetgen.files.whole import sha256, whole_file
from jetgen.runs.device import choose_device
from jetgen.runs.trained_model import TrainedModel, load

COUNTED = ("jets", "particles", "dropped")
"""Totals at the end of a compressed file."""


class Compressed(NamedTuple):
    """Result of a compression of jets or other sets.

    Args:
        path: the written file.
        features: stored features of each particle or item.
        jets: number of jets or sets.
        particles: number of particles or items stored.
        dropped: number of particles that the run does not keep.
        size: size of the file in bytes.
    """

    path: Path
    features: tuple[Feature, ...]
    jets: int
    particles: int
    dropped: int
    size: int

    @property
    def ratio(self) -> float:
        """Bytes of the features of all items in single precision, over the bytes of the file."""
        return 4 * len(self.features) * (self.particles + self.dropped) / self.size


def compress(config: CompressConfig) -> Compressed:
    """Compress the jets or sets of a file to codes of a run, in a stream.

    Raises:
        InputError: when the run is not a finished autoencoder, the jets do not match it, the output
            file exists already, or there are frames of another unfinished one, or of this one
            without ``resume``.
    """
    path = Path(config.output)
    require_new(path, may_replace(path, resume=config.resume, overwrite=config.overwrite))
    model = load(config.run, choose_device(config.device))
    kind = model.config.kind
    features, _ = kind.file_columns([model.model.layout])
    clouds = iter_chunks(
        config.input,
        sets_per_frame(model),
        columns=[feature.name for feature in features] if kind.features_by_name else (),
        conditions=model.config.auxiliary_columns(),
        map=config.map or map_of(config.input, model.config.map),
        allow=config.allow or model.config.allow,
    )
    first = next(clouds)
    errors = config.errors(feature.name for feature in features)
    coder = Coder(model, config.step, errors, kept=_kept(first, model))
    header = {
        "jetgen_version": __version__,
        "command": ["jetgen", *sys.argv[1:]],
        "model_sha256": sha256(model.folder.best),
        "latent": model.config.latent,
        "particles": model.config.particles,
        "columns": [list(feature) for feature in features],
        "kept": [list(feature) for feature in coder.kept],
        "step": config.step,
        "max_error": errors,
    }
    inputs = {str(file): sha256(file) for file in find_files(config.input)}
    with kept_chunks(
        path,
        {"header": header, "inputs": inputs, "options": described(config)},
        resume=config.resume,
        overwrite=config.overwrite,
    ) as chunks:
        counts = np.zeros(len(COUNTED), np.int64)
        with whole_file(path, alone=True) as temporary, temporary.open("wb") as file:
            writer = Writer(file, chunks.attributes["header"])
            for arrays in chunks.stream(partial(_frames, coder, chain([first], clouds))):
                writer.append(arrays["frame"].tobytes())
                counts += arrays["counts"]
            total = dict(zip(COUNTED, counts.tolist(), strict=True))
            writer.finish(total)
    return Compressed(path, features, **total, size=path.stat().st_size)


def _frames(coder: Coder, clouds: Iterator[ParticleCloud], first: int) -> Iterator[Arrays]:
    """The frames of a file from number ``first`` on, with what is counted of their sets."""
    for cloud in islice(clouds, first, None):
        arrays = coder.encode(cloud)
        stored = int(arrays["multiplicity"].sum())
        yield {
            "frame": np.frombuffer(pack(arrays), np.uint8),
            "counts": np.array([len(cloud), stored, int(cloud.multiplicity.sum()) - stored]),
        }


def _kept(cloud: ParticleCloud, model: TrainedModel) -> tuple[Feature, ...]:
    """The additional conditions of a file to store: the type, and the target of a table."""
    names = {"type", *model.config.auxiliary_columns()}
    names -= {feature.name for feature in model.model.layout.conditions}
    return tuple(feature for feature in cloud.condition_features if feature.name in names)


def decompress(config: DecompressConfig) -> Path:
    """Restore the jets or sets of a compressed file, in a stream; return the new file's path.

    The suffix of the file chooses HDF5, ROOT or Parquet; of sets of single items also CSV.

    Raises:
        InputError: when the file is damaged or was made with another model, the output exists
            already, or there are chunks of another unfinished one, or of this one without
            ``resume``.
    """
    path = Path(config.output)
    overwrite = may_replace(path, resume=config.resume, overwrite=config.overwrite)
    require_new(path, overwrite)
    reader = Reader(config.input)
    header = reader.header
    model = load(config.run, choose_device(config.device))
    wanted, found = str(header.get("model_sha256")), sha256(model.folder.best)
    if wanted != found:
        raise InputError(
            f"run: expected the model that {config.input} was compressed with (SHA-256 "
            f"{wanted[:12]}...), received {config.run} ({found[:12]}...)"
        )
    with as_input_errors(reader.path):
        kept = tuple(Feature(*pair) for pair in header["kept"])
        coder = Coder(model, header["step"], header["max_error"], kept)
    attributes: dict[str, Attribute] = {
        "command": ["jetgen", *sys.argv[1:]],
        "compressed": header,
    }
    origin = {
        "attributes": attributes,
        "inputs": {config.input: sha256(config.input)},
        "options": described(config),
    }
    with kept_chunks(path, origin, resume=config.resume, overwrite=config.overwrite) as chunks:

        def sets(first: int) -> Iterator[Arrays]:
            try:
                yield from _sets(coder, reader, first)
            except InputError:
                chunks.remove()  # the file is damaged; an intact one is another input
                raise

        with _writer(path, model, kept, chunks.attributes["attributes"], overwrite) as append:
            for arrays in chunks.stream(sets):
                append(cloud_of(arrays))
    return path


def _sets(coder: Coder, reader: Reader, first: int) -> Iterator[Arrays]:
    """The decoded sets of the frames from number ``first`` on, as they are stored in files."""
    jets = 0
    for number, arrays in enumerate(reader):
        with as_input_errors(reader.path):
            jets += len(arrays["multiplicity"])
            sets = None if number < first else coder.decode(arrays)
        if sets is not None:
            yield arrays_of(coder.model.config.kind.as_written(sets))
    if reader.counts is None or reader.counts.get("jets") != jets:
        raise InputError(
            f"{reader.path}: expected {reader.counts} as stored at its end, found {jets} jets"
        )


def _writer(
    path: Path,
    model: TrainedModel,
    kept: tuple[Feature, ...],
    attributes: dict[str, Attribute],
    overwrite: bool,
) -> AbstractContextManager[Append]:
    """A function that appends decoded sets to a new file."""
    slots, layout = model.config.particles, model.model.layout
    features, conditions = model.config.kind.file_columns([layout])
    writer: AbstractContextManager[Append] = model.config.kind.writer(
        path,
        features,
        (*conditions, *kept),
        slots=slots,
        attributes=attributes,
        overwrite=overwrite,
    )
    return writer
