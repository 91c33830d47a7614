"""Observables of sets with arbitrary named features: the features themselves.

A set of one item (a muon, a row of a table) has one value per feature. If all sets have the same
small number of items, there is one value per feature and item, the items in falling order of pT or,
without a pT, of the first feature. For larger sets, and for sets of varying size, the mean over the
items is used.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from jetgen.cloud import CARTESIAN, Feature, ParticleCloud
from jetgen.files.printable import printable
from jetgen.kinds import ENTRIES
from jetgen.physics.dijets import DIJET_OBSERVABLES, measure_dijets
from jetgen.physics.fourvectors import JET_KINEMATICS
from jetgen.physics.observables import MeasuredSets, Observable
from jetgen.physics.units import in_gev

MOST_ITEMS = 4
"""Largest set whose items are compared one by one."""

_COUNTED = "num_particles"
_MULTIPLICITY = Observable("multiplicity", "items in an entry", "Items in an entry")


def items_alike(cloud: ParticleCloud) -> int:
    """The number of items of every set; 0 if it varies or exceeds :data:`MOST_ITEMS`."""
    sizes = cloud.multiplicity.unique()
    return int(sizes) if len(sizes) == 1 and 1 <= int(sizes) <= MOST_ITEMS else 0


def feature_observables(cloud: ParticleCloud) -> list[tuple[Observable, Tensor]]:
    """Every quantity with one value per set, and its ``(B,)`` float64 values.

    Items with px, py and pz also have ``pt`` and ``p``, the magnitude of their momentum. Di-jet
    events (sets of two with pt, eta, phi and mass) also have the observables of
    :func:`jetgen.physics.dijets.measure_dijets`. Conditions come last.
    """
    cloud = cloud.to(torch.float64)
    found = {observable.name: (observable, values) for observable, values in _of_items(cloud)}
    for feature in cloud.condition_features:
        if feature.name not in found and feature.name != _COUNTED:
            observable = _observable(feature.name, feature.name, feature.unit)
            found[feature.name] = (observable, cloud.condition(feature.name))
    return list(found.values())


def measure_features(cloud: ParticleCloud) -> MeasuredSets:
    """The unchanged sets in float64, with the values of :func:`feature_observables`."""
    return MeasuredSets(cloud.to(torch.float64), feature_values(cloud), ENTRIES)


def feature_values(cloud: ParticleCloud) -> dict[str, Tensor]:
    """The values of :func:`feature_observables` by name."""
    return {observable.name: values for observable, values in feature_observables(cloud)}


def varying_features(measured: MeasuredSets) -> list[tuple[Observable, Tensor]]:
    """The quantities of :func:`feature_observables` that differ between sets."""
    return [
        (observable, values)
        for observable, values in feature_observables(measured.relative)
        if len(values.unique()) > 1
    ]


def _of_items(cloud: ParticleCloud) -> list[tuple[Observable, Tensor]]:
    cloud = _with_momentum(cloud)
    items, names = items_alike(cloud), [feature.name for feature in cloud.features]
    if not items:
        counts = cloud.multiplicity.double()
        return [(_MULTIPLICITY, counts)] + [
            (
                _observable(f"mean_{f.name}", f"mean {f.name}", f.unit),
                cloud.feature(f.name).sum(1) / counts.clamp(min=1),
            )
            for f in cloud.features
        ]
    cloud = cloud.leading(items, by="pt" if "pt" in names else names[0])
    if items == 1:
        return [
            (_observable(f.name, f.name, f.unit), cloud.feature(f.name)[:, 0])
            for f in cloud.features
        ]
    found = [
        (
            _observable(f"{f.name}_{k + 1}", f"{f.name} of item {k + 1}", f.unit),
            cloud.feature(f.name)[:, k],
        )
        for k in range(items)
        for f in cloud.features
    ]
    if items == 2 and {f.name for f in JET_KINEMATICS} <= set(names):
        known = measure_dijets(in_gev(cloud))
        both = [(o, known[o.name]) for o in DIJET_OBSERVABLES if o.name in known]
        found = [entry for entry in found if entry[0].name not in known]
        return both + found
    return found


def _with_momentum(cloud: ParticleCloud) -> ParticleCloud:
    """Items of px, py, pz with ``pt`` and ``p`` added as features, unless either is present."""
    names = {feature.name for feature in cloud.features}
    if not {feature.name for feature in CARTESIAN} <= names or names & {"pt", "p"}:
        return cloud
    px, py, pz = (cloud.feature(feature.name) for feature in CARTESIAN)
    pt = torch.hypot(px, py)
    further = torch.stack([pt, torch.hypot(pt, pz)], dim=2)
    unit = cloud.features[[f.name for f in cloud.features].index("px")].unit
    return replace(
        cloud,
        particles=torch.cat([cloud.particles, further], dim=2),
        features=(*cloud.features, Feature("pt", unit), Feature("p", unit)),
    )


def _observable(name: str, title: str, unit: str) -> Observable:
    return Observable(name, title, plain_symbol(title), unit)


def plain_symbol(name: str) -> str:
    """The name of a column as the label of a figure, in which nothing is taken as a formula."""
    return printable(name).replace("$", r"\$")
