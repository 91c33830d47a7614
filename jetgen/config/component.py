"""What the components of a training declare about themselves, on their classes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from jetgen.config.option import named_values, require, validate, value_of
from jetgen.errors import some

if TYPE_CHECKING:
    from jetgen.config.train import TrainConfig


class Component:
    """The base of encoders, decoders, objectives, losses and priors."""

    works: tuple[Any, ...] = ()
    """What to cite: keys of :mod:`jetgen.citing.bibliography`, or a
    :class:`~jetgen.citing.bibliography.Work` if the bibliography does not list it."""

    Options: ClassVar[type | None] = None
    """A dataclass of the component's own options, declared with
    :func:`jetgen.config.option.option`; they are given as ``encoder_option=["NAME=VALUE"]`` (and
    so on) and passed to the constructor by name."""

    @classmethod
    def further_works(cls, config: TrainConfig) -> dict[str, tuple[str, ...]]:
        """What to cite for training options of the component, by the reason for the citation."""
        return {}

    @classmethod
    def check(cls, config: TrainConfig) -> None:
        """Refuse the options that the component cannot be combined with.

        Raises:
            InputError: for such an option.
        """

    @classmethod
    def own_options(cls, name: str, texts: Sequence[str]) -> dict[str, Any]:
        """The values of the component's own options.

        Args:
            name: the training option that holds them, such as ``encoder_option``.
            texts: ``NAME=VALUE``, each name once.

        Raises:
            InputError: for an option that the component does not have, or an unsuitable value.
        """
        given = named_values(name, texts)
        if cls.Options is None:
            require(not given, name, f"none with {cls.__name__}, which has no options", list(texts))
            return {}
        known = {field.name: field for field in dataclasses.fields(cls.Options)}
        for key in given:
            require(key in known, name, f"NAME=VALUE with a name among {some(known)}", key)
        return cls.filled_options(
            {key: value_of(cls.Options, key, text, name) for key, text in given.items()}
        )

    @classmethod
    def filled_options(cls, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The component's own options: the given values, and defaults for all others.

        Raises:
            InputError: for a value out of its range.
        """
        if cls.Options is None:
            return {}
        options = cls.Options(**(given or {}))
        validate(options)
        return dataclasses.asdict(options)
