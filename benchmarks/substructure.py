"""What tau21, tau32 and the soft-drop mass tell of W, top and gluon jets, and what they cost.

Draws the three distributions, and prints the AUC of tau21 between W and gluon jets (a W jet being
the one with less), the peaks of the soft-drop mass, and the microseconds a jet beside FastJet's
contrib through its Python layer, from the same momenta. CPU time of the process, the best of
three turns.

    jetgen simulate gluon --jets 5000 --output gluon.h5     (and w, top)
    OMP_NUM_THREADS=1 python benchmarks/substructure.py --gluon gluon.h5 --w w.h5 --top top.h5
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measuring import RESULTS, seconds, write_rows
from torch import Tensor

from jetgen.classifiers.figure_of_merit import area_under_roc
from jetgen.cloud import ParticleCloud
from jetgen.datasets import read
from jetgen.physics.clustering import LARGEST_RADIUS, packed, packed_momenta
from jetgen.physics.fourvectors import particle_momenta, to_cartesian
from jetgen.physics.nsubjettiness import nsubjettiness
from jetgen.physics.soft_drop import soft_drop_mass
from jetgen.physics.substructure import subjettiness_ratios

KINDS = ("gluon", "w", "top")
TURNS = 3
PANELS = {
    "tau21": (r"$\tau_{21}$", (0.0, 1.0)),
    "tau32": (r"$\tau_{32}$", (0.0, 1.0)),
    "soft_drop_mass": (r"Soft-drop mass $m_\mathrm{SD}$ [GeV]", (0.0, 250.0)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for kind in KINDS:
        parser.add_argument(f"--{kind}", required=True, help=f"file with {kind} jets")
    parser.add_argument("--jets", type=int, default=5000, help="at most this number of each kind")
    parser.add_argument("--figure", type=Path, help="where to draw the distributions")
    parser.add_argument("--output", type=Path, default=RESULTS / "substructure.csv")
    parser.add_argument("--timed", type=int, default=1000, help="gluon jets that are timed")
    options = parser.parse_args()
    torch.set_num_threads(1)
    jets = {kind: read(getattr(options, kind), jets=options.jets) for kind in KINDS}
    measured = {kind: observables(cloud) for kind, cloud in jets.items()}
    gluon, w, top = (measured[kind] for kind in KINDS)
    print(f"AUC of tau21, W against gluon: {area_under_roc(w['tau21'], gluon['tau21']):.3f}")
    print(f"AUC of tau32, top against gluon: {area_under_roc(top['tau32'], gluon['tau32']):.3f}")
    for kind in ("w", "top"):
        found = peak(measured[kind]["soft_drop_mass"])
        print(f"peak of the soft-drop mass, {kind}: {found:.0f} GeV", flush=True)
    if options.figure:
        draw(measured, options.figure)
    tasks = work(jets["gluon"][: options.timed])
    write_rows(options.output, [cost(task, *both) for task, both in tasks.items()])


def observables(cloud: ParticleCloud) -> dict[str, np.ndarray]:
    """``(B,)`` values of each of :data:`PANELS`."""
    tau21, tau32 = subjettiness_ratios(cloud)
    values = (tau21, tau32, soft_drop_mass(cloud))
    return {name: x.numpy() for name, x in zip(PANELS, values, strict=True)}


def peak(masses: np.ndarray) -> float:
    """Mean of the fullest window of 10 GeV above 30 GeV."""
    masses = np.sort(masses[masses > 30])
    inside = np.searchsorted(masses, masses + 10) - np.arange(len(masses))
    first = int(inside.argmax())
    return float(masses[first : first + inside[first]].mean())


def draw(measured: dict[str, dict[str, np.ndarray]], path: Path) -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(PANELS), figsize=(13, 4), layout="constrained")
    for axis, (name, (label, limits)) in zip(axes, PANELS.items(), strict=True):
        for kind, values in measured.items():
            axis.hist(
                values[name], np.linspace(*limits, 51), density=True, histtype="step", label=kind
            )
        axis.set(xlabel=label, ylabel="Density", xlim=limits)
    axes[0].legend()
    figure.savefig(path, dpi=120)


Both = tuple[Callable[[], Tensor], Callable[[], Tensor]]


def work(cloud: ParticleCloud) -> dict[str, Both]:
    """Ours and FastJet's, from the same massless momenta."""
    double = to_cartesian(cloud.to(torch.float64))

    def clustered(algorithm: str) -> Any:
        import fastjet

        definition = fastjet.JetDefinition(getattr(fastjet, algorithm), LARGEST_RADIUS)
        momenta = packed(*packed_momenta(particle_momenta(double), double.mask))
        return fastjet.ClusterSequence(momenta, definition)

    def their_mass() -> Tensor:
        sequence = clustered("cambridge_algorithm")
        groomed = sequence.exclusive_jets_softdrop_grooming(beta=0, symmetry_cut=0.1, R0=0.8)
        return torch.from_numpy(groomed.msoftdrop.to_numpy())

    def their_tau() -> Tensor:
        values = clustered("antikt_algorithm").njettiness(
            measure_definition="NormalizedMeasure",
            axes_definition="WTA_KT_Axes",
            njets=[1, 2, 3],
            beta=1,
            R0=0.8,
        )
        return torch.from_numpy(values.to_numpy())

    return {
        "soft_drop_mass": (lambda: soft_drop_mass(double), their_mass),
        "tau_1_2_3": (lambda: nsubjettiness(double), their_tau),
    }


def cost(task: str, ours: Callable[[], Tensor], theirs: Callable[[], Tensor]) -> dict[str, object]:
    found: list[Tensor] = []
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(TURNS):
        for k, one in enumerate((ours, theirs)):
            times[k].append(seconds(lambda one=one: found.append(one()), "cpu"))
    own, other = (min(t) / len(found[0]) * 1e6 for t in times)
    row: dict[str, object] = {
        "task": task,
        "jets": len(found[0]),
        "clock": "cpu",
        "jetgen_us_per_jet": round(own, 1),
        "fastjet_us_per_jet": round(other, 1),
        "ratio": round(other / own, 2),
        "largest_difference": f"{(found[0] - found[1]).abs().max():.1e}",
    }
    print(row, flush=True)
    return row


if __name__ == "__main__":
    main()
