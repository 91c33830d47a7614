"""What a table of runs on named features has beside distances: errors of reconstructed columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jetgen.cloud import ParticleCloud
from jetgen.evaluation.checks import RECONSTRUCTED, check
from jetgen.kinds import ENTRIES
from jetgen.metrics.column_errors import column_errors

RMSE, R2 = "mean_rmse", "mean_r2"
"""Metrics of reconstructions: means over the columns of RMSE / σ and of R²."""


def reconstruction_records(
    real: ParticleCloud, decoded: Mapping[str, ParticleCloud]
) -> dict[str, list[dict[str, Any]]]:
    """RMSE and R² of every column, and their means, by sample.

    Args:
        real: the held-out sets.
        decoded: the same sets, encoded and decoded in their order, by the name of the sample.
    """
    found = {}
    for name, sets in decoded.items():
        checked = check(real, {RECONSTRUCTED: sets}, kind=ENTRIES)
        errors = column_errors(checked.real, checked.samples[RECONSTRUCTED])
        records = []
        for error in errors:
            column, unit = error.observable.name, error.observable.unit
            records.append(_record(f"rmse:{column}", f"RMSE of {column}", error.rmse, unit))
            records.append(_record(f"r2:{column}", f"R² of {column}", error.r2, ""))
        if errors:
            relative = sum(error.rmse / error.width for error in errors) / len(errors)
            share = sum(error.r2 for error in errors) / len(errors)
            records.append(_record(RMSE, "mean over columns of RMSE / σ", relative, ""))
            records.append(_record(R2, "mean over columns of R²", share, ""))
        found[name] = records
    return found


def _record(metric: str, title: str, value: float, unit: str) -> dict[str, Any]:
    return {"metric": metric, "title": title, "value": value, "unit": unit}
