"""The 36 energy-flow polynomials of up to four edges, jetgen against energyflow.

Float64, hadronic measure, beta 1, full jets of N particles in memory; blocks of jets take turns
between the two, and the median ratio counts. On one core the clock is the CPU time of the
process (on a machine shared with others wall time says little). With `--cores 2` and more it is
wall time: energyflow runs as many worker processes, jetgen as many threads.

    python benchmarks/efp.py
    python benchmarks/efp.py --cores 2
"""

from __future__ import annotations

import energyflow  # isort: skip  (before torch: the two share OpenMP badly on macOS)
import argparse
import statistics
from pathlib import Path

import numpy as np
import torch
from measuring import peak_memory, seconds, write_rows

from jetgen.cloud import RELATIVE, ParticleCloud
from jetgen.physics.efp import efps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--particles", type=int, nargs="+", default=[30, 100])
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--device", default="cpu", help="where jetgen computes")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results/efp.csv"))
    options = parser.parse_args()
    torch.set_num_threads(options.cores)
    rows = [measure(size, options) for size in options.particles]
    for row in rows:
        print(", ".join(f"{key} {value}" for key, value in row.items()))
    write_rows(options.output, rows)


def measure(size: int, options: argparse.Namespace) -> dict[str, object]:
    """Jets of one size, both ways."""
    ours, theirs = 120_000 // size, 6_000 // size * options.cores  # jets a turn
    random = np.random.default_rng(1)
    jets = np.concatenate(
        [
            random.normal(scale=0.3, size=(ours, size, 2)),
            random.dirichlet(np.ones(size), ours)[..., None],
        ],
        axis=2,
    )
    cloud = ParticleCloud(
        torch.from_numpy(jets), torch.ones(ours, size, dtype=torch.bool), RELATIVE
    ).to(options.device)
    few = np.ascontiguousarray(jets[:theirs, :, [2, 0, 1]])
    peer = energyflow.EFPSet(("d<=", 4), measure="hadr", beta=1, normed=False, coords="ptyphim")

    def run_ours(dtype: torch.dtype = torch.float64) -> np.ndarray:
        return efps(cloud, dtype=dtype).cpu().numpy()

    def run_theirs() -> np.ndarray:
        return peer.batch_compute(few, n_jobs=options.cores)

    clock = "cpu" if options.cores == 1 and options.device == "cpu" else "wall"
    expected = run_theirs()
    error = np.abs(run_ours()[:theirs] / expected - 1).max()
    times = [
        (
            seconds(run_ours, clock) / ours,
            seconds(lambda: run_ours(torch.float32), clock) / ours,
            seconds(run_theirs, clock) / theirs,
        )
        for _ in range(options.turns)
    ]
    ratios = sorted(b / a for a, _, b in times)
    rates = [round(1 / statistics.median(column)) for column in zip(*times, strict=True)]
    return {
        "particles": size,
        "device": options.device,
        "cores": options.cores,
        "clock": clock,
        "float64_jets_per_s": rates[0],
        "float32_jets_per_s": rates[1],
        "energyflow_jets_per_s": rates[2],
        "ratio": round(statistics.median(ratios), 1),
        "ratio_lowest": round(ratios[0], 1),
        "ratio_highest": round(ratios[-1], 1),
        "float64_mb": peak_memory(run_ours, options.device),
        "largest_relative_difference": f"{error:.1e}",
    }


if __name__ == "__main__":
    main()
