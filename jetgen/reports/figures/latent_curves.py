"""Features of sets decoded from codes along paths through the latent space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from jetgen.physics.observable_values import ObservableValues
from jetgen.reports.style import REAL, grid, lines

_CENTRAL = (0.05, 0.95)


def latent_curves(
    walks: Mapping[str, tuple[Tensor, Mapping[str, Tensor]]],
    shown: Sequence[ObservableValues],
    ends: Mapping[str, Tensor] | None = None,
) -> Figure:
    """One row per path, one panel per observable: its value against the position on the path.

    Args:
        walks: by the label of their axis, ``(steps,)`` positions and values of each observable.
        shown: the observables, with the values ``(B,)`` of the real sets.
        ends: two values of each observable: those of the real sets at the ends of the paths.
    """
    figure, spec = grid(
        len(walks), len(shown), panel=(2.1, 1.6), margins=(0.9, 0.15, 0.6, 0.45), gaps=(0.65, 0.6)
    )
    axes = spec.subplots(squeeze=False, sharey="col")
    colour = lines(["decoded"])["decoded"].colour
    for row, (label, (places, values)) in zip(axes, walks.items(), strict=True):
        for axis, known in zip(row, shown, strict=True):
            name = known.observable.name
            low, high = np.quantile(known.values.double().numpy(), _CENTRAL)
            axis.axhspan(low, high, color="#e4e4e4", linewidth=0, zorder=0)
            axis.plot(places.numpy(), values[name].numpy(), ".-", color=colour, markersize=5)
            if ends is not None:
                axis.plot(
                    places[[0, -1]].numpy(), ends[name].numpy(), "o", markersize=8, color=REAL,
                    markerfacecolor="none",
                )  # fmt: skip
            axis.set_xlabel(label)
    for axis, known in zip(axes[0], shown, strict=True):
        axis.set_title(known.observable.label, fontsize=11)
    return figure
