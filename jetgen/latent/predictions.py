"""A saved classifier of a region, fitted to codes, measured, and applied to other codes."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from torch import Tensor

from jetgen.latent.encoding import EncodedSets
from jetgen.latent.region_model import RegionModel, fit_region, validate_region
from jetgen.physics.observable_values import observables_named
from jetgen.reports.findings import Table
from jetgen.reports.formatting import with_uncertainty


def fitted_region(
    found: EncodedSets, inside: Tensor, text: str, column: str | None, path: str | None, seed: int
) -> tuple[str, list[Table]]:
    """What a classifier of a region, and two regressors of a column, reach in cross-validation.

    Args:
        found: the encoded sets.
        inside: ``(B,)`` bool, those in the region.
        text: the region.
        column: the column to predict, if any.
        path: where to save the models, fitted to all sets.
        seed: of the folds.

    Raises:
        InputError: when the column is unknown, or too few sets are inside or outside.
    """
    values = None
    if column is not None:
        (observed,) = observables_named(found.observed, (column,), "tail")
        values = observed.values
    codes = found.latent.mean
    model = fit_region(codes, inside, text, _checkpoint(found), column, values)
    measured = validate_region(codes, inside, values, seed)
    if path is not None:
        model.save(Path(path))
    auc = with_uncertainty(measured.auc, measured.auc_error)
    words = f"The classifier to save, quadratic in the codes, has an AUC of {auc}"
    words += "." if path is None else f" and is in {path}."
    if not measured.regressors:
        return words, []
    one, two, _ = measured.regressors.values()
    words += (
        f" From the codes, one regressor predicts {column} with an RMSE of {one[0]:.3g} (R² "
        f"{one[1]:.3f}), two that the classifier switches with {two[0]:.3g} (R² {two[1]:.3f}); in "
        f"the region {one[2]:.3g} and {two[2]:.3g}."
    )
    rows = [(name, *(f"{x:.4g}" for x in numbers)) for name, numbers in measured.regressors.items()]
    table = Table(
        "tail",
        f"{column} from the codes",
        ("regressor", "RMSE", "R²", "RMSE in the region", "R² in the region"),
        rows,
        "Linear regression on codes, their squares and products; every set is predicted by models "
        "that were fitted to others (cross-validation).",
    )
    return words, [table]


def apply(found: EncodedSets, path: Path) -> str:
    """The probability of each set to be in the region of a saved classifier, and its tail, as CSV.

    Raises:
        InputError: when the file is no classifier of the codes of this run.
    """
    model = RegionModel.load(path, _checkpoint(found))
    columns = {"probability": model.probability(found.latent.mean).tolist()}
    if model.tail is not None:
        columns[f"predicted {model.tail.column}"] = model.predict(found.latent.mean).tolist()
        if model.tail.column in found.observed:
            columns[model.tail.column] = found.observed[model.tail.column].values.tolist()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["number", *columns])
    for number, row in enumerate(zip(*columns.values(), strict=True)):
        writer.writerow([number, *(f"{value:.6g}" for value in row)])
    return text.getvalue()


def _checkpoint(found: EncodedSets) -> str:
    return str(found.model.provenance()["checkpoint_sha256"])
