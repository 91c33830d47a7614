"""What the step of an optimiser costs, beside the gradients of the same batch.

Processor time of one thread, median over rounds in which both optimisers take their turn after
the gradients of one batch of 64 simulated jets of 30 and of 150 particles: the networks of the
plain ``jetgen train`` and of its preset ``flow-matching``.

    python benchmarks/optimisers.py
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

import torch
from measuring import RESULTS, seconds, write_rows

from jetgen.cloud import ParticleCloud
from jetgen.config.train import TrainConfig
from jetgen.configs import preset
from jetgen.datasets.loading import batches
from jetgen.objectives.building import build_objective
from jetgen.objectives.layout import Layout
from jetgen.runs.data import load_jets
from jetgen.training.optimisers import build_optimiser

DATA = Path(__file__).parents[1] / "data" / "gluon.h5"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--particles", type=int, nargs="+", default=[30, 150])
    parser.add_argument("--data", default=str(DATA))
    parser.add_argument("--output", type=Path, default=RESULTS / "optimisers.csv")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for name in ("vae", "flow-matching"):
        for particles in options.particles:
            row = measured(name, particles, options)
            print("  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
            rows.append(row)
    write_rows(options.output, rows)


def measured(name: str, particles: int, options: argparse.Namespace) -> dict[str, object]:
    """Milliseconds of the gradients of a batch, and of the step of each optimiser."""
    given = {"data": [options.data], "particles": particles, "jets": 2000, "time_limit": None}
    config = TrainConfig(**{**preset(name), **given})
    torch.manual_seed(config.seed)
    jets = load_jets(config)
    model = build_objective(config, Layout.of(jets, config))
    model.fit_data(jets)
    (player,) = model.players()
    optimisers = {
        kind: build_optimiser(kind, model.players()[player], 1e-4) for kind in ("adam", "muon")
    }
    generator = torch.Generator().manual_seed(config.seed)
    times: dict[str, list[float]] = {"gradients": [], **{kind: [] for kind in optimisers}}
    for _, batch in zip(
        range(options.rounds), batches(jets, config.batch, generator), strict=False
    ):

        def gradients(batch: ParticleCloud = batch) -> None:
            model.zero_grad()
            model.loss(player, batch, 0, generator).total.mean().backward()

        times["gradients"].append(seconds(gradients, "cpu"))
        for kind, optimiser in optimisers.items():
            times[kind].append(seconds(optimiser.step, "cpu"))
    found = {key: 1e3 * statistics.median(values) for key, values in times.items()}
    longer = (found["gradients"] + found["muon"]) / (found["gradients"] + found["adam"])
    in_ms = {f"{key}_ms": round(value, 2) for key, value in found.items()}
    return {"preset": name, "particles": particles, **in_ms, "step_longer": round(longer, 3)}


if __name__ == "__main__":
    main()
