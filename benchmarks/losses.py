"""Speed and memory of the losses beside their peers: ``python benchmarks/losses.py``.

Every variant of a loss runs on the same jets in the same process, one after the other in each
round, so that a busy machine slows all of them alike; times are medians over the rounds, and
``speed_over_peer`` is the median of each round's ratio. Jets have a third to all of their slots
filled. On the CPU ``jetgen`` is Chamfer as long trainings have it, its search compiled, and
``jetgen-chunks`` as their first batches do; the seconds to compile are printed. Peak memory is
that of torch's tensors during forward and backward (on the CPU in one thread). The bias is that
of the mean value, relative to the exact one; ``jetgen-sinkhorn-coarse`` stops at marginals wrong by
0.3 instead of 0.01, and still has less of it than geomloss, so this is the row to compare.

    python benchmarks/losses.py --threads 2
    python benchmarks/losses.py --device cuda
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
from kernels import in_torch
from measuring import RESULTS, peak_memory, seconds, write_rows
from torch import Tensor

from jetgen.kernels.selection import choose_kernels
from jetgen.losses import SinkhornSettings, chamfer, emd, exact_emd
from jetgen.losses.nearest import search

ROUNDS = {"cpu": {(256, 30): 9, (256, 100): 3, (1024, 150): 1}, "cuda": {}}
ROUNDS["cuda"] = {(256, 30): 20, (256, 100): 20, (1024, 150): 10, (4096, 150): 5}
"""Rounds for each number of jets and slots."""

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


def transport(backend: str, tolerance: float = 0.01) -> Loss:
    settings = SinkhornSettings(eps=0.05, tolerance=tolerance)
    return lambda *sets: emd(*sets, backend=backend, settings=settings)  # type: ignore[arg-type]


def variants(family: str, device: str) -> tuple[str, dict[str, Loss]]:
    """The peer that speeds are relative to, and every way to the loss, by name."""
    cuda = device == "cuda"
    if family == "chamfer":
        plain = {"jetgen-torch" if cuda else "jetgen-chunks": in_torch(chamfer)}
        return "broadcast", {
            "jetgen": chamfer,
            **plain,
            "broadcast": broadcast,
            "cdist": cdist("donot_use_mm_for_euclid_dist"),
            "cdist-matmul": cdist("use_mm_for_euclid_dist"),
        }
    coarse = transport("sinkhorn", tolerance=0.3)
    plain = {"jetgen-torch": in_torch(coarse)} if cuda else {"jetgen-exact": exact_emd}
    return "geomloss", {
        "jetgen-sinkhorn": transport("sinkhorn"),
        "jetgen-sinkhorn-coarse": coarse,
        **plain,
        "geomloss": transport("geomloss"),
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


def measure(family: str, B: int, N: int, device: str, rounds: int) -> list[dict[str, object]]:
    sets = jets(B, N, device)
    peer, losses = variants(family, device)
    truth = (broadcast if family == "chamfer" else exact_emd)(*sets).double().mean()
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in losses}
    bias = {}
    if family == "chamfer" and device == "cpu":
        search.pairs_left = 0  # compiled from here on
        print(f"compiled in {seconds(partial(chamfer, *sets), 'wall'):.1f} s", flush=True)
    if rounds > 1 or device != "cpu":  # a single round on the CPU comes after smaller sizes
        for loss in losses.values():
            timed(loss, sets)
    for _ in range(rounds):
        for name, loss in losses.items():
            forward, backward, value = timed(loss, sets)
            bias[name] = float(value.double().mean() / truth - 1)
            times[name].append((forward, backward))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the profiler sees only this thread's memory
    memory = {
        name: peak_memory(partial(timed, loss, sets), device) for name, loss in losses.items()
    }
    torch.set_num_threads(threads)
    rows: list[dict[str, object]] = []
    for name, turns in times.items():
        both = [sum(turn) for turn in turns]
        ratios = [sum(other) / one for one, other in zip(both, times[peer], strict=True)]
        rows.append(
            {
                "loss": family,
                "variant": name,
                "device": device,
                "kernels": choose_kernels(torch.device(device)).kernels,
                "threads": threads,
                "B": B,
                "N": N,
                "forward_ms": round(1e3 * statistics.median(f for f, _ in turns), 3),
                "backward_ms": round(1e3 * statistics.median(b for _, b in turns), 3),
                "both_ms": round(1e3 * statistics.median(both), 3),
                "speed_over_peer": round(statistics.median(ratios), 2),
                "peer": peer,
                "peak_MB": memory[name],
                "relative_bias": f"{bias[name]:.1e}",
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, help="for every size; by size when omitted")
    parser.add_argument("--loss", choices=("chamfer", "emd"), action="append")
    parser.add_argument("--size", action="append", help="B x N, such as 256x100")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: expected a CUDA device, found none")
    torch.set_num_threads(options.threads)
    known = ROUNDS[options.device]
    sizes = [tuple(int(n) for n in size.split("x")) for size in options.size or ()] or list(known)
    rows: list[dict[str, object]] = []
    for family in options.loss or ("chamfer", "emd"):
        for B, N in sizes:
            if family == "emd" and B > 1024:
                continue
            rounds = options.rounds or known.get((B, N), 1)
            for row in measure(family, B, N, options.device, rounds):
                rows.append(row)
                print(" ".join(f"{key}={value}" for key, value in row.items()), flush=True)
    write_rows(RESULTS / f"losses-{options.device}.csv", rows)


if __name__ == "__main__":
    main()
