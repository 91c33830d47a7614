"""The tables that ``jetgen evaluate`` and ``jetgen report`` print, 80 characters wide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from jetgen.evaluation.verdict import CLASSIFIERS, metric_title, sigmas_in_words

COLOURS = {"indistinguishable": "green", "close": "yellow", "different": "red"}
"""The colour of each verdict."""

NOTHING = 1e-3
"""Distances below this fraction of the floor are printed as zero (rounding, or copied values)."""

_SAMPLES = 3
"""Largest number of samples per table; further samples get tables of their own."""

_WIDTH, _LONGEST_TITLE, _FLOOR, _CELL = 80, 48, 9, 15
"""Widths of the table and of its columns, in characters."""

Record = Mapping[str, Any]


def metrics_table(content: Mapping[str, Any]) -> Group:
    """The metrics, then the classifiers, and the verdict on each sample at the end.

    Args:
        content: the content of the metrics file: ``rows``, ``headlines`` and so on.
    """
    warnings = [Text(f"warning: {warning}", style="yellow") for warning in content["warnings"]]
    if content["mode"] == "jetnet":
        return Group(_protocol(content), *warnings)
    samples = list(dict.fromkeys(record["sample"] for record in content["rows"]))
    parts: list[RenderableType] = [Text(content["compared"], style="dim")]
    for start in range(0, len(samples), _SAMPLES):
        parts.append(_metrics(content, samples[start : start + _SAMPLES]))
    parts.append(
        Text(
            "in brackets: σ above the floor, the distance of two sets of one distribution",
            style="dim",
        )
    )
    for sample in samples:
        merits = content["merits"].get(sample, {})
        parts += [_merit(sample, name, merit, content) for name, merit in merits.items()]
    parts += [
        Text(
            f"{sample}: {found['text']}",
            style="" if found.get("copies") is False else COLOURS["different"],
        )
        for sample, found in content.get("memorisation", {}).items()
    ]
    parts += warnings
    parts += [headline_text(sample, content["headlines"][sample]) for sample in samples]
    return Group(*parts)


def headline_text(sample: str, found: Mapping[str, str]) -> Text:
    """The verdict on a sample in its colour."""
    return Text.assemble(
        (f"{sample}: {found['word'].upper()}.", f"bold {COLOURS[found['word']]}"),
        f" {found['text']}",
    )


def _metrics(content: Mapping[str, Any], samples: Sequence[str]) -> Table:
    by_metric: dict[str, dict[str, Record]] = {}
    for record in content["rows"]:
        by_metric.setdefault(record["metric"], {})[record["sample"]] = record
    made = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    made.add_column("", width=min(_LONGEST_TITLE, _WIDTH - _FLOOR - _CELL * len(samples)))
    made.add_column("floor", justify="right", no_wrap=True)
    for sample in samples:
        made.add_column(Text(sample), justify="right", overflow="fold", max_width=_CELL - 1)
    for heading, kept in _groups(content["counted"]):
        rows = {
            name: found for name, found in by_metric.items() if kept(next(iter(found.values())))
        }
        if not rows:
            continue
        made.add_row(Text(heading, style="italic"))
        for name, found in rows.items():
            record = next(iter(found.values()))
            unit = f" [{record['printed_unit']}]" if record["printed_unit"] else ""
            made.add_row(
                Text(metric_title(name, record["title"]) + unit),
                _number(record["floor"] / record["scale"]),
                *(_cell(found.get(sample)) for sample in samples),
            )
    return made


def _groups(counted: Sequence[str]) -> Sequence[tuple[str, Any]]:
    """Headings, and the function that selects the rows below each."""
    return (
        ("Counted in the verdict", lambda record: record["metric"] in counted),
        (
            "Further",
            lambda record: record["metric"] not in counted and not record["given"],
        ),
        ("Often conditions of models; not counted", lambda record: record["given"]),
    )


def _cell(record: Record | None) -> Text:
    if record is None:
        return Text("–")
    above = record["spreads_above_floor"]
    sigmas = sigmas_in_words(float("inf") if above is None else above).removesuffix(" σ")
    nothing = record["value"] < NOTHING * record["floor"]
    number = "≈ 0" if nothing else _number(record["value"] / record["scale"])
    return Text.assemble(f"{number} ", (f"({sigmas})", COLOURS[record["verdict"]]))


def _merit(sample: str, name: str, merit: Mapping[str, Any], content: Mapping[str, Any]) -> Text:
    importances = ", ".join(f"{name} ({loss:.3f})" for name, loss in merit["importances"][:3])
    return Text(
        f"{CLASSIFIERS[name]} on {merit['jets']:,} {content['noun']} of each kind, {sample}: AUC "
        f"{merit['auc']:.3f} ± {merit['auc_error']:.3f}, reduced chi-squared {merit['chi2']:.1f}, "
        f"overlap {merit['overlap']:.2f}"
        + (f"; most important: {importances}" if importances else "")
    )


def _protocol(content: Mapping[str, Any]) -> Table:
    made = Table(title="metrics by the protocol of the JetNet library", box=box.SIMPLE_HEAD)
    made.add_column("metric")
    made.add_column("value", justify="right")
    made.add_column("spread", justify="right")
    for row in content["rows"]:
        spread = "–" if row["spread"] is None else _number(row["spread"])
        made.add_row(row["metric"], f"{row['value']:.4g}", spread)
    return made


def _number(value: float) -> str:
    return f"{value:.0f}" if 99.5 <= abs(value) < 99_999.5 else f"{value:.2g}"
