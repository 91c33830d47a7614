"""Check of the values that the user fixes for all generated jets."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress

from jetgen.config.train import MULTIPLICITY, TrainConfig
from jetgen.errors import InputError, InputWarning, did_you_mean, some
from jetgen.physics.classes import class_index
from jetgen.priors.jets import JetDistribution

NEVER_NEGATIVE = ("pt", "ptrel", "p", "mass", "energy", "E", "multiplicity", "tau21")
"""Quantities without negative values; a number after an underscore (``pt_1``) does not count."""


FARTHEST = 10.0
"""Distance from the training jets, in units of their range or largest value, that is refused."""


def fixed_values(
    fix: Mapping[str, float | str], jets: JetDistribution, config: TrainConfig
) -> dict[str, float]:
    """The values as numbers; the value of ``type`` may be the name of a class.

    Args:
        fix: values by name of the model's conditions, or ``n``.
        jets: the training jets.
        config: the options of the training.

    Raises:
        InputError: for a name that is not a condition of the model, a class that is not in the
            training jets, or a value that is not a number, that no jet can have, or that is far
            from those of the training jets.

    Warns:
        InputWarning: when a value lies outside the range of the training jets.
    """
    known = jets.known()
    if config.multiplicity == "latent":
        known.pop(MULTIPLICITY)
    values = {}
    for name, given in fix.items():
        if name not in known:
            remedy = did_you_mean(name, known) or (
                f"; train with `jetgen.train(..., condition={name!r})`"
            )
            if not known:
                raise InputError(
                    f"fix: expected a model that was trained with conditions, received {name!r} "
                    f"for one without any{remedy}"
                )
            raise InputError(
                f"fix: expected a name among {some(known)}, which the model was trained "
                f"with, received {name!r}{remedy}"
            )
        if name == "type":
            present = {int(k) for k in known[name].unique()}
            own = [text.partition(":")[0].strip() for text in config.classes]
            number = own.index(str(given)) if given in own else given
            values[name] = _class(number, present, config.kind.class_name)
            continue
        values[name] = _number(name, given)
        if name == MULTIPLICITY and not (
            values[name].is_integer() and 1 <= values[name] <= config.particles
        ):
            raise InputError(
                f"fix['n']: expected a whole number from 1 to {config.particles}, received {given}"
            )
        if values[name] < 0 and name.split("_")[0] in NEVER_NEGATIVE:
            raise InputError(
                f"fix[{name!r}]: expected zero or more, as all {name} are, received {given}"
            )
        low, high = float(known[name].min()), float(known[name].max())
        beyond = max(low - values[name], values[name] - high)
        if beyond > FARTHEST * max(high - low, abs(low), abs(high), 1.0):
            raise InputError(
                f"fix[{name!r}]: expected a value near those of the training jets, from {low:.6g} "
                f"to {high:.6g}, received {values[name]:.6g}"
            )
        if not low <= values[name] <= high:
            warnings.warn(
                f"fix[{name!r}]: the training jets have values from {low:.6g} to {high:.6g}, "
                f"received {values[name]:.6g}; the model has to extrapolate",
                InputWarning,
                stacklevel=3,
            )
    return values


def _number(name: str, given: float | str) -> float:
    try:
        value = float(given)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"fix[{name!r}]: expected a number, received {given!r}")
    return value


def _class(given: float | str, present: set[int], name_of: Callable[[int], str]) -> float:
    index = _index(given)
    if index is None or index not in present:
        names = [name_of(kind) for kind in sorted(present)]
        received = str(given) if index is None else name_of(index)
        raise InputError(
            f"fix['type']: expected a class of the training jets ({some(names)}), received "
            f"{received}{did_you_mean(received, names)}"
        )
    return float(index)


def _index(given: float | str) -> int | None:
    """The type index of a number or a name, or none for a name that is no class."""
    try:
        number = float(given)
    except ValueError:
        with suppress(InputError):
            return class_index(str(given))
        return None
    return int(number) if number.is_integer() else None
