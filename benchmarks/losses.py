"""Speed and memory of the losses beside their peers: ``python benchmarks/losses.py``.

Every variant of a loss runs on the same jets in the same process, one after the other in each
round, so that a busy machine slows all of them alike; medians over the rounds. Peak memory is
the growth of the resident size during forward and backward on the CPU (each variant in a process
of its own), the allocator's peak on CUDA. The rows go to ``benchmarks/results/losses-DEVICE.csv``.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from jetgen.losses import SinkhornSettings, chamfer, emd

SIZES = ((256, 30), (256, 100), (1024, 150))
Loss = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def broadcast(x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor) -> Tensor:
    square = (x.unsqueeze(2) - y.unsqueeze(1)).square().sum(-1)
    return _reduce(square, x_mask, y_mask)


def cdist(mode: str) -> Loss:
    def loss(x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor) -> Tensor:
        table = torch.cdist(x, y, compute_mode=mode)
        far = ~(x_mask.unsqueeze(2) & y_mask.unsqueeze(1))
        table = table.masked_fill(far, 1e30)
        one, other = table.min(2).values.square(), table.min(1).values.square()
        return torch.where(x_mask, one, 0.0).sum(1) + torch.where(y_mask, other, 0.0).sum(1)

    return loss


def _reduce(square: Tensor, x_mask: Tensor, y_mask: Tensor) -> Tensor:
    square = square.masked_fill(~(x_mask.unsqueeze(2) & y_mask.unsqueeze(1)), 1e30)
    one, other = square.min(2).values, square.min(1).values
    return torch.where(x_mask, one, 0.0).sum(1) + torch.where(y_mask, other, 0.0).sum(1)


def transport(backend: str, eps: float = 0.05) -> Loss:
    settings = SinkhornSettings(eps=eps)
    return lambda *sets: emd(*sets, backend=backend, settings=settings)  # type: ignore[arg-type]


FAMILIES: dict[str, dict[str, Loss]] = {
    "chamfer": {
        "jetgen": chamfer,
        "broadcast": broadcast,
        "cdist": cdist("donot_use_mm_for_euclid_dist"),
        "cdist-matmul": cdist("use_mm_for_euclid_dist"),
    },
    "emd": {
        "jetgen-exact": transport("exact"),
        "jetgen-sinkhorn": transport("sinkhorn"),
        "geomloss": transport("geomloss"),
    },
}


def jets(B: int, N: int, device: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Two batches with a third to all of the ``N`` slots filled, standard normal features."""
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.randn(B, N, 3, generator=generator) for _ in range(2))
    counts = (torch.randint(N // 3, N + 1, (B, 1), generator=generator) for _ in range(2))
    x_mask, y_mask = (torch.arange(N) < count for count in counts)
    return x.to(device), x_mask.to(device), y.to(device), y_mask.to(device)


def timed(loss: Loss, sets: tuple[Tensor, ...]) -> tuple[float, float, Tensor]:
    """Seconds of the forward and of the backward pass, and the values."""
    x, x_mask, y, y_mask = sets
    x = x.detach().requires_grad_()
    clock = _clock(x.device)
    start = clock()
    value = loss(x, x_mask, y, y_mask)
    middle = clock()
    value.sum().backward()
    return middle - start, clock() - middle, value.detach()


def _clock(device: torch.device) -> Callable[[], float]:
    def now() -> float:
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    return now


def peak_megabytes(family: str, variant: str, B: int, N: int, device: str) -> float:
    """Growth of memory during one forward and backward pass after a small one."""
    loss = FAMILIES[family][variant]
    if device != "cpu":
        sets = jets(B, N, device)
        timed(loss, sets)
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        timed(loss, sets)
        return (torch.cuda.max_memory_allocated() - before) / 1e6
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_resident_growth, (family, variant, B, N, torch.get_num_threads()))


def _resident_growth(family: str, variant: str, B: int, N: int, threads: int) -> float:
    torch.set_num_threads(threads)
    loss = FAMILIES[family][variant]
    timed(loss, jets(2, N, "cpu"))
    sets = jets(B, N, "cpu")
    before = peak = _resident()
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.0005):
            peak = max(peak, _resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    timed(loss, sets)
    done.set()
    watcher.join()
    return (max(peak, _resident()) - before) / 1e6


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def measure(family: str, B: int, N: int, device: str, rounds: int) -> list[dict[str, object]]:
    sets = jets(B, N, device)
    variants = FAMILIES[family]
    reference = "broadcast" if family == "chamfer" else "jetgen-exact"
    truth = timed(variants[reference], sets)[2]
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in variants}
    bias = {}
    for k in range(rounds + 1):
        for name, loss in variants.items():
            forward, backward, value = timed(loss, sets)
            bias[name] = ((value - truth).mean() / truth.mean()).item()
            if k:  # the first round warms up
                times[name].append((forward, backward))
    slowest = "broadcast" if family == "chamfer" else "geomloss"
    both = {name: statistics.median(f + b for f, b in times[name]) for name in variants}
    return [
        {
            "loss": family,
            "variant": name,
            "device": device,
            "threads": torch.get_num_threads(),
            "B": B,
            "N": N,
            "forward_ms": round(1e3 * statistics.median(f for f, _ in times[name]), 3),
            "backward_ms": round(1e3 * statistics.median(b for _, b in times[name]), 3),
            "both_ms": round(1e3 * both[name], 3),
            "speed_over_peer": round(both[slowest] / both[name], 2),
            "peer": slowest,
            "peak_MB": round(peak_megabytes(family, name, B, N, device), 2),
            "relative_bias": f"{bias[name]:.2e}",
        }
        for name in variants
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--loss", choices=FAMILIES, action="append")
    parser.add_argument("--size", action="append", help="B x N, such as 256x100")
    arguments = parser.parse_args()
    given = [tuple(int(n) for n in size.split("x")) for size in arguments.size or ()]
    rows: list[dict[str, object]] = []
    for family in arguments.loss or FAMILIES:
        for B, N in given or SIZES:
            for row in measure(family, B, N, arguments.device, arguments.rounds):
                rows.append(row)
                print(" ".join(f"{key}={value}" for key, value in row.items()), flush=True)
    folder = Path(__file__).parent / "results"
    folder.mkdir(exist_ok=True)
    with (folder / f"losses-{arguments.device}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
