"""Base classes of file formats: recognition of files, and reading of jets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.datasets.faults import doubtful_unit
from jetgen.errors import InputError


class Source(ABC):
    """The jets of one file: opened on first use, and picklable for data-loading workers."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @property
    @abstractmethod
    def slots(self) -> int:
        """The number of particle slots ``N`` of each jet."""

    @property
    @abstractmethod
    def attributes(self) -> dict[str, Any]:
        """Metadata of the file (command, seed, versions, ...)."""

    @abstractmethod
    def __len__(self) -> int:
        """The number of jets ``J``."""

    @abstractmethod
    def types(self) -> Tensor:
        """``(J,)`` type index of each jet, -1 if unknown."""

    @abstractmethod
    def read(self, start: int, stop: int) -> ParticleCloud:
        """Jets ``start`` to ``stop - 1`` from the file; values are not checked."""

    @property
    def block(self) -> int | None:
        """Jets that are best read together; ``None`` if reading some means reading the file."""
        return None

    @property
    def unread(self) -> dict[str, str]:
        """Names of the columns that cannot be read, and the reasons."""
        return {}

    @property
    def categories(self) -> Mapping[str, Sequence[str]]:
        """The text columns that are read as categories, ``NAME=WORD``, and their words."""
        return {}

    @property
    def labels(self) -> Sequence[str]:
        """The text columns that are read as the classes of jets."""
        return ()

    def with_categories(self, words: Mapping[str, Sequence[str]]) -> None:  # noqa: B027
        """Use these words of text columns, those of all files, in place of those of the file."""

    @property
    def names(self) -> list[str]:
        """The columns of a container, also those that are not used; none for published layouts."""
        return []

    def doubts(self, cloud: ParticleCloud) -> list[str]:
        """Remarks on what the file may be instead, one line each; ``cloud`` are its first jets."""
        unit = doubtful_unit(cloud, "if so, divide the momenta in the file by 1000")
        return [unit] if unit else []

    def mapped(self, chosen: Mapping[str, str]) -> None:
        """Use the columns in ``chosen`` for momenta and jets, if the format has a choice.

        Raises:
            InputError: when the columns are fixed by the format.
        """
        if chosen:
            raise InputError(
                f"{self.path}: expected no map, since the names of its columns are published; "
                "omit `map`"
            )

    def narrowed(self, columns: Sequence[str], conditions: Sequence[str]) -> None:  # noqa: B027
        """Restrict the columns to be used; containers then read no others."""

    def close(self) -> None:  # noqa: B027
        """Close open files; reading opens them again."""

    def faults(self, start: int, stop: int) -> dict[str, Tensor]:
        """Anomalies that :meth:`read` does not show: names, and masks ``(B,)`` of affected jets."""
        return {}


@dataclass(frozen=True)
class Format:
    """One file format: name, description, and functions to detect and open files.

    Args:
        name: a short name.
        description: contents of a file of this format, in a few words for error messages.
        matches: function that tests whether the content of a file (not its name) has this format.
        open: function that returns the :class:`Source` of a file; its second argument is the class
            of the jets, for files that do not contain it.
        works: references to cite for data in this format, as for other components.
        general: whether it is a container of arbitrary columns; these are tried last.
        class_in_name: function that returns the class of the jets as far as the name of the file
            says it.
    """

    name: str
    description: str
    matches: Callable[[Path], bool]
    open: Callable[[Path, str | None], Source]
    works: tuple[Any, ...] = ()
    general: bool = False
    class_in_name: Callable[[Path], str | None] = lambda path: None
