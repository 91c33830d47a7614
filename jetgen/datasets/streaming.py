"""Training on jets that stay in their files: blocks in random order, and a buffer to shuffle."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import tee
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
import torch
from torch import Tensor, distributed
from torch.utils.data import DataLoader, Dataset, Sampler

from jetgen import processes
from jetgen.cloud import ParticleCloud
from jetgen.datasets.copies import Copies
from jetgen.datasets.kept_clouds import arrays_of, cloud_of
from jetgen.datasets.loading import TrainingJets, split_indices
from jetgen.datasets.selection import Selection
from jetgen.errors import InputError
from jetgen.files.chunks import Arrays

BLOCK = 256, 8192
"""Fewest and most neighbouring jets of a file that are read at once."""

POOL = 1 << 16
"""Training jets that are shuffled together, from blocks at random places of all files."""

CHUNK = 1 << 13
"""Jets per cloud of a pass in the order of the files."""

SAMPLE = 100_000
"""Training jets that represent all where a model keeps jets, such as for their jet-level values."""

VALIDATED = 20_000
"""Validation jets that are used."""


class Prepare(Protocol):
    """From jets of files those of the run; ``first`` is the number of the first, for messages."""

    def __call__(self, cloud: ParticleCloud, first: int = 0) -> ParticleCloud: ...


class Request(NamedTuple):
    """Jets to read.

    Args:
        file: number of their file.
        numbers: their sorted indices in it ``(B,)``; an array, which needs no shared memory.
        ranks: their places in the order of the split ``(B,)``.
    """

    file: int
    numbers: np.ndarray[Any, Any]
    ranks: np.ndarray[Any, Any]


class StreamedJets(TrainingJets):
    """The jets of a training in files that are read by index.

    The split is that of jets in memory. An epoch reads blocks of neighbouring jets in random order.
    As many blocks as hold ``POOL`` training jets are shuffled together, so that a batch has jets
    from hundreds of places. If one pool holds all jets, the batches are those of jets in memory.

    Args:
        selection: the jets in their files.
        prepare: what is done to them.
        seed: seed of the split.
        workers: processes that read and prepare jets while others are trained on; with none, both
            are done in turn.
        copies_together: whether all copies of a jet are in one set, which takes another pass where
            there are any.

    Raises:
        InputError: when a file is damaged, or can only be read as a whole.
    """

    def __init__(
        self,
        selection: Selection,
        prepare: Prepare,
        seed: int,
        workers: int,
        *,
        copies_together: bool = True,
    ) -> None:
        block = selection.block
        if block is None:
            whole = next(source.path for source in selection.sources if source.block is None)
            raise InputError(
                f"{whole}: expected a file that can be read in parts (HDF5, ROOT, Parquet), "
                "received another; convert it, or streamed=False"
            )
        self._selection, self._workers, self._device = selection, workers, "cpu"
        self._blocks = _blocks(selection.chosen, min(max(block, BLOCK[0]), BLOCK[1]))
        self._decode = _Decoder(selection, prepare)
        self._loader: DataLoader[Arrays | InputError] | None = None
        self._split(seed)
        self.copies = self._check(prepare)
        if copies_together and self.copies.number:
            self._split(seed, self.copies.keys())
            self._check(prepare)

    def _split(self, seed: int, keys: Tensor | None = None) -> None:
        number = len(self._selection)
        split = split_indices(number, seed, keys)
        self.sizes = {name: len(rows) for name, rows in split._asdict().items()}
        self._ranks = torch.empty(number, dtype=torch.int64)
        self._ranks[torch.cat(split)] = torch.arange(number)

    def _check(self, prepare: Prepare) -> Copies:
        """One pass over all jets: their weights and copies, and those that are kept in memory."""
        training, validation, _ = self.sizes.values()
        sample, validated = _Kept(0, min(training, SAMPLE)), _Kept(training, training + validation)
        validated.stop = min(validated.stop, validated.start + VALIDATED)
        copies = Copies()
        weights = torch.zeros(3, dtype=torch.float64)
        self.number = self.slots = 0
        for cloud in self._selection.chunks(CHUNK):
            rows = slice(self.number, self.number + len(cloud))
            cloud = prepare(cloud, self.number)
            copies.add(cloud)
            ranks = self._ranks[rows]
            sample.add(cloud, ranks)
            validated.add(cloud, ranks)
            own = cloud.weights.double()
            weights += torch.stack([own.sum(), own[ranks < training].sum(), (own != 1).sum()])
            self.slots = max(self.slots, cloud.mask.shape[1])
            self.number += len(cloud)
        self._selection.require_weight(weights[:1])
        self.weight, self.mean_weight = float(weights[0]), float(weights[1]) / training
        self.weighted = bool(weights[2])
        self._sample: ParticleCloud | None = sample.cloud()
        self.validation = validated.cloud()
        return copies

    def to(self, device: str) -> Self:
        self._device = device
        self._sample = None  # it was for the construction of the model
        self.validation = self.validation.to(device)
        return self

    def sample(self) -> ParticleCloud:
        if self._sample is None:
            self._sample = ParticleCloud.concatenate(list(self.chunks(SAMPLE)))
        return self._sample

    def chunks(self, most: int | None = None) -> Iterator[ParticleCloud]:
        requests = self._requests(range(len(self._blocks)), most)
        yield from self._joined(requests, CHUNK)

    def pools(self, generator: torch.Generator) -> Iterator[ParticleCloud]:
        blocks: Iterable[int] = range(len(self._blocks))
        if self.sizes["training"] > POOL:
            blocks = torch.randperm(len(self._blocks), generator=generator).tolist()
        yield from self._joined(self._requests(blocks), POOL, together=True)

    def _requests(self, blocks: Iterable[int], most: int | None = None) -> Iterator[Request]:
        """The training jets of these blocks whose rank is below ``most``."""
        stop = self.sizes["training"] if most is None else min(most, self.sizes["training"])
        for number in blocks:
            file, start, offset, size = self._blocks[number]
            ranks = self._ranks[offset : offset + size]
            wanted = ranks < stop
            if bool(wanted.any()):
                numbers = self._selection.chosen[file][start : start + size]
                yield Request(file, numbers[wanted].numpy(), ranks[wanted].numpy())

    def _joined(
        self, requests: Iterator[Request], size: int, *, together: bool = False
    ) -> Iterator[ParticleCloud]:
        """Clouds of at least ``size`` jets (the last has fewer), sorted by rank.

        With ``together`` every process of a training reads its part of the requests of a cloud, and
        receives the jets of the others.
        """
        count, own = (processes.count(), processes.index()) if together else (1, 0)
        ahead, groups = tee(_groups(requests, size))
        decoded = self._decoded(request for group in ahead for request in group[own::count])
        for group in groups:
            shares = [group[k::count] for k in range(count)]
            read = [next(decoded) for _ in shares[own]]
            if count > 1:
                numbers = [sum(len(request.ranks) for request in share) for share in shares]
                read = _gathered([self.validation[:0].to("cpu"), *read], numbers, self._device)
            ranks = np.concatenate([request.ranks for share in shares for request in share])
            joined = ParticleCloud.concatenate(read)
            yield joined[torch.from_numpy(ranks).argsort()].to(self._device)
        deque(decoded, maxlen=0)  # the pass of the workers has an end, too

    def _decoded(self, requests: Iterator[Request]) -> Iterator[ParticleCloud]:
        """The jets of each request, read by the workers if there are any."""
        if not self._workers:
            for request in requests:
                yield self._decode.cloud(request)
            return
        if self._loader is None:
            self._loader = self._started()
        self._loader.sampler.requests = requests  # type: ignore[attr-defined]
        try:
            for found in self._loader:
                if isinstance(found, InputError):
                    raise found
                yield cloud_of(found)
        except RuntimeError as error:
            if "DataLoader worker" not in str(error):
                raise
            raise ChildProcessError(
                f"a process that reads jets died ({str(error).splitlines()[0]}); check the memory, "
                "or try fewer `data_workers`"
            ) from error

    def _started(self) -> DataLoader[Arrays | InputError]:
        """Processes that hold the files' names and read ahead as much as one pool."""
        per_block = max(1, self.sizes["training"] // len(self._blocks))
        return DataLoader(
            self._decode,
            batch_size=None,
            sampler=_Requests(),
            num_workers=self._workers,
            collate_fn=_as_it_is,
            multiprocessing_context="spawn",
            persistent_workers=True,
            prefetch_factor=math.ceil(POOL / per_block / self._workers),
            generator=torch.Generator(),  # not the global one, which is that of the training
        )


def first_jets(
    selection: Selection,
    prepare: Prepare,
    seed: int,
    name: str,
    most: int,
    *,
    copies_together: bool,
) -> ParticleCloud:
    """The first jets of a set of the split that :class:`StreamedJets` makes, at most ``most``.

    Every file is read once, and once more where copies are kept together; no other jets are kept.

    Args:
        selection, prepare, seed, copies_together: as for :class:`StreamedJets`.
        name: ``training``, ``validation`` or ``test``.
        most: how many.

    Raises:
        InputError: when a file is damaged.
    """
    keys = None
    if copies_together:
        copies = Copies()
        for cloud, _ in _all(selection, prepare):
            copies.add(cloud)
        keys = copies.keys()
    rows = getattr(split_indices(len(selection), seed, keys), name)[:most]
    places = torch.full((len(selection),), -1)
    places[rows] = torch.arange(len(rows))
    kept = _Kept(0, len(rows))
    for cloud, start in _all(selection, prepare):
        kept.add(cloud, places[start : start + len(cloud)])
    return kept.cloud()


def _all(selection: Selection, prepare: Prepare) -> Iterator[tuple[ParticleCloud, int]]:
    """All jets in clouds, each with the number of its first jet."""
    start = 0
    for cloud in selection.chunks(CHUNK):
        yield prepare(cloud, start), start
        start += len(cloud)


def _groups(requests: Iterator[Request], size: int) -> Iterator[list[Request]]:
    """Requests of at least ``size`` jets (the last of fewer)."""
    group: list[Request] = []
    for request in requests:
        group.append(request)
        if sum(len(request.ranks) for request in group) >= size:
            yield group
            group = []
    if group:
        yield group


def _gathered(read: list[ParticleCloud], numbers: list[int], device: str) -> list[ParticleCloud]:
    """The jets that all processes have read, one process after the other.

    Args:
        read: clouds of this process, all with the same slots.
        numbers: how many jets each process has read.
        device: where processes exchange tensors.
    """
    own = ParticleCloud.concatenate(read)
    tensors: dict[str, list[Tensor]] = {}
    for name in ("particles", "mask", "conditions", "weights"):
        values: Tensor = getattr(own, name).to(device)
        sent = values.new_zeros(max(numbers), *values.shape[1:], dtype=_sendable(values))
        sent[: len(values)] = values
        tensors[name] = [torch.empty_like(sent) for _ in numbers]
        distributed.all_gather(tensors[name], sent)
        tensors[name] = [t.to(values.dtype) for t in tensors[name]]
    return [
        own._moved(**{name: parts[k][:number] for name, parts in tensors.items()})
        for k, number in enumerate(numbers)
    ]


def _sendable(values: Tensor) -> torch.dtype:
    return torch.uint8 if values.dtype == torch.bool else values.dtype


class _Kept:
    """Jets whose ranks are from ``start`` to ``stop - 1``, collected in their order."""

    def __init__(self, start: int, stop: int) -> None:
        self.start, self.stop = start, stop
        self._clouds: list[ParticleCloud] = []
        self._ranks: list[Tensor] = []

    def add(self, cloud: ParticleCloud, ranks: Tensor) -> None:
        rows = (ranks >= self.start) & (ranks < self.stop)
        self._clouds.append(cloud[rows])
        self._ranks.append(ranks[rows])

    def cloud(self) -> ParticleCloud:
        joined = ParticleCloud.concatenate(self._clouds)
        self._clouds.clear()
        return joined[torch.cat(self._ranks).argsort()]


class _Decoder(Dataset[Arrays | InputError]):
    """Reads and prepares the jets of a request, with files of its own in each process."""

    def __init__(self, selection: Selection, prepare: Prepare) -> None:
        self.selection, self.prepare = selection, prepare

    def cloud(self, request: Request) -> ParticleCloud:
        return self.prepare(self.selection.rows(request.file, torch.from_numpy(request.numbers)))

    def __getitem__(self, request: Request) -> Arrays | InputError:
        try:
            return arrays_of(self.cloud(request))
        except InputError as error:
            return error


class _Requests(Sampler[Request]):
    """What is to be read in the next pass."""

    requests: Iterator[Request] = iter(())

    def __iter__(self) -> Iterator[Request]:
        return self.requests


def _as_it_is(found: Any) -> Any:
    return found


def _blocks(chosen: list[Tensor], size: int) -> list[tuple[int, int, int, int]]:
    """Blocks of neighbouring jets: file, start among the chosen of it and of all, and number."""
    found = []
    offset = 0
    for file, numbers in enumerate(chosen):
        sizes = (numbers // size).unique_consecutive(return_counts=True)[1].tolist()
        start = 0
        for jets in sizes:
            found.append((file, start, offset + start, jets))
            start += jets
        offset += len(numbers)
    return found
