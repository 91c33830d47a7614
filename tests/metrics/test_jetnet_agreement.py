"""The field's metrics against numbers frozen from jetnet 0.2.5, with equal draws."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from jetgen.cloud import RELATIVE, ParticleCloud
from jetgen.metrics.cov_mmd import cov_mmd
from jetgen.metrics.fpd import fpd, jet_efps
from jetgen.metrics.kpd import kpd
from jetgen.metrics.w1efp import w1efp
from jetgen.metrics.w1m import w1m
from jetgen.metrics.w1p import w1p

REFERENCE = Path(__file__).parent / "reference"
FROZEN = json.loads((REFERENCE / "jetnet.json").read_text(encoding="utf-8"))

pytestmark = [
    pytest.mark.recorded,
    pytest.mark.filterwarnings("ignore::jetgen.metrics.samples.FewJetsWarning"),
]


@pytest.fixture(scope="module")
def maker():
    spec = importlib.util.spec_from_file_location("make_reference", REFERENCE / "make_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def samples(maker):
    return maker.sample(400, 1), maker.sample(300, 2, width=1.1)


@pytest.mark.parametrize(("name", "metric"), [("w1m", w1m), ("w1p", w1p), ("w1efp", w1efp)])
def test_wasserstein_distances(name, metric, samples, maker):
    found = metric(*samples, jets=500, batches=3, seed=maker.SEED)
    np.testing.assert_allclose(found.value, FROZEN[name][0], rtol=1e-6)
    np.testing.assert_allclose(found.spread, FROZEN[name][1], rtol=1e-6)


def test_the_features_of_fpd_and_kpd_in_their_order(samples):
    found = jet_efps(samples[0])[0]
    np.testing.assert_allclose(found, FROZEN["efps_of_first_jet"], rtol=1e-9)


@pytest.mark.parametrize("suffix", ["", "_not_normalised"])
def test_frechet_distance(suffix, samples):
    found = fpd(
        *map(jet_efps, samples),
        min_jets=200,
        max_jets=1000,
        batches=4,
        points=5,
        normalise=not suffix,
    )
    np.testing.assert_allclose(found, FROZEN["fpd" + suffix], rtol=1e-4)


@pytest.mark.parametrize("suffix", ["", "_not_normalised"])
def test_kernel_distance(suffix, samples):
    found = kpd(*map(jet_efps, samples), batches=5, batch_size=350, normalise=not suffix)
    np.testing.assert_allclose(found, FROZEN["kpd" + suffix], rtol=1e-4)


def test_coverage_and_matching_distance(samples, maker):
    found = cov_mmd(*samples, jets=30, batches=2, seed=maker.SEED)
    coverage, mmd = FROZEN["cov_mmd"]
    assert found.coverage.value == pytest.approx(coverage, rel=1e-12)
    assert found.mmd.value == pytest.approx(mmd, rel=1e-6)


def test_clouds_and_arrays_with_a_mask_give_the_same(samples, maker):
    arrays = [np.concatenate([x, (x[..., 2:] > 0)], axis=2) for x in samples]
    arrays[0][~(samples[0][..., 2] > 0), :3] = 9.0  # the mask hides this
    clouds = [
        ParticleCloud(torch.from_numpy(x), torch.from_numpy(x[..., 2] > 0), RELATIVE)
        for x in samples
    ]
    for jets in (arrays, clouds):
        for metric, name in ((w1m, "w1m"), (w1p, "w1p")):
            found = metric(*jets, jets=500, batches=3, seed=maker.SEED)
            np.testing.assert_allclose(found.value, FROZEN[name][0], rtol=1e-6)
