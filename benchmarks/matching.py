"""Exact distances of jets, jetgen against energyflow: a whole matrix, and coverage and matching.

CPU time of the process, the best of three turns each, taken in turn. The library's COV and MMD are
energyflow's matrices of its draws and their minima, written out here: jetnet is not needed.

    OMP_NUM_THREADS=1 python benchmarks/matching.py
"""

from __future__ import annotations

import energyflow  # isort: skip  (before torch: the two share OpenMP badly on macOS)
import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from measuring import RESULTS, seconds, write_rows

from jetgen.cloud import ParticleCloud
from jetgen.datasets import read
from jetgen.losses import emd_matrix
from jetgen.metrics.cov_mmd import cov_mmd
from jetgen.metrics.samples import relative_particles

JETS, SEED, TURNS = 100, 7, 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("data/gluon.h5"))
    parser.add_argument("--output", type=Path, default=RESULTS / "matching.csv")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cloud = relative_particles(read(options.data))
    rows = []
    for particles in (30, cloud.mask.shape[1]):
        jets = hardest(cloud, particles)
        half = len(jets) // 2
        for task, (ours, theirs) in work(jets[:half], jets[half:]).items():
            row = {"task": task, "jets": half, "particles": particles}
            rows.append(row | measure(ours, theirs))
            print(rows[-1], flush=True)
    write_rows(options.output, rows)


def hardest(cloud: ParticleCloud, particles: int) -> np.ndarray:
    """``(jets, particles, 3)`` of etarel, phirel, ptrel by falling ptrel."""
    order = cloud.particles[..., 2].argsort(1, descending=True)[:, :particles]
    return cloud.particles.take_along_dim(order.unsqueeze(2), 1).numpy()


Both = tuple[Callable[[], object], Callable[[], object]]


def work(real: np.ndarray, generated: np.ndarray) -> dict[str, Both]:
    """Ours and theirs: ``JETS`` by ``JETS`` distances, and the field's ten batches of them."""
    sides = [
        (torch.from_numpy(x[..., :2]), torch.from_numpy(x[..., 2] > 0), torch.from_numpy(x[..., 2]))
        for x in (generated[:JETS], real[:JETS])
    ]
    (a, a_mask, p), (b, b_mask, q) = sides
    events = [particles_of(x[:JETS]) for x in (generated, real)]

    def library() -> list[float]:
        random = np.random.default_rng(SEED)
        found = []
        for _ in range(10):
            i, j = random.choice(len(real), JETS), random.choice(len(generated), JETS)
            drawn = particles_of(generated[j]), particles_of(real[i])
            matrix = energyflow.emd.emds(*drawn, n_jobs=1)
            found.append((len(np.unique(matrix.argmin(1))) / JETS, matrix.min(0).mean()))
        return np.mean(found, axis=0).tolist()

    return {
        f"emd_matrix_{JETS}_by_{JETS}": (
            lambda: emd_matrix(a, a_mask, b, b_mask, a_weights=p, b_weights=q, R=1.0),
            lambda: energyflow.emd.emds(*events, n_jobs=1),
        ),
        "cov_mmd": (lambda: [x.value for x in cov_mmd(real, generated, seed=SEED)], library),
    }


def particles_of(jets: np.ndarray) -> list[np.ndarray]:
    """Real particles as energyflow has them: pT, eta, phi."""
    return [jet[jet[:, 2] > 0][:, [2, 0, 1]] for jet in jets]


def measure(ours: Callable[[], object], theirs: Callable[[], object]) -> dict[str, object]:
    found: tuple[list[object], list[object]] = ([], [])
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(TURNS):
        for k, one in enumerate((ours, theirs)):
            times[k].append(seconds(lambda one=one, k=k: found[k].append(one()), "cpu"))
    own, other = (min(t) for t in times)
    values = [np.ravel(np.array(x[0], dtype=float)) for x in found]
    return {
        "clock": "cpu",
        "jetgen_s": round(own, 3),
        "energyflow_s": round(other, 3),
        "ratio": round(other / own, 2),
        "largest_difference": f"{np.abs(values[0] - values[1]).max():.1e}",
    }


if __name__ == "__main__":
    main()
