"""Chamfer's search for nearest neighbours on a CUDA device, over the bound of its arithmetic.

Both directions, full sets of three coordinates in single precision. The clock is the device's own
over many launches in a row, so that what Python and torch do around a launch does not count (it
does in ``losses.py``). The bound has every lane busy with the ``2 D + 3`` instructions of a pair
and direction: a difference and a fused multiply-add a coordinate, a comparison, two selections.

    python benchmarks/search.py
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from kernels import in_torch
from measuring import RESULTS, write_rows

from jetgen.losses.nearest import nearest

CLOCK_HZ, LANES = 1.98e9, 128
"""Of an H100 or H200 without a limit on its power; single-precision lanes of a multiprocessor."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jets", type=int, default=4096)
    parser.add_argument("--particles", type=int, default=150)
    parser.add_argument("--launches", type=int, default=50)
    parser.add_argument("--output", type=Path, default=RESULTS / "search.csv")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("benchmarks/search.py: expected a CUDA device, found none", file=sys.stderr)
        return 2
    device = torch.cuda.get_device_properties(0)
    x, y = torch.randn(2, options.jets, options.particles, 3, device="cuda")
    mask = torch.ones(x.shape[:2], dtype=torch.bool, device="cuda")
    limit = bound(options.jets, options.particles, 3, device.multi_processor_count)

    def search() -> object:
        return nearest(x, mask, y, mask)

    ours, plain = (milliseconds(work, options.launches) for work in (search, in_torch(search)))
    row: dict[str, object] = {
        "device": device.name,
        "jets": options.jets,
        "particles": options.particles,
        "ms": round(ours, 4),
        "bound_ms": round(limit, 4),
        "over_bound": round(ours / limit, 2),
        "in_torch_ms": round(plain, 4),
    }
    print(", ".join(f"{key} {value}" for key, value in row.items()))
    write_rows(options.output, [row])
    return 0


def bound(B: int, N: int, D: int, multiprocessors: int) -> float:
    """Milliseconds."""
    return 1e3 * 2 * B * N * N * (2 * D + 3) / (multiprocessors * LANES * CLOCK_HZ)


def milliseconds(work: Callable[[], object], launches: int) -> float:
    """The mean over launches in a row, after two to compile and warm up."""
    for _ in range(2):
        work()
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    for _ in range(launches):
        work()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end) / launches


if __name__ == "__main__":
    sys.exit(main())
