"""Everything that measures jets counts their event weights: one law over the list of consumers.

Jets of whole-number weights are the same sample as each jet repeated that often, equal weights are
no weights, and weights that mean nothing are refused.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg

import jetgen
import jetgen.metrics
from jetgen.cloud import RELATIVE, Feature, ParticleCloud
from jetgen.components import FIGURES, METRICS
from jetgen.config.evaluate import Classifier
from jetgen.conversion import from_awkward, from_numpy
from jetgen.datasets import read
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.datasets.loading import resampled
from jetgen.errors import InputError
from jetgen.evaluation.checks import check
from jetgen.evaluation.columns import column_merits, compare_columns
from jetgen.evaluation.command import evaluate
from jetgen.evaluation.comparison import compare_resampled
from jetgen.evaluation.metric_rows import fpnd_row
from jetgen.evaluation.protocol import jetnet_protocol
from jetgen.evaluation.registered_rows import single_row
from jetgen.evaluation.resampling import resample
from jetgen.kinds import ENTRIES
from jetgen.metrics.base import Metric
from jetgen.metrics.pair_histograms import pair_histogram
from jetgen.metrics.residuals import band, half_width, residuals
from jetgen.metrics.samples import FewJetsWarning
from jetgen.physics.baselines import BASELINES, gaussian_features, independent_particles
from jetgen.physics.fourvectors import to_cartesian, to_relative
from jetgen.physics.images import average_jet_image
from jetgen.physics.observables import JET_OBSERVABLES, measure
from jetgen.physics.quantities import QUANTITIES, quantity_values
from jetgen.reports.figures.class_spectra import class_spectra
from jetgen.reports.figures.correlation_matrices import correlation_matrices
from jetgen.reports.figures.distributions import distributions
from jetgen.reports.figures.jet_displays import jet_displays
from jetgen.reports.figures.jet_images import jet_images
from jetgen.reports.figures.pair_planes import pair_planes
from jetgen.reports.figures.residuals import residual_panels
from jetgen.reports.histograms import binning, density
from jetgen.reports.style import figure_style, lines
from jetgen.training.monitored import known_jets, monitored_figures
from jetgen.weights import counted_sets, effective_size, systematic_draw, unweighted_draw

JETS, HEAVY = 640, 3
"""Number of jets, and the weight of every second one."""


def jets_of(widths: torch.Tensor, seed: int, slots: int = 8) -> ParticleCloud:
    """Jets of about 1 TeV whose mass grows with their width."""
    generator = torch.Generator().manual_seed(seed)
    number = len(widths)
    angles = torch.randn(number, slots, 2, generator=generator) * widths.view(-1, 1, 1)
    counts = torch.randint(slots // 2, slots + 1, (number,), generator=generator)
    mask = torch.arange(slots) < counts.unsqueeze(1)
    shares = (torch.rand(number, slots, generator=generator) + 0.05) * mask
    shares = (shares / shares.sum(1, keepdim=True)).unsqueeze(2)
    cloud = ParticleCloud(torch.cat([angles, shares], dim=2), mask, RELATIVE)
    pt = 1000 + 500 * widths + 20 * torch.randn(number, generator=generator)
    eta = torch.randn(number, generator=generator)
    kind = (widths > 0.1).float()
    return cloud.with_conditions(
        {Feature("pt", "GeV"): pt, Feature("eta"): eta, Feature("phi", "rad"): eta / 2}
    ).with_conditions({Feature("type"): kind})


NARROW, WIDE = 0.05, 0.2
REAL = jets_of(torch.tensor([NARROW, WIDE]).repeat(JETS // 2), 1)
MADE = jets_of(torch.full((JETS,), NARROW), 2)
WEIGHTS = torch.tensor([1.0, HEAVY]).repeat(JETS // 2)

SAMPLES = {
    "plain": REAL,
    "constant": REAL.replace(weights=torch.full((JETS,), 3.0)),
    "weighted": REAL.replace(weights=WEIGHTS),
    "repeated": REAL[torch.arange(JETS).repeat_interleave(WEIGHTS.long())],
}

Numbers = Mapping[str, float]


class Consumer(NamedTuple):
    """Numbers of real jets, compared with generated ones where there are any.

    Args:
        numbers: function of the real jets.
        nearness: how near the weighted numbers are to those of repeated jets, as a share of the
            change that the weights make; rounding errors by default.
        hardly: names of numbers that the weights hardly change.
    """

    numbers: Callable[[ParticleCloud], Numbers]
    nearness: float = 1e-6
    hardly: tuple[str, ...] = ()


def named(**values) -> Numbers:
    flat = {
        name: np.atleast_1d(np.asarray(value, np.float64)).ravel() for name, value in values.items()
    }
    return {f"{name} {k}": float(x) for name, found in flat.items() for k, x in enumerate(found)}


def mass_of(jets):
    return measure(jets).observables["mass"]


def wasserstein(jets):
    found = jetgen.metrics.wasserstein(mass_of(jets), mass_of(MADE), jets.weights)
    return named(mass=found)


def correlations(jets):
    observables = measure(jets).observables
    return named(matrix=jetgen.metrics.correlations(observables, jets.weights))


def published(name, **options):
    def numbers(jets):
        found = getattr(jetgen.metrics, name)(jets, MADE, **options)
        return named(**{name: found.value})

    return numbers


def coverage(jets):
    found = jetgen.metrics.cov_mmd(jets, MADE, jets=50, batches=4)
    return named(coverage=found.coverage.value, mmd=found.mmd.value)


def memorisation(jets):
    training = jets_of(torch.full((300,), NARROW), 5)
    found = jetgen.metrics.memorisation(jets, MADE, training, jets=250, replicas=2)
    return named(ratio=found.ratio)


def peak(jets):
    fit = jetgen.metrics.fit_peak(mass_of(jets), "gaussian", (0, 400), 20, weights=jets.weights)
    return named(**fit.values, shares=fit.counts / fit.counts.sum())


def by_weight_once(jets):
    kept = jets[unweighted_draw(jets.weights, torch.Generator().manual_seed(1))]
    return named(mean=mass_of(kept).mean())


def evaluated(*classifiers):
    def numbers(jets):
        table, merits = evaluate(jets, MADE, replicas=3, classifiers=classifiers)
        rows = {row.quantity.name: row.distances["generated"].value for row in table.rows}
        return {name: merit.auc for name, merit in merits.items()} or rows

    return numbers


def network_row(jets):
    drawn = resample(check(jets, {"made": MADE}), replicas=2, seed=1)
    row = fpnd_row(drawn, lambda sets: sets.relative.particles.sum(1))
    return {"fpnd": row.distances["made"].value}


def columns(jets):
    checked = check(jets, {"made": MADE}, kind=ENTRIES)
    rows = compare_columns(checked, replicas=4).rows
    merits = column_merits(checked)
    return {row.quantity.name: row.distances["made"].value for row in rows} | {
        "auc": merits["made"].auc
    }


def protocol(jets):
    rows, _ = jetnet_protocol(jets, MADE)
    return {row["metric"]: row["value"] for row in rows}


def monitored(*names):
    return lambda jets: monitored_figures(names, known_jets(names, jets), MADE)


def baseline(make):
    def numbers(jets):
        made = make(jets, 4000, torch.Generator().manual_seed(1))
        share = (made.condition("pt") > 1060).double().mean()
        return named(share=share, angle=made.particles[..., 0][made.mask].std())

    return numbers


def drawn_for_training(jets):
    made = ParticleCloud.concatenate(
        [resampled(jets, torch.Generator().manual_seed(seed)) for seed in range(5)]
    )
    return named(mean=mass_of(made).mean())


def residual_numbers(jets):
    changed = jets.replace(particles=jets.particles * (1 + 0.2 * jets.particles[..., :1]))
    found = {}
    for residual in residuals(measure(jets), measure(changed)):
        found[residual.name] = half_width(residual.values, residual.weights)
    profile = band(mass_of(jets), mass_of(changed), weights=jets.weights)
    return found | named(median=profile.median)


def image(jets):
    return named(image=average_jet_image(to_relative(jets), pixels=8))


def histogram(jets):
    real = measure(jets)
    quantity = next(q for q in QUANTITIES if q.name == "relative_mass")
    values = quantity_values(real, quantity)
    bins = binning(mass_of(REAL).numpy() / 1000, [], name="relative_mass")
    return named(height=density(values, real.weights, bins).height)


def pairs(jets):
    mass, pt = mass_of(jets), measure(jets).observables["pt"]
    edges = torch.linspace(0, 400, 5), torch.linspace(900, 1200, 5)
    return named(shares=pair_histogram(mass, pt, *edges, weights=jets.weights))


class MeanMass(Metric):
    """A metric of another package, which does not use weights."""

    title = "difference of mean masses"
    replicas = 3

    def __call__(self, real, generated):
        means = [float(sets.observables["mass"].mean()) for sets in (real, generated)]
        return abs(means[1] - means[0])


def foreign(jets):
    drawn = resample(check(jets, {"made": MADE}), replicas=3, seed=1)
    return {"value": single_row(drawn, "mean", MeanMass()).distances["made"].value}


NEAR = 0.5
"""Of results that are drawn or trained: at most this share of what the weights change."""

HARDLY = (
    "energy", "eta", "phi", "ptrel", "ptrel_1", "ptrel_5", "mean_ptrel", "pt_dispersion", "tau21",
    "tau32", "d2", "multiplicity", "correlations",
)  # fmt: skip
"""What narrow and wide jets hardly differ in."""

CONSUMERS = {
    "metrics.wasserstein": Consumer(wasserstein),
    "metrics.correlations": Consumer(correlations),
    "metrics.w1m": Consumer(published("w1m", jets=3000), NEAR),
    "metrics.w1p": Consumer(published("w1p", jets=3000), NEAR, ("w1p 2",)),
    "metrics.w1efp": Consumer(published("w1efp", jets=3000), NEAR),
    "metrics.fpd": Consumer(published("fpd", min_jets=1000, max_jets=3000, batches=5), NEAR),
    "metrics.kpd": Consumer(published("kpd", batch_size=1000, batches=5), NEAR),
    "metrics.cov_mmd": Consumer(coverage, NEAR),
    "metrics.memorisation": Consumer(memorisation, NEAR),
    "metrics.fit_peak": Consumer(peak, 0.05),
    "pair histograms": Consumer(pairs),
    "average jet image": Consumer(image),
    "histograms": Consumer(histogram),
    "residuals": Consumer(residual_numbers, NEAR, ("phirel", "ptrel_2", "ptrel_3")),
    "evaluate": Consumer(evaluated(), NEAR, HARDLY),
    "columns": Consumer(columns, 0.7, HARDLY),
    "fpnd row": Consumer(network_row, NEAR),
    "protocol": Consumer(protocol, NEAR, ("w1p_ptrel",)),
    "metric of another package": Consumer(foreign, NEAR),
    "classifier trees": Consumer(evaluated("trees"), NEAR),
    "classifier particlenet": Consumer(evaluated("particlenet"), NEAR),
    "classifier transformer": Consumer(evaluated("transformer"), NEAR),
    "monitored": Consumer(monitored("w1m", "w1p", "fpd"), 0.01),
    "monitored trees": Consumer(monitored("fom"), NEAR),
    "baseline independent particles": Consumer(baseline(independent_particles), NEAR),
    "baseline Gaussian features": Consumer(baseline(gaussian_features), NEAR),
    "training": Consumer(drawn_for_training, NEAR),
    "latent": Consumer(by_weight_once, NEAR),
}
"""Everything that receives weighted jets and returns numbers."""

SLOW = "protocol", "columns", "monitored trees"

NAMES = [
    pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW or name.startswith("classifier")))
    for name in CONSUMERS
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings(f"ignore::{FewJetsWarning.__module__}.FewJetsWarning")
def test_whole_number_weights_are_repeated_jets_and_equal_ones_are_none(name):
    consumer = CONSUMERS[name]
    plain, constant, weighted, repeated = (
        consumer.numbers(SAMPLES[kind]) for kind in ("plain", "constant", "weighted", "repeated")
    )
    assert constant == pytest.approx(plain, rel=1e-6, abs=1e-12)
    moved = 0
    for key in plain.keys() - set(consumer.hardly):
        change = abs(repeated[key] - plain[key])
        assert abs(weighted[key] - repeated[key]) <= consumer.nearness * change + 1e-9, key
        moved += weighted[key] != pytest.approx(plain[key], rel=1e-3)
    assert moved


def test_the_list_is_complete():
    """What the package adds to these registries must keep the law, too."""
    of_no_jets = {
        "CoverageMMD", "Estimate", "FewJetsWarning", "Memorisation", "PeakFit",
        "correlation_distance", "jet_efps", "mutual_information", "relative_mass",
    }  # fmt: skip
    listed = {name.removeprefix("metrics.") for name in CONSUMERS if name.startswith("metrics.")}
    assert set(jetgen.metrics.__all__) - of_no_jets == listed
    assert set(METRICS.builtin) == {"substructure", "pairs", "w1efp", "fpd", "kpd", "cov-mmd"}
    assert set(FIGURES.builtin) == {"w1m", "w1p", "fpd", "fom"}
    assert all(FIGURES[name].uses_weights for name in FIGURES.builtin)
    assert {f"baseline {name}" for name in BASELINES} <= CONSUMERS.keys()
    assert {f"classifier {name}" for name in get_args(Classifier)} <= CONSUMERS.keys()


REAL_SETS = {kind: measure(jets) for kind, jets in SAMPLES.items()}
MADE_SETS = {"made": measure(MADE)}
LOOK = lines(["made", "reconstructed"])
_MASS, _PT = (o for o in JET_OBSERVABLES if o.name in ("mass", "pt"))


def classes(real):
    sides = {name: real[real.relative.condition("type") == k] for k, name in enumerate("ab")}
    return class_spectra(sides, sides, [_MASS], (float(real.weights.sum()),) * 2)


DRAWINGS = {
    "distributions": lambda real: distributions(real, MADE_SETS, [QUANTITIES[4]], LOOK),
    "correlation_matrices": lambda real: correlation_matrices(real, MADE_SETS, JET_OBSERVABLES[:4]),
    "pair_planes": lambda real: pair_planes(real, MADE_SETS, [(_MASS, _PT)]),
    "jet_images": lambda real: jet_images(real, MADE_SETS),
    "jet_displays": lambda real: jet_displays(real, MADE_SETS, LOOK, 3),
    "class_spectra": classes,
    "residuals": lambda real: residual_panels(
        real, residuals(real, MADE_SETS["made"])[:2], LOOK["reconstructed"]
    ),
}
"""Figures of weighted jets."""

WITHOUT_JETS = {
    "classifier_scores", "column_matrix", "conditions", "latent_activity", "latent_columns",
    "latent_correlations", "latent_curves", "latent_information", "latent_map", "latent_pairs",
    "latent_plane", "latent_region", "latent_views", "latent_walk", "mass_peaks",
    "memorisation", "monitored_curves", "peak_shift", "points_with_errors", "residual_histograms",
    "search", "size_against_error", "speeds", "training_curves",
}  # fmt: skip
"""Figures of numbers, of generated jets, or of jets that were drawn by weight before."""


def pixels(figure):
    figure.set_dpi(30)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWINGS)
def test_figures_show_the_weights(name):
    with figure_style():
        plain, constant, weighted = (
            pixels(DRAWINGS[name](REAL_SETS[kind])) for kind in ("plain", "constant", "weighted")
        )
    assert np.array_equal(plain, constant)
    assert plain.shape != weighted.shape or not np.array_equal(plain, weighted)


def test_every_figure_is_looked_at():
    folder = Path(jetgen.__file__).parent / "reports" / "figures"
    assert {path.stem for path in folder.glob("[a-z]*.py")} == DRAWINGS.keys() | WITHOUT_JETS


ODD = {
    "negative": (torch.tensor([1.0, -2.0, 1.0]), r"zero or more, received 1 others.* first -2"),
    "NaN": (torch.tensor([1.0, torch.nan, 1.0]), r"zero or more, received 1 others.* first nan"),
    "infinite": (torch.tensor([torch.inf, 1.0, 1.0]), r"zero or more, received 1 .* first inf"),
    "zero": (torch.zeros(3), "not all zero, received 3 zeros"),
}


@pytest.mark.parametrize(("weights", "message"), ODD.values(), ids=ODD)
def test_weights_without_meaning_are_refused_where_clouds_are_made_and_read(
    weights, message, tmp_path
):
    three = REAL[:3]
    with pytest.raises(InputError, match=message):
        three.replace(weights=weights)
    with pytest.raises(InputError, match=message):
        from_numpy(three.particles, three.mask, weights=weights)
    array = three.to_awkward()
    with pytest.raises(InputError, match=message):
        from_awkward(array, weights=weights.numpy())
    mass = {Feature("mass", "GeV"): mass_of(three)}
    stored = to_cartesian(three).with_conditions(mass).with_unchecked_weights(weights)
    with JetgenWriter(tmp_path / "jets.h5", attributes={}, slots=8) as writer:
        writer.append(stored)
    with pytest.raises(InputError, match=rf"jets.h5: .*{message}"):
        read(tmp_path / "jets.h5")
    table = tmp_path / "table.csv"
    rows = [f"{k},{k * k},{weight}" for k, weight in enumerate(weights.tolist())]
    table.write_text("\n".join(["a,b,weight", *rows]) + "\n")
    with pytest.raises(InputError, match=rf"table.csv: .*{message}"):
        read(table)
    if "zero or more" in message:
        with pytest.raises(InputError, match=message):
            ParticleCloud(three.particles, three.mask, RELATIVE, weights=weights)
    with pytest.raises(InputError, match=message):
        jetgen.metrics.wasserstein(torch.ones(3), torch.ones(3), weights)
    odd = three.with_unchecked_weights(weights)
    with pytest.raises(InputError, match=message):
        check(odd, {"made": MADE})
    with pytest.raises(InputError, match=message):
        jetgen.metrics.w1m(odd, MADE)


def test_a_sample_counts_as_its_effective_number():
    heavy = torch.cat([torch.full((20,), 1000.0), torch.ones(JETS - 20)])
    assert effective_size(heavy) == pytest.approx(20_620**2 / (20e6 + 620))
    weighted = REAL.replace(weights=heavy)
    with pytest.warns(FewJetsWarning, match=r"640 weighted \(which count as 21\) and 640"):
        jetgen.metrics.w1m(weighted, MADE, jets=10, batches=1)
    drawn = resample(check(weighted, {"made": MADE}), replicas=3, seed=1)
    assert drawn.size == 21 and len(drawn.real.jets) == JETS
    assert len(drawn.sides["made"].jets) == 21
    assert any("640 weighted jets count as 21" in warning for warning in drawn.warnings)
    few = REAL.replace(weights=torch.cat([torch.full((5,), 1e6), torch.ones(JETS - 5)]))
    with pytest.raises(InputError, match=r"at least 20 .* 640 weighted \(which count as 5\)"):
        resample(check(few, {"made": MADE}), replicas=3, seed=1)
    table, merits = evaluate(weighted, MADE, replicas=3)
    assert table.jets == 21 and merits == {}
    assert "FPD: omitted" in " ".join(table.warnings)


@pytest.mark.parametrize("side", [0, 1], ids=["real", "made"])
def test_both_sides_and_the_floor_fluctuate_alike(side):
    """Jets of one law are at the floor, whichever side has weights: in most of seven samples."""
    weights = torch.rand(1200, generator=torch.Generator().manual_seed(5)).square() + 0.01
    largest = []
    for seed in range(3, 17, 2):
        sides = [jets_of(torch.full((1200,), 0.1), seed + k) for k in range(2)]
        sides[side] = sides[side].replace(weights=weights)
        drawn = resample(check(sides[0], {"made": sides[1]}), replicas=40, seed=1)
        assert drawn.size == counted_sets(weights)
        rows = compare_resampled(drawn).rows
        largest.append(max(row.distances["made"].spreads for row in rows))
    assert np.median(largest) < 4


def test_draws_by_weight():
    weights = torch.tensor([0.0, 1.0, 2.0, 5.0])
    assert systematic_draw(weights, 8).tolist() == [1, 2, 2, 3, 3, 3, 3, 3]
    assert systematic_draw(torch.full((5,), 0.3), 5).tolist() == [0, 1, 2, 3, 4]
    kept = unweighted_draw(weights.repeat(3000), torch.Generator().manual_seed(1))
    assert len(kept.unique()) == len(kept)
    shares = torch.bincount(kept % 4, minlength=4) / 3000
    assert shares.tolist() == pytest.approx([0, 0.2, 0.4, 1], abs=0.03)


TINY = {
    "epochs": 1, "hidden": 8, "latent": 2, "layers": 1, "batch": 64, "particles": 8, "seed": 1,
    "prior": "gaussian", "constraint": [],
}  # fmt: skip


@pytest.mark.parametrize("chosen", [None, False])
def test_a_training_counts_weights_unless_told_not_to(chosen, tmp_path):
    data = SAMPLES["weighted"]
    run = jetgen.train(data=data, run=tmp_path / "run", weighted=chosen, **TINY)
    model = jetgen.load(run, data=data)
    assert model.config.weighted is (chosen is None)
    heavy = (model.model.jets.known()["pt"] > 1060).double().mean()
    kept = model.training_jets()
    assert bool((kept.weights == 1).all()) == (chosen is False)
    by_weight = (kept.weights * (kept.condition("pt") > 1060)).sum() / kept.weights.sum()
    assert float(heavy) == pytest.approx(float(by_weight), abs=0.06)


def test_a_training_of_equal_weights_is_one_without(tmp_path):
    made = [
        jetgen.load(jetgen.train(data=SAMPLES[kind], run=tmp_path / kind, **TINY)).generate(20)
        for kind in ("plain", "constant")
    ]
    assert torch.equal(made[0].particles, made[1].particles)
    runs = [jetgen.load(tmp_path / kind) for kind in ("plain", "constant")]
    assert [run.event_weight for run in runs] == [JETS, 3 * JETS]
