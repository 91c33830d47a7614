"""Figures of merit during a training: what they see, what they decide, what they leave alone."""

import math
from dataclasses import replace

import pytest
import torch

import jetgen
from jetgen.components import FIGURES
from jetgen.config.train import TrainConfig
from jetgen.configs import preset
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.datasets.writing import set_writer
from jetgen.errors import InputError
from jetgen.files.checkpoint import Checkpoint
from jetgen.physics.efp import efps
from jetgen.physics.features import measure_features
from jetgen.physics.observables import measure
from jetgen.runs.folder import RunFolder
from jetgen.training import monitored, monitoring
from jetgen.training.command import train
from jetgen.training.monitored import known_jets, monitored_figures, monitored_sets

TIMED = {"seconds", "jets_per_second"}


@pytest.fixture
def config(tmp_path, make_gaussian_jets):
    path = tmp_path / "jets.h5"
    with JetgenWriter(path, attributes={"command": "test"}, slots=6) as writer:
        writer.append(make_gaussian_jets(700, 1, 6))

    def make(name="run", **options):
        small = preset("classic") | {
            "particles": 6,
            "hidden": 8,
            "layers": 1,
            "latent": 3,
            "flow_transforms": 2,
            "flow_hidden": 8,
            "epochs": 4,
            "prior_epochs": 3,
            "device": "cpu",
            "monitor_every": 2,
        }
        run = str(tmp_path / name)
        return TrainConfig(**{**small, "data": [str(path)], "run": run, **options})

    return make


def rows_of(folder, untouched=False):
    drop = TIMED | (
        {"monitor_w1m", "monitor_fom", "monitor_fom_chi2", "monitor_fom_overlap"}
        if untouched
        else set()
    )
    return [{k: v for k, v in row.items() if k not in drop} for row in folder.read_metrics()]


def test_figures_see_a_planted_difference(toy_jets):
    real = known_jets(tuple(FIGURES), toy_jets(400, 1, slots=8))
    same = monitored_figures(tuple(FIGURES), real, toy_jets(400, 2, slots=8))
    wide = monitored_figures(tuple(FIGURES), real, toy_jets(400, 3, width=0.3, slots=8))
    assert list(same) == ["w1m", "w1p", "fpd", "fom", "fom_chi2", "fom_overlap"]
    assert same.pop("fom_overlap") > wide.pop("fom_overlap")
    assert same["fom"] == pytest.approx(0.5, abs=0.15) and wide["fom"] > 0.8
    assert all(wide[name] > 1.5 * same[name] for name in same)


def test_jets_that_are_not_finite_or_empty_are_infinitely_far(toy_jets):
    real, broken = known_jets(["w1m", "w1p", "fom"], toy_jets(100, 1)), toy_jets(100, 2)
    broken.particles[3, 0] = torch.nan
    assert monitored_figures(["w1m", "fom"], real, broken) == {"w1m": math.inf, "fom": math.inf}
    empty = toy_jets(100, 2)
    empty.mask[:] = False
    assert monitored_figures(["w1p"], real, empty) == {"w1p": math.inf}


def test_real_jets_are_measured_once_for_all_looks(config, monkeypatch):
    from jetgen.physics import observables

    measured, polynomials = [], []

    def measuring(cloud):
        measured.append(len(cloud))
        return measure(cloud)

    def computing(cloud):
        polynomials.append(len(cloud))
        return efps(cloud)

    monkeypatch.setattr(monitored, "measure", measuring)
    monkeypatch.setattr(observables, "efps", computing)
    folder = RunFolder(
        train(config(objective="gan", epochs=3, monitor=("w1m", "fpd"), monitor_every=1))
    )
    looks = sum("monitor_fpd" in row for row in folder.read_metrics())
    pairs = 2 * monitoring._REPLICAS  # samples for the fluctuation of the first figure
    assert looks == 3 and len(set(measured)) == 1
    assert len(measured) == looks + 1 + pairs  # the real jets, and those of each look
    assert len(polynomials) == looks + 1


def test_the_first_figure_chooses_the_best_epoch_and_the_training_is_left_alone(
    config, monkeypatch
):
    fluctuation, accidents = monitoring.fluctuation, []

    def noted(*arguments):
        accidents.append(fluctuation(*arguments))
        return accidents[-1]

    monkeypatch.setattr(monitoring, "fluctuation", noted)
    gan = {"objective": "gan", "encoder": "deepsets", "epochs": 5}
    watched = RunFolder(train(config("watched", **gan, monitor=("w1m", "fom"))))
    rows = watched.read_metrics()
    figures = {int(row["epoch"]): float(row["monitor_w1m"]) for row in rows if "monitor_w1m" in row}
    assert list(figures) == [1, 2, 4]
    best = Checkpoint.load(watched.best).state
    (accident,) = accidents
    as_good = [
        epoch
        for epoch, figure in figures.items()
        if epoch == 1 or figure < min(figures[e] for e in figures if e < epoch) + accident
    ]
    assert best["epoch"] == as_good[-1] and best["best"] == min(figures.values())
    plain = RunFolder(train(config("plain", **gan)))
    assert rows_of(watched, untouched=True) == rows_of(plain)
    assert len(jetgen.load(watched.path).generate(10)) == 10


@pytest.mark.parametrize(("accident", "epoch"), [(0.0, 2), (0.1, 5)])
def test_the_last_epoch_that_is_as_good_as_the_best_is_kept(config, monkeypatch, accident, epoch):
    figures = iter([1.0, 0.50, 0.55, 0.65, 0.59])
    monkeypatch.setattr(monitoring.Monitor, "figures", lambda *_: {"w1m": next(figures)})
    monkeypatch.setattr(monitoring, "fluctuation", lambda *_: accident)
    folder = RunFolder(train(config(objective="gan", epochs=5, monitor=("w1m",), monitor_every=1)))
    best = Checkpoint.load(folder.best).state
    assert (best["epoch"], best["best"]) == (epoch, 0.50)


def test_figures_of_few_jets_fluctuate_more(config, toy_jets):
    few, many = (
        monitoring.fluctuation(config(monitor=("w1m",)), toy_jets(jets, 1)) for jets in (100, 3000)
    )
    assert 0 < many < few


def test_interrupted_and_monitored_run_resumes_to_the_same_numbers(config, trained_and_resumed):
    within_the_prior = 6
    whole = trained_and_resumed(config(prior="flow", monitor=("w1m",)), within_the_prior)
    assert any(row.get("monitor_w1m") for row in RunFolder(whole).read_metrics())
    stored = RunFolder(f"{whole}-{within_the_prior}").read_config()
    assert stored.monitor == ("w1m",)


def test_a_figure_that_does_not_improve_ends_the_training(config):
    options = {"monitor": ("w1p",), "learning_rate": 1e-12, "patience": 2, "epochs": 50}
    folder = RunFolder(train(config(**options)))
    assert len(folder.read_metrics()) == 3  # the first is the best, two without a better one


@pytest.mark.slow
def test_sets_of_features_are_followed_and_their_weights_count(tmp_path, make_muons):
    real, pool = make_muons(3000, 1), make_muons(12_000, 2)
    chance = torch.rand(12_000, generator=torch.Generator().manual_seed(3))
    slow = pool[chance < pool.weights]  # as their weights say
    slow, fast = (replace(s, weights=torch.ones(len(s))) for s in (slow, pool[:3000]))

    def fom(sets):
        return monitored_sets(("fom",), measure_features(real), sets)["fom"]

    assert fom(slow) < 0.55 < 0.6 < fom(fast)
    broken = replace(slow, particles=slow.particles.index_fill(0, torch.tensor([3]), torch.nan))
    assert fom(broken) == math.inf
    with set_writer(tmp_path / "x.h5", real.features, slots=1, attributes={}) as append:
        append(real)
    folder = RunFolder(
        train(
            TrainConfig(
                data=[str(tmp_path / "x.h5")],
                run=str(tmp_path / "run"),
                weighted=True,
                representation="features",
                objective="gan",
                encoder="pyramid",
                decoder="pyramid",
                hidden=8,
                layers=2,
                latent=4,
                epochs=40,
                patience=2,
                learning_rate=1e-12,
                schedule="constant",
                batch=256,
                monitor=("fom",),
                monitor_every=1,
                device="cpu",
                average=0,
            )
        )
    )
    rows = folder.read_metrics()
    assert len(rows) < 40  # nothing is learned, so that the figure does not improve
    assert {"monitor_fom", "monitor_fom_chi2", "monitor_fom_overlap"} <= set(rows[0])
    assert [int(row["step"]) for row in rows] == [9 * (i + 1) for i in range(len(rows))]


def test_what_cannot_be_monitored_is_refused(config, gaussian_file):
    with pytest.raises(InputError, match="monitor: expected one of w1m, w1p, fpd, fom"):
        config(monitor=("w1n",))
    with pytest.raises(InputError, match="monitor_every: expected from 1 to the patience of 3"):
        config(monitor=("w1m",), patience=3, monitor_every=4)
    with pytest.raises(
        InputError, match=r"at least 100 validation jets \(15 % of all\), received 60"
    ):
        train(config(data=[str(gaussian_file)], monitor=("w1m",)))
