"""Residuals between reconstructed jets and the jets that were encoded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.errors import InputError
from jetgen.metrics.weighted_quantiles import quantiles
from jetgen.physics.fourvectors import wrap_phi
from jetgen.physics.observables import MeasuredSets
from jetgen.weights import effective_size, equal

LEADING = {1: "hardest", 2: "2nd hardest", 3: "3rd hardest"}
"""Ranks by falling pT of the particles whose share of pT is compared."""


class Residual(NamedTuple):
    """Differences ``values`` (M,) of the jets with indices ``jet`` (M,); ``symbol`` in mathtext.

    The event ``weights`` (M,) are those of the original jets.
    """

    name: str
    symbol: str
    unit: str
    values: Tensor
    jet: Tensor
    weights: Tensor


class Band(NamedTuple):
    """Quantiles ``low``, ``median``, ``high`` (16, 50, 84 %) of the residual in bins of x.

    Each is ``(K,)``, like ``centre`` (median x of the bin) and ``jets`` (effective number of jets).
    """

    centre: Tensor
    low: Tensor
    median: Tensor
    high: Tensor
    jets: Tensor


def residuals(real: MeasuredSets, reconstructed: MeasuredSets) -> list[Residual]:
    r"""Residuals per jet: relative for mass, pT and shares of pT, absolute for angles.

    .. math:: \frac{\hat x - x}{x} \text{ for } m, p_T, p_{T,k} / p_T; \qquad
              \hat\eta_1 - \eta_1, \quad \hat\varphi_1 - \varphi_1

    with k the rank by pT in each of the two jets; jets with x = 0, or with too few particles, are
    ignored. For clouds without jet pT the relative mass replaces mass and pT.

    Raises:
        InputError: when the numbers of jets differ.
    """
    if len(real) != len(reconstructed):
        raise InputError(
            f"residuals: expected a reconstruction of each of the {len(real)} jets, received "
            f"{len(reconstructed)}"
        )
    placed = "pt" in real.observables and "pt" in reconstructed.observables
    known = (("mass", "m"), ("pt", r"p_\mathrm{T}")) if placed else (("relative_mass", "m"),)
    found = [
        _relative(
            name,
            symbol,
            "jet",
            real.observables[name],
            reconstructed.observables[name],
            real.weights,
        )
        for name, symbol in known
    ]
    return [*found, *_leading(real.relative, reconstructed.relative)]


def _leading(real: ParticleCloud, reconstructed: ParticleCloud) -> Iterator[Residual]:
    count = min(max(LEADING), real.mask.shape[1], reconstructed.mask.shape[1])
    weights = real.weights.double()
    (shares, first), (made, second) = (_by_share(jets, count) for jets in (real, reconstructed))
    for k in range(count):
        name, symbol = f"ptrel_{k + 1}", r"p_\mathrm{T}^\mathrm{rel}"
        yield _relative(name, symbol, LEADING[k + 1], shares[:, k], made[:, k], weights)
    both = ((shares[:, 0] > 0) & (made[:, 0] > 0)).nonzero().squeeze(1)
    for name, symbol, unit in (
        ("etarel", r"\eta^\mathrm{rel}", ""),
        ("phirel", r"\phi^\mathrm{rel}", "rad"),
    ):
        before = real.feature(name).gather(1, first[:, :1]).squeeze(1)[both]
        after = reconstructed.feature(name).gather(1, second[:, :1]).squeeze(1)[both]
        difference = wrap_phi(after - before) if name == "phirel" else after - before
        yield Residual(name, rf"$\Delta {symbol}$, hardest", unit, difference, both, weights[both])


def _by_share(cloud: ParticleCloud, count: int) -> tuple[Tensor, Tensor]:
    """``(B, count)`` shares of pT by rank, zero after the last particle, and their slots."""
    shares = cloud.feature("ptrel").masked_fill(~cloud.mask, 0.0)
    return shares.topk(count, dim=1)


def _relative(
    name: str, symbol: str, of: str, before: Tensor, after: Tensor, weights: Tensor
) -> Residual:
    jet = ((before > 0) & (after > 0)).nonzero().squeeze(1)
    label = rf"$\Delta {symbol} / {symbol}$, {of}"
    return Residual(name, label, "", after[jet] / before[jet] - 1, jet, weights[jet])


def band(x: Tensor, values: Tensor, bins: int = 10, weights: Tensor | None = None) -> Band:
    """Quantiles of ``values`` (M,) in at most ``bins`` bins of ``x`` (M,) of equally many jets.

    Equal values of x are in the same bin, so that there may be fewer bins. Event ``weights`` (M,)
    are ones when omitted.
    """
    known = torch.ones_like(values) if weights is None else weights
    shares = torch.linspace(0, 1, bins + 1, dtype=x.dtype)[1:-1]
    cuts = quantiles(x, shares.tolist(), known).unique()
    index = torch.searchsorted(cuts, x.contiguous(), right=True)
    rows = []
    for k in index.unique():
        inside = index == k
        own = known[inside]
        if not bool(own.any()):
            continue
        centre = x[inside].median() if equal(own) else quantiles(x[inside], [0.5], own)[0]
        found = quantiles(values[inside], _LEVELS, own)
        rows.append([centre, *found, effective_size(own)])
    return Band(*torch.tensor(rows, dtype=values.dtype).unbind(1))


_LEVELS = (0.16, 0.5, 0.84)


def half_width(values: Tensor, weights: Tensor | None = None) -> float:
    """Half the width of the central 68 %; for a normal distribution its standard deviation.

    Event ``weights`` ``(M,)`` are ones when omitted.
    """
    low, high = quantiles(values, (0.16, 0.84), weights).tolist()
    return float(high - low) / 2
