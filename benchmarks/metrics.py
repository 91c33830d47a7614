"""The field's metrics from jets in memory, jetgen against the jetnet library and energyflow.

One core and CPU time of the process, because on a machine shared with others wall time says
little; one turn each, both with the library's default draws. Needs jetnet 0.2.5 beside jetgen.

    OMP_NUM_THREADS=1 python benchmarks/metrics.py
"""

from __future__ import annotations

import energyflow  # noqa: F401  isort: skip  (before torch: the two share OpenMP badly on macOS)
import argparse
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from jetnet.evaluation import gen_metrics as peer
from measuring import RESULTS, seconds, write_rows

from jetgen.metrics.fpd import fpd, jet_efps
from jetgen.metrics.kpd import kpd
from jetgen.metrics.w1efp import w1efp
from jetgen.metrics.w1m import w1m
from jetgen.metrics.w1p import w1p

SEED = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jets", type=int, default=10_000)
    parser.add_argument("--particles", type=int, default=30)
    parser.add_argument("--output", type=Path, default=RESULTS / "metrics.csv")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # of few jets
    jets = [sample(options.jets, options.particles, seed) for seed in (1, 2)]
    rows: list[dict[str, object]] = [
        {"metric": name, "jets": options.jets, "particles": options.particles, **measure(*both)}
        for name, both in work(*jets).items()
    ]
    write_rows(options.output, rows)


def sample(jets: int, particles: int, seed: int) -> np.ndarray:
    """``(jets, particles, 3)`` full jets of etarel, phirel, ptrel."""
    random = np.random.default_rng(seed)
    share = -np.sort(-random.dirichlet(np.full(particles, 0.5), jets), axis=1)
    angles = random.normal(size=(jets, particles, 2)) * random.uniform(0.03, 0.2, (jets, 1, 1))
    return np.concatenate([angles, share[..., None]], axis=2)


Both = tuple[Callable[[], object], Callable[[], object]]


def work(real: np.ndarray, generated: np.ndarray) -> dict[str, Both]:
    """Ours and theirs, with equal draws."""

    def drawn(metric: Callable[..., object], **options: object) -> object:
        peer.rng = np.random.default_rng(SEED)
        return metric(real, generated, **options)

    def features_and_distances() -> object:
        features = jet_efps(real), jet_efps(generated)
        return fpd(*features), kpd(*features)

    def their_features_and_distances() -> object:
        features = [peer.get_fpd_kpd_jet_features(x, efp_jobs=1) for x in (real, generated)]
        return peer.fpd(*features), peer.kpd(*features)

    return {
        "w1m": (lambda: w1m(real, generated, seed=SEED)[0], lambda: drawn(peer.w1m)[0]),
        "w1p": (lambda: w1p(real, generated, seed=SEED)[0], lambda: drawn(peer.w1p)[0]),
        "w1efp": (
            lambda: w1efp(real, generated, seed=SEED)[0],
            lambda: drawn(peer.w1efp, efp_jobs=1)[0],
        ),
        "fpd_and_kpd_from_jets": (features_and_distances, their_features_and_distances),
    }


def measure(ours: Callable[[], object], theirs: Callable[[], object]) -> dict[str, object]:
    found: list[object] = []
    own = seconds(lambda: found.append(ours()), "cpu")
    other = seconds(lambda: found.append(theirs()), "cpu")
    values = [np.ravel(np.array(x, dtype=float)) for x in found]
    row = {
        "clock": "cpu",
        "jetgen_s": round(own, 2),
        "jetnet_s": round(other, 2),
        "ratio": round(other / own, 1),
        "largest_relative_difference": f"{np.abs(values[0] / values[1] - 1).max():.1e}",
    }
    print(row, flush=True)
    return row


if __name__ == "__main__":
    main()
