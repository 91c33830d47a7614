"""The table as CSV, one row per sample and metric, and as Markdown, one row per sample."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from jetgen.kinds import JETS, Kind
from jetgen.ranking.columns import R2, RMSE
from jetgen.ranking.samples import Sample
from jetgen.ranking.scores import Record
from jetgen.reports.formatting import with_uncertainty


class Figure(NamedTuple):
    """A column of the printed table: the metric behind it, and its heading."""

    metric: str
    title: str


FIGURES = {
    "w1m": Figure("relative_mass", "W1M"),
    "w1p": Figure("particle_mean", "W1P"),
    "w1efp": Figure("w1efp", "W1EFP"),
    "fpd": Figure("fpd", "FPD"),
    "kpd": Figure("kpd", "KPD"),
    "uncovered": Figure("uncovered", "1 − COV"),
    "mmd": Figure("mmd", "MMD"),
    "auc": Figure("auc", "AUC"),
}
"""The columns for jets by the names of ``jetgen.config.ranking.By``, which sort by the first."""

COLUMN_FIGURES = {
    "w1": Figure("mean_w1", "W1 / σ"),
    "auc": FIGURES["auc"],
    "correlations": Figure("correlations", "correlations"),
    "pairs": Figure("pairs", "pairs"),
}
"""Those for sets of named features: means over their columns, and the trees."""


def jet_figures() -> dict[str, Figure]:
    """The columns of a table of runs on jets."""
    return FIGURES


def column_figures() -> dict[str, Figure]:
    """Those of a table of runs on named features."""
    return COLUMN_FIGURES


DECODED = (Figure(RMSE, "RMSE / σ"), Figure(R2, "R²"))
"""Means over the columns of reconstructions."""

FACTS = (
    Figure("parameters", "parameters"),
    Figure("training_minutes", "training [min]"),
    Figure("training_jets_per_second", "jets/s in training"),
    Figure("generation_jets_per_second", "jets/s in generation"),
    Figure("network_evaluations", "evaluations per jet"),
)

COLUMNS = (
    "sample", "kind", "metric", "value", "uncertainty", "floor", "floor_spread",
    "spreads_above_floor", "verdict", "unit", "jets", "title",
)  # fmt: skip

Scores = Mapping[str, Sequence[Record]]

_OF_ALL = {figure.metric for figure in COLUMN_FIGURES.values()}
"""Metrics that are not those of one column."""


def ordered(samples: Sequence[Sample], scores: Scores, metric: str) -> list[Sample]:
    """The samples by increasing ``metric``; those without it at the end."""

    def rank(sample: Sample) -> float:
        record = _record(scores[sample.name], metric)
        return math.inf if record is None else record["value"]

    return sorted(samples, key=rank)


def csv_text(samples: Sequence[Sample], scores: Scores) -> str:
    """One row per sample and metric, in unscaled units; missing values are empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for sample in samples:
        for record in scores[sample.name]:
            writer.writerow({**record, "sample": sample.name, "kind": sample.kind})
    return text.getvalue()


def markdown(samples: Sequence[Sample], scores: Scores, kind: Kind = JETS) -> str:
    """Generated and trivial samples, one row each; then the reconstructions, and the columns."""
    decoded = [sample for sample in samples if sample.kind == "reconstructed"]
    made = [sample for sample in samples if sample not in decoded]
    many = kind.noun.many
    text = _table(made, scores, FACTS, kind)
    if decoded:
        text += f"\n## Reconstructed {many}\n\nHeld-out {many}, encoded and decoded.\n\n"
        text += _table(decoded, scores, DECODED if kind.features_by_name else (), kind)
    if kind.features_by_name:
        text += column_tables(made, decoded, scores)
    return text


def _table(samples: Sequence[Sample], scores: Scores, facts: Sequence[Figure], kind: Kind) -> str:
    known: dict[Figure, Record] = {}
    for figure in kind.ranked_by().values():
        for sample in samples:
            record = _record(scores[sample.name], figure.metric)
            if record is not None:
                known.setdefault(figure, record)
    headings = [
        f"{figure.title} [{record['printed_unit']}]" if record["printed_unit"] else figure.title
        for figure, record in known.items()
    ]
    floors = [
        with_uncertainty(
            record["floor"] / record["scale"], record["floor_spread"] / record["scale"]
        )
        for record in known.values()
    ]
    lines = [
        _line([kind.noun.many, *headings, *(fact.title for fact in facts)]),
        _line(["---", *["---:"] * (len(known) + len(facts))]),
        _line(["real: the floor", *floors, *[""] * len(facts)]),
    ]
    for sample in samples:
        records = scores[sample.name]
        cells = [_cell(_record(records, figure.metric)) for figure in known]
        numbers = [_number(_record(records, fact.metric)) for fact in facts]
        lines.append(_line([sample.name, *cells, *numbers]))
    return "\n".join(lines) + "\n"


def _record(records: Sequence[Record], metric: str) -> Record | None:
    return next((record for record in records if record["metric"] == metric), None)


def _cell(record: Record | None) -> str:
    """Value, uncertainty, and in brackets the σ above the floor; bold or italic by verdict."""
    if record is None:
        return "–"
    scale, spreads = record["scale"], record["spreads_above_floor"]
    number = with_uncertainty(record["value"] / scale, (record["uncertainty"] or 0.0) / scale)
    mark = {"indistinguishable": "**", "close": "*", "different": ""}[record["verdict"]]
    if spreads is None:
        return number
    above = f"{spreads:+.1f}" if abs(spreads) < 10 else f"{spreads:+.0f}"
    return f"{mark}{number}{mark} ({above})"


def _number(record: Record | None) -> str:
    if record is None:
        return ""
    value = record["value"]
    if record["metric"] in (RMSE, R2):
        return f"{value:.3f}"
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.1f}"


def column_tables(made: Sequence[Sample], decoded: Sequence[Sample], scores: Scores) -> str:
    """One row per column: W1 of generated samples; RMSE and R² of reconstructions."""
    first = [r for s in made[:1] for r in scores[s.name]]
    columns = [r for r in first if "floor" in r and r["metric"] not in _OF_ALL]
    lines = [
        "\n## W1 of each column\n",
        _line(["column", *(sample.name for sample in made), "real: the floor"]),
        _line(["---", *["---:"] * (len(made) + 1)]),
    ]
    for column in columns:
        cells = [_cell(_record(scores[sample.name], column["metric"])) for sample in made]
        unit = f" [{column['printed_unit']}]" if column["printed_unit"] else ""
        floor = with_uncertainty(
            column["floor"] / column["scale"], column["floor_spread"] / column["scale"]
        )
        lines.append(_line([f"{column['title']}{unit}", *cells, floor]))
    if decoded:
        lines += [
            "\n## RMSE and R² of each reconstructed column\n",
            _line(["column", *(f"{s.name}: {what}" for s in decoded for what in ("RMSE", "R²"))]),
            _line(["---", *["---:"] * (2 * len(decoded))]),
        ]
        known = [r["metric"] for r in scores[decoded[0].name] if r["metric"].startswith("rmse:")]
        for metric in known:
            name = metric.removeprefix("rmse:")
            cells = []
            for sample in decoded:
                for kind in ("rmse", "r2"):
                    record = _record(scores[sample.name], f"{kind}:{name}")
                    cells.append("–" if record is None else f"{record['value']:.3g}")
            lines.append(_line([name, *cells]))
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
