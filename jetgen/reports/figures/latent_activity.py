"""Activity of each latent dimension."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from jetgen.metrics.latent import ACTIVE, LatentSpace, active, activity, divergence, order
from jetgen.reports.style import REAL, grid


def latent_activity(latent: LatentSpace) -> Figure:
    """Bars of the variances of latent dimensions, and of their divergences if codes have widths."""
    columns = order(latent)
    variances = activity(latent)[columns].numpy()
    bars = [("Variance of the mean", variances, "#0072B2")]
    if latent.stochastic:
        bars.append(("KL divergence [nats]", divergence(latent)[columns].numpy(), "#D55E00"))
    figure, spec = grid(
        len(bars), 1, panel=(9.0, 2.2), margins=(0.95, 0.2, 0.6, 0.4), gaps=(0.3, 0.3)
    )
    axes = spec.subplots(sharex=True, squeeze=False)[:, 0]
    place = np.arange(len(columns))
    for axis, (label, heights, colour) in zip(axes, bars, strict=True):
        axis.bar(place, heights, color=colour, width=0.8)
        axis.set_ylabel(label, fontsize=11)
    if latent.stochastic:
        axes[-1].axhline(ACTIVE, color=REAL, linewidth=1, linestyle="--")
    axes[0].set_yscale("log")
    axes[0].set_ylim(min(ACTIVE, max(variances.min(), 1e-6)) / 2, 3 * variances.max())
    axes[0].axhline(ACTIVE, color=REAL, linewidth=1, linestyle="--")
    count = int(active(latent).sum())
    axes[0].set_title(f"{count} of {len(columns)} dimensions active", loc="left")
    axes[-1].set_xlabel("Latent dimension")
    axes[-1].set_xticks(place, [str(int(c) + 1) for c in columns])
    axes[-1].tick_params(axis="x", labelsize=11 if len(columns) <= 32 else 6)
    for axis in axes:
        axis.tick_params(axis="x", which="minor", bottom=False, top=False)
    axes[0].set_xlim(-0.6, len(columns) - 0.4)
    return figure
