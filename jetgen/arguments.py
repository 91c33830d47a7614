"""Functions of clouds or tensors that also take what users have in their place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from inspect import signature
from numbers import Number
from os import PathLike
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from jetgen.cloud import CARTESIAN, RELATIVE, Feature, ParticleCloud
from jetgen.conversion import (
    as_tensor,
    from_awkward,
    is_awkward,
    is_table,
    takes_map,
    to_cloud,
    with_momenta,
)
from jetgen.errors import InputError, some

R = TypeVar("R")


def takes_sets(function: Callable[..., R]) -> Callable[..., R]:
    """A function of clouds of jets that also takes arrays in their place, with a mask or without.

    Clouds with other names or another order of the momenta (``E, px, py, pz``; ``pt, eta, phi``)
    are converted.

    >>> count = takes_sets(lambda cloud: cloud.multiplicity)
    >>> count(np.ones((2, 5, 3))), count(torch.ones(1, 2, 3), torch.tensor([[True, False]]))
    (tensor([5, 5]), tensor([1]))
    """

    sets = len(_needed(function))

    @wraps(function)
    def taking(*values: Any, **options: Any) -> R:
        _require_data(function.__name__, values[:sets])
        places = [
            i
            for i, value in enumerate(values)
            if (_is_array(value) and not _is_mask(value))
            or (i < sets and (isinstance(value, list) or is_table(value)))
        ]
        clouds = []
        for i, value in enumerate(values):
            if i in places:
                mask = values[i + 1] if i + 1 < len(values) and _is_mask(values[i + 1]) else None
                clouds.append(to_cloud(value, mask))
            elif not _is_mask(value):
                clouds.append(with_momenta(value) if isinstance(value, ParticleCloud) else value)
        return function(*clouds, **options)

    return taking


def takes_arrays(function: Callable[..., R]) -> Callable[..., R]:
    """A function of tensors that also takes arrays, and a cloud in place of points and mask.

    The mask ``x_mask`` of points ``x`` may be omitted: slots of zeros are padding then, as in
    :func:`jetgen.from_numpy`. Of clouds with different features those that all of them have are
    taken, if these are momenta: ``px, py, pz`` of ``px, py, pz`` and ``px, py, pz, E``.

    >>> count = takes_arrays(lambda x, x_mask: x_mask.sum(1))
    >>> count(np.ones((1, 2, 3)), np.array([[True, False]])), count(np.ones((1, 2, 3)))
    (tensor([1]), tensor([2]))
    """

    masked = any("mask" in name for name in signature(function).parameters)
    needed = _needed(function)

    @wraps(function)
    def taking(*values: Any, **options: Any) -> R:
        _require_data(function.__name__, values)
        given = [from_awkward(value) if takes_map(value) else value for value in values]
        clouds = [value for value in given if isinstance(value, ParticleCloud)]
        if clouds and not masked:
            raise InputError(
                f"{function.__name__}: expected arrays of numbers, received a cloud; pass a value "
                "per jet, such as jets.mass or jetgen.physics.measure(jets).observables['girth']"
            )
        common = _common_features(clouds)
        tensors: list[Any] = []
        for value in given:
            if isinstance(value, ParticleCloud):
                tensors += [_particles_of(value, common), value.mask]
            else:
                tensors.append(as_tensor(value) if _is_plain(value) else value)
        named = {
            name: as_tensor(value, name) if _is_plain(value) else value
            for name, value in options.items()
        }
        if len(tensors) + len(named.keys() & needed) < len(needed):
            tensors, named = _with_masks(needed, tensors, named)
        return function(*tensors, **named)

    return taking


_MASK = "_mask"
"""The end of the name of a mask; before it stands that of its points."""


def _with_masks(
    names: Sequence[str], values: Sequence[Any], named: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments by their names, and masks for points without one; as they are if it fails."""
    rest, filled = list(values), dict(named)
    for name in (name for name in names if name not in named):
        points = filled.get(name.removesuffix(_MASK)) if name.endswith(_MASK) else None
        if isinstance(points, Tensor) and not (rest and _is_mask(rest[0])):
            filled[name] = (points != 0).any(-1)
        elif rest:
            filled[name] = rest.pop(0)
    return ([], filled) if not rest else (list(values), dict(named))


def _needed(function: Callable[..., Any]) -> list[str]:
    """The names of the arguments without a default."""
    parameters = signature(function).parameters
    return [name for name, each in parameters.items() if each.default is each.empty]


def _is_plain(value: Any) -> bool:
    """Whether it is an array of numbers that is no tensor."""
    return isinstance(value, np.ndarray | list)


def _require_data(function: str, values: Sequence[Any]) -> None:
    """Refuse the name of a file, a number, or nothing at all, in place of jets.

    Raises:
        InputError: with what to do.
    """
    for value in values:
        if value is None or isinstance(value, str | PathLike | Number):
            raise InputError(
                f"{function}: expected a cloud, tensors or arrays, received {value!r}; "
                "jetgen.read reads a file"
            )


def _common_features(clouds: Sequence[ParticleCloud]) -> tuple[Feature, ...]:
    """The features that all clouds have.

    Raises:
        InputError: when they differ and are no momenta.
    """
    every = [cloud.features for cloud in clouds]
    common = tuple(f for f in every[0] if all(f in each for each in every)) if every else ()
    momenta = (CARTESIAN, RELATIVE)
    if len(set(every)) > 1 and not any(set(known) <= set(common) for known in momenta):
        received = " and ".join(some(map(str, each)) for each in every)
        raise InputError(
            f"features: expected the same of both clouds, received {received}; "
            "jetgen.physics.to_cartesian and to_relative convert jets"
        )
    return common


def _particles_of(cloud: ParticleCloud, features: tuple[Feature, ...]) -> Tensor:
    if cloud.features == features:
        return cloud.particles
    return torch.stack([cloud.feature(feature.name) for feature in features], dim=-1)


def _is_array(value: Any) -> bool:
    return isinstance(value, Tensor | np.ndarray) or is_awkward(value)


def _is_mask(value: Any) -> bool:
    return isinstance(value, Tensor | np.ndarray) and str(value.dtype).endswith("bool")
