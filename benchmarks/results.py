"""Train every row of jetgen/configs/comparison, then write the table of docs/results.md.

    python benchmarks/results.py [--data FILE] [--output runs/comparison] [--rows NAME ...]

Rows are trained one after the other. Finished ones are skipped and interrupted ones resumed, so
that the script can be stopped and started again; a training that fails is named at the end, and
the table holds the others.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from jetgen.configs import FOLDER
from jetgen.files.checkpoint import Checkpoint
from jetgen.runs.folder import RunFolder

ROOT = Path(__file__).parents[1]
ROWS = {path.stem: path for path in sorted((FOLDER / "comparison").glob("*.yaml"))}
SIMULATION = "gluon --jets 20000 --workers 2 --seed 21 --min-particle-pt 2"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", help="file with jets (default: 20,000 that are simulated)")
    parser.add_argument("--output", default="runs/comparison", type=Path)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--time-limit", help="minutes a row, in place of five")
    options = parser.parse_args()
    data = options.data or str(simulated(options.output / "gluon20k.h5"))
    failed = [name for name in options.rows if not trained(name, data, options)]
    jetgen("leaderboard", str(options.output))
    if failed:
        sys.exit(f"not trained: {', '.join(failed)}")


def simulated(path: Path) -> Path:
    if not path.exists():
        jetgen("simulate", *SIMULATION.split(), "--output", str(path))
    return path


def trained(name: str, data: str, options: argparse.Namespace) -> bool:
    """Whether the row has a finished run, after training it where it has not."""
    folder = RunFolder(options.output / name)
    if folder.best.exists() and Checkpoint.load(folder.best).state["finished"]:
        print(f"{name}: finished before")
        return True
    run = ["--run", str(folder.path)]
    if folder.exists():
        return jetgen("train", *run, "--resume", check=False)
    words = ["train", "--config", str(ROWS[name]), *run, "--data", data]  # the later word wins
    words += ["--time-limit", options.time_limit] if options.time_limit else []
    return jetgen(*words, check=False)


def jetgen(*words: str, check: bool = True) -> bool:
    command = [sys.executable, "-m", "jetgen", *words]
    print("$", "jetgen", *words, flush=True)
    return subprocess.run(command, check=check).returncode == 0


if __name__ == "__main__":
    main()
