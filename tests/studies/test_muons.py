"""Verdicts on the muon networks follow from the trees' test, the distances and the shares."""

import math

import pytest
import torch

from jetgen.cloud import ParticleCloud
from jetgen.evaluation.checks import ComparisonInput
from jetgen.evaluation.comparison import compare_resampled
from jetgen.evaluation.pair_rows import pair_rows
from jetgen.evaluation.resampling import resample
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
    weighted_share,
)
from jetgen.studies.muons import _aimed, _correlated, _faster, _nearer, _passes


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
    """A GAN whose muons are as simulated, and a VAE's that are three times too slow."""
    real, other = (make_muons(3000, seed) for seed in (1, 2))
    clouds = {
        "GAN": unweighted(make_muons, 2000, 3),
        "VAE": unweighted(make_muons, 2000, 4, slower=3.0),
    }
    muons = {title: measured(cloud) for title, cloud in clouds.items()}
    pool = measured(ParticleCloud.concatenate([real, other]))
    everything = torch.ones(len(real), dtype=torch.bool)
    drawn = resample(
        ComparisonInput(measured(real), muons, pool, everything, ()), replicas=30, seed=1
    )
    rows = pair_rows(drawn, ["momentum_x", "x", "z", "log_p"])
    table = compare_resampled(drawn, QUANTITIES).with_rows(rows)
    merits = {title: merit(real, cloud) for title, cloud in clouds.items()}
    category = Category(measured(real), muons, merit(real, other), merits, table)
    return {"plus-prompt": category, "plus-displaced": category}


def test_muons_of_the_same_law_pass_and_slow_ones_do_not(found):
    few = _passes(found, "gan")  # 2,000 muons do not exclude an excess of 0.02
    assert few.verdict == "undecided" and "(plus-prompt)" in few.basis
    slow = _passes(found, "vae")
    assert slow.verdict == "not confirmed" and "plus-prompt 0." in slow.evidence
    assert _correlated(found, "gan").verdict == "confirmed"
    assert _correlated(found, "vae").verdict == "not confirmed"
    assert _nearer(found).verdict == "confirmed"
    shift = found["plus-prompt"].comparison.row("log_p").distances
    assert shift["VAE"].spreads > 10 > 4 > shift["GAN"].spreads


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
    simulated = Share(value, error, muons[inside], None)
    filled = Share(0.9, 0.01, muons, None)
    shares = {SIMULATED: simulated, AIMED_VAE: filled}
    verdicts = [c.verdict for c in _aimed({**shares, AIMED_GAN: simulated})]
    assert verdicts == ["confirmed", "undecided"]


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
