"""Trees that look at the tail see what trees on all muons miss; variants and times are compared."""

import pytest

from jetgen.cloud import ParticleCloud
from jetgen.config.train import TrainConfig
from jetgen.metrics.trainings import TrainingMean
from jetgen.physics.observables import MeasuredSets
from jetgen.physics.region import Region
from jetgen.studies.muon_ablation import NEITHER, PUBLISHED, VARIANTS, ablation_table, helped
from jetgen.studies.muon_samples import SIMULATED, Category, measured, merit
from jetgen.studies.muon_speed import parts_of
from jetgen.studies.muon_tails import (
    ALL,
    FLAT,
    SPOILED,
    Tails,
    bins_of,
    flattened,
    spoiled,
    tails_figure,
    tails_of,
    tails_table,
    tricked,
)
from jetgen.training.command import train

INSIDE = Region("p > 12")


@pytest.fixture(scope="module")
def samples(make_muons) -> tuple[MeasuredSets, MeasuredSets]:
    return measured(make_muons(4000, 1)), measured(make_muons(4000, 2))


def test_bins_divide_the_weight_and_flat_muons_are_flat(samples):
    real, _ = samples
    bins = bins_of(real, "p")
    shares = [float(real.weights[b.select(real)].sum() / real.weights.sum()) for b in bins]
    assert shares == pytest.approx([0.5, 0.3, 0.15, 0.05], abs=0.01)
    assert all(b.low < b.median < b.high for b in bins)
    flat = flattened(real, real)
    decades, weights = real.observables["log_p"], flat.weights
    low, high = decades.quantile(0.1), decades.quantile(0.9)
    halves = [(decades > low) & (decades < (low + high) / 2)]
    halves.append((decades >= (low + high) / 2) & (decades < high))
    first, second = (float(weights[half].sum()) for half in halves)
    assert first / second == pytest.approx(1, abs=0.2)


def test_trees_on_flat_muons_see_a_spoiled_tail(make_muons):
    real, seen = (measured(make_muons(12_000, seed)) for seed in (1, 11))
    whole = spoiled(seen)
    lost = 1 - float(whole.weights.sum() / seen.weights.sum())
    assert lost == pytest.approx(0.05, abs=0.01)
    flat = flattened(real, real), flattened(whole, real)
    areas = [merit(one.relative, two.relative).auc for one, two in ((real, whole), flat)]
    assert areas[1] > areas[0] + 0.03


def test_every_sample_has_a_row_and_every_test_a_column(samples):
    real, seen = (muons[:2000] for muons in samples)
    tails = tails_of(Category(real, {"GAN": [seen, seen]}, None, {}, None), seen, INSIDE)
    assert tails.areas["GAN"][ALL].trainings == 2 and tails.areas[SIMULATED][FLAT].error > 0
    assert bins_of(real, "p")[-1].title not in tails.areas[SPOILED], "too few muons"
    table = tails_table(tails, INSIDE)
    assert [row[0] for row in table.rows] == [SIMULATED, SPOILED, "GAN"]
    assert {len(row) for row in table.rows} == {len(table.columns)} == {4 + 8}
    assert len(tails_figure(tails).figure.axes) == 2


@pytest.mark.parametrize(
    ("whole", "flat", "verdict"),
    [(0.507, 0.6, "confirmed"), (0.56, 0.6, "not confirmed"), (0.51, 0.505, "undecided")],
)
def test_trees_are_tricked_by_what_only_flat_ones_see(whole, flat, verdict):
    same = dict.fromkeys((ALL, FLAT), TrainingMean(0.5, 0.004))
    areas = {ALL: TrainingMean(whole, 0.004), FLAT: TrainingMean(flat, 0.004)}
    assert tricked(Tails([], {SIMULATED: same, SPOILED: areas}), 0.02).verdict == verdict


def test_noise_helps_if_muons_without_it_are_worse():
    areas = {PUBLISHED: [0.60, 0.61, 0.62], **{name: [0.70, 0.72, 0.71] for name in VARIANTS}}
    assert helped(areas).verdict == "confirmed"
    rows = ablation_table(areas).rows
    assert len(rows) == 1 + len(VARIANTS) and rows[1][2].startswith("0.100")
    assert helped({**areas, NEITHER: [0.60, 0.62, 0.61]}).verdict == "undecided"


def test_times_of_network_conversion_and_writing(tmp_path, make_muons):
    from jetgen.datasets.formats.cloud_hdf5 import CloudWriter

    muons: ParticleCloud = make_muons(300)
    with CloudWriter(tmp_path / "m.h5", muons.features, slots=1, attributes={}) as writer:
        writer.append(muons)
    run = train(
        TrainConfig(
            data=[str(tmp_path / "m.h5")], run=str(tmp_path / "gan"), objective="gan",
            representation="features", encoder="dense", decoder="dense", hidden=4, layers=1,
            epochs=1, device="cpu",
        )
    )  # fmt: skip
    for suffix in ("h5", "root"):
        found = parts_of(run, tmp_path / f"out.{suffix}")
        assert (tmp_path / f"out.{suffix}").exists()
        assert found.network >= 0 and found.conversion > 0 and found.writing > 0
