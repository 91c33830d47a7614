"""Draw quality against time per jet: ``python benchmarks/front.py`` writes docs/images/front.png.

Points are the rows of results/comparison.csv, the shipped models by their cards (gluon jets), and
the published figures of results/published.csv.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
from measuring import RESULTS

from jetgen.pretrained import ALL, shipped_models

PAGE = Path(__file__).parents[1] / "docs" / "images" / "front.png"


class Point(NamedTuple):
    """A model: its name, microseconds per jet, and W1M over its floor."""

    name: str
    microseconds: float
    ratio: float


def compared() -> Iterator[Point]:
    """The rows of the comparison."""
    found: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    with (RESULTS / "comparison.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] == "generated":
                found[row["sample"]][row["metric"]] = row
    for name, rows in found.items():
        if "generation_jets_per_second" in rows:
            speed = float(rows["generation_jets_per_second"]["value"])
            mass = rows["relative_mass"]
            yield Point(name, 1e6 / speed, float(mass["value"]) / float(mass["floor"]))


def shipped() -> Iterator[Point]:
    """The models that come with jetgen, for gluon jets."""
    for name, model in shipped_models().items():
        measured = model.card["metrics"].get("gluon")
        if measured is not None and not name.startswith(ALL) and model.jet_type in (None, "gluon"):
            mass = measured["metrics"]["w1m"]
            speed = model.card["speed"]["jets_per_second"]
            yield Point(name, 1e6 / speed, mass["value"] / mass["floor"])


def published() -> Iterator[Point]:
    """Figures of others."""
    with (RESULTS / "published.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            value, floor = (float(row[n].split()[0]) for n in ("W1M [10⁻³]", "its floor"))
            yield Point(
                f"{row['model']} {row['particles']}", float(row["µs per jet"]), value / floor
            )


def main() -> None:
    figure, axes = plt.subplots(figsize=(7.5, 5), layout="constrained")
    groups = {
        "five minutes of training, CPU, 1,500 jets": (compared(), ".", "0.6", False),
        "published, JetNet": (published(), "s", "tab:blue", True),
        "models of jetgen, CPU": (shipped(), "o", "tab:red", True),
    }
    for label, (points, marker, colour, named) in groups.items():
        known = list(points)
        if not known:
            continue
        axes.plot(
            [p.microseconds for p in known],
            [p.ratio for p in known],
            marker,
            color=colour,
            label=label,
        )
        for point in known if named else []:
            axes.annotate(
                point.name, point[1:], xytext=(5, 4), textcoords="offset points", color=colour
            )
    axes.axhline(1, color="0.3", linewidth=1)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="time per jet [µs] (CPU: one core)",
        ylabel="W1M / its floor",
    )
    axes.margins(x=0.15)
    figure.legend(loc="outside lower center", ncols=3, columnspacing=1, frameon=False)
    figure.savefig(PAGE, dpi=90)
    print(PAGE)


if __name__ == "__main__":
    main()
