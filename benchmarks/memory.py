"""Peak memory of the commands on 10,000, 100,000 and 1,000,000 jets.

The jets are those of data/gluon.h5, cut to their leading particles and repeated with small changes,
in files in a temporary folder; each command is a process of its own. The peak is the largest
resident memory of the process and its children together, without pages of files, read from /proc
five times per second. Linux only.

    OMP_NUM_THREADS=1 python benchmarks/memory.py --commands train inspect
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import RESULTS, write_rows
from tiled import tiled

PARTICLES = 50

TRAIN = (
    "--encoder dense --decoder dense --loss mse --likelihood-weight 0 --constraint none "
    "--hidden 64 --batch 256 --epochs 1 --prior-epochs 1"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jets", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--commands", nargs="+", choices=COMMANDS, default=list(COMMANDS))
    parser.add_argument("--folder", type=Path, help="for the files (default: a temporary one)")
    parser.add_argument("--output", type=Path, default=RESULTS / "memory.csv")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        rows = [measured(name, jets, folder) for jets in options.jets for name in options.commands]
    kept = []
    if options.output.exists():
        with options.output.open(newline="") as file:
            done = {(row["command"], str(row["jets"])) for row in rows}
            kept = [r for r in csv.DictReader(file) if (r["command"], r["jets"]) not in done]
    order = list(COMMANDS)
    every = sorted([*kept, *rows], key=lambda r: (order.index(str(r["command"])), int(r["jets"])))
    write_rows(options.output, every)


def measured(name: str, jets: int, folder: Path) -> dict[str, object]:
    real, run = tiled(jets, PARTICLES, 1, folder), folder / "run"
    other = tiled(jets, PARTICLES, 2, folder) if name in ("evaluate", "report") else real
    output = str(folder / f"{name}-{jets}")
    if name == "train":
        run = folder / f"run-{jets}-{time.time_ns()}"
    elif name in ("generate", "compress") and not (run / "config.yaml").exists():
        peak_of(train(tiled(10_000, PARTICLES, 1, folder), other, run, output))
    peak, seconds = peak_of(COMMANDS[name](real, other, run, output))
    row: dict[str, object] = {
        "command": name, "jets": jets, "particles": PARTICLES,
        "peak_mb": round(peak), "cpu_s": round(seconds),
    }  # fmt: skip
    print(row, flush=True)
    return row


def train(real: Path, other: Path, run: Path, output: str) -> list[str]:
    return ["train", "--data", str(real), "--particles", str(PARTICLES), "--run", str(run),
            *TRAIN.split()]  # fmt: skip


def inspect(real: Path, other: Path, run: Path, output: str) -> list[str]:
    return ["inspect", *map(str, sorted(real.iterdir()))]


def generate(real: Path, other: Path, run: Path, output: str) -> list[str]:
    jets = real.name.split("-")[1]
    return ["generate", str(run), "--jets", jets, "--overwrite", "--output", f"{output}.h5"]


def compress(real: Path, other: Path, run: Path, output: str) -> list[str]:
    return ["compress", str(real), output, "--run", str(run), "--overwrite"]


def evaluate(real: Path, other: Path, run: Path, output: str) -> list[str]:
    return ["evaluate", str(other), "--real", str(real), "--output", f"{output}.json"]


def report(real: Path, other: Path, run: Path, output: str) -> list[str]:
    return ["report", "--real", str(real), "--generated", str(other), "--output", output]


COMMANDS = {
    command.__name__: command for command in (train, inspect, generate, compress, evaluate, report)
}


def peak_of(words: list[str]) -> tuple[float, float]:
    """MB and processor seconds of a command."""
    process = subprocess.Popen([sys.executable, "-m", "jetgen", *words], stdout=subprocess.DEVNULL)
    largest = spent = 0.0
    while process.poll() is None:
        found = tree(process.pid)
        largest = max(largest, sum(map(private, found)))
        spent = max(spent, sum(map(seconds, found)))
        time.sleep(0.2)
    if process.returncode:
        sys.exit(f"jetgen {' '.join(words)}: exit code {process.returncode}")
    return largest, spent


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        below = [int(child) for child in children.read_text().split()]
    except OSError:
        return []
    return [pid, *(each for child in below for each in tree(child))]


def private(pid: int) -> float:
    """MB of resident memory that is not that of files."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    kinds = ("RssAnon:", "RssShmem:")
    return sum(int(line.split()[1]) for line in lines if line.startswith(kinds)) / 1e3


def seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / 100


if __name__ == "__main__":
    main()
