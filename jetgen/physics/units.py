"""Energies and momenta in one unit, GeV, whatever unit a cloud's columns are in."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from jetgen.cloud import CARTESIAN_ENERGY, Feature, ParticleCloud
from jetgen.errors import InputError

_IN_GEV = {"eV": 1e-9, "keV": 1e-6, "MeV": 1e-3, "GeV": 1.0, "TeV": 1e3}

ENERGIES = (*(feature.name for feature in CARTESIAN_ENERGY), "pt", "mass")
"""Columns in units of energy."""


def without_unit(cloud: ParticleCloud) -> list[str]:
    """Names of the columns of energy whose unit the cloud does not tell."""
    columns = (*cloud.features, *cloud.condition_features)
    return [feature.name for feature in columns if feature.name in ENERGIES and not feature.unit]


def in_gev(cloud: ParticleCloud) -> ParticleCloud:
    """The cloud with ``px, py, pz, E``, ``pt`` and ``mass`` in GeV; a lacking unit counts as GeV.

    Understood are eV, keV, MeV, GeV and TeV, also over powers of c (``MeV/c``).

    Raises:
        InputError: when the unit of one of these columns is another.
    """
    particles, features = _in_gev(cloud.particles, cloud.features)
    conditions, condition_features = _in_gev(cloud.conditions, cloud.condition_features)
    changed = {} if particles is cloud.particles else {"particles": particles}
    return cloud.replace(
        features=features,
        conditions=conditions,
        condition_features=condition_features,
        **changed,
    )


def _in_gev(values: Tensor, columns: Sequence[Feature]) -> tuple[Tensor, tuple[Feature, ...]]:
    factors = [_factor(feature) for feature in columns]
    named = tuple(f._replace(unit="GeV") if f.name in ENERGIES else f for f in columns)
    if set(factors) <= {1.0}:
        return values, named
    return values * values.new_tensor(factors), named


def _factor(column: Feature) -> float:
    if column.name not in ENERGIES or not column.unit:
        return 1.0
    unit = column.unit.split("/")[0].strip()
    if unit not in _IN_GEV:
        raise InputError(
            f"{column.name}: expected a unit of energy ({', '.join(_IN_GEV)}), received "
            f"{column.unit}; convert the column, or correct the unit that the file tells"
        )
    return _IN_GEV[unit]
