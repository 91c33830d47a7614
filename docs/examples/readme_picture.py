"""The picture of the README: simulated beside generated jets of a run.

    python docs/examples/readme_picture.py runs/demo

writes docs/images/readme.png (`--output` for another file): average images of the jets that the
training has not seen and of as many generated ones, and the distributions of the jet mass.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm

import jetgen
from jetgen.physics import average_jet_image, to_relative

OUTPUT = Path(__file__).parents[1] / "images" / "readme.png"
HALF_WIDTH, PIXELS = 0.6, 48


def main(run: str, output: Path) -> None:
    model = jetgen.load(run)
    simulated = model.held_out()
    generated = model.generate(len(simulated), seed=1)
    samples = {"simulated": simulated, "generated": generated}

    figure = plt.figure(figsize=(10, 3.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.25))
    side = (-HALF_WIDTH, HALF_WIDTH)
    for axes, (name, jets) in zip((left, middle), samples.items(), strict=True):
        image = average_jet_image(to_relative(jets), pixels=PIXELS, half_width=HALF_WIDTH)
        drawn = axes.imshow(
            np.ma.masked_equal(image.T, 0),
            norm=LogNorm(1e-6, 1e-1),
            origin="lower",
            extent=(*side, *side),
        )
        ticks = (-0.5, 0, 0.5)
        axes.set(title=name, xlabel="relative η", xticks=ticks, yticks=ticks, aspect="equal")
    left.set_ylabel("relative φ")
    figure.colorbar(drawn, ax=(left, middle), label="share of the jet's pT", shrink=0.9)

    edges = np.linspace(0, np.quantile(simulated.mass, 0.995), 31)
    counts, _ = np.histogram(simulated.mass, edges)
    made, _ = np.histogram(generated.mass, edges)
    norm, centres = len(simulated) * np.diff(edges), (edges[1:] + edges[:-1]) / 2
    right.errorbar(centres, counts / norm, counts**0.5 / norm, fmt="k.", label="simulated")
    right.stairs(made / norm, edges, color="C1", linewidth=2, label="generated")
    right.set(
        xlabel="jet mass [GeV]", ylabel="1/N dN/dm [1/GeV]", xlim=(0, edges[-1]), ylim=(0, None)
    )
    right.legend(title=f"{len(simulated)} jets each", frameon=False)
    output.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(output, dpi=110)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("run", help="folder of a trained run")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="file to write")
    arguments = parser.parse_args()
    main(arguments.run, arguments.output)
