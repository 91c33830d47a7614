"""The trained models that come with jetgen: a folder for each, with options, weights and a card.

Such a folder is that of a run, without what only training needs, and has ``card.json`` beside it:
what the model is for, how it was made, how good and how fast it is. The names of models are those
of the folders. A folder ``jets...`` holds a model of several classes; the same name with a class
in place of ``jets`` is the same model with its jets of that class, and ``jets...`` itself makes all
classes in the shares of the training.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from jetgen.errors import InputError

FOLDER = Path(__file__).parent

ALL = "jets"
"""The beginning of the name of a model of several classes."""


class Shipped(NamedTuple):
    """A model that comes with jetgen.

    Args:
        name: as users write it.
        folder: where its files are.
        jet_type: the only class of its jets, where its name has one.
    """

    name: str
    folder: Path
    jet_type: str | None

    @property
    def card(self) -> dict[str, Any]:
        """What is known about the model."""
        with self.intact():
            content: dict[str, Any] = json.loads(_card(self.folder).read_text(encoding="utf-8"))
        return content

    @contextmanager
    def intact(self) -> Iterator[None]:
        """Report whatever cannot be done with the card in this block as damage of its file."""
        try:
            yield
        except InputError:
            raise
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise InputError(
                f"{_card(self.folder)}: expected the card of a model, found a damaged file "
                f"({type(error).__name__}: {error}); install jetgen again"
            ) from error


def shipped_models() -> dict[str, Shipped]:
    """All models by their names, those with fewer particles first."""
    found: dict[str, Shipped] = {}
    folders = [path for path in FOLDER.iterdir() if _card(path).is_file()]
    for folder in sorted(folders, key=lambda path: (_number(path.name), path.name)):
        whole = Shipped(folder.name, folder, None)
        found[folder.name] = whole
        with whole.intact():
            classes = list(whole.card["classes"])
            if folder.name.startswith(ALL):
                for jet_type in classes:
                    name = folder.name.replace(ALL, jet_type, 1)
                    found.setdefault(name, Shipped(name, folder, jet_type))
    return found


def _card(folder: Path) -> Path:
    return folder / "card.json"


def _number(name: str) -> int:
    """The number in a name."""
    return int("".join(letter for letter in name if letter.isdigit()) or 0)
