"""The latent codes of real jets in the plane of their principal components."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from jetgen.evaluation.latent import LatentSpace, principal_components
from jetgen.physics.observables import JET_OBSERVABLES, Measured
from jetgen.reports.style import INTENSITY, grid

_MOST = 3000


def latent_map(latent: LatentSpace, real: Measured) -> Figure:
    """One point a jet, coloured by mass (relative mass where pT is not known) and multiplicity."""
    components, shares = principal_components(latent[slice(_MOST)])
    if components.shape[1] == 1:
        components = components.repeat(1, 2)
    mass = "mass" if "mass" in real.observables else "relative_mass"
    shown = [o for o in JET_OBSERVABLES if o.name in (mass, "multiplicity")]
    figure, spec = grid(
        1, len(shown), panel=(4.0, 3.6), margins=(0.85, 1.1, 0.65, 0.2), gaps=(1.9, 0.3)
    )
    for axis, observable in zip(spec.subplots(squeeze=False)[0], shown, strict=True):
        values = real.observables[observable.name][:_MOST].numpy()
        low, high = np.quantile(values, [0.02, 0.98])
        points = axis.scatter(
            components[:, 0], components[:, 1], c=values, cmap=INTENSITY, vmin=low, vmax=high,
            s=7, linewidths=0, rasterized=True,
        )  # fmt: skip
        bar = figure.colorbar(points, cax=axis.inset_axes((1.04, 0, 0.05, 1)), extend="both")
        bar.set_label(observable.label)
        labels = [
            f"Principal component {k + 1} ({share:.0%})" for k, share in enumerate(shares.tolist())
        ]
        axis.set_xlabel(labels[0])
        axis.set_ylabel(labels[-1])
    return figure
