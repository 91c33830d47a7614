"""Single jets in the eta-phi plane, one disc per particle."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.figure import Figure

from jetgen.evaluation.checks import RECONSTRUCTED
from jetgen.physics.observables import MeasuredSets
from jetgen.reports.style import REAL, Line, grid
from jetgen.weights import unweighted_draw

HALF_WIDTH = 0.8
_JETS = 4
_LARGEST = 0.36
"""Diameter, in the units of the axes, of the disc of a particle with the whole jet pT."""


def jet_displays(
    real: MeasuredSets,
    samples: Mapping[str, MeasuredSets],
    looks: Mapping[str, Line],
    seed: int,
    reference: str = "simulated",
) -> Figure:
    """Rows of randomly chosen jets: simulated ones, their reconstructions, each other sample."""
    shown = _chosen(real, seed)
    rows = [(reference, real[shown], REAL)]
    for name, jets in samples.items():
        own = shown if name == RECONSTRUCTED else _chosen(jets, seed)
        rows.append((name, jets[own], looks[name].colour))
    figure, spec = grid(
        len(rows), _JETS, panel=(2.7, 2.7), margins=(0.75, 0.15, 0.55, 0.35), gaps=(0.15, 0.4)
    )
    axes = spec.subplots(sharex=True, sharey=True, squeeze=False)
    for row, (name, jets, colour) in enumerate(rows):
        for column in range(_JETS):
            if column < len(jets):
                draw_jet(axes[row, column], jets[column : column + 1], colour)
            else:
                axes[row, column].set_visible(False)
        axes[row, 0].set_ylabel(r"$\phi^\mathrm{rel}$ [rad]")
        axes[row, 0].set_title(name, loc="left", fontsize=12, color=colour)
    for axis in axes[-1]:
        axis.set_xlabel(r"$\eta^\mathrm{rel}$")
    return figure


def _chosen(jets: MeasuredSets, seed: int) -> torch.Tensor:
    """Some of the jets, drawn by weight."""
    generator = torch.Generator().manual_seed(seed)
    kept = unweighted_draw(jets.weights, generator)
    return kept[torch.randperm(len(kept), generator=generator)[:_JETS]]


def draw_jet(axes: Axes, jet: MeasuredSets, colour: str) -> None:
    """One jet, with its pT, mass and number of particles."""
    cloud = jet.relative
    particles = cloud.particles[cloud.mask].numpy()
    particles = particles[np.argsort(-particles[:, 2])]  # small ones on top
    diameter = _LARGEST * np.sqrt(np.clip(particles[:, 2], 0, None))
    axes.add_collection(
        EllipseCollection(
            list(diameter), list(diameter), [0.0] * len(diameter), units="xy",
            offsets=particles[:, :2], transOffset=axes.transData,
            facecolors=colour, edgecolors="white", linewidths=0.5, alpha=0.55,
        )
    )  # fmt: skip
    axes.set_xlim(-HALF_WIDTH, HALF_WIDTH)
    axes.set_ylim(-HALF_WIDTH, HALF_WIDTH)
    axes.set_aspect("equal")
    axes.axhline(0, color="#bbbbbb", linewidth=0.6, zorder=0)
    axes.axvline(0, color="#bbbbbb", linewidth=0.6, zorder=0)
    numbers = {name: values.item() for name, values in jet.observables.items()}
    words = [f"{numbers['multiplicity']:.0f} particles"]
    if "mass" in numbers:
        words.insert(0, f"$m$ = {numbers['mass']:.0f} GeV")
        words.insert(0, rf"$p_\mathrm{{T}}$ = {numbers['pt']:.0f} GeV")
    axes.text(
        0.04, 0.965, "\n".join(words), transform=axes.transAxes, va="top", fontsize=9.5,
        bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1.0},
    )  # fmt: skip
