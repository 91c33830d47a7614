"""Sources whose errors are all :class:`InputError`: one line for any error of a library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.datasets.formats.source import Source
from jetgen.errors import InputError

MOST_SLOTS = 100_000
"""Largest number of particles per jet that is supported."""


@contextmanager
def as_input_errors(path: Path) -> Iterator[None]:
    """Convert every exception raised while reading this file to :class:`InputError`."""
    try:
        yield
    except (InputError, Warning):
        raise
    except MemoryError as error:
        raise InputError(
            f"{path}: expected data that fit into memory, received more ({error}); read fewer jets"
        ) from error
    except Exception as error:  # damaged files raise KeyError, struct.error and many others
        message = " ".join(str(error).split())
        raise InputError(
            f"{path}: expected a complete file, received one that cannot be read "
            f"({type(error).__name__}: {message[:200]}); it is cut short or damaged: fetch or make "
            "it again"
        ) from error


class GuardedSource(Source):
    """A source that raises only :class:`InputError`."""

    def __init__(self, inner: Source) -> None:
        super().__init__(inner.path)
        self.inner = inner

    @property
    def slots(self) -> int:
        with as_input_errors(self.path):
            slots = self.inner.slots
        if slots > MOST_SLOTS:
            raise InputError(
                f"{self.path}: expected at most {MOST_SLOTS:,} particles per jet, received "
                f"{slots:,}; is this a file of jets?"
            )
        return slots

    @property
    def attributes(self) -> dict[str, Any]:
        with as_input_errors(self.path):
            return self.inner.attributes

    @property
    def block(self) -> int | None:
        with as_input_errors(self.path):
            return self.inner.block

    @property
    def unread(self) -> dict[str, str]:
        with as_input_errors(self.path):
            known = {*self.inner.categories, *self.inner.labels}
            return {k: reason for k, reason in self.inner.unread.items() if k not in known}

    @property
    def categories(self) -> Mapping[str, Sequence[str]]:
        with as_input_errors(self.path):
            return self.inner.categories

    def with_categories(self, words: Mapping[str, Sequence[str]]) -> None:
        self.inner.with_categories(words)

    @property
    def names(self) -> list[str]:
        with as_input_errors(self.path):
            return self.inner.names

    def doubts(self, cloud: ParticleCloud) -> list[str]:
        with as_input_errors(self.path):
            return self.inner.doubts(cloud)

    def __len__(self) -> int:
        with as_input_errors(self.path):
            return len(self.inner)

    def types(self) -> Tensor:
        with as_input_errors(self.path):
            return self.inner.types()

    def read(self, start: int, stop: int) -> ParticleCloud:
        with as_input_errors(self.path):
            return self.inner.read(start, stop)

    def faults(self, start: int, stop: int) -> dict[str, Tensor]:
        with as_input_errors(self.path):
            return self.inner.faults(start, stop)

    def mapped(self, chosen: Mapping[str, str]) -> None:
        with as_input_errors(self.path):
            self.inner.mapped(chosen)

    def narrowed(self, columns: Sequence[str], conditions: Sequence[str]) -> None:
        self.inner.narrowed(columns, conditions)

    def close(self) -> None:
        self.inner.close()
