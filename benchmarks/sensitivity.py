"""Which metric sees what: real jets distorted on purpose, against as many that are left alone.

The jets of a file are dealt into two halves; one is the real sample, the other is distorted in
one way at a time and evaluated as if it were generated. The table has the excess over the floor in
its standard deviations (σ).

    python benchmarks/sensitivity.py JETS.h5
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace

import torch
from measuring import RESULTS, write_rows

from jetgen.cloud import ParticleCloud
from jetgen.datasets import read
from jetgen.evaluation.command import evaluate
from jetgen.physics.fourvectors import to_relative

Distortion = Callable[[ParticleCloud, torch.Generator], ParticleCloud]


def untouched(jets: ParticleCloud, generator: torch.Generator) -> ParticleCloud:
    """The check of the check."""
    return jets


def mass_smeared(jets: ParticleCloud, generator: torch.Generator) -> ParticleCloud:
    """All angles of a jet times one Gaussian factor of width 20 %, so its mass, too."""
    factor = 1 + 0.2 * torch.randn(len(jets), 1, 1, generator=generator)
    stretch = torch.cat([factor, factor, torch.ones_like(factor)], dim=-1)
    return replace(jets, particles=jets.particles * stretch.to(jets.particles))


def tail_removed(jets: ParticleCloud, generator: torch.Generator) -> ParticleCloud:
    """Without the 5 % of jets with the largest m / pT."""
    mass = jets.condition("mass") / jets.condition("pt")
    return jets[mass <= mass.quantile(0.95)]


def angles_smeared(jets: ParticleCloud, generator: torch.Generator) -> ParticleCloud:
    """Every particle's angles moved by a Gaussian of width 0.01."""
    noise = 0.01 * torch.randn(jets.particles.shape, generator=generator)
    noise[..., 2] = 0
    return replace(jets, particles=jets.particles + noise.to(jets.particles))


def momenta_smeared(jets: ParticleCloud, generator: torch.Generator) -> ParticleCloud:
    """Every particle's pT times a Gaussian factor of width 20 %."""
    noise = 1 + 0.2 * torch.randn(jets.mask.shape, generator=generator)
    stretch = torch.ones_like(jets.particles)
    stretch[..., 2] = noise.clamp(min=0.01)
    return replace(jets, particles=jets.particles * stretch)


def momenta_shifted(jets: ParticleCloud, generator: torch.Generator) -> ParticleCloud:
    """All momenta 5 % up."""
    return replace(
        jets, particles=jets.particles * torch.tensor([1.0, 1.0, 1.05]).to(jets.particles)
    )


DISTORTIONS: tuple[Distortion, ...] = (
    untouched,
    mass_smeared,
    tail_removed,
    angles_smeared,
    momenta_smeared,
    momenta_shifted,
)
METRICS = {
    "W1M": "relative_mass",
    "W1P": "particle_mean",
    "W1 ptrel": "ptrel",
    "W1EFP": "w1efp",
    "FPD": "fpd",
    "KPD": "kpd",
    "1 - COV": "uncovered",
    "MMD": "mmd",
    "W1 jet pT": "pt",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--jets", type=int, default=4_000, help="for each of the two sides")
    parser.add_argument("--particles", type=int, default=30)
    options = parser.parse_args()
    # the real side is three times as large, so that the floor has disjoint jets of full size
    cloud = to_relative(read(options.file, jets=4 * options.jets, particles=options.particles))
    generator = torch.Generator().manual_seed(1)
    order = torch.randperm(len(cloud), generator=generator)
    quarter = len(cloud) // 4
    real, other = cloud[order[quarter:]], cloud[order[:quarter]]
    rows: list[dict[str, object]] = []
    for distortion in DISTORTIONS:
        table, merits = evaluate(real, distortion(other, generator), seed=1)
        spreads = {
            title: round(table.row(name).distances["generated"].spreads, 1)
            for title, name in METRICS.items()
        }
        trees = merits["trees"]
        auc = f"{trees.auc:.3f} ± {trees.auc_error:.3f}"
        row = {"distortion": distortion.__name__.replace("_", " "), "jets": table.jets}
        rows.append({**row, **spreads, "AUC of trees": auc})
        print(rows[-1], flush=True)
        write_rows(RESULTS / "sensitivity.csv", rows)


if __name__ == "__main__":
    main()
