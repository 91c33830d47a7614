"""Jets decoded from codes along paths through the latent space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from jetgen.physics.observables import MeasuredSets
from jetgen.reports.figures.jet_displays import draw_jet
from jetgen.reports.style import grid, lines


def latent_walk(walks: Mapping[str, Sequence[MeasuredSets | None]]) -> Figure:
    """One row of single jets per path, by its name; panels without a jet are empty."""
    steps = max(len(jets) for jets in walks.values())
    figure, spec = grid(
        len(walks), steps, panel=(1.9, 1.9), margins=(0.95, 0.15, 0.55, 0.15), gaps=(0.1, 0.1)
    )
    axes = spec.subplots(sharex=True, sharey=True, squeeze=False)
    colour = lines(["decoded"])["decoded"].colour
    for row, (name, jets) in enumerate(walks.items()):
        for axis, jet in zip(axes[row], jets, strict=True):
            if jet is None:
                axis.set_visible(False)
            else:
                draw_jet(axis, jet, colour)
        axes[row, 0].set_ylabel(f"{name}\n" + r"$\phi^\mathrm{rel}$ [rad]")
    for axis in axes[-1]:
        axis.set_xlabel(r"$\eta^\mathrm{rel}$")
    return figure
