"""The latent codes of real jets in the plane of their principal components."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from jetgen.metrics.latent import LatentSpace, principal_components
from jetgen.physics.observable_values import ObservableValues
from jetgen.reports.figures.latent_plane import latent_plane

_MOST = 3000


def latent_map(latent: LatentSpace, colours: Sequence[ObservableValues]) -> Figure:
    """One panel per observable that colours the points; one point per jet."""
    components, shares = principal_components(latent[slice(_MOST)])
    if components.shape[1] == 1:
        components = components.repeat(1, 2)
    labels = [f"Principal component {k + 1} ({share:.0%})" for k, share in enumerate(shares)]
    return latent_plane(
        components, (labels[0], labels[-1]), [colour[slice(_MOST)] for colour in colours]
    )
