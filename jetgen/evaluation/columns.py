"""Sets with any named features compared column by column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import cast

import torch

from jetgen.classifiers.boosted_trees import FeatureTable, figure_of_merit
from jetgen.classifiers.figure_of_merit import FEWEST_TESTED, FigureOfMerit
from jetgen.cloud import ParticleCloud
from jetgen.config.option import require
from jetgen.errors import InputError, some
from jetgen.evaluation.checks import RECONSTRUCTED, ComparisonInput
from jetgen.evaluation.comparison import (
    Comparison,
    Row,
    compare_resampled,
    floor_between,
    replicated,
    table_row,
)
from jetgen.evaluation.pair_rows import pair_rows
from jetgen.evaluation.registered_rows import rows_of_columns
from jetgen.evaluation.resampling import Resampling, resample
from jetgen.physics.features import feature_observables, items_alike, plain_symbol
from jetgen.physics.observables import MeasuredSets, Observable
from jetgen.physics.quantities import Quantity, Values, quantity_values

MOST_PAIRED = 20
"""Pairs are compared among at most this many columns, the first ones."""

MEAN_DISTANCE = Quantity(
    Observable("mean_w1", "mean over columns of W1 / σ", "Mean of columns"),
    1.0,
    "mean over columns of W1 in units of the standard deviation of the real values",
)
"""The distance of all columns together."""


def require_common_columns(name: str, sample: ParticleCloud, real: ParticleCloud) -> None:
    """Refuse a sample without any column of the real entries.

    Raises:
        InputError: naming the columns of both.
    """
    expected = [feature.name for feature in real.features]
    if not any(feature.name in expected for feature in sample.features):
        received = ", ".join(feature.name for feature in sample.features)
        raise InputError(
            f"{name}: expected columns among {some(expected)}, those of the real "
            f"entries, received {received}"
        )


def column_quantities(checked: ComparisonInput) -> list[Quantity]:
    """The compared quantities: each column, of each item in small sets, else pooled over items.

    Conditions of the sets are compared if all samples have them. Columns with the same value in
    all sets, up to rounding errors, are omitted.
    """
    real, kinds = checked.real, [checked.real, checked.pool, *checked.samples.values()]
    beside = [feature.name for feature in real.frame.condition_features]
    single = [
        Quantity(o, _scale(values), f"{o.title}, one value per entry")
        for o, values in feature_observables(real.relative)
        if o.name not in beside or all(o.name in kind.observables for kind in kinds)
        if _varies([kind.observables[o.name] for kind in kinds if o.name in kind.observables])
    ]
    if all(items_alike(kind.relative) for kind in kinds):
        return single
    pooled = [
        Quantity(
            Observable(f.name, f.name, plain_symbol(f.name), f.unit),
            _scale(real.relative.feature(f.name)[real.relative.mask]),
            f"{f.name} of all items of all entries",
            pooled=True,
        )
        for f in real.relative.features
    ]
    return [*pooled, *single]


def paired_columns(kinds: Sequence[MeasuredSets]) -> list[Observable]:
    """The first columns that all sets have and that vary among the real ones, ``kinds[0]``."""
    real = kinds[0]
    return [
        observable
        for observable, values in feature_observables(real.relative)
        if all(observable.name in kind.observables for kind in kinds) and len(values.unique()) > 1
    ][:MOST_PAIRED]


def compare_columns(
    checked: ComparisonInput,
    *,
    replicas: int = 100,
    seed: int = 1,
    metrics: Iterable[str] = (),
) -> Comparison:
    """W1 of every column, and the differences of correlations and pairs of columns.

    Metrics of other packages that measure such sets are further rows, as are those named.

    Raises:
        InputError: when there are too few entries.
    """
    drawn = resample(checked, replicas=replicas, seed=seed)
    paired = paired_columns([checked.real, *checked.samples.values()])
    quantities = column_quantities(checked)
    rows = mean_rows(drawn, quantities)
    rows += pair_rows(drawn, [observable.name for observable in paired])
    rows += rows_of_columns(drawn, metrics)
    table = compare_resampled(drawn, quantities).with_rows(rows)
    given = (*table.given, *(f.name for f in checked.real.frame.condition_features))
    return replace(table, given=given)


def mean_rows(drawn: Resampling, quantities: Sequence[Quantity]) -> list[Row]:
    """The mean over columns of W1 in units of their standard deviations; none for a single one.

    Columns that a sample lacks are left out for all.
    """
    kinds = [drawn.pool, drawn.real.jets, *(side.jets for side in drawn.sides.values())]
    floors, distances = [], {name: [] for name in drawn.sides}  # type: ignore[var-annotated]
    for quantity in quantities:
        found = [quantity_values(sets, quantity) for sets in kinds]
        if any(values is None for values in found):
            continue
        pool, real, *samples = cast(list[Values], found)
        width = pool.values.double().std(correction=0).clamp(min=1e-300)
        floors.append(floor_between(drawn, pool) / width)
        for (name, side), values in zip(drawn.sides.items(), samples, strict=True):
            distances[name].append(replicated(drawn.real, side, real, values) / width)
    if len(floors) < 2:
        return []
    means = {name: torch.stack(values).mean(0) for name, values in distances.items()}
    return [table_row(MEAN_DISTANCE, torch.stack(floors).mean(0), means)]


def column_table(real: MeasuredSets, generated: MeasuredSets) -> FeatureTable:
    """The columns that both have, for boosted trees."""
    names = [name for name in real.observables if name in generated.observables]
    x, y = (
        torch.stack([side.observables[name] for name in names], dim=1) for side in (real, generated)
    )
    return FeatureTable(x, y, names)


def column_merits(checked: ComparisonInput, seed: int = 1) -> dict[str, FigureOfMerit]:
    """How well boosted trees separate each sample from the real entries, with event weights.

    Reconstructions, which correspond to the real entries, and samples of fewer than
    ``FEWEST_TESTED`` entries are omitted.
    """
    real = checked.real
    return {
        name: figure_of_merit(
            *column_table(real, sample),
            seed=seed,
            weights=(real.weights, sample.weights),
        )
        for name, sample in checked.samples.items()
        if name != RECONSTRUCTED and min(real.counted, sample.counted) >= FEWEST_TESTED
    }


def evaluate_columns(
    checked: ComparisonInput,
    *,
    classifiers: Sequence[str] = ("trees",),
    features: str = "observables",
    replicas: int = 100,
    seed: int = 42,
    metrics: Iterable[str] = (),
    progress: Callable[[str], None] = lambda text: None,
) -> tuple[Comparison, dict[str, dict[str, FigureOfMerit]]]:
    """The table and, by sample and name, the boosted trees' figures of merit.

    Raises:
        InputError: when there are too few entries, or another classifier is requested.
    """
    require(
        list(classifiers) == ["trees"] and features == "observables",
        "classifier",
        "trees with sets of named features, on their columns",
        ", ".join(classifiers),
    )
    progress("columns, boosted trees")
    table = compare_columns(checked, replicas=replicas, seed=seed, metrics=metrics)
    merits = column_merits(checked, seed)
    return table, {
        name: {"trees": merits[name]} if name in merits else {} for name in checked.samples
    }


_ROUNDING = 1e-5
"""Largest range of values, relative to their size, that counts as a rounding error."""


def _varies(kinds: Sequence[torch.Tensor]) -> bool:
    values = torch.cat(list(kinds))
    return bool(values.max() - values.min() > _ROUNDING * values.abs().max())


def _scale(values: torch.Tensor) -> float:
    """A power of ten that makes distances of these values easy to read."""
    spread = float(values.std(correction=0))
    return 1.0 if spread >= 0.1 or spread == 0 else 1e-3 if spread >= 1e-3 else 1e-5
