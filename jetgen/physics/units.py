"""Conversion of energies and momenta to GeV."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from jetgen.cloud import CARTESIAN_ENERGY, Feature, ParticleCloud
from jetgen.errors import InputError

_IN_GEV = {"eV": 1e-9, "keV": 1e-6, "MeV": 1e-3, "GeV": 1.0, "TeV": 1e3}

ENERGIES = (*(feature.name for feature in CARTESIAN_ENERGY), "pt", "mass")
"""Names of features and conditions in units of energy."""


def without_unit(cloud: ParticleCloud) -> list[str]:
    """Names of the features and conditions that are energies but have no unit in the cloud."""
    quantities = (*cloud.features, *cloud.condition_features)
    return [feature.name for feature in quantities if feature.name in ENERGIES and not feature.unit]


def in_gev(cloud: ParticleCloud) -> ParticleCloud:
    """The cloud with ``px, py, pz, E``, ``pt`` and ``mass`` in GeV; no unit means GeV.

    The units eV, keV, MeV, GeV and TeV are supported, also divided by powers of c (``MeV/c``).

    Raises:
        InputError: when one of these quantities has another unit.
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


def _in_gev(values: Tensor, quantities: Sequence[Feature]) -> tuple[Tensor, tuple[Feature, ...]]:
    factors = [_factor(feature) for feature in quantities]
    named = tuple(f._replace(unit="GeV") if f.name in ENERGIES else f for f in quantities)
    if set(factors) <= {1.0}:
        return values, named
    return values * values.new_tensor(factors), named


def _factor(quantity: Feature) -> float:
    if quantity.name not in ENERGIES or not quantity.unit:
        return 1.0
    unit = quantity.unit.split("/")[0].strip()
    if unit not in _IN_GEV:
        raise InputError(
            f"{quantity.name}: expected a unit of energy ({', '.join(_IN_GEV)}), received "
            f"{quantity.unit}; convert the quantity, or correct its unit in the file"
        )
    return _IN_GEV[unit]
