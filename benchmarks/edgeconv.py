"""EdgeConv blocks of jetgen against torch_geometric's on the same graph, forward and backward.

The two take turns; a ratio is of two neighbouring turns, and the median over the turns counts.
The CPU time of the process is the clock by default (on a machine shared with others wall time
says little; `--clock wall` on a free one or on a GPU). The graph is given to both: finding
neighbours is not part of it. torch_geometric also takes its turn with torch-scatter where that is
installed. The difference is the largest one of the result and all gradients,
each over its largest entry, in double precision (in single, messages near zero differ in sign).

    python benchmarks/edgeconv.py
    python benchmarks/edgeconv.py --threads 2 --clock wall
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

import torch
from measuring import peak_memory, seconds, write_rows
from scatter import INSTALLED, with_scatter
from torch import Tensor, nn
from torch_geometric.nn import EdgeConv as RaggedEdgeConv

from jetgen.networks.edgeconv import EdgeConv
from jetgen.networks.neighbours import nearest_neighbours

FORMS = {
    "one layer, max": (1, "max"),
    "three layers, mean": (3, "mean"),
    "three layers, max": (3, "max"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jets", type=int, default=128)
    parser.add_argument("--particles", type=int, default=100)
    parser.add_argument("--neighbours", type=int, default=16)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clock", choices=("cpu", "wall"), default="cpu")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results/edgeconv.csv"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows = [measure(name, options) for name in FORMS]
    for row in rows:
        print(", ".join(f"{key} {value}" for key, value in row.items()))
    write_rows(options.output, rows)


def measure(name: str, options: argparse.Namespace) -> dict[str, object]:
    """One form of the block, both ways."""
    edge_layers, aggregation = FORMS[name]
    torch.manual_seed(1)
    shape = (options.jets, options.particles, options.width)
    x = torch.randn(shape, device=options.device).requires_grad_()
    gradient = torch.randn(shape, device=options.device)
    mask = torch.ones(shape[:2], dtype=torch.bool, device=options.device)
    index, valid = nearest_neighbours(x, mask, options.neighbours)
    start = options.particles * torch.arange(options.jets, device=options.device).view(-1, 1, 1)
    slots = torch.arange(options.jets * options.particles, device=options.device)
    edges = torch.stack([(index + start).flatten(), slots.repeat_interleave(options.neighbours)])
    width = options.width
    dense = EdgeConv(width, width, edge_layers=edge_layers, aggregation=aggregation)
    dense = dense.to(options.device)
    ragged = RaggedEdgeConv(nn.Sequential(dense.first, nn.ReLU(), *dense.later), aggr=aggregation)

    def ours() -> list[Tensor]:
        return both_ways(dense(x, index, valid))

    def theirs() -> list[Tensor]:
        return both_ways(ragged(x.flatten(0, 1), edges).view(shape))

    def both_ways(result: Tensor) -> list[Tensor]:
        gradients = torch.autograd.grad(result, [x, *dense.parameters()], gradient)
        if options.device != "cpu":
            torch.cuda.synchronize()
        return [result.detach(), *gradients]

    works = [ours, with_scatter(theirs, False), *[with_scatter(theirs, True)] * INSTALLED]
    times = [[seconds(work, options.clock) for work in works] for _ in range(options.turns)]
    ratios = sorted(turn[1] / turn[0] for turn in times)
    memory = [peak_memory(work, options.device) for work in works[:2]]
    scatter: tuple[object, object] = ("not installed", "not installed")
    if INSTALLED:
        scatter_ratio = statistics.median(turn[2] / turn[0] for turn in times)
        scatter = median_ms(times, 2), round(scatter_ratio, 2)
    dense.double()
    x, gradient = x.detach().double().requires_grad_(), gradient.double()
    error = max(
        float((a - b).abs().max() / b.abs().max()) for a, b in zip(ours(), theirs(), strict=True)
    )
    return {
        "form": name,
        "jets": options.jets,
        "particles": options.particles,
        "neighbours": options.neighbours,
        "width": options.width,
        "threads": options.threads,
        "clock": options.clock,
        "ours_ms": median_ms(times, 0),
        "torch_geometric_ms": median_ms(times, 1),
        "ratio": round(statistics.median(ratios), 2),
        "ratio_lowest": round(ratios[0], 2),
        "ratio_highest": round(ratios[-1], 2),
        "with_torch_scatter_ms": scatter[0],
        "ratio_to_it": scatter[1],
        "ours_mb": memory[0],
        "torch_geometric_mb": memory[1],
        "largest_relative_difference": f"{error:.1e}",
    }


def median_ms(times: list[list[float]], column: int) -> float:
    return round(1e3 * statistics.median(turn[column] for turn in times), 1)


if __name__ == "__main__":
    main()
