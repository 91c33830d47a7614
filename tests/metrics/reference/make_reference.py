"""Write jetnet.json: what jetnet 0.2.5 says of small samples, with the draws that jetgen makes.

Needs jetnet 0.2.5 (and what it imports) in an environment of its own; the tests need only the
file. The samples come from their seed in float64, and the generator of the module replaces the
library's unseeded one, so that both packages draw the same jets.

    python tests/evaluation/reference/make_reference.py
"""

import energyflow  # noqa: F401  isort: skip  (before torch: the two share OpenMP badly on macOS)
import json
import warnings
from pathlib import Path

import numpy as np

SEED = 7


def sample(jets, seed, width=1.0):
    """``(jets, 8, 3)`` of etarel, phirel, ptrel: the hardest carry most, the tail is padded."""
    random = np.random.default_rng(seed)
    count = random.integers(3, 9, size=(jets, 1))
    mask = np.arange(8) < count
    share = -np.sort(-(random.exponential(size=(jets, 8)) ** 2) * mask, axis=1)
    share = share / share.sum(1, keepdims=True)
    spread = width * random.uniform(0.03, 0.25, size=(jets, 1))
    angles = random.normal(size=(2, jets, 8)) * spread * mask
    return np.stack([*angles, share * mask], axis=2)


def main():
    import jetnet
    from jetnet.evaluation import gen_metrics

    warnings.simplefilter("ignore")  # of few jets
    real, generated = sample(400, 1), sample(300, 2, width=1.1)
    draws = {"num_eval_samples": 500, "num_batches": 3}

    def drawn(metric, **options):
        gen_metrics.rng = np.random.default_rng(SEED)
        return [np.asarray(x).tolist() for x in metric(real, generated, **options)]

    efps = [gen_metrics.get_fpd_kpd_jet_features(x, efp_jobs=1) for x in (real, generated)]
    fpd = {"min_samples": 200, "max_samples": 1000, "num_batches": 4, "num_points": 5}
    kpd = {"num_batches": 5, "batch_size": 350}
    reference = {
        "jetnet": jetnet.__version__,
        "numpy": np.__version__,
        "w1m": drawn(gen_metrics.w1m, **draws),
        "w1p": drawn(gen_metrics.w1p, **draws),
        "w1efp": drawn(gen_metrics.w1efp, **draws, efp_jobs=1),
        "cov_mmd": drawn(gen_metrics.cov_mmd, num_eval_samples=30, num_batches=2, use_tqdm=False),
        "efps_of_first_jet": efps[0][0].tolist(),
        "fpd": [float(x) for x in gen_metrics.fpd(*efps, **fpd)],
        "fpd_not_normalised": [float(x) for x in gen_metrics.fpd(*efps, **fpd, normalise=False)],
        "kpd": [float(x) for x in gen_metrics.kpd(*efps, **kpd)],
        "kpd_not_normalised": [float(x) for x in gen_metrics.kpd(*efps, **kpd, normalise=False)],
    }
    path = Path(__file__).with_name("jetnet.json")
    path.write_text(json.dumps(reference, indent=1) + "\n")


if __name__ == "__main__":
    main()
