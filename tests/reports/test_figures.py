"""Every figure can be read: no clipped text, no word over another, for 1, 2, 4 and 8 samples."""

import re
from functools import partial
from importlib.resources import files

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch

from jetgen.classifiers.figure_of_merit import score_outputs
from jetgen.kinds import JETS
from jetgen.metrics.latent import LatentSpace
from jetgen.metrics.memorisation import compared
from jetgen.physics.features import feature_observables, measure_features
from jetgen.physics.observables import JET_OBSERVABLES, Observable, measure
from jetgen.physics.quantities import QUANTITIES, SUBSTRUCTURE, Quantity
from jetgen.physics.substructure import with_substructure
from jetgen.reports.figures.class_spectra import class_spectra
from jetgen.reports.figures.classifier_scores import classifier_scores
from jetgen.reports.figures.conditions import conditions
from jetgen.reports.figures.correlation_matrices import correlation_matrices
from jetgen.reports.figures.distributions import (
    _pull_axis,
    density_label,
    distributions,
    draw_panels,
    panels,
)
from jetgen.reports.figures.jet_displays import jet_displays
from jetgen.reports.figures.jet_images import jet_images
from jetgen.reports.figures.latent_activity import latent_activity
from jetgen.reports.figures.latent_columns import latent_columns, shown_columns
from jetgen.reports.figures.memorisation import memorisation
from jetgen.reports.figures.pair_planes import pair_planes
from jetgen.reports.figures.residuals import residual_panels, shown_residuals
from jetgen.reports.figures.speeds import speeds
from jetgen.reports.report import DPI
from jetgen.reports.style import figure_style, lines, log_ticks, shortened, with_setting

SETTING = (
    "Pythia 8.317 gluon jets, √s = 13 TeV, anti-kT R = 0.8, 800 < pT < 1600 GeV, 500 jets each"
)
NAMES = [
    "generated", "generated (Gaussian prior)", "reconstructed", "independent particles",
    "runs/of/somebody/with_a_long_path/generated.h5", "vae", "gan", "flow-matching",
]  # fmt: skip
NUMBERS = [1, 2, 4, 8]


@pytest.fixture
def readable(faults):
    """Draws a figure with the setting on top; its text must be whole and apart."""

    def drawn_well(draw):
        with figure_style():
            figure = draw()
            found = faults(figure, with_setting(figure, SETTING))
        assert found == []
        return figure

    return drawn_well


@pytest.fixture(scope="module", params=NUMBERS)
def jets(request, toy_jets):
    real = with_substructure(measure(toy_jets(150, 1)))
    samples = {
        name: with_substructure(measure(toy_jets(150, k + 2, width=0.1 + 0.03 * k)))
        for k, name in enumerate(NAMES[: request.param])
    }
    return real, samples


@pytest.fixture(scope="module", params=NUMBERS)
def table(request, make_muons):
    made = [make_muons(200, k + 1, slower=1 + 0.3 * k) for k in range(request.param + 1)]
    real, *samples = (measure_features(cloud) for cloud in made)
    return real, dict(zip(NAMES, samples, strict=False))


def test_figures_of_jets(jets, readable):
    real, samples = jets
    looks = lines(list(samples))
    known = {q.name: q.observable for q in (*QUANTITIES, *SUBSTRUCTURE)}
    pair = (known["pt"], known["mass"])
    shown = [known[n] for n in ("mass", "pt", "multiplicity", "pt_dispersion", "tau21", "c2")]
    quantities = [q for q in QUANTITIES if q.name in ("mass", "pt", "ptrel", "multiplicity")]
    for draw in (
        partial(distributions, real, samples, quantities, looks),
        partial(distributions, real, samples, quantities[:1], looks),
        partial(correlation_matrices, real, samples, shown),
        partial(pair_planes, real, samples, [pair]),
        partial(jet_images, real, samples),
        partial(jet_displays, real, samples, looks, 1),
    ):
        readable(draw)


@pytest.mark.parametrize("numbers", [[30] * 4, [0, 1, 1, 0], [3, 60, 7, 61]])
def test_bins_of_whole_numbers_contain_all_of_them(toy_jets, numbers):
    real = measure(toy_jets(4, 1))
    pair = [Observable(name, name, name) for name in ("number", "mass")]
    real.observables["number"] = torch.tensor(numbers, dtype=torch.float32)
    axis = pair_planes(real, {"same": real}, [pair]).axes[0]
    low, high = axis.get_xlim()
    assert low < min(numbers) and max(numbers) < high
    assert (2 * low) % 2 == 1


def test_planes_of_huge_numbers_are_drawn(toy_jets):
    """In double precision all of them are whole."""
    real = measure(toy_jets(4, 1))
    pair = [Observable(name, name, name) for name in ("number", "mass")]
    real.observables["number"] = torch.tensor([1e30, -1e30, 3e38, 0.0])
    axis = pair_planes(real, {"same": real}, [pair]).axes[0]
    assert axis.get_xlim()[0] <= -9e29 and axis.get_xlim()[1] >= 2.9e38


def test_figures_of_tables(table, readable):
    real, samples = table
    looks = lines(list(samples))
    observables = [o for o, _ in feature_observables(real.relative)]
    quantities = [Quantity(o, 1.0, o.title) for o in observables]
    shown = panels(real, samples, quantities)[:4]
    readable(partial(draw_panels, shown, list(samples), looks, real.kind.noun, "simulated"))
    readable(partial(correlation_matrices, real, samples, observables))
    readable(partial(pair_planes, real, samples, [tuple(observables[:2])]))


@pytest.mark.parametrize("samples", NUMBERS)
def test_scores_of_classifiers(samples, readable):
    random = np.random.default_rng(0)
    merits = {
        name: score_outputs(random.beta(2, 2 + k, 500), random.beta(2 + k, 2, 500), 1000)
        for k, name in enumerate(NAMES[:samples])
    }
    readable(partial(classifier_scores, merits, lines(list(merits))))


def test_figures_without_samples(toy_jets, readable):
    x = torch.linspace(100, 300, 200)
    pairs = {observable: (x, x + torch.randn(200)) for observable in JET_OBSERVABLES[1:5]}
    readable(partial(conditions, pairs))
    readable(partial(speeds, {"Simulate": 95.0, "Train autoencoder": 2000.0, "Generate": 1e5}))
    sides = {name: measure(toy_jets(100, k)) for k, name in enumerate(("gluon", "top"))}
    readable(partial(class_spectra, sides, sides, JET_OBSERVABLES[:3], (200.0, 200.0)))


def test_a_column_that_equals_the_prior_is_not_active(readable):
    """A mean that varies by 0.02 beside a width of one: 0.01 nats, less than its variance says."""
    mean = torch.cat([torch.randn(4000, 1), 0.12 * torch.randn(4000, 1)], dim=1)
    width = torch.stack([torch.full((4000,), -3.0), torch.full((4000,), -0.0145)], dim=1)
    figure = readable(lambda: latent_activity(LatentSpace(mean, width, mean, mean, "flow")))
    assert figure.axes[0].get_title(loc="left") == "1 of 2 dimensions active"
    for number in (1, 2, 20):
        codes = torch.randn(100, number)
        latent = LatentSpace(codes, codes, codes, codes, "flow")
        readable(partial(latent_columns, latent, shown_columns(latent)))


def test_large_pulls_are_all_on_their_axis(toy_jets, readable):
    real, far = measure(toy_jets(2000, 1)), measure(toy_jets(2000, 2, width=0.3))
    quantity = [q for q in QUANTITIES if q.name == "mass"]
    figure = readable(lambda: distributions(real, {"far": far}, quantity, lines(["far"])))
    bottom = figure.axes[2]
    pulls = next(p.get_data().values for p in bottom.patches if isinstance(p, StepPatch))
    low, high = bottom.get_ylim()
    assert np.nanmax(np.abs(pulls)) > 5
    assert low < np.nanmin(pulls) and np.nanmax(pulls) < high


def test_the_power_of_ten_of_an_axis_is_not_in_its_label(toy_jets, readable):
    cloud = toy_jets(400, 1)
    real, other = (measure(c.replace(particles=1e6 * c.particles)) for c in (cloud, cloud[:300]))
    quantities = [q for q in QUANTITIES if q.name in ("mass", "energy")]
    figure = readable(lambda: distributions(real, {"a": other}, quantities, lines(["a"])))
    assert any("10" in axes.xaxis.get_offset_text().get_text() for axes in figure.axes)


def test_values_beyond_the_axis_do_not_flatten_the_others(toy_jets, readable):
    cloud = toy_jets(2000, 1)
    real, far = measure(cloud), measure(cloud.replace(particles=100 * cloud.particles))
    quantity = [q for q in QUANTITIES if q.name == "mass"]
    figure = readable(lambda: distributions(real, {"far": far}, quantity, lines(["far"])))
    top = figure.axes[0]
    heights = [p.get_data().values for p in top.patches if isinstance(p, StepPatch)]
    assert max(h.max() for h in heights) > 5 * heights[0].max(), "expected a high overflow bin"
    assert heights[0].max() < top.get_ylim()[1] < 1.5 * heights[0].max()


@pytest.mark.parametrize("largest", [5.5, 9.9, 10, 19, 20, 49, 50, 99, 100, 300, 5000])
def test_ticks_of_pulls_stand_apart(toy_jets, readable, largest):
    real, near = measure(toy_jets(200, 1)), measure(toy_jets(200, 2))
    quantity = [q for q in QUANTITIES if q.name == "mass"]

    def draw():
        figure = distributions(real, {"near": near}, quantity, lines(["near"]))
        _pull_axis(figure.axes[2], [np.array([largest])])
        return figure

    readable(draw)


def test_rounding_errors_get_no_panel(toy_jets):
    real = measure(toy_jets(50, 1))
    noise = real.observables["mass"] * 0 + 1 + 1e-7 * torch.rand(50)
    real.observables["noise"] = noise
    quantity = Quantity(Observable("noise", "noise", "noise"), 1.0, "")
    assert panels(real, {"same": real}, [quantity]) == []


def test_bands_of_residuals_are_inside_their_panels(toy_jets):
    real = measure(toy_jets(400, 1))
    made = toy_jets(400, 1)
    noise = torch.randn(len(made), 1, 1, generator=torch.Generator().manual_seed(2))
    wide = made.replace(particles=made.particles * (1 + 0.4 * noise.abs() ** 3))
    rows = shown_residuals(real, measure(wide))
    figure = residual_panels(real, rows, lines(["reconstructed"])["reconstructed"])
    for axes in np.reshape(figure.axes, (len(rows), -1))[:, 1:].flat:
        (band,) = axes.collections[:1]
        ends = band.get_paths()[0].vertices[:, 1]
        assert axes.get_ylim()[0] < ends.min() and ends.max() < axes.get_ylim()[1]


def test_planes_of_whole_numbers_have_whole_ticks(toy_jets):
    real = measure(toy_jets(100, 1)).with_observables({"multiplicity": torch.arange(100) % 3})
    known = {o.name: o for o in JET_OBSERVABLES}
    pair = (known["multiplicity"], known["mass"])
    figure = pair_planes(real, {"generated": measure(toy_jets(100, 2))}, [pair, pair[::-1]])
    first, second = figure.axes[0].get_xticks(), figure.axes[2].get_yticks()
    assert len(first) > 1 and all(tick == round(tick) for tick in (*first, *second))


def test_axes_say_what_is_counted():
    by_name = {q.name: q for q in QUANTITIES}
    noun = JETS.noun
    assert density_label(by_name["mass"], noun) == "(1/$N$) d$N$/d$m$ [1/GeV]"
    label = density_label(by_name["etarel"], noun)
    assert label.startswith(r"(1/$N_\mathrm{jets}$) d$N_\mathrm{particles}$/d")


def test_long_names_keep_their_ends():
    assert shortened("short") == "short"
    found = shortened("a" * 40 + "z" * 40)
    assert len(found) == 30 and found[0] == "a" and found[-1] == "z"


@pytest.mark.parametrize("number", NUMBERS)
def test_figure_of_memorisation(number, readable):
    generator = torch.Generator().manual_seed(0)
    held_out, *generated = torch.randn(number + 1, 200, generator=generator).double().exp() * 0.1
    generated[0][:50] = 0.0  # copies
    found = {
        name: compared(one, held_out, 1000)
        for name, one in zip(NAMES[:number], generated, strict=True)
    }
    readable(partial(memorisation, found, lines(NAMES), JETS.noun))


def test_a_figure_of_one_panel_fits_a_phone():
    jets = torch.rand(200, generator=torch.Generator().manual_seed(0)).double()
    found = {"generated (Gaussian prior)": compared(jets, jets + 1, 1000)}
    with figure_style():
        width = memorisation(found, lines(list(found)), JETS.noun).get_figwidth()
    css = (files("jetgen.reports") / "templates" / "page.css").read_text()
    (share,) = re.findall(r"var\(--pixels\) \* ([\d.]+)px", css)
    assert width * DPI * float(share) < 390 - 70  # of a phone, its borders and paddings


@pytest.mark.parametrize("decades", [0.7, 1.5, 4.0])
def test_logarithmic_axes_have_few_labels(decades):
    with figure_style():
        axes = Figure().add_subplot()
        axes.set_xscale("log")
        axes.set_xlim(2e-3, 2e-3 * 10**decades)
        log_ticks(axes.xaxis)
        axes.figure.draw_without_rendering()
        shown = [label.get_text() for label in axes.get_xticklabels(which="both")]
    assert 1 <= sum(bool(text) for text in shown) <= 7
