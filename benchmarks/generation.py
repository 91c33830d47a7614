"""Jets per second of generators, with and without writing HDF5.

CPU seconds count, on one thread, because on a machine shared with others wall time says little.
Without arguments: the models that come with jetgen, and the preset vae at 30 and 150 particles
after one epoch (speed does not depend on the weights). Named models that come with jetgen replace
their rows in the results, other runs are only printed.

    python benchmarks/generation.py
    python benchmarks/generation.py runs/mine gluon30 --jets 20000
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from pathlib import Path

import torch
from measuring import RESULTS, seconds, write_rows

from jetgen.config.generate import GenerateConfig
from jetgen.config.train import TrainConfig
from jetgen.configs import preset
from jetgen.generation.command import generate
from jetgen.pretrained import ALL, shipped_models
from jetgen.runs.blocks import BLOCK
from jetgen.runs.trained_model import load
from jetgen.training.command import train

GLUON = Path(__file__).parents[1] / "data" / "gluon.h5"
TABLE = RESULTS / "generation.csv"


def speeds(name: str, jets: int, folder: Path) -> dict[str, object]:
    """The row of one model; slow models make fewer jets."""
    model = load(name)
    model.generate(BLOCK)  # what the first call alone costs
    once = seconds(lambda: model.generate(BLOCK, seed=2), "cpu")
    number = max(BLOCK, min(jets, int(20 / once) * BLOCK))
    config = GenerateConfig(
        runs=[name], jets=number, output=str(folder / "jets.h5"), overwrite=True
    )
    made = seconds(lambda: [None for _ in model.generated_blocks(number, seed=2)], "cpu")
    written = seconds(lambda: generate(config, [model]), "cpu")
    return {
        "model": Path(name).name,
        "particles": model.config.particles,
        "passes": model.model.evaluations,
        "jets": number,
        "jets/s without writing": f"{number / made:,.0f}",
        "jets/s with writing": f"{number / written:,.0f}",
        "writing / generating": f"{(written - made) / made:.2f}",
    }


def fresh(folder: Path) -> list[str]:
    """Runs of the preset vae after one epoch."""
    runs = []
    for particles in (30, 150):
        run = str(folder / f"vae-{particles}")
        given = {"epochs": 1, "prior_epochs": 1, "jets": 500, "particles": particles}
        options = preset("vae") | given | {"device": "cpu", "threads": 1}
        runs.append(str(train(TrainConfig(**options, data=[str(GLUON)], run=run))))
    return runs


def others(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """The rows of other models in the results."""
    measured = {row["model"] for row in rows}
    with TABLE.open(newline="") as file:
        return [dict(row) for row in csv.DictReader(file) if row["model"] not in measured]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", nargs="*", help="folders of runs, or names of models")
    parser.add_argument("--jets", type=int, default=20_480)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        shipped = [name for name in shipped_models() if name.startswith(ALL)]
        runs = options.runs or [*shipped, *fresh(Path(folder))]
        rows = [speeds(run, options.jets, Path(folder)) for run in runs]
    for row in rows:
        print(", ".join(f"{name} {value}" for name, value in row.items()))
    kept = [row for row in rows if row["model"] in shipped_models() or not options.runs]
    if kept:
        write_rows(TABLE, (others(kept) if options.runs else []) + kept)


if __name__ == "__main__":
    main()
