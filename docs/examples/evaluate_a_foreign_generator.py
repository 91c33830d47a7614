"""Judge the jets of any generator: NumPy arrays are all that jetgen needs.

    python evaluate_a_foreign_generator.py data/gluon.h5            # a minute
    python evaluate_a_foreign_generator.py data/gluon.h5 --tiny     # fewer jets

The "foreign generator" is a trivial one: each particle is drawn from all particles of all jets.
"""

import argparse

import numpy as np

import jetgen
from jetgen.physics import to_relative


def foreign_generator(particles: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """``(J, N, 3)`` of etarel, phirel, ptrel, zero where padded; replace it by your own jets."""
    random = np.random.default_rng(1)
    pool = particles[mask]
    jets = random.choice(pool, size=mask.shape) * mask[..., None]
    return jets / jets[..., 2].sum(1)[:, None, None].clip(1e-9) ** [0, 0, 1]  # ptrel adds up to one


def main(data: str, tiny: bool) -> None:
    jets = to_relative(jetgen.read(data, jets=1200 if tiny else None, particles=30))
    half = len(jets) // 2  # judge with jets that the generator has not seen
    seen, unseen = jets[:half], jets[half:]
    generated = foreign_generator(*seen.to_numpy())

    found = jetgen.evaluate(generated, real=unseen.to_numpy()[0])
    print(f"{'metric':55} value ± error (floor), σ above the floor")
    for row in found["rows"]:
        value, error, floor = (row[key] / row["scale"] for key in ("value", "uncertainty", "floor"))
        title = f"{row['title']} {row['printed_unit']}"
        print(
            f"{title:55} {value:.3g} ± {error:.2g} ({floor:.3g}), {row['spreads_above_floor']:+.1f}"
        )
    verdict = found["headlines"]["generated"]
    print(f"verdict: {verdict['word']}. {verdict['text']}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("data", help="file with jets")
    parser.add_argument("--tiny", action="store_true", help="fewer jets")
    arguments = parser.parse_args()
    main(arguments.data, arguments.tiny)
