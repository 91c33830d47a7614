"""Sets from what users have: NumPy and awkward arrays, torch tensors, and tables.

Arrays without names of features are jets as the JetNet library has them: ``(J, N, 3)`` of
``etarel, phirel, ptrel``, with zeros where padded, or ``(J, N, 4)`` with the mask last.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from jetgen.cloud import CARTESIAN, CARTESIAN_ENERGY, RELATIVE, Feature, ParticleCloud
from jetgen.errors import InputError, InputWarning, did_you_mean, some
from jetgen.kinematics import GEV, four_momenta
from jetgen.registry import resolve
from jetgen.weights import require_some_weight

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

ENERGIES = {"px", "py", "pz", "E", "pt", "mass"}
"""Quantities with a unit of energy."""

_FORMATS = "jetgen.datasets.formats"
"""Where names of columns are recognised: above this module, imported at use."""


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
            :data:`UNITS` unless a :class:`~jetgen.cloud.Feature` says another. Names of momenta
            are recognised as in files: ``part_px, part_py, part_pz`` become ``px, py, pz``.
        conditions: one value for each set, by name (jet mass, class, ...).
        weights: ``(B,)`` event weights of zero or more.

    Raises:
        InputError: when shapes and names do not fit together, names are repeated, the mask has
            other values than 0 and 1, arrays have masked entries, or weights are negative, no
            finite numbers, or all zero.

    Warns:
        InputWarning: for names that are nearly those of momenta (``p_x, p_y, p_z``).

    >>> from_numpy(np.ones((2, 5, 3)), features=("px", "py", "pz"))
    ParticleCloud(2 x 5 x 3: px [GeV], py [GeV], pz [GeV]; conditions: none)
    """
    if isinstance(features, str):
        raise InputError(
            f"features: expected a list of names, such as ('px', 'py', 'pz'), received {features!r}"
        )
    chosen = _recognised([feature_of(feature) for feature in features])
    repeated = sorted(name for name, n in Counter(f.name for f in chosen).items() if n > 1)
    if repeated:
        raise InputError(f"features: expected each name once, received {some(repeated)} repeatedly")
    values = as_tensor(particles, "particles")
    if values.ndim != 3:
        raise InputError(
            "particles: expected an array (sets, particles, features), received shape "
            f"{tuple(values.shape)}"
        )
    present = (values != 0).any(-1) if mask is None else _as_mask(mask)
    cloud = ParticleCloud(values, present, chosen)
    return _with_more(cloud, conditions, weights)


def _recognised(features: Sequence[Feature]) -> tuple[Feature, ...]:
    """The features, with the standard names of momenta where theirs are recognised."""
    names = [feature.name for feature in features]
    standard, meant = resolve(f"{_FORMATS}.names:standard_names")(names)
    if meant:
        warnings.warn(
            f"features: {some(names)} are taken as names without a meaning; jets have the momenta "
            f"{some(meant)}",
            InputWarning,
            stacklevel=3,
        )
    return tuple(
        Feature(name, f.unit or UNITS.get(name, ""))
        for f in features
        for name in (standard.get(f.name, f.name),)
    )


def from_awkward(
    array: Any,
    features: Sequence[str | Feature] | None = None,
    *,
    map: Mapping[str, str] | None = None,
    conditions: Mapping[str, Any] | None = None,
    weights: Any = None,
    size: int | None = None,
) -> ParticleCloud:
    """A cloud of a ragged awkward array: one list of records for each set, or records of lists.

    Args:
        array: lists of records, one field for each feature, or momenta of vector in any
            coordinates; or records of ``particles``,
            ``conditions`` and ``weights``, as :meth:`~jetgen.cloud.ParticleCloud.to_awkward`
            makes them; or records of lists of numbers, as ``tree.arrays()`` of uproot returns
            them, whose fields are recognised by name as the columns of files are
            (:func:`jetgen.read`). A mapping of columns, or a data frame, is such a record.
        features: the fields to take, in this order; all of them when omitted.
        map: the fields that contain the momenta, if their names are not recognised, as for
            :func:`jetgen.read`: ``{"px": "a", "py": "b", "pz": "c", "unit": "MeV"}``.
        conditions: one value for each set, by name; those of the array when omitted.
        weights: ``(B,)`` event weights; those of the array when omitted.
        size: number of slots; the largest multiplicity when omitted.

    Raises:
        InputError: when the array has no lists of records, lacks a field, contains None, or does
            not fit.
    """
    import awkward as ak

    array = _of_columns(array) if is_table(array) else ak.Array(array)
    if "particles" in array.fields:
        if conditions is None and "conditions" in array.fields:
            inner = array["conditions"]
            conditions = {name: inner[name] for name in inner.fields}
        if weights is None and "weights" in array.fields:
            weights = array["weights"]
        array = array["particles"]
    if features is None:
        array = _cartesian(array)
    if array.ndim not in (1, 2) or not array.fields:
        raise InputError(
            "array: expected lists of records with a field for each feature, or records of lists, "
            f"received {array.type}"
        )
    chosen = [feature_of(feature) for feature in (features or _own_fields(array.fields))]
    missing = [feature.name for feature in chosen if feature.name not in array.fields]
    if missing:
        raise InputError(
            f"features: expected fields among {some(array.fields)}, received "
            f"{some(missing)}{did_you_mean(missing[0], array.fields)}"
        )
    if map or (array.ndim == 1 and features is None):
        if array.ndim == 2:
            array = ak.Array({name: array[name] for name in array.fields})
        cloud = resolve(f"{_FORMATS}.awkward_arrays:from_fields")(array, map or {}, size)
        return _with_more(cloud, conditions, weights)
    if array.ndim == 1:
        array = ak.zip({feature.name: array[feature.name] for feature in chosen})
        if array.ndim != 2:
            raise InputError(
                f"features: expected fields with lists of numbers, received {array.type}"
            )
    require_no_missing({feature.name: array[feature.name] for feature in chosen})
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


_GENERIC = {"x", "y", "z", "t", "rho", "theta", "tau"}
"""Names of vector's coordinates that say nothing of momenta; its operations return these."""


def _cartesian(array: Any) -> Any:
    """Momenta of vector with ``px, py, pz[, E]`` in place of coordinates of its generic names."""
    name = array.layout.purelist_parameter("__record__") or ""
    if not name.startswith("Momentum") or _GENERIC.isdisjoint(array.fields):
        return array
    import awkward as ak
    import vector

    found = ak.Array(array, behavior=vector.backends.awkward.behavior)
    coordinates = {"px": found.px, "py": found.py, "pz": found.pz}
    if name == "Momentum4D":
        coordinates["E"] = found.E
    own = _GENERIC | UNITS.keys() | {"eta", "energy", "e", "M", "m"}
    others = {field: array[field] for field in array.fields if field not in own}
    return ak.zip(coordinates | others)


def _of_columns(table: Any) -> Any:
    """The columns of a mapping or a data frame as an awkward record of them."""
    import awkward as ak

    names = list(table) if isinstance(table, Mapping) else list(table.columns)
    columns = {}
    for name in names:
        column = table[name]
        if not is_awkward(column):
            values = np.asarray(column)
            column = ak.Array(list(column) if values.dtype.kind in "OU" else values)
        columns[str(name)] = column
    return ak.Array(columns)


def is_table(value: Any) -> bool:
    """Whether it is a mapping of columns, or a data frame, as of pandas."""
    return isinstance(value, Mapping) or (not is_awkward(value) and hasattr(value, "columns"))


def _own_fields(fields: Sequence[str]) -> list[str]:
    """The fields without those that :meth:`~jetgen.cloud.ParticleCloud.to_awkward` adds."""
    relative = {f.name for f in RELATIVE} <= set(fields)
    added = {"pt", "eta", "phi", "mass"} if relative else set()
    return [name for name in fields if name not in added]


def _with_more(
    cloud: ParticleCloud, conditions: Mapping[str, Any] | None, weights: Any
) -> ParticleCloud:
    """The cloud with these conditions by name, and these weights."""
    if weights is not None:
        cloud = cloud.replace(weights=as_tensor(weights, "weights").to(cloud.particles))
    require_some_weight(cloud.weights)
    named = {feature_of(name): as_tensor(v, name) for name, v in (conditions or {}).items()}
    return cloud.with_conditions(named)


def to_cloud(
    jets: Any, mask: Any = None, name: str = "jets", *, map: Mapping[str, str] | None = None
) -> ParticleCloud:
    """The sets as a cloud: arrays as the module's first lines say, clouds by :func:`with_momenta`.

    Args:
        jets: a cloud, a ragged awkward array, a table as for :func:`from_awkward`, or an array or
            tensor ``(B, N, 3 or 4)``.
        mask: ``(B, N)``, of arrays and tensors.
        name: what messages call the sets.
        map: the fields that contain the momenta, of what has fields by name.

    Raises:
        InputError: for an array of another shape.
    """
    if isinstance(jets, ParticleCloud):
        return with_momenta(jets)
    if takes_map(jets):
        return with_momenta(from_awkward(jets, map=map))
    values = as_tensor(jets, name)
    if values.ndim != 3 or values.shape[2] not in ((3, 4) if mask is None else (3,)):
        raise InputError(
            f"{name}: expected an array (jets, particles, 3 or 4) of etarel, phirel, "
            f"ptrel[, mask], received shape {tuple(values.shape)}; jetgen.from_numpy takes other "
            "features by their names"
        )
    particles = values[..., :3]
    if mask is not None:
        present = _as_mask(mask)
    elif values.shape[2] == 4:
        present = _as_mask(values[..., 3], f"{name}: the fourth column")
    else:
        present = (particles != 0).any(-1)
    return ParticleCloud(particles, present, RELATIVE)


def with_momenta(cloud: ParticleCloud) -> ParticleCloud:
    """Jets with the features ``px, py, pz[, E]``, where others or another order give their momenta.

    Clouds whose features begin with ``px, py, pz`` or ``etarel, phirel, ptrel``, and those that
    have no momenta, come back as they are. ``pt, eta, phi`` or ``pt, y, phi`` (rapidity), with
    ``mass``, ``E`` or neither, become ``px, py, pz, E``; other units of energy become GeV.
    """
    values = {f.name: cloud.particles[..., i] for i, f in enumerate(cloud.features)}
    first = tuple(values)[:3]
    units = {f.name: f.unit for f in cloud.features if f.unit in GEV}
    in_gev = all(GEV[unit] == 1.0 for unit in units.values())
    if first == ("etarel", "phirel", "ptrel") or (first == ("px", "py", "pz") and in_gev):
        return cloud
    for name in ENERGIES & units.keys():
        values[name] = values[name] * GEV[units[name]]
    particles = four_momenta(values)
    if particles is None:
        return cloud
    massive = "E" in values or "mass" in values or "px" not in values
    features = CARTESIAN_ENERGY if massive else CARTESIAN
    return replace(cloud, particles=particles[..., : len(features)], features=features)


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
        if np.iscomplexobj(values) or np.ma.is_masked(values):
            kind = "complex numbers" if np.iscomplexobj(values) else "masked entries"
            raise InputError(f"{name}: expected real numbers without gaps, received {kind}")
        array = np.asarray(values)
        tensor = torch.from_numpy(np.ascontiguousarray(array))
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name}: expected an array of numbers, received {type(values).__name__} ({error})"
        ) from error
    return tensor if tensor.is_floating_point() or tensor.dtype == torch.bool else tensor.double()


def _as_mask(mask: Any, name: str = "mask") -> Tensor:
    """A mask as true and false.

    Raises:
        InputError: when it has values other than 0 and 1.
    """
    values = as_tensor(mask, name)
    odd = values[(values != 0) & (values != 1)]
    if odd.numel():
        raise InputError(
            f"{name}: expected a mask of 0 and 1, received {odd.numel()} other values, such as "
            f"{odd.flatten()[0]:g}"
        )
    return values.bool()


def require_no_missing(fields: Mapping[str, Any]) -> None:
    """Refuse None in place of a jet, a particle or a number in awkward arrays, by name."""
    import awkward as ak

    for name, numbers in fields.items():
        if numbers.fields:
            require_no_missing({f"{name}.{inner}": numbers[inner] for inner in numbers.fields})
            continue
        missing = sum(
            int(ak.sum(ak.is_none(numbers, axis=axis), axis=None))
            for axis in range(min(numbers.ndim, 2))
        )
        if missing:
            raise InputError(
                f"array: expected a number for every particle, received None {missing} times in "
                f"{name}; remove these jets or particles, for example by ak.drop_none"
            )


def feature_of(feature: str | Feature) -> Feature:
    """A feature by its name, with the unit of :data:`UNITS`."""
    if isinstance(feature, str):
        return Feature(feature, UNITS.get(feature, ""))
    return feature


def takes_map(value: Any) -> bool:
    """Whether it has fields by name, which a map can choose from."""
    return is_awkward(value) or is_table(value)


def is_awkward(value: Any) -> bool:
    """Whether it is an awkward array, without importing awkward."""
    return any(kind.__module__.partition(".")[0] == "awkward" for kind in type(value).__mro__)
