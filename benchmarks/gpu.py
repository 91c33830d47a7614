"""Everything about jetgen on one CUDA device, in under nine minutes: ``python benchmarks/gpu.py``.

The CUDA tests, the benchmarks of the losses, the polynomials and EdgeConv beside their peers, and
a training at full scale with a time limit. Each is a process of its own with its own limit, and
one that fails or runs out of time is a line of the table, so that the others still count. Prints
one table and writes ``benchmarks/results/gpu.json``; the exit code is 1 where something failed.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from measuring import RESULTS

HERE = Path(__file__).parent
DATA = str(HERE.parent / "data" / "gluon.h5")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=1.5, help="of the training")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("benchmarks/gpu.py: expected a CUDA device, found none", file=sys.stderr)
        return 2
    device = torch.cuda.get_device_properties(0)
    report: dict[str, object] = {
        "device": device.name,
        "torch": torch.__version__,
        "kernels": os.environ.get("JETGEN_KERNELS", "auto"),
        "started": time.strftime("%Y-%m-%d %H:%M:%S"),
    }
    steps: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        search, cpu_efps, efps, edgeconv = (
            Path(folder) / f"{name}.csv" for name in ("search", "cpu", "efp", "edgeconv")
        )
        train = [
            "jetgen",
            "train",
            "--preset",
            "vae",
            "--data",
            DATA,
            "--device",
            "cuda",
            "--run",
            str(run),
        ]
        train += ["--epochs", "100000", "--prior-epochs", "5"]
        convolution: list[object] = [
            str(HERE / "edgeconv.py"),
            "--device",
            "cuda",
            "--clock",
            "wall",
        ]
        commands: dict[str, tuple[list[object], float]] = {
            "tests": (["pytest", "-q", "-m", "gpu or triton", "tests"], 165),
            "search": ([str(HERE / "search.py"), "--output", search], 25),
            "losses": ([str(HERE / "losses.py"), "--device", "cuda"], 110),
            "efps, one core": ([str(HERE / "efp.py"), "--turns", "3", "--output", cpu_efps], 45),
            "efps": (
                [str(HERE / "efp.py"), "--device", "cuda", "--turns", "3", "--output", efps],
                45,
            ),
            "edgeconv": ([*convolution, "--jets", "1024", "--output", edgeconv], 40),
            "training": ([*train, "--time-limit", str(options.minutes)], 60 * options.minutes + 20),
        }
        for name, (words, limit) in commands.items():
            steps[name] = attempt([str(word) for word in words], limit)
            print(f"{name}: {steps[name]['outcome']}, {steps[name]['seconds']} s", flush=True)
        tables = {
            "search": rows(search),
            "losses": rows(RESULTS / "losses-cuda.csv") if good(steps["losses"]) else [],
            "efps, one core": rows(cpu_efps),
            "efps": rows(efps),
            "edgeconv": rows(edgeconv),
            "training": rows(run / "metrics.csv"),
        }
    reached = bars(tables)
    report |= {"steps": steps, "bars": reached, "rows": tables}
    (RESULTS / "gpu.json").write_text(json.dumps(report, indent=1))
    print(f"\n{device.name}, torch {torch.__version__}")
    for bar in reached:
        print(f"{bar['what']:<62} {bar['reached']:>10} {bar['bar']:>14}")
    return 0 if all(good(step) for step in steps.values()) else 1


def attempt(words: list[str], limit: float) -> dict[str, object]:
    """Run a module or a script of Python; what came of it, and the end of what it said."""
    command = words if words[0].endswith(".py") else ["-m", *words]
    environment = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"}
    start = time.perf_counter()
    try:
        done = subprocess.run(
            [sys.executable, *command],
            capture_output=True,
            text=True,
            timeout=limit,
            env=environment,
            cwd=HERE.parent,
            check=False,
        )
        outcome = "good" if done.returncode == 0 else f"failed with exit code {done.returncode}"
        said = done.stdout + done.stderr
    except subprocess.TimeoutExpired as error:
        outcome = f"stopped after {limit:.0f} s"
        said = (error.stdout or b"").decode() + (error.stderr or b"").decode()
    return {
        "outcome": outcome,
        "seconds": round(time.perf_counter() - start, 1),
        "command": " ".join(["python", *command]),
        "said": said[-2000:],
    }


def good(step: dict[str, object]) -> bool:
    return step["outcome"] == "good"


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file; none where the benchmark did not come to write it."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def bars(tables: dict[str, list[dict[str, str]]]) -> list[dict[str, str | float]]:
    """What is asked of a GPU beside what was reached, for the benchmarks that came to an end."""
    result: list[dict[str, str | float]] = []

    def add(what: str, reached: float, bar: str) -> None:
        result.append({"what": what, "reached": round(reached, 2), "bar": bar})

    losses = {(r["variant"], int(r["B"]), int(r["N"])): r for r in tables["losses"]}

    def loss(variant: str, B: int, column: str = "both_ms") -> float:
        return float(losses[variant, B, 150][column])

    for row in tables["search"]:
        what = f"Chamfer's search, 4096 x 150, over its bound ({row['bound_ms']} ms)"
        add(what, float(row["over_bound"]), "at most 2")
    if losses:
        peer = min(loss("cdist", 4096), loss("cdist-matmul", 4096))
        add("Chamfer both ways, 4096 x 150, over cdist", peer / loss("jetgen", 4096), "at least 5")
        ours = loss("jetgen-sinkhorn-coarse", 1024)
        peer = loss("geomloss", 1024)
        add("Sinkhorn both ways, 1024 x 150, over geomloss", peer / ours, "at least 20")
        for variant in ("jetgen-sinkhorn-coarse", "geomloss"):
            bias = 100 * loss(variant, 1024, "relative_bias")
            add(f"  bias of {variant} [%]", bias, "equal or less")
    for one, other in zip(tables["efps, one core"], tables["efps"], strict=False):
        ratio = float(other["float64_jets_per_s"]) / float(one["float64_jets_per_s"])
        add(f"EFPs, {one['particles']} particles, over one core of ours", ratio, "at least 50")
        add("  over plain torch on the same device", float(other["ratio"]), "")
    for row in tables["edgeconv"]:
        add(f"EdgeConv, {row['form']}, over torch_geometric", float(row["ratio"]), "")
    if tables["training"]:
        add("epochs of the training", len(tables["training"]), "")
    return result


if __name__ == "__main__":
    sys.exit(main())
