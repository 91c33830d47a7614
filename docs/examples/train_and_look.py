"""Train on gluon jets, generate as many as were held out, and look at both.

python train_and_look.py data/gluon.h5            # five minutes of training
python train_and_look.py data/gluon.h5 --tiny     # seconds, to see that it runs
"""

import argparse

import matplotlib.pyplot as plt

import jetgen
from jetgen.physics import average_jet_image, to_relative

TINY = {"jets": 300, "particles": 20, "hidden": 16, "epochs": 2, "prior_epochs": 2}


def main(data: str, tiny: bool) -> None:
    run = jetgen.train(data=data, run="runs/look", **(TINY if tiny else {"time_limit": 5}))
    model = jetgen.load(run)
    simulated = model.held_out()  # jets that the training has not seen
    generated = model.generate(len(simulated), seed=1)
    for name, jets in (("simulated", simulated), ("generated", generated)):
        print(f"{name}: {len(jets)} jets, mean mass {jets.mass.mean():.1f} GeV")

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
    samples = {"simulated": simulated, "generated": generated}
    for axes, (name, jets) in zip((left, middle), samples.items(), strict=True):
        image = average_jet_image(to_relative(jets), pixels=40, half_width=0.4)
        axes.imshow(image.T + 1e-7, norm="log", origin="lower", extent=(-0.4, 0.4, -0.4, 0.4))
        axes.set(title=name, xlabel="relative η", ylabel="relative φ")
    for name, jets in samples.items():
        right.hist(jets.mass, bins=40, range=(0, 250), density=True, histtype="step", label=name)
    right.set(xlabel="jet mass [GeV]", ylabel="1/N dN/dm [1/GeV]")
    right.legend()
    figure.savefig("look.png")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("data", help="file with jets")
    parser.add_argument("--tiny", action="store_true", help="few jets and a small model")
    arguments = parser.parse_args()
    main(arguments.data, arguments.tiny)
