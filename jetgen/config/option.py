"""Declaration of an option: once, as a field of a frozen dataclass, with its help text.

The command line, its help, the YAML files, the defaults and the validation all come from
these declarations (see :mod:`jetgen.cli.parser`).
"""

from __future__ import annotations

import dataclasses
import functools
import math
import numbers
import os
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, field
from pathlib import Path
from typing import Any, Literal

import yaml

from jetgen.errors import InputError, some
from jetgen.files.whole import as_path
from jetgen.registry import Registry, allow, is_path


def whole_text(text: str) -> list[str]:
    """The names in a text that is a single name."""
    return [text]


def option(
    default: Any = MISSING,
    *,
    help: str,
    positional: bool = False,
    alias: str | None = None,
    at_least: float | None = None,
    above: float | None = None,
    below: float | None = None,
    choices: Registry | None = None,
    names: Callable[[str], Iterable[str]] = whole_text,
    ending: str = "",
    section: str = "",
    common: bool = False,
    derived: Callable[[Any], Any] | None = None,
) -> Any:
    """A dataclass field with a help text; without a default it is required.

    A field of type ``list[str]`` takes one or more values, and its flag may be repeated;
    ``tuple[str, ...]`` takes comma-separated names, ``dict[str, str]`` comma-separated
    ``NAME=VALUE``, or a mapping in YAML.

    Args:
        default: the default.
        help: what the option means.
        positional: whether it is given without a flag.
        alias: another name of its flag, for a name that no field can have.
        at_least, above, below: the range of a number; ``None`` as value is always allowed.
        choices: the registry of components that the value names.
        names: function from a value to the component names in it; by default the value is a name.
        ending: the one that the name of a file must have, such as ``.json``.
        section: title under which the help lists this option and those after it.
        derived: function from all options to the value of this one if it is not given (its
            default is then None).
        common: whether the help lists it among the common ones, before all sections.
    """
    metadata = {
        "help": help,
        "positional": positional,
        "alias": alias,
        "at_least": at_least,
        "above": above,
        "below": below,
        "choices": choices,
        "names": names,
        "ending": ending,
        "section": section,
        "common": common,
        "derived": derived,
    }
    if isinstance(default, list | dict):
        return field(default_factory=default.copy, metadata=metadata)
    return field(default=default, metadata=metadata)


WIDEST, DEEPEST = 2**16, 1_000
"""Widths and numbers of layers below which a typing error does not take the memory of a machine."""

LARGEST_COUNT, LARGEST_NUMBER = 2**53, 1e38
"""Numbers that libraries no longer hold, in 64 bits and in single precision."""

WRITTEN = ("output", "run")
"""Options that name what a command writes: no standard output ``-``, no address ``s3://...``."""

SEEDS = 2**32
"""Seeds are below this number, the limit of NumPy and scikit-learn."""


def seed_option(default: int, *, help: str) -> Any:
    """The seed of a command: from 0 to 4,294,967,295 in all of them."""
    return option(default, help=help, at_least=0, below=SEEDS)


def mark_given(config: Any, names: Iterable[str]) -> None:
    """Record which options of ``config`` a user gave, whatever their values."""
    object.__setattr__(config, "_given", frozenset(names))


def given_options(config: Any) -> frozenset[str]:
    """The options that a user gave: those of :func:`mark_given`, which the command line records.

    A ``config`` made in Python does not record which of its values were given; those that
    differ from their defaults count as given.
    """
    differing = frozenset(
        each.name
        for each in dataclasses.fields(config)
        if getattr(config, each.name) != _default(each, config)
    )
    marked: frozenset[str] = getattr(config, "_given", differing)
    return marked


def _default(declared: dataclasses.Field[Any], config: Any) -> Any:
    if declared.metadata["derived"] is not None:
        return declared.metadata["derived"](config)
    return declared.default if declared.default_factory is MISSING else declared.default_factory()


def require(condition: bool, name: str, expected: str, received: object) -> None:
    """Raise :class:`InputError` in the common form when ``condition`` is false."""
    if not condition:
        raise InputError(f"{name}: expected {expected}, received {received!r}")


def validate(config: Any) -> None:
    """Check each option of a dataclass against its declaration: range, choices, components.

    Values are converted to the type of their option (:func:`typed`). Modules of components given
    as ``package.module:Name`` are allowed (:mod:`jetgen.registry`), because options read from
    files have passed :func:`jetgen.config.received.received` before.

    Raises:
        InputError: for a value of another type or out of its range, or an unknown name.
    """
    hints = option_types(config.__class__)
    for entry in dataclasses.fields(config):
        declared = entry.metadata
        value = getattr(config, entry.name)
        if value is None and declared["derived"] is not None:
            value = declared["derived"](config)
        value = typed(entry.name, value, hints[entry.name])
        object.__setattr__(config, entry.name, value)
        if value is None:
            continue
        for condition, expected in _limits(declared):
            require(condition(value), entry.name, expected, value)
        if isinstance(value, int | float):
            most = LARGEST_COUNT if isinstance(value, int) else LARGEST_NUMBER
            require(abs(value) < most, entry.name, f"less than {most:g}", value)
        if declared["ending"]:
            fits = Path(value).suffix.lower() == declared["ending"]
            require(fits, entry.name, f"a name in {declared['ending']}", value)
        if entry.name in WRITTEN:
            require(value != "-", entry.name, "a name, as it is no text for other programs", value)
            as_path(value, entry.name)
        known = _literals(hints[entry.name])
        require(not known or value in known, entry.name, f"one of {some(known)}", value)
    for name, registry, component in named_components(config):
        require(component in registry, name, registry.expected, component)
        if is_path(component):
            allow(component.partition(":")[0])


def typed(name: str, value: Any, hint: Any) -> Any:
    """Convert a value, as Python code and YAML files may write it, to the type of its option.

    Paths become text, and ``~`` in them the user's folder; one text becomes a list of one, a
    mapping a list of ``NAME=VALUE``, names with commas or in a list a tuple, and integers become
    floats where a float is expected.

    Raises:
        InputError: for a value of another type.
    """
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, str):
        value = _from_home(value)
    if hint == list[str]:
        if isinstance(value, Mapping):
            value = [f"{key}={each}" for key, each in value.items()]
        elif isinstance(value, str):
            value = [value]
        elif isinstance(value, list | tuple):
            value = [
                _from_home(os.fspath(each)) if isinstance(each, str | os.PathLike) else each
                for each in value
            ]
        fits = isinstance(value, list) and all(isinstance(each, str) for each in value)
        expected = "text, or a list of texts"
    elif hint == tuple[str, ...]:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        value = tuple(value) if isinstance(value, list) else value
        fits = isinstance(value, tuple) and all(isinstance(each, str) for each in value)
        expected = "names, or a list of names"
    elif hint == dict[str, str]:
        value = dict(value) if isinstance(value, Mapping) else value
        fits = isinstance(value, dict) and all(
            isinstance(text, str) for text in (*value, *value.values())
        )
        expected = "a mapping of names to names"
    else:
        kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        if bool in kinds and type(value).__name__ in ("bool", "bool_"):
            value = bool(value)  # NumPy's
        if not isinstance(value, bool):  # NumPy's numbers are numbers
            if int in kinds and isinstance(value, numbers.Integral):
                value = int(value)
            elif float in kinds and isinstance(value, numbers.Real | str):
                value = _number(value)  # YAML takes 1e-4 for text
        known = _literals(hint)
        literal = bool(known) and value is not None
        absent = value is None and types.NoneType in typing.get_args(hint)
        fits = literal or absent or type(value) in kinds
        expected = f"one of {some(known)}" if known else _named(hint)
        if isinstance(value, float) and not math.isfinite(value):
            fits, expected = False, "a finite number"
    if not fits:
        raise InputError(f"{name}: expected {expected}, received {_shown(value)}")
    return value


def _from_home(text: str) -> str:
    """The text with ``~/`` at its start replaced, which no shell does after an equals sign."""
    return str(Path(text).expanduser()) if text.startswith("~/") else text


def _shown(value: Any) -> str:
    """A value for a message: simple values as they are, for others the type."""
    return repr(value) if isinstance(value, str | int | float) else f"a {type(value).__name__}"


def named_components(config: Any) -> Iterator[tuple[str, Registry, str]]:
    """For each component that the options name: the option, the registry, the component's name."""
    values = {entry.name: getattr(config, entry.name) for entry in dataclasses.fields(config)}
    yield from components_in(type(config), values)


def components_in(options: type, values: Mapping[str, Any]) -> Iterator[tuple[str, Registry, str]]:
    """:func:`named_components` for plain values, before the dataclass of options is built."""
    for entry in dataclasses.fields(options):
        registry, value = entry.metadata.get("choices"), values.get(entry.name)
        if registry is None or value is None:
            continue
        for text in _texts(value):
            for component in entry.metadata["names"](text):
                yield entry.name, registry, component


def _texts(value: Any) -> list[str]:
    """The texts in an option's value, in any of the forms that :func:`typed` accepts."""
    if isinstance(value, Mapping):
        return [f"{key}={each}" for key, each in value.items()]
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return [str(each) for each in (value if isinstance(value, Iterable) else [value])]


def foreign_components(config: Any) -> list[dict[str, str | None]]:
    """The components of other packages that the options name, and the package of each."""
    notes = (registry.note(component) for _, registry, component in named_components(config))
    return [note for note in notes if note is not None]


def value_of(options: type, name: str, text: str, option_name: str) -> Any:
    """Parse the text of one option of a dataclass.

    Raises:
        InputError: for a text that is not a value of the option's type.
    """
    hint = option_types(options)[name]
    if hint is str:
        return text
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        value = text
    if hint is float and type(value) in (int, float, str):
        value = _number(value)
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    known = _literals(hint)
    fits = value in known if known else any(type(value) is kind for kind in kinds)
    expected = f"one of {some(known)}" if known else f"a value of type {_named(hint)}"
    if isinstance(value, float) and not math.isfinite(value):
        fits, expected = False, "a finite number"
    require(fits, option_name, f"{name}= with {expected}", text)
    return value


def refuse(options: Any, refused: Mapping[str, str]) -> None:
    """Raise :class:`InputError` when one of the ``refused`` options has a value.

    Args:
        options: a dataclass of options.
        refused: what is expected instead, by the name of the option.
    """
    for name, expected in refused.items():
        value = getattr(options, name, None)
        require(not value, name, expected, value)


def named_values(option_name: str, texts: Sequence[str]) -> dict[str, str]:
    """The values of ``NAME=VALUE`` texts by their names.

    Raises:
        InputError: for a text of another form, or a repeated name.
    """
    values: dict[str, str] = {}
    for text in texts:
        name, _, value = text.partition("=")
        valid = bool(name and value) and name not in values
        require(valid, option_name, "NAME=VALUE with each name once", text)
        values[name] = value
    return values


option_types: Callable[[type], Mapping[str, Any]] = functools.cache(typing.get_type_hints)
"""The types of the options of a dataclass, by name."""


def _limits(declared: Mapping[str, Any]) -> Iterator[tuple[Callable[[Any], bool], str]]:
    least, above, below = (declared.get(name) for name in ("at_least", "above", "below"))
    if least is not None:
        yield lambda v: v >= least, "zero or more" if least == 0 else f"at least {least:g}"
    if above is not None:
        yield lambda v: v > above, "a positive number" if above == 0 else f"more than {above:g}"
    if below is not None:
        shown = f"{below:,}" if isinstance(below, int) else f"{below:g}"
        yield lambda v: v < below, f"less than {shown}"


def _literals(hint: Any) -> list[str]:
    """The choices of ``Literal[...]`` and of ``Literal[...] | None``."""
    if typing.get_origin(hint) is Literal:
        return [str(choice) for choice in typing.get_args(hint)]
    return [choice for part in typing.get_args(hint) for choice in _literals(part)]


def _number(value: numbers.Real | str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return str(value)
    except OverflowError:
        return math.inf


def _named(hint: Any) -> str:
    return getattr(hint, "__name__", str(hint))
