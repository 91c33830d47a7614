"""Quality of a flow-matching model against solver and number of network evaluations.

All samples begin with the same noise and the same conditions. So the column "error of m/pT", the
mean absolute difference to the masses after many evaluations, shows how well a solver follows the
learned velocity, without noise of sampling; the first jets are enough for it. Rows with the same
number of evaluations share their floor; ± of a floor is its standard deviation over splits.

    python benchmarks/solvers.py gluon30-flow test.h5
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import get_args

import torch
from measuring import RESULTS, write_rows
from torch import Tensor

import jetgen
from jetgen.classifiers.boosted_trees import feature_table, figure_of_merit
from jetgen.cloud import ParticleCloud
from jetgen.evaluation.checks import check
from jetgen.evaluation.comparison import compare_resampled
from jetgen.evaluation.completing import complete_jets
from jetgen.evaluation.metric_rows import fpd_rows
from jetgen.evaluation.resampling import resample
from jetgen.networks.integration import Solver, function_evaluations
from jetgen.physics.observables import measure

FINEST: tuple[Solver, int] = ("rk4", 128)
"""Solver and number of evaluations of the masses that all others are compared to."""

FOLLOWED = 512
"""Jets whose masses are compared one by one."""

METRICS = {"W1M": "relative_mass", "W1P": "particle_mean", "FPD": "fpd"}


def steps_of(solver: Solver, evaluations: int) -> int:
    return evaluations // function_evaluations(1, solver)


def generated(run: str, solver: Solver, evaluations: int, jets: int) -> tuple[ParticleCloud, float]:
    """The jets, and how many per second of processor time."""
    model = jetgen.load(run, solver=solver, solver_steps=steps_of(solver, evaluations))
    start = time.process_time()
    made = model.generate(jets, seed=7)
    return made, jets / (time.process_time() - start)


def masses(jets: ParticleCloud) -> Tensor:
    return measure(jets[:FOLLOWED]).observables["relative_mass"]


def measured(
    real: ParticleCloud, samples: dict[Solver, tuple[ParticleCloud, float]], finest: Tensor
) -> dict[Solver, dict[str, object]]:
    """The cells of samples, by solver."""
    checked = complete_jets(check(real, {solver: made for solver, (made, _) in samples.items()}))
    drawn = resample(checked, replicas=100, seed=1)
    rows = {row.quantity.name: row for row in (*compare_resampled(drawn).rows, *fpd_rows(drawn))}
    found = {}
    for solver, (made, speed) in samples.items():
        cells: dict[str, object] = {}
        for title, name in METRICS.items():
            distance = rows[name].distances[solver]
            cells[f"{title} [10⁻³]"] = plus_minus(distance.value, distance.uncertainty)
            cells[f"floor of {title}"] = plus_minus(rows[name].floor, rows[name].floor_spread)
        trees = figure_of_merit(*feature_table(drawn.real.jets, drawn.sides[solver].jets), seed=1)
        cells["AUC of trees"] = f"{trees.auc:.3f} ± {trees.auc_error:.3f}"
        cells["error of m/pT [10⁻³]"] = two_digits((masses(made) - finest).abs().mean().item())
        cells["jets/s"] = f"{speed:,.0f}"
        found[solver] = cells
    return found


def plus_minus(value: float, error: float) -> str:
    return f"{two_digits(value)} ± {two_digits(error)}"


def two_digits(value: float) -> str:
    """In units of 10⁻³, without an exponent."""
    return f"{float(f'{1e3 * value:.2g}'):g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("run", help="folder of a run, or name of a model")
    parser.add_argument("real", help="file with jets that were not used in training")
    parser.add_argument("--jets", type=int, default=5_000)
    parser.add_argument("--solvers", nargs="+", choices=get_args(Solver), default=get_args(Solver))
    parser.add_argument("--evaluations", nargs="+", type=int, default=(2, 4, 8, 16, 32, 100))
    parser.add_argument("--output", type=Path, default=RESULTS / "solvers.csv")
    options = parser.parse_args()
    torch.set_num_threads(1)
    # twice as many, so that the floor has disjoint samples of full size
    real = jetgen.load(options.run).comparable(options.real, jets=2 * options.jets, seed=1)
    finest = masses(generated(options.run, *FINEST, FOLLOWED)[0])
    rows: list[dict[str, object]] = []
    for number in options.evaluations:
        samples = {
            solver: generated(options.run, solver, number, options.jets)
            for solver in options.solvers
            if number % function_evaluations(1, solver) == 0
        }
        for solver, cells in measured(real, samples, finest).items():
            steps = steps_of(solver, number)
            rows.append({"evaluations": number, "solver": solver, "steps": steps, **cells})
            print(rows[-1], flush=True)
        write_rows(options.output, rows)


if __name__ == "__main__":
    main()
