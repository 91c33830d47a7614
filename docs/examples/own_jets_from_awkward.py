"""Train on jets of your own, as ragged awkward arrays, and get awkward arrays back.

python own_jets_from_awkward.py            # five minutes of training
python own_jets_from_awkward.py --tiny     # seconds, to see that it runs
"""

import argparse

import awkward as ak
import numpy as np

import jetgen

TINY = {"particles": 20, "hidden": 16, "epochs": 2, "prior_epochs": 2}


def my_jets(number: int) -> ak.Array:
    """One list of particles per jet; replace it by ``uproot.open("FILE:TREE").arrays(...)``."""
    random = np.random.default_rng(1)
    counts = random.integers(10, 40, number)
    width = np.repeat(random.uniform(0.05, 0.2, number), counts)  # some jets are wider
    axis = np.repeat(random.uniform(-2, 2, number), counts)
    return ak.unflatten(
        ak.zip(
            {
                "pt": random.exponential(20, counts.sum()) + 1,  # GeV
                "eta": axis + width * random.normal(size=counts.sum()),
                "phi": width * random.normal(size=counts.sum()),
            }
        ),
        counts,
    )


def main(tiny: bool) -> None:
    jets = jetgen.from_awkward(my_jets(500 if tiny else 10_000))
    print(jets, f"mean mass {jets.mass.mean():.1f} GeV")

    run = jetgen.train(data=jets, run="runs/own-jets", **(TINY if tiny else {"time_limit": 5}))
    generated = jetgen.generate(run, 200)

    particles = generated.to_awkward().particles  # lists of vector's Momentum4D
    hardest = ak.max(particles.pt, axis=1)
    masses = ak.sum(particles, axis=1).mass
    print(f"generated: mean mass {ak.mean(masses):.1f} GeV, hardest pT {ak.mean(hardest):.1f} GeV")
    jetgen.write(generated, "own-jets.parquet")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--tiny", action="store_true", help="few jets and a small model")
    main(parser.parse_args().tiny)
