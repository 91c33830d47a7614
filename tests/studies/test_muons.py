"""Verdicts on the muon networks follow from the trees' test, the distances and the shares."""

import math

import pytest
import torch

from jetgen.cloud import ParticleCloud
from jetgen.evaluation.checks import ComparisonInput
from jetgen.evaluation.comparison import compare_resampled
from jetgen.evaluation.pair_rows import pair_rows
from jetgen.evaluation.resampling import resample
from jetgen.metrics.trainings import TrainingMean, mean_of
from jetgen.physics.region import Region
from jetgen.reports.figures.class_spectra import class_spectra
from jetgen.reports.figures.monitored_curves import monitored_curves
from jetgen.studies.muon_samples import (
    AIMED_GAN,
    AIMED_VAE,
    QUANTITIES,
    SIMULATED,
    Category,
    Share,
    measured,
    merit,
    of_kind,
    training_name,
    weighted_share,
)
from jetgen.studies.muons import _aimed, _correlated, _faster, _merits, _nearer, _passes


def unweighted(make_muons, number: int, seed: int, **options) -> ParticleCloud:
    """Muons of weight one that follow the law of the weighted ones."""
    pool = make_muons(6 * number, seed, **options)
    chance = torch.rand(len(pool), generator=torch.Generator().manual_seed(100 + seed))
    kept = pool[chance < pool.weights][:number]
    return ParticleCloud(
        kept.particles, kept.mask, kept.features, kept.conditions, kept.condition_features
    )


@pytest.fixture(scope="module")
def found(make_muons):
    """GANs whose muons are as simulated, and VAEs whose are three times too slow."""
    real, other = (make_muons(3000, seed) for seed in (1, 2))
    clouds = {
        "GAN": [unweighted(make_muons, 1000, seed) for seed in (3, 5, 7)],
        "VAE": [unweighted(make_muons, 1000, seed, slower=3.0) for seed in (4, 6, 8)],
    }
    trained = {title: [measured(cloud) for cloud in made] for title, made in clouds.items()}
    muons = {
        training_name(title, number): sets
        for title, made in trained.items()
        for number, sets in enumerate(made, 1)
    }
    pool = measured(ParticleCloud.concatenate([real, other]))
    everything = torch.ones(len(real), dtype=torch.bool)
    drawn = resample(
        ComparisonInput(measured(real), muons, pool, everything, ()), replicas=30, seed=1
    )
    rows = pair_rows(drawn, ["momentum_x", "x", "z", "log_p"])
    table = compare_resampled(drawn, QUANTITIES).with_rows(rows)
    merits = {title: [merit(real, cloud) for cloud in made] for title, made in clouds.items()}
    category = Category(measured(real), trained, merit(real, other), merits, table)
    return {"plus-prompt": category, "plus-displaced": category}


def test_muons_of_the_same_law_pass_and_slow_ones_do_not(found):
    few = _passes(found, "gan")  # three samples of 1,000 muons hardly exclude an excess of 0.02
    assert few.verdict != "not confirmed" and few.basis.startswith("3 trainings each; p ")
    slow = _passes(found, "vae")
    assert slow.verdict == "not confirmed" and "plus-prompt 0." in slow.evidence
    assert _correlated(found, "gan").verdict != "not confirmed"
    assert _correlated(found, "vae").verdict == "not confirmed"
    assert [claim.verdict for claim in _nearer(found)] == ["confirmed"] * 2
    category = found["plus-prompt"]
    assert min(category.spreads("VAE", "log_p")) > 10
    assert max(category.spreads("GAN", "log_p")) < 5
    assert len(_merits(found).rows[0]) == len(_merits(found).columns)


def test_speed_is_confirmed_where_it_is_reached():
    rates = {"Pythia, of weight one": 100.0, "GAN, HDF5": 5e4}
    (slow,) = _faster(rates)
    assert slow.verdict == "not confirmed" and "a factor of 500" in slow.evidence
    assert _faster({**rates, "GAN, HDF5": 2e8})[0].verdict == "confirmed"
    assert _faster({"GAN, HDF5": 2e8}) == []  # muons of the user


def test_shares_are_of_the_weight_and_decide_about_the_region(make_muons):
    muons = measured(make_muons(4000))
    inside = Region("p > 10").select(muons.observables)
    weights = muons.relative.weights
    value, error = weighted_share(inside, weights)
    assert value == pytest.approx(float(weights[inside].sum() / weights.sum()))
    assert error > math.sqrt(value * (1 - value) / 4000)  # weights vary
    simulated = Share(TrainingMean(value, error), muons[inside], None, None)
    filled = Share(mean_of([0.9, 0.88, 0.93]), muons, None, None)
    few = filled._replace(value=mean_of([0.9]))
    for other, verdict in ((simulated, "undecided"), (few, "undecided"), (filled, "confirmed")):
        claims = _aimed({SIMULATED: simulated, AIMED_VAE: filled, AIMED_GAN: other})
        assert [claim.verdict for claim in claims] == ["confirmed", verdict]


def test_classes_are_drawn_in_their_ratios(make_muons):
    muons = make_muons(2000)
    total = float(muons.weights.double().sum())
    real = {k: measured(of_kind(muons, k)) for k in ("plus-prompt", "plus-displaced")}
    observables = [q.observable for q in QUANTITIES if q.name in ("x", "log_p")]
    figure = class_spectra(real, real, observables, (total, total))
    start, momentum = figure.axes
    heights = [patch.get_data().values.sum() for patch in momentum.patches[::2]]
    shares = [float(sets.relative.weights.double().sum()) / total for sets in real.values()]
    assert heights == pytest.approx(shares, rel=0.02)
    assert len(start.patches) == 2  # prompt muons all start at x = 0


def test_figures_of_merit_are_drawn_against_steps_where_they_are_known():
    nan = math.nan
    columns = {
        "step": [10, 20, 30],
        "monitor_fom": [0.9, nan, 0.6],
        "monitor_fom_chi2": [9.0, nan, 2.0],
        "monitor_fom_overlap": [0.2, nan, 0.8],
    }
    history = {name: torch.tensor(values).numpy() for name, values in columns.items()}
    figure = monitored_curves({"mu-plus-prompt": history})
    drawn = figure.axes[0].get_lines()[0].get_xydata()
    assert drawn == pytest.approx(torch.tensor([[10, 0.9], [30, 0.6]]).numpy())
