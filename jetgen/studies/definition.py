"""The definition of a study: a question, settings at two scales, and jetgen commands as steps."""

from __future__ import annotations

import itertools
import math
import re
import shlex
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from jetgen.configs import FOLDER
from jetgen.errors import InputError, some
from jetgen.files.option_files import read_yaml
from jetgen.registry import is_allowed, is_path

DEFINITION = "study.yaml"
SHIPPED = FOLDER / "studies"
_OUTPUT_FLAGS = ("--run", "--output")
MOST_STEPS = 10_000
"""Largest number of combinations of the values of one step."""

_SOURCES = ("simulate", "fetch", "cluster")
"""Commands that make the jets of a study, in whose place a user can give a file."""


@dataclass(frozen=True)
class Step:
    """One jetgen command and the file or folder that it makes."""

    words: tuple[str, ...]
    makes: Path

    def needs(self, other: Step) -> bool:
        """Whether an argument of this command is the output of ``other``, or a path in it."""
        made = other.makes.as_posix()
        return any(
            part == made or part.startswith(made + "/")
            for word in self.words
            for part in word.split("=")
        )


@dataclass(frozen=True)
class Study:
    """A study at one scale, its steps in order.

    Attributes:
        name: the name of the folder, and of the module in ``jetgen.studies``.
        title: the study in one line.
        question: the question that it answers.
        source: the published work that it follows.
        settings: the values that its steps and its conclusion use.
        definition: the folder with ``study.yaml``.
        folder: the folder for all outputs.
        steps: the commands.
        given: the user's files, by the names of the files that they replace.
    """

    name: str
    title: str
    question: str
    source: str
    settings: Mapping[str, Any]
    definition: Path
    folder: Path
    steps: tuple[Step, ...]
    given: Mapping[str, Path] = field(default_factory=dict)

    @property
    def shipped(self) -> bool:
        """Whether the study comes with jetgen, and so with a module that judges its claims."""
        return self.definition.resolve().parent == SHIPPED.resolve()

    def file(self, name: str) -> Path:
        """The file ``NAME.h5`` of jets: the user's if one is given, else the output of a step."""
        return self.given.get(name, self.folder / f"{name}.h5")


def find(name: str) -> Path:
    """The folder of a study, given its name or path.

    Raises:
        InputError: when there is no such study.
    """
    for folder in (Path(name), SHIPPED / name):
        if (folder / DEFINITION).is_file():
            return folder
    known = {path.parent.name for path in SHIPPED.glob(f"*/{DEFINITION}")}
    raise InputError(
        f"{name}: expected a study among {some(sorted(known))}, or a folder with a {DEFINITION}"
    )


def define(
    definition: Path, folder: Path, *, quick: bool, changed: Mapping[str, str] | None = None
) -> Study:
    """The study of a folder, with the settings inserted into its steps.

    ``study.yaml`` has ``title``, ``question``, ``source``, ``settings`` with the mappings
    ``full`` and ``quick``, and ``steps``. A step is the text of a jetgen command, in which
    ``{folder}``, ``{study}`` and ``{SETTING}`` are replaced; or a mapping of ``run`` to such a
    text and ``for`` to the values of further names, or to the setting that lists them, with one
    command for every combination.
    The option ``run`` or ``output`` of a command names its output.

    Args:
        definition: the folder with ``study.yaml``.
        folder: the folder for all outputs.
        quick: whether to use the small scale.
        changed: values of settings, as texts, that replace those of this scale; or a file for
            the name of one that a step simulates or fetches, which then takes its place.

    Raises:
        InputError: when the file has another form, or a changed setting or file does not exist.
    """
    path = definition / DEFINITION
    try:
        content = read_yaml(path)
        scale = content["settings"]["quick" if quick else "full"]
        texts = changed or {}
        settings = _changed(scale, {k: v for k, v in texts.items() if k in scale})
        known = {"folder": folder.as_posix(), "study": definition.as_posix(), **settings}
        steps = [
            _step(words, {**known, **values})
            for entry in content["steps"]
            for words, values in _expanded(entry, settings)
        ]
        given = _given(steps, {k: v for k, v in texts.items() if k not in scale}, scale)
        return Study(
            name=definition.resolve().name,
            title=content["title"],
            question=content["question"],
            source=content["source"],
            settings=settings,
            definition=definition,
            folder=folder,
            steps=_with_files(steps, folder, given),
            given=given,
        )
    except InputError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(
            f"{path}: expected title, question, source, settings (full, quick) and steps; "
            f"{type(error).__name__}: {error}"
        ) from error


def _changed(settings: Mapping[str, Any], changed: Mapping[str, str]) -> dict[str, Any]:
    """The settings with changed values, each converted to the type of the value it replaces."""
    values = dict(settings)
    for name, text in changed.items():
        try:
            value, present = yaml.safe_load(text), settings[name]
        except (yaml.YAMLError, ValueError) as error:
            raise InputError(f"set: expected {name}=VALUE in YAML, received {text!r}") from error
        if type(value) is not type(present):
            raise InputError(
                f"set: expected {name}=VALUE with a value like {present!r}, received {text!r}"
            )
        values[name] = value
    return values


def _given(
    steps: Sequence[Step], texts: Mapping[str, str], settings: Mapping[str, Any]
) -> dict[str, Path]:
    """The user's files by the names of the files of the study that they replace."""
    made = [step.makes.stem for step in steps if step.words[0] in _SOURCES]
    given = {}
    for name, text in texts.items():
        if name not in made:
            raise InputError(
                f"set: expected a setting among {some(settings)}, or a file of jets among "
                f"{some(made)}, received {name!r}"
            )
        given[name] = Path(text)
        if not given[name].is_file():
            raise InputError(f"set: expected a file of jets for {name}, found none at {text}")
    return given


def _with_files(steps: Sequence[Step], folder: Path, given: Mapping[str, Path]) -> tuple[Step, ...]:
    """The steps without those that would make a given file, which the others read instead."""
    places = {(folder / f"{name}.h5").as_posix(): path for name, path in given.items()}

    def replaced(word: str) -> str:
        return "=".join(str(places.get(part, part)) for part in word.split("="))

    return tuple(
        Step(tuple(map(replaced, step.words)), step.makes)
        for step in steps
        if step.makes.as_posix() not in places
    )


def _expanded(
    entry: str | Mapping[str, Any], settings: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(entry, str):
        yield entry, {}
        return
    ranges = {
        name: settings[values] if isinstance(values, str) else values
        for name, values in entry["for"].items()
    }
    number = math.prod(len(values) for values in ranges.values())
    if number > MOST_STEPS:
        raise InputError(
            f"{DEFINITION}: expected at most {MOST_STEPS:,} commands of a step, received {number:,}"
        )
    for values in itertools.product(*ranges.values()):
        yield entry["run"], dict(zip(ranges, values, strict=True))


def _step(words: str, values: Mapping[str, Any]) -> Step:
    try:
        _require_plain_names(words)
        split = tuple(shlex.split(words.format_map(values)))
    except ValueError as error:
        raise InputError(
            f"{DEFINITION}: expected a command with names of settings in braces, received "
            f"{words!r}: {error}"
        ) from error
    made = [split[i + 1] for i, word in enumerate(split[:-1]) if word in _OUTPUT_FLAGS]
    if len(made) != 1:
        raise InputError(
            f"{' '.join(split)}: expected a step of a study to name its output by one of "
            f"{', '.join(_OUTPUT_FLAGS)}, found {len(made)}"
        )
    for word in split:
        _require_harmless(word)
    return Step(split, Path(made[0]))


def _require_plain_names(words: str) -> None:
    """Check that a text has only names in its braces, such as ``{jets}``.

    Raises:
        ValueError: otherwise, such as for ``{jets.real}``, ``{0}`` or ``{jets:>10}``.
    """
    for _, name, spec, conversion in string.Formatter().parse(words):
        if name is not None and (spec or conversion or not name.isidentifier()):
            raise ValueError(f"expected a name in braces, received {name!r} and formatting")


def _require_harmless(word: str) -> None:
    """Refuse an argument that would make a command import a module the user has not allowed."""
    for part in re.split(r"[=,+]", word):
        if part == "--plugin" or (is_path(part) and not is_allowed(part)):
            raise InputError(
                f"{DEFINITION}: expected installed components, received {word}; if you trust the "
                "study, allow the module with `jetgen.registry.allow('package.module')`"
            )
