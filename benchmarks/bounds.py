"""What bounds the networks: the share of each kind of operation in the time of a pass.

The passes are those of ``training.py``, with torch's profiler: the time of operations themselves,
without that of the operations which they call. The rate of matrix products is given over that of a
product of two square matrices of 1,024 rows, right before.

    python benchmarks/bounds.py
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path

import torch
from measuring import RESULTS, Work, write_rows
from torch.profiler import ProfilerActivity, profile
from training import generation, training

from jetgen.config.train import TrainConfig

KINDS = {
    "products": ("mm", "bmm", "addmm", "baddbmm", "attention"),
    "activations": ("relu", "gelu", "silu", "sigmoid", "tanh", "threshold"),
    "normalisation": ("norm", "softmax"),
    "copies": ("copy", "cat", "index", "gather", "scatter", "fill", "zero", "clone", "where"),
}
"""Parts of the names of operations; ``sums`` are all others."""

OTHERS = "sums"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--networks", nargs="+", default=["deepsets", "message-passing", "transformer"]
    )
    parser.add_argument("--particles", type=int, default=30)
    parser.add_argument("--slots", type=int, default=6000, help="particles a pass")
    parser.add_argument("--pairs", type=int, default=900, help="pairs of the peer, not measured")
    parser.add_argument("--hidden", type=int, default=TrainConfig.hidden)
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, default=RESULTS / "bounds.csv")
    options = parser.parse_args(namespace=argparse.Namespace(device="cpu"))
    torch.set_num_threads(options.threads)
    rows = []
    for use, turns in (("training", training), ("generation", generation)):
        found = turns(options.particles, options)
        for name in options.networks:
            about = {"use": use, "particles": options.particles, "network": name}
            rows.append(about | bounds(found[name].work, options.passes))
            print(rows[-1], flush=True)
    write_rows(options.output, rows)


def bounds(work: Work, passes: int) -> dict[str, object]:
    """Per cent of the time in each kind of operation, and the rate of the matrix products."""
    work()
    best = peak_rate()
    with profile(activities=[ProfilerActivity.CPU], with_flops=True) as trace:
        for _ in range(passes):
            work()
    spent: dict[str, float] = defaultdict(float)
    operations = 0
    for event in trace.key_averages():
        kind = next((k for k, parts in KINDS.items() if any(p in event.key for p in parts)), OTHERS)
        spent[kind] += event.self_cpu_time_total
        operations += event.flops if kind == "products" else 0
    total = sum(spent.values())
    row: dict[str, object] = {f"{k}_%": round(100 * spent[k] / total) for k in (*KINDS, OTHERS)}
    row["products_gflops"] = round(operations / spent["products"] / 1e3)  # per microsecond
    row["over_square"] = round(operations / spent["products"] / 1e3 / best, 2)
    return row


def peak_rate(size: int = 1024, products: int = 5) -> float:
    """Thousand million operations per second in products of square matrices, the best of some."""
    a, b = torch.randn(2, size, size)
    times = []
    for _ in range(products):
        start = time.perf_counter()
        a @ b
        times.append(time.perf_counter() - start)
    return 2 * size**3 / min(times) / 1e9


if __name__ == "__main__":
    main()
