"""What every file format offers: how it is recognised, and how its jets are read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from jetgen.cloud import ParticleCloud
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
        """What the file says about itself (command, seed, versions, ...)."""

    @abstractmethod
    def __len__(self) -> int:
        """The number of jets ``J``."""

    @abstractmethod
    def types(self) -> Tensor:
        """``(J,)`` type index of each jet, -1 where it is not known."""

    @abstractmethod
    def read(self, start: int, stop: int) -> ParticleCloud:
        """Jets ``start`` to ``stop - 1`` as they are in the file, values unchecked."""

    @property
    def unread(self) -> dict[str, str]:
        """What of the file cannot be read: the name of each column, and the reason."""
        return {}

    def mapped(self, chosen: Mapping[str, str]) -> None:
        """Take the columns that ``chosen`` names for the momenta and jets, where there is a choice.

        Raises:
            InputError: when the format says itself what its columns are.
        """
        if chosen:
            raise InputError(
                f"{self.path}: expected no map, since the names of its columns are published; "
                "leave out `map`"
            )

    def narrowed(self, columns: Sequence[str], conditions: Sequence[str]) -> None:  # noqa: B027
        """Say which columns will be looked at; containers then read no others."""

    def close(self) -> None:  # noqa: B027
        """Give back what is open; reading opens it again."""

    def faults(self, start: int, stop: int) -> dict[str, Tensor]:
        """Oddities that :meth:`read` does not show: a name, and the jets ``(B,)`` that have it."""
        return {}


@dataclass(frozen=True)
class Format:
    """One file format: its name, a line about it, and the functions that know it.

    Args:
        name: a short name.
        description: what a file of this format holds, in a few words for error messages.
        matches: whether the content of a file (never its name) is of this format.
        open: the :class:`Source` of a file; its second argument names the class of the jets
            where the file itself cannot tell.
        works: what to cite for data in this format, as for other components.
        general: whether it is a container of any columns; these are tried last.
    """

    name: str
    description: str
    matches: Callable[[Path], bool]
    open: Callable[[Path, str | None], Source]
    works: tuple[Any, ...] = ()
    general: bool = False
