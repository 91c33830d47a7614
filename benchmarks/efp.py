"""The 36 energy-flow polynomials of up to four edges, jetgen against energyflow.

Float64, hadronic measure, beta 1, full jets of N particles in memory; blocks of jets take turns
between the two, and the median ratio counts. On one core the clock is the CPU time of the
process (on a machine shared with others wall time says little). With `--cores 2` and more it is
wall time: energyflow runs as many worker processes, jetgen as many threads. On a CUDA device the
peer is jetgen in plain torch on the same device, so that the ratio says what the Triton form is
worth; also where energyflow, which forces an old numpy, is not installed.

    python benchmarks/efp.py
    python benchmarks/efp.py --cores 2
    python benchmarks/efp.py --device cuda
"""

from __future__ import annotations

import contextlib
import importlib.util

with contextlib.suppress(ImportError):
    import energyflow  # before torch: the two share OpenMP badly on macOS
import argparse
import statistics
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from kernels import in_torch
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
    on_cpu = options.device == "cpu"
    ours = 120_000 // size if on_cpu else 6_000_000 // size  # jets a turn
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

    def run_ours(dtype: torch.dtype = torch.float64) -> np.ndarray:
        return efps(cloud, dtype=dtype).cpu().numpy()

    name, run_theirs, theirs = "jetgen in torch", in_torch(run_ours), ours
    if on_cpu and importlib.util.find_spec("energyflow"):
        theirs = 6_000 // size * options.cores
        name, run_theirs = "energyflow", peer(jets[:theirs], options.cores)
    clock = "cpu" if options.cores == 1 and on_cpu else "wall"
    error = np.abs(run_ours()[:theirs] / run_theirs() - 1).max()
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
        "peer": name,
        "peer_jets_per_s": rates[2],
        "ratio": round(statistics.median(ratios), 1),
        "ratio_lowest": round(ratios[0], 1),
        "ratio_highest": round(ratios[-1], 1),
        "float64_mb": peak_memory(run_ours, options.device),
        "largest_relative_difference": f"{error:.1e}",
    }


def peer(jets: np.ndarray, cores: int) -> Callable[[], np.ndarray]:
    """The same by energyflow, from jets of relative coordinates."""
    polynomials = energyflow.EFPSet(
        ("d<=", 4), measure="hadr", beta=1, normed=False, coords="ptyphim"
    )
    columns = np.ascontiguousarray(jets[:, :, [2, 0, 1]])
    return lambda: polynomials.batch_compute(columns, n_jobs=cores)


if __name__ == "__main__":
    main()
