"""Sets from what users have: NumPy and awkward arrays, and torch tensors.

Arrays without names of features are jets as the JetNet library has them: ``(J, N, 3)`` of
``etarel, phirel, ptrel``, with zeros where padded, or ``(J, N, 4)`` with the mask last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from jetgen.cloud import RELATIVE, Feature, ParticleCloud
from jetgen.errors import InputError, did_you_mean
from jetgen.kinematics import massive
from jetgen.weights import require_some_weight

R = TypeVar("R")

Jets = ParticleCloud | Tensor | NDArray[np.floating]
"""Anything that :func:`to_cloud` takes; awkward arrays too, which have no type of their own."""

UNITS = {
    "px": "GeV",
    "py": "GeV",
    "pz": "GeV",
    "E": "GeV",
    "pt": "GeV",
    "mass": "GeV",
} | dict.fromkeys(("phi", "phirel"), "rad")
"""Units of features that are given by name only."""


def from_numpy(
    particles: ArrayLike | Tensor,
    mask: ArrayLike | Tensor | None = None,
    features: Sequence[str | Feature] = ("etarel", "phirel", "ptrel"),
    *,
    conditions: Mapping[str, ArrayLike | Tensor] | None = None,
    weights: ArrayLike | Tensor | None = None,
) -> ParticleCloud:
    """A cloud of arrays.

    Args:
        particles: ``(B, N, F)``.
        mask: ``(B, N)``, true where a slot holds a particle; slots of zeros are padding when
            omitted.
        features: names of the F columns, in the order of the array; units are those of
            :data:`UNITS` unless a :class:`~jetgen.cloud.Feature` says another.
        conditions: one value for each set, by name (jet mass, class, ...).
        weights: ``(B,)`` event weights of zero or more.

    Raises:
        InputError: when shapes and names do not fit together, or weights are negative, no finite
            numbers, or all zero.

    >>> from_numpy(np.ones((2, 5, 3)), features=("px", "py", "pz"))
    ParticleCloud(2 x 5 x 3: px [GeV], py [GeV], pz [GeV]; conditions: none)
    """
    values = as_tensor(particles, "particles")
    if values.ndim != 3:
        raise InputError(
            "particles: expected an array (sets, particles, features), received shape "
            f"{tuple(values.shape)}"
        )
    present = (values != 0).any(-1) if mask is None else as_tensor(mask, "mask").bool()
    named = {name: as_tensor(column, name) for name, column in (conditions or {}).items()}
    cloud = ParticleCloud(
        values,
        present,
        tuple(feature_of(feature) for feature in features),
        weights=None if weights is None else as_tensor(weights, "weights").to(values),  # type: ignore[arg-type]
    )
    require_some_weight(cloud.weights)
    return cloud.with_conditions({feature_of(name): column for name, column in named.items()})


def from_awkward(
    array: Any,
    features: Sequence[str | Feature] | None = None,
    *,
    conditions: Mapping[str, Any] | None = None,
    weights: Any = None,
    size: int | None = None,
) -> ParticleCloud:
    """A cloud of a ragged awkward array: one list of records for each set.

    Args:
        array: lists of records, one field for each feature; or records of ``particles``,
            ``conditions`` and ``weights``, as :meth:`~jetgen.cloud.ParticleCloud.to_awkward`
            makes them.
        features: the fields to take, in this order; all of them when omitted.
        conditions: one value for each set, by name; those of the array when omitted.
        weights: ``(B,)`` event weights; those of the array when omitted.
        size: number of slots; the largest multiplicity when omitted.

    Raises:
        InputError: when the array has no lists of records, lacks a field, or does not fit.
    """
    import awkward as ak

    array = ak.Array(array)
    if "particles" in array.fields:
        if conditions is None and "conditions" in array.fields:
            inner = array["conditions"]
            conditions = {name: inner[name] for name in inner.fields}
        if weights is None and "weights" in array.fields:
            weights = array["weights"]
        array = array["particles"]
    if array.ndim != 2 or not array.fields:
        raise InputError(
            "array: expected lists of records with a field for each feature, received "
            f"{array.type}; ak.zip makes records of arrays"
        )
    chosen = [feature_of(feature) for feature in (array.fields if features is None else features)]
    missing = [feature.name for feature in chosen if feature.name not in array.fields]
    if missing:
        raise InputError(
            f"features: expected fields among {', '.join(array.fields)}, received "
            f"{', '.join(missing)}{did_you_mean(missing[0], array.fields)}"
        )
    counts = torch.from_numpy(ak.to_numpy(ak.num(array)).copy())
    most = int(counts.max()) if len(counts) else 0
    slots = max(1, most) if size is None else size
    if most > slots:
        raise InputError(f"size: expected at least {most}, received {size}")
    mask = torch.arange(slots) < counts.unsqueeze(1)
    columns = [as_tensor(ak.to_numpy(ak.flatten(array[f.name])), f.name) for f in chosen]
    values = torch.stack(columns, dim=1)
    padded = values.new_zeros(*mask.shape, len(columns))
    padded[mask] = values
    return from_numpy(padded, mask, chosen, conditions=conditions, weights=weights)


def to_cloud(jets: Any, mask: Any = None, name: str = "jets") -> ParticleCloud:
    """The sets as a cloud: clouds as they are, arrays as the module's first lines say.

    Args:
        jets: a cloud, a ragged awkward array, or an array or tensor ``(B, N, 3 or 4)``.
        mask: ``(B, N)``, of arrays and tensors.
        name: what messages call the sets.

    Raises:
        InputError: for an array of another shape.
    """
    if isinstance(jets, ParticleCloud):
        return jets
    if _is_awkward(jets):
        return with_momenta(from_awkward(jets))
    values = as_tensor(jets, name)
    if values.ndim != 3 or values.shape[2] not in ((3, 4) if mask is None else (3,)):
        raise InputError(
            f"{name}: expected an array (jets, particles, 3 or 4) of etarel, phirel, "
            f"ptrel[, mask], received shape {tuple(values.shape)}; jetgen.from_numpy takes other "
            "features by their names"
        )
    particles = values[..., :3]
    if mask is not None:
        present = as_tensor(mask, "mask").bool()
    elif values.shape[2] == 4:
        present = values[..., 3] >= 0.5
    else:
        present = (particles != 0).any(-1)
    return ParticleCloud(particles, present, RELATIVE)


def with_momenta(cloud: ParticleCloud) -> ParticleCloud:
    """Jets with the features ``px, py, pz[, E]``, where others or another order give their momenta.

    Clouds whose features begin with ``px, py, pz`` or ``etarel, phirel, ptrel``, and those that
    have no momenta, come back as they are. ``pt, eta, phi[, mass]`` become ``px, py, pz, E``.
    """
    values = {f.name: cloud.particles[..., i] for i, f in enumerate(cloud.features)}
    first = tuple(values)[:3]
    if first in (("px", "py", "pz"), ("etarel", "phirel", "ptrel")):
        return cloud
    units = {f.name: f.unit for f in cloud.features}
    if {"px", "py", "pz"} <= values.keys():
        names = [name for name in ("px", "py", "pz", "E") if name in values]
        particles = torch.stack([values[name] for name in names], dim=-1)
        features = tuple(Feature(name, units[name]) for name in names)
    elif {"pt", "eta", "phi"} <= values.keys():
        mass = values.get("mass", torch.zeros_like(values["pt"]))
        particles = massive(values["pt"], values["eta"], values["phi"], mass)
        features = tuple(Feature(name, units["pt"]) for name in ("px", "py", "pz", "E"))
    else:
        return cloud
    return replace(cloud, particles=particles, features=features)


def as_tensor(values: Any, name: str = "values") -> Tensor:
    """Numbers as a tensor, floating point unless they are true and false; tensors as they are.

    Raises:
        InputError: when they are no regular array of numbers.
    """
    if isinstance(values, Tensor):
        return (
            values if values.is_floating_point() or values.dtype == torch.bool else values.float()
        )
    try:
        array = np.asarray(values)
        tensor = torch.from_numpy(np.ascontiguousarray(array))
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name}: expected an array of numbers, received {type(values).__name__} ({error})"
        ) from error
    return tensor if tensor.is_floating_point() or tensor.dtype == torch.bool else tensor.double()


def feature_of(feature: str | Feature) -> Feature:
    """A feature by its name, with the unit of :data:`UNITS`."""
    if isinstance(feature, str):
        return Feature(feature, UNITS.get(feature, ""))
    return feature


def takes_sets(function: Callable[..., R]) -> Callable[..., R]:
    """A function of clouds that also takes arrays in their place, each with its mask or without.

    >>> count = takes_sets(lambda cloud: cloud.multiplicity)
    >>> count(np.ones((2, 5, 3))), count(torch.ones(1, 2, 3), torch.tensor([[True, False]]))
    (tensor([5, 5]), tensor([1]))
    """

    @wraps(function)
    def taking(*values: Any, **options: Any) -> R:
        places = [i for i, value in enumerate(values) if _is_array(value) and not _is_mask(value)]
        clouds = []
        for i, value in enumerate(values):
            if i in places:
                mask = values[i + 1] if i + 1 < len(values) and _is_mask(values[i + 1]) else None
                clouds.append(to_cloud(value, mask))
            elif not _is_mask(value):
                clouds.append(value)
        return function(*clouds, **options)

    return taking


def takes_arrays(function: Callable[..., R]) -> Callable[..., R]:
    """A function of tensors that also takes arrays, and a cloud in place of points and mask.

    >>> double = takes_arrays(lambda x, x_mask: 2 * x * x_mask.unsqueeze(-1))
    >>> double(np.ones((1, 1, 2)), np.ones((1, 1), dtype=bool))
    tensor([[[2., 2.]]], dtype=torch.float64)
    """

    @wraps(function)
    def taking(*values: Any, **options: Any) -> R:
        tensors: list[Any] = []
        features = []
        for value in values:
            cloud = from_awkward(value) if _is_awkward(value) else value
            if isinstance(cloud, ParticleCloud):
                tensors += [cloud.particles, cloud.mask]
                features.append(", ".join(map(str, cloud.features)))
            else:
                tensors.append(as_tensor(value) if isinstance(value, np.ndarray) else value)
        if len(set(features)) > 1:
            raise InputError(
                f"features: expected the same of both clouds, received {' and '.join(features)}"
            )
        named = {
            name: as_tensor(value, name) if isinstance(value, np.ndarray) else value
            for name, value in options.items()
        }
        return function(*tensors, **named)

    return taking


def _is_awkward(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] == "awkward"


def _is_array(value: Any) -> bool:
    return isinstance(value, Tensor | np.ndarray) or _is_awkward(value)


def _is_mask(value: Any) -> bool:
    return isinstance(value, Tensor | np.ndarray) and str(value.dtype).endswith("bool")
