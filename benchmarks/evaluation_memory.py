"""Peak memory of the field's metrics on large samples, each in a process of its own.

Random full jets, tiled; the peak of the resident memory beside that after the samples were made.

    OMP_NUM_THREADS=1 python benchmarks/evaluation_memory.py
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import warnings
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import torch
from measuring import RESULTS, seconds, write_rows

from jetgen.metrics.fpd import fpd, jet_efps
from jetgen.metrics.kpd import kpd
from jetgen.metrics.w1efp import w1efp
from jetgen.metrics.w1m import w1m
from jetgen.metrics.w1p import w1p

METRICS = {
    "w1m": lambda real, made: w1m(real, made, seed=7),
    "w1p": lambda real, made: w1p(real, made, seed=7),
    "w1efp": lambda real, made: w1efp(real, made, seed=7),
    "fpd": lambda real, made: fpd(features(real), features(made)),
    "kpd": lambda real, made: kpd(features(real), features(made)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jets", type=int, default=50_000)
    parser.add_argument("--particles", type=int, default=150)
    parser.add_argument("--metrics", nargs="+", choices=METRICS, default=list(METRICS))
    parser.add_argument("--output", type=Path, default=RESULTS / "evaluation_memory.csv")
    options = parser.parse_args()
    rows = []
    for name in options.metrics:
        ours, theirs = multiprocessing.Pipe()
        work = (name, options.jets, options.particles, theirs)
        process = multiprocessing.get_context("spawn").Process(target=measure, args=work)
        process.start()
        theirs.close()
        rows.append(ours.recv())
        process.join()
        print(rows[-1], flush=True)
    write_rows(options.output, rows)


def measure(name: str, jets: int, particles: int, result: Connection) -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # of few jets
    real, made = (sample(jets, particles, seed) for seed in (1, 2))
    before = peak()
    spent = seconds(lambda: METRICS[name](real, made), "cpu")
    result.send(
        {
            "metric": name,
            "jets": jets,
            "particles": particles,
            "samples_mb": round(2 * real.nbytes / 1e6),
            "peak_mb_beside_them": round(peak() - before),
            "cpu_s": round(spent, 1),
        }
    )


def peak() -> float:
    """MB of the largest resident memory until now."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def sample(jets: int, particles: int, seed: int) -> np.ndarray:
    """``(jets, particles, 3)`` full jets of etarel, phirel, ptrel, repeating after 1,000."""
    random = np.random.default_rng(seed)
    few = min(jets, 1000)
    share = random.dirichlet(np.full(particles, 0.5), few)[..., None]
    angles = random.normal(scale=0.1, size=(few, particles, 2))
    return np.resize(np.concatenate([angles, share], axis=2), (jets, particles, 3))


def features(jets: np.ndarray) -> torch.Tensor:
    """36 polynomials of the first thousand jets, repeated: made in blocks, as those of w1efp."""
    return jet_efps(jets[:1000]).repeat(-(-len(jets) // 1000), 1)[: len(jets)]


if __name__ == "__main__":
    main()
