"""Bytes and time of compression with learned codes and with general-purpose compressors.

All receive the same items and keep the same largest errors, if they support one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.compression.coding import Coder
from jetgen.compression.packing import pack, unpack
from jetgen.extras import require_package

Items = NDArray[Any]

REPETITIONS = 3
"""Number of repetitions, of which the fastest is used."""


@dataclass(frozen=True)
class Compressor:
    """A compressor of items ``(M, F)`` to bytes and back.

    Args:
        title: name for tables.
        pack: function from items and their largest errors ``(F,)`` to bytes.
        unpack: function from these bytes and the same errors to items.
    """

    title: str
    pack: Callable[[Items, Items], bytes]
    unpack: Callable[[bytes, Items], Items]


def _rounded(items: Items, errors: Items) -> Items:
    """Items as integers ``(F, M)``, in units of twice the largest error."""
    columns = np.ascontiguousarray(items.T, np.float64)
    return np.round(columns / (2 * errors[:, None])).astype(np.int64)


def _restored(steps: Items, errors: Items) -> Items:
    return (steps * (2 * errors[:, None])).T.astype(np.float32)


def _pack_rounded(items: Items, errors: Items) -> bytes:
    return pack({str(i): column for i, column in enumerate(_rounded(items, errors))})


def _unpack_rounded(content: bytes, errors: Items) -> Items:
    return _restored(np.stack(list(unpack(content).values())), errors)


def _pack_blosc2(items: Items, errors: Items) -> bytes:
    blosc2 = require_package("blosc2")

    parameters = blosc2.CParams(
        codec=blosc2.Codec.ZSTD,
        clevel=9,
        typesize=8,
        filters=[blosc2.Filter.BITSHUFFLE],
        filters_meta=[0],
        nthreads=1,
    )
    packed: bytes = blosc2.compress2(_rounded(items, errors), cparams=parameters)
    return packed


def _unpack_blosc2(content: bytes, errors: Items) -> Items:
    blosc2 = require_package("blosc2")

    steps = np.frombuffer(blosc2.decompress2(content, nthreads=1), np.int64)
    return _restored(steps.reshape(len(errors), -1), errors)


LOSSLESS = Compressor(
    "zstd, no loss",
    lambda items, errors: pack({"items": items.T}),
    lambda content, errors: unpack(content)["items"].T,
)
FLOAT16 = Compressor(
    "float16, zstd",
    lambda items, errors: pack({"items": items.T.astype(np.float16)}),
    lambda content, errors: unpack(content)["items"].T.astype(np.float32),
)
ROUNDED = Compressor("rounded, zstd", _pack_rounded, _unpack_rounded)
ROUNDED_BLOSC2 = Compressor("rounded, blosc2", _pack_blosc2, _unpack_blosc2)

GENERAL = (LOSSLESS, FLOAT16, ROUNDED, *([ROUNDED_BLOSC2] if find_spec("blosc2") else []))
"""General-purpose compressors. Values are rounded to multiples of twice the largest error. zstd
compresses planes of bytes, as for codes (:func:`~jetgen.compression.packing.pack`); blosc2, if the
extra ``jetgen[blosc2]`` is installed, planes of bits."""


@dataclass(frozen=True)
class Cost:
    """Cost of compressing the items of some sets.

    Args:
        title: name of the compressor.
        size: bytes of the compressed items.
        items: bytes of the items in single precision.
        sets: number of sets.
        pack_seconds, unpack_seconds: CPU time of compressing and decompressing.
        largest_error: the largest error over all features, in units of the allowed one, with the
            items of each set sorted by the feature.
    """

    title: str
    size: int
    items: int
    sets: int
    pack_seconds: float
    unpack_seconds: float
    largest_error: float

    @property
    def ratio(self) -> float:
        return self.items / self.size

    @property
    def bytes_per_set(self) -> float:
        return self.size / self.sets

    @property
    def pack_rate(self) -> float:
        """Compressed MB of single precision per second."""
        return self.items / self.pack_seconds / 1e6

    @property
    def unpack_rate(self) -> float:
        """Decompressed MB of single precision per second."""
        return self.items / self.unpack_seconds / 1e6


def costs(
    cloud: ParticleCloud, coders: Mapping[str, Coder], errors: Mapping[str, float]
) -> list[Cost]:
    """Costs of every general-purpose compressor, and of each model without and with residuals.

    Args:
        cloud: the sets as stored in files, with at most as many items as the runs keep.
        coders: the models by title, all with the same features, with the steps of their codes.
        errors: largest error of each feature.
    """
    wanted = next(iter(coders.values())).wanted(cloud)
    real = wanted.particles[wanted.mask]
    items = real.float().numpy()
    allowed = torch.tensor([errors[f.name] for f in wanted.features], dtype=torch.float64)

    def by_size(values: Tensor) -> Tensor:
        """Sort each feature within each set, which minimises the largest difference of two sets."""
        padded = torch.full_like(wanted.particles, torch.inf)
        padded[wanted.mask] = values
        return padded.sort(1).values[wanted.mask]

    def measured(
        title: str,
        pack: Callable[[], list[bytes]],
        unpack: Callable[[list[bytes]], Items],
    ) -> Cost:
        content, pack_seconds = _fastest(pack)
        back, unpack_seconds = _fastest(lambda: unpack(content))
        found = torch.from_numpy(back.astype(np.float64))
        difference = (by_size(found) - by_size(real)) / allowed
        return Cost(
            title, sum(map(len, content)), items.nbytes, len(cloud), pack_seconds, unpack_seconds,
            float(difference.abs().max()),
        )  # fmt: skip

    def general(compressor: Compressor) -> Cost:
        return measured(
            compressor.title,
            lambda: [compressor.pack(items, allowed.numpy())],
            lambda content: compressor.unpack(content[0], allowed.numpy()),
        )

    def learned(title: str, coder: Coder) -> Cost:
        return measured(
            title,
            lambda: coder.frames(cloud),
            lambda frames: _items(coder.restore(frames)),
        )

    return [
        *map(general, GENERAL),
        *(learned(f"{t}, codes", replace(c, max_error=None)) for t, c in coders.items()),
        *(learned(f"{t}, residuals", replace(c, max_error=errors)) for t, c in coders.items()),
    ]


def _items(cloud: ParticleCloud) -> Items:
    return cloud.particles[cloud.mask].numpy()


def _fastest(work: Callable[[], Any]) -> tuple[Any, float]:
    """The result of the work, and the CPU time of its fastest repetition [s]."""
    times = []
    for _ in range(REPETITIONS):
        start = time.process_time()
        made = work()
        times.append(time.process_time() - start)
    return made, max(min(times), 1e-9)
