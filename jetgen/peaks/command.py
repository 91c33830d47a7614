"""``jetgen peaks``: shift and width of a peak before and after, without and with fits."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetgen.cloud import ParticleCloud
from jetgen.config.peaks import PeaksConfig
from jetgen.datasets.reading import read
from jetgen.errors import InputError, some
from jetgen.kinds import kind_of_cloud
from jetgen.metrics.peak_fits import ACCEPTABLE, SHAPES, Shift, fit_peak
from jetgen.metrics.peak_summaries import peak_summary, summary_shifts
from jetgen.physics.observables import JET_OBSERVABLES, MeasuredSets
from jetgen.reports.figures.peak_shift import peak_shift
from jetgen.reports.findings import Conclusion, FindingFigure, Table
from jetgen.reports.findings_page import write_findings
from jetgen.reports.formatting import with_uncertainty
from jetgen.reports.style import figure_style


class Side(NamedTuple):
    """The values ``(n,)`` of one file, and their event weights ``(n,)``."""

    values: NDArray[np.float64]
    weights: NDArray[np.float64]
    unit: str


def peaks(config: PeaksConfig) -> tuple[Path, str]:
    """Compare the peak in two files; return the path of the page, and the answer.

    Raises:
        InputError: when a file cannot be read, has no such observable, or nothing or one value in
            the window, or if the files have different numbers of jets and are not said to be
            independent.
    """
    sides = [
        _side(read(path, map=config.map, allow=config.allow), config.observable)
        for path in (config.before, config.after)
    ]
    before, after = sides
    if not config.independent and len(before.values) != len(after.values):
        raise InputError(
            f"after: expected the {len(before.values):,} jets of {config.before} in the same "
            f"order, received {len(after.values):,}; choose independent=True for different jets"
        )
    window = config.limits()
    shifts = summary_shifts(
        before.values,
        after.values,
        window,
        config.replicas,
        config.seed,
        weights=before.weights,
        weights_after=after.weights,
        paired=not config.independent,
    )
    summaries = [peak_summary(s.values, window, weights=s.weights) for s in sides]
    for path, summary in zip((config.before, config.after), summaries, strict=True):
        if not summary["width"] > 0:
            raise InputError(
                f"observable: expected different values of {config.observable} in the window, "
                f"received {summary['median']:g} alone in {path}"
            )
    answer = _answer(config, before.unit, summaries[0], shifts)
    with figure_style():
        figure = peak_shift(
            before[:2],
            after[:2],
            (summaries[0], summaries[1]),
            window,
            config.bins,
            f"{config.observable} [{before.unit}]" if before.unit else config.observable,
        )
    page = write_findings(
        Path(config.output or f"{Path(config.after).with_suffix('')}-peaks"),
        Conclusion(
            answer,
            tables=[
                _summary_table(summaries[0], summaries[1], shifts, before.unit),
                _fit_table(config, before, after),
            ],
            drawings=[
                FindingFigure(
                    "peak",
                    f"{config.observable} before and after",
                    "Shares of all jets per bin, and their ratio; the points with bars are median "
                    "and central 68 % of the window.",
                    figure,
                )
            ],
        ),
        title="A peak before and after",
        question=f"How does the peak of {config.observable} in {config.window} change?",
        facts={"Command": [" ".join(["jetgen", *sys.argv[1:]])]},
    )
    return page, answer


def _side(cloud: ParticleCloud, name: str) -> Side:
    """The observable of jets, or a column of sets of one."""
    kind = kind_of_cloud(cloud)
    measured: MeasuredSets = kind.measure(cloud)
    known = dict(measured.observables)
    if name not in known:  # substructure, which takes longer
        known = {observable.name: values for observable, values in kind.observables(measured)}
    if name not in known:
        raise InputError(f"observable: expected one of {some(known)}, received {name!r}")
    units = {each.name: each.unit for each in JET_OBSERVABLES}
    units |= {feature.name: feature.unit for feature in cloud.features}
    return Side(
        known[name].double().numpy(), measured.weights.double().numpy(), units.get(name, "")
    )


def _answer(
    config: PeaksConfig, unit: str, before: Mapping[str, float], shifts: Mapping[str, Shift]
) -> str:
    def change(name: str) -> str:
        shift = shifts[name]
        return (
            f"{with_uncertainty(shift.value, shift.error)} {unit}".rstrip()
            + f" ({shift.value / before[name]:+.1%})"
        )

    return (
        f"Between {config.window.replace(':', ' and ')} the median of {config.observable} changes "
        f"by {change('median')}, the half width of the central 68 % by {change('width')}; "
        f"the share of jets in the window changes from {before['share']:.1%} to "
        f"{before['share'] + shifts['share'].value:.1%}."
    )


def _summary_table(
    before: Mapping[str, float],
    after: Mapping[str, float],
    shifts: Mapping[str, Shift],
    unit: str,
) -> Table:
    titles = {
        "median": f"median [{unit}]" if unit else "median",
        "width": f"half width, central 68 % [{unit}]" if unit else "half width, central 68 %",
        "share": "share of jets in the window",
    }
    return Table(
        "shifts",
        "Without a fit",
        ["quantity", "before", "after", "change", "change / error"],
        [
            [
                title,
                f"{before[name]:.5g}",
                f"{after[name]:.5g}",
                with_uncertainty(shifts[name].value, shifts[name].error),
                f"{shifts[name].value / shifts[name].error:+.1f}" if shifts[name].error else "–",
            ]
            for name, title in titles.items()
        ],
        "± from bootstrap replicas.",
    )


def _fit_table(config: PeaksConfig, before: Side, after: Side) -> Table:
    def row(shape: str, name: str, side: Side) -> list[str]:
        title = SHAPES[shape].title
        try:
            fit = fit_peak(side.values, shape, config.limits(), config.bins, weights=side.weights)
        except InputError:
            return [title, name, "–", "–", "too few jets in the window"]
        if not fit.describes:
            return [title, name, "–", "–", f"{fit.p_value:.2g}: does not describe the peak"]
        return [
            title,
            name,
            *(with_uncertainty(fit.values[p], fit.errors[p]) for p in ("mass", "width")),
            f"{fit.p_value:.2g}",
        ]

    return Table(
        "fits",
        "Fits",
        ["shape", "file", "position", "width", "p-value"],
        [
            row(shape, name, side)
            for shape in SHAPES
            for name, side in (("before", before), ("after", after))
        ],
        f"Binned maximum likelihood; parameters only where the p-value is at least {ACCEPTABLE}.",
    )
