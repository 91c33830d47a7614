"""Seconds of a run of the demo's kind: an epoch with monitoring, its evaluation, its report.

The commands run as a user runs them, on one thread. Their CPU time counts, because on a machine
shared with others wall time says little. An epoch with monitoring is the difference of two
trainings of a few epochs and of one; all four monitored figures are looked at after every epoch.

    python benchmarks/flow.py
    python benchmarks/flow.py --against ../jetgen-before    # beside another checkout, in turn
"""

from __future__ import annotations

import argparse
import os
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from measuring import RESULTS, write_rows

HERE = Path(__file__).parents[1]
EPOCHS = 4
"""Further epochs in the longer of the two trainings."""

MODEL = shlex.split(
    "--representation relative --encoder deepsets --decoder deepsets --hidden 96 --layers 3 "
    "--latent 20 --loss chamfer --loss-scale 10 --likelihood-weight 50 --constraint mass=2 "
    "--constraint-difference relative --beta 0.5 --batch 64 --schedule cosine --device cpu "
    "--threads 1"
)
"""The demo's model; written out, because presets and defaults differ from version to version."""

MONITORED = ["--prior", "gaussian", "--monitor", "w1m,w1p,fpd,fom", "--monitor-every", "1"]
FITTED = ["--prior", "flow", "--epochs", "2", "--prior-epochs", "5"]


class Checkout:
    """The commands of one version of jetgen, in a folder of its own."""

    def __init__(self, code: Path, folder: Path, data: Path, jets: int) -> None:
        self.code, self.folder, self.runs = code, folder, 0
        self.data = ["--data", str(data), "--jets", str(jets)]
        self.real = str(data)
        folder.mkdir()
        self.jetgen("train", "--run", "run", *self.data, *MODEL, *FITTED)
        self.jetgen("generate", "run", "--jets", str(jets))

    def jetgen(self, *words: str) -> float:
        """Run a command; its CPU seconds.

        Raises:
            subprocess.CalledProcessError: when it fails.
        """
        before = _cpu_seconds()
        subprocess.run(
            [sys.executable, "-m", "jetgen", *words],
            check=True,
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.code), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
        )
        return _cpu_seconds() - before

    def monitored_epoch(self) -> float:
        seconds = []
        for epochs in (1, 1 + EPOCHS):
            self.runs += 1
            words = ["--run", f"monitored-{self.runs}", "--epochs", str(epochs)]
            seconds.append(self.jetgen("train", *words, *self.data, *MODEL, *MONITORED))
        return (seconds[1] - seconds[0]) / EPOCHS

    def evaluate(self) -> float:
        return self.jetgen("evaluate", "run/generated.h5", "--real", self.real, *self.data[2:])

    def report(self) -> float:
        return self.jetgen("report", "run")


PARTS = {
    "epoch with monitoring": Checkout.monitored_epoch,
    "jetgen evaluate": Checkout.evaluate,
    "jetgen report": Checkout.report,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=HERE / "data" / "gluon.h5")
    parser.add_argument("--jets", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=1, help="the median over them counts")
    parser.add_argument("--against", type=Path, help="another checkout of jetgen")
    parser.add_argument("--output", type=Path, default=RESULTS / "flow.csv")
    options = parser.parse_args()
    codes = {"this": HERE}
    if options.against is not None:
        codes["before"] = options.against.resolve()
    with tempfile.TemporaryDirectory() as folder:
        checkouts = {
            name: Checkout(code, Path(folder) / name, options.data.resolve(), options.jets)
            for name, code in codes.items()
        }
        rows = [measured(part, checkouts, options.jets, options.rounds) for part in PARTS]
    write_rows(options.output, rows)


def measured(
    part: str, checkouts: dict[str, Checkout], jets: int, rounds: int
) -> dict[str, object]:
    """The row of one part; every version takes its turn in every round."""
    turns: dict[str, list[float]] = {name: [] for name in checkouts}
    for _ in range(rounds):
        for name, checkout in checkouts.items():
            turns[name].append(PARTS[part](checkout))
    seconds = {name: statistics.median(found) for name, found in turns.items()}
    row: dict[str, object] = {"part": part, "jets": jets, "clock": "cpu"}
    row |= {f"{name}_s": round(found, 2) for name, found in seconds.items()}
    if "before" in seconds:
        row["ratio"] = round(seconds["before"] / seconds["this"], 2)
    print("  ".join(f"{name} {value}" for name, value in row.items()), flush=True)
    return row


def _cpu_seconds() -> float:
    """Of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
