"""All metrics by the protocol of the JetNet library, which papers quote."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from jetgen.conversion import Jets
from jetgen.evaluation.checks import different_slots, without_particles
from jetgen.metrics.cov_mmd import cov_mmd
from jetgen.metrics.fpd import fpd, jet_efps
from jetgen.metrics.kpd import kpd
from jetgen.metrics.samples import FewJetsWarning, relative_particles
from jetgen.metrics.w1efp import w1efp
from jetgen.metrics.w1m import w1m
from jetgen.metrics.w1p import w1p

FEATURES = ("etarel", "phirel", "ptrel")


def jetnet_protocol(
    real: Jets,
    generated: Jets,
    *,
    seed: int = 42,
    progress: Callable[[str], None] = lambda text: None,
) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows ``metric, value, spread`` at the library's sizes, and warnings.

    Raises:
        InputError: for jets that a metric does not accept.
    """
    rows: list[dict[str, Any]] = []
    sides = relative_particles(real, "real jets"), relative_particles(generated, "generated jets")
    odd = [
        *without_particles("real", sides[0]),
        *without_particles("generated", sides[1]),
        *different_slots("generated", sides[1], sides[0]),
    ]

    def add(name: str, value: Any, spread: Any) -> None:
        shown = None if spread is None else float(spread)
        rows.append({"metric": name, "value": float(value), "spread": shown})

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", FewJetsWarning)
        progress("W1M")
        add("w1m", *w1m(real, generated, seed=seed))
        progress("W1P")
        particles = w1p(real, generated, seed=seed)
        for name, value, spread in zip(FEATURES, *particles, strict=True):
            add(f"w1p_{name}", value, spread)
        add("w1p", particles.value.mean(), None)
        progress("W1EFP")
        polynomials = w1efp(real, generated, seed=seed)
        for k, (value, spread) in enumerate(zip(*polynomials, strict=True)):
            add(f"w1efp_{k + 1}", value, spread)
        add("w1efp", polynomials.value.mean(), None)
        progress("energy-flow polynomials")
        features = jet_efps(sides[0]), jet_efps(sides[1])
        weights = sides[0].weights, sides[1].weights
        progress("FPD")
        add("fpd", *fpd(*features, seed=seed, weights=weights))
        progress("KPD")
        add("kpd", *kpd(*features, seed=seed, weights=weights))
        progress("COV and MMD")
        matched = cov_mmd(real, generated, seed=seed)
        add("cov", *matched.coverage)
        add("mmd", *matched.mmd)
    for warning in caught:
        if not issubclass(warning.category, FewJetsWarning):
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    few = [str(w.message) for w in caught if issubclass(w.category, FewJetsWarning)]
    return rows, [*odd, *few]
