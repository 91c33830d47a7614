"""Machine instructions per pair of particles in the Triton kernels; counting needs no GPU.

Compiles the kernels of the losses for compute capability 9.0 (single precision, three coordinates)
and reads the innermost loop that does the work: what one warp issues there for one tile, over the
pairs of a tile that a thread has. ``arithmetic`` is the smallest number of instructions that the
definition needs a pair, ``outside`` are those of the program that stand outside of the loop. No
caches, no waiting: what is issued, not how long it takes.

    python benchmarks/instructions.py
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import triton
import triton.backends.nvidia
from measuring import RESULTS, write_rows
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from jetgen.kernels.tiles import LAUNCH, TILE_COLUMNS, TILE_ROWS
from jetgen.losses.kernels import gather, nearest, plan, sinkhorn

PAIRS = TILE_ROWS * TILE_COLUMNS // 32
"""Pairs of a tile for each thread of a warp."""

INTEGERS = {"n": "i32", "m": "i32", "bound": "i32", "index": "*i64", "y_mask": "*u8"}
SCALARS = {"rate", "final", "scaling", "tolerance"}


class Kernel(NamedTuple):
    """A kernel and the instructions that its arithmetic needs a pair.

    Chamfer: three differences, a square, two fused ones, a comparison, two selections. Its
    gradient: a comparison and three additions under it. A step of Sinkhorn: six for the distance,
    two for the exponent, an exponential, a sum. The plan's gradient: three fused sums in place of
    that one.
    """

    name: str
    function: Any
    constants: dict[str, object]
    arithmetic: int


KERNELS = (
    Kernel("nearest neighbours", nearest._nearest_kernel, {"MANHATTAN": False}, 9),
    Kernel("gradient of the gather", gather._spread_kernel, {}, 4),
    Kernel("step of Sinkhorn", sinkhorn._symmetric_kernel, {"POWER": 2.0}, 10),
    Kernel("gradient of the plan", plan._plan_kernel, {"POWER": 2.0}, 12),
)


def main() -> None:
    rows = [measure(kernel) for kernel in KERNELS]
    for row in rows:
        print(", ".join(f"{key} {value}" for key, value in row.items()))
    write_rows(RESULTS / "instructions.csv", rows)


def measure(kernel: Kernel) -> dict[str, object]:
    code = machine_code(kernel)
    loop = max(innermost_loops(code), key=len)
    instructions = sum(not line.startswith(".L") for line in code)
    return {
        "kernel": kernel.name,
        "instructions_per_pair": round(len(loop) / PAIRS, 1),
        "arithmetic": kernel.arithmetic,
        "outside": instructions - len(loop),
    }


def machine_code(kernel: Kernel) -> list[str]:
    """Instructions, and the labels that they branch to."""
    constants = {
        "D": 3,
        "TYPE": triton.language.float32,
        "TILE_ROWS": TILE_ROWS,
        "TILE_COLUMNS": TILE_COLUMNS,
    }
    constants |= kernel.constants
    signature = {
        name: "constexpr"
        if name in constants
        else INTEGERS.get(name, "fp32" if name in SCALARS else "*fp32")
        for name in kernel.function.arg_names
    }
    source = ASTSource(kernel.function, signature, constants)
    compiled = triton.compile(source, target=GPUTarget("cuda", 90, 32), options=LAUNCH)
    tools = Path(triton.backends.nvidia.__file__).parent / "bin"
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(compiled.asm["cubin"])
        file.flush()
        command = [tools / "nvdisasm", "-c", file.name]
        listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return re.findall(r"^\.L\w+(?=:)|(?<=\*/)\s+\S.*(?=;)", listing, re.MULTILINE)


def innermost_loops(code: list[str]) -> list[list[str]]:
    """What stands between a label and a branch back to it, with no other such pair inside."""
    spans = []
    for end, line in enumerate(code):
        target = re.search(r"BRA.*?(\.L\w+)", line)
        if target and target[1] in code[:end]:
            spans.append((code.index(target[1]), end))
    inner = [s for s in spans if not any(s != t and s[0] <= t[0] and t[1] <= s[1] for t in spans)]
    return [code[start + 1 : end + 1] for start, end in inner]


if __name__ == "__main__":
    main()
