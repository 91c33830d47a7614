"""Trainings end within their time limit, by a clock that only work chosen by a test moves."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch.nn import functional

import jetgen
from jetgen.cli.main import main
from jetgen.config.train import TrainConfig
from jetgen.errors import InputError, UnfinishedError
from jetgen.files.checkpoint import Checkpoint
from jetgen.runs.folder import RunFolder
from jetgen.runs.health import read_health
from jetgen.training import clock as training_clock
from jetgen.training import loop, stages
from jetgen.training.command import train
from jetgen.training.monitoring import Monitor
from jetgen.training.steps import Steps

ROOT = Path(__file__).parents[2]

EPOCH = 5
"""Steps of an epoch: 280 training jets in batches of 64."""


@pytest.fixture
def config(tmp_path, gaussian_file):
    def make(**options):
        small = {
            "data": [str(gaussian_file)],
            "run": str(tmp_path / "run"),
            "objective": "ae",  # without a divergence, that may collapse
            "particles": 12,
            "hidden": 8,
            "layers": 1,
            "latent": 3,
            "batch": 64,
            "epochs": 1000,
            "prior_epochs": 1000,
            "prior": "flow",
            "flow_transforms": 1,
            "flow_hidden": 8,
            "device": "cpu",
            "time_limit": 2.0,
        }
        return TrainConfig(**{**small, **options})

    return make


@pytest.fixture
def clock(monkeypatch):
    """The clock of trainings, in seconds, which stands still unless a test moves it."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(training_clock, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.fixture
def takes(clock, monkeypatch):
    """Lets a method of the training take some seconds beside those of its parts."""

    def slow(owner, method, seconds):
        original = getattr(owner, method)

        def slowly(*arguments, **options):
            clock.now += seconds
            return original(*arguments, **options)

        monkeypatch.setattr(owner, method, slowly)

    return slow


@pytest.fixture
def step_takes(clock, monkeypatch):
    """Sets how many seconds a step of each stage takes; nothing else takes any time."""
    step = Steps.take

    def slow(**seconds):
        def slowly(self, run, *arguments):
            clock.now += seconds[run.stage.name]
            step(self, run, *arguments)

        monkeypatch.setattr(Steps, "take", slowly)

    return slow


def steps_of(folder, stage):
    return [int(row["step"]) for row in folder.read_metrics() if row["stage"] == stage]


def test_a_stage_ends_within_an_epoch_with_validation_and_checkpoint(
    config, step_takes, monkeypatch
):
    monkeypatch.setattr(loop, "MINIMUM_STEPS", 9)
    step_takes(autoencoder=10, prior=1)
    folder = RunFolder(train(config()))
    assert steps_of(folder, "autoencoder") == [EPOCH, 9]  # three quarters of 120 s
    assert steps_of(folder, "prior")[-1] == 30
    assert all("validation_total" in row for row in folder.read_metrics())
    assert Checkpoint.load(folder.best).state["finished"]
    assert len(jetgen.load(folder.path).generate(3)) == 3


def test_the_prior_has_its_share_after_an_overrun(config, step_takes, monkeypatch):
    monkeypatch.setattr(loop, "MINIMUM_STEPS", 1)
    step_takes(autoencoder=400, prior=1)
    folder = RunFolder(train(config()))
    assert steps_of(folder, "autoencoder") == [1]
    assert steps_of(folder, "prior")[-1] == 30  # a quarter of 120 s, from its own start


@pytest.mark.slow
def test_a_slow_machine_does_fewer_epochs_of_each_stage_and_says_so(config, step_takes, capsys):
    step_takes(autoencoder=1, prior=0.5)
    folder = RunFolder(train(config(time_limit=4.0)))
    assert steps_of(folder, "autoencoder")[-1] == 180
    assert steps_of(folder, "prior")[-1] == 120
    said = capsys.readouterr().err
    for stage in ("autoencoder", "prior"):
        assert re.search(rf"{stage}: ended after \d+ of 1000 epochs by the time limit", said)


def test_epochs_that_are_done_are_enough(config, step_takes, capsys):
    step_takes(autoencoder=1, prior=1)
    folder = RunFolder(train(config(epochs=2, prior_epochs=2)))
    assert steps_of(folder, "prior") == [EPOCH, 2 * EPOCH]
    assert "ended after" not in capsys.readouterr().err


@pytest.mark.parametrize("slow", ["autoencoder", "prior"])
@pytest.mark.slow
def test_an_unfinished_run_says_so_and_goes_on_with_a_larger_limit(
    config, step_takes, slow, capsys, monkeypatch
):
    step_takes(**{"autoencoder": 0.5, "prior": 0.125, slow: 10})
    first = config()
    folder = RunFolder(first.run)
    with pytest.raises(UnfinishedError, match=f"{slow}: unfinished: .* of at least 100 steps"):
        train(first)
    done = steps_of(folder, slow)[-1]
    assert 1 <= done < 100
    with pytest.raises(InputError, match=f"found an interrupted one .{slow}: unfinished: "):
        jetgen.load(first.run)

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["train", "--run", first.run, "--resume"]) == 2  # no time has been added
    red = capsys.readouterr().err.splitlines()[-1]
    assert "\x1b[31mjetgen: error: " in red and "--resume --time-limit MINUTES" in red
    assert steps_of(folder, slow)[-1] == done

    step_takes(autoencoder=0.5, prior=0.125)
    assert main(["train", "--run", first.run, "--resume", "--time-limit", "6"]) == 0
    steps = steps_of(folder, slow)
    assert steps == sorted(steps) and steps[-1] >= 100
    assert folder.read_config().time_limit == 6
    assert "unfinished" not in [finding.kind for finding in read_health(folder.health_file)]
    assert len(jetgen.load(first.run).generate(3)) == 3


@pytest.mark.slow
def test_the_learning_rate_falls_within_the_time_of_each_stage(config, step_takes):
    step_takes(autoencoder=0.5, prior=0.25)
    folder = RunFolder(train(config(schedule="cosine")))
    last = {row["stage"]: float(row["learning_rate"]) for row in folder.read_metrics()}
    assert set(last) == {"autoencoder", "prior"}
    assert max(last.values()) < 0.1 * config().learning_rate


def test_validation_figures_and_checkpoints_are_within_the_limit(config, step_takes, takes, clock):
    step_takes(autoencoder=0.5, prior=0.125)
    takes(loop.Loop, "_measure", 5)
    takes(loop.Loop, "_save", 1)
    folder = RunFolder(train(config(time_limit=20.0)))
    ends = {row["stage"]: float(row["seconds"]) for row in folder.read_metrics()}
    assert 0.95 * 900 < ends["autoencoder"] < 900
    assert 0.95 * 1200 < ends["prior"] < 1200
    assert clock.now < 1205  # the checkpoints of the finished model


def test_the_first_validation_fits_too(config, step_takes, takes, monkeypatch):
    monkeypatch.setattr(loop, "MINIMUM_STEPS", 1)
    step_takes(autoencoder=10, prior=1)
    takes(loop.Loop, "_measure", 9)
    folder = RunFolder(train(config(time_limit=1.0)))
    assert steps_of(folder, "autoencoder") == [4]  # 45 s, less those of 60 validation jets


def test_the_preparation_of_a_stage_is_part_of_its_share(config, step_takes, takes, monkeypatch):
    monkeypatch.setattr(loop, "MINIMUM_STEPS", 1)
    step_takes(autoencoder=1, prior=1)
    takes(stages, "_encode", 5)  # of training and of validation jets
    folder = RunFolder(train(config()))
    assert steps_of(folder, "prior")[-1] == 20
    first = {row["stage"]: float(row["learning_rate"]) for row in reversed(folder.read_metrics())}
    assert set(first.values()) == {config().learning_rate}  # the same in every run


@pytest.mark.parametrize(("time_limit", "jets"), [(2.0, 7), (None, 60)])
def test_with_a_limit_a_fixed_number_of_jets_is_validated(config, monkeypatch, time_limit, jets):
    monkeypatch.setattr(stages, "MOST_VALIDATED", 7)
    found, measure = [], loop.Loop._measure

    def look(self, run, row):
        found.append((run.data.validated, sum(map(len_of, run.data.validation()))))
        return measure(self, run, row)

    monkeypatch.setattr(loop.Loop, "_measure", look)
    train(config(epochs=1, prior_epochs=1, time_limit=time_limit))
    assert found == [(jets, jets)] * 2


def len_of(batch):
    return len(batch[0] if isinstance(batch, tuple) else batch)


@pytest.fixture
def slow_networks(clock, monkeypatch):
    """Every vector in a linear layer takes a millisecond, three with gradients; nothing else."""
    linear = functional.linear

    def slowly(inputs, *weights):
        clock.now += 1e-3 * inputs[..., 0].numel() * (3 if torch.is_grad_enabled() else 1)
        return linear(inputs, *weights)

    monkeypatch.setattr(functional, "linear", slowly)


@pytest.mark.parametrize(
    "options",
    [
        {"objective": "vae", "prior": "flow"},
        {"objective": "ae", "prior": "flow-matching", "solver_steps": 2},
        {"objective": "wae", "prior": "gaussian"},
        {"objective": "gan", "prior": "gaussian", "learning_rate": 1e-5},
        {"objective": "flow-matching", "prior": "gaussian", "solver_steps": 2},
    ],
    ids=lambda options: f"{options['objective']}-{options['prior']}",
)
@pytest.mark.slow
def test_every_model_is_trained_within_the_limit_on_a_slow_machine(
    config, options, slow_networks, takes, clock, make_gaussian_jets, tmp_path
):
    jets = make_gaussian_jets(700, seed=1)
    options = {**options, "data": [], "monitor": ("w1m",), "beta": 1e-3, "latent": 4}
    options["patience"] = 1000  # so that only the limit ends a stage
    takes(Monitor, "figures", 60)
    first = config(**{**options, "data": ["-"], "epochs": 1, "prior_epochs": 1, "time_limit": None})
    train(first, data=jets)
    needed, clock.now = clock.now, 0.0  # for one epoch of each stage

    limit = 40 * needed
    run = str(tmp_path / "limited")
    second = config(**{**options, "data": ["-"], "run": run, "time_limit": limit / 60})
    folder = RunFolder(train(second, data=jets))
    assert 0.9 * limit < clock.now < 1.02 * limit
    rows = folder.read_metrics()
    for stage in {row["stage"] for row in rows}:
        assert steps_of(folder, stage)[-1] >= loop.MINIMUM_STEPS
        assert len(steps_of(folder, stage)) < 1000
        assert "monitor_w1m" in [row for row in rows if row["stage"] == stage][-1]
    assert "unfinished" not in [finding.kind for finding in read_health(folder.health_file)]
    assert len(jetgen.load(folder.path, data=jets).generate(3)) == 3


@pytest.mark.slow
@pytest.mark.usefixtures("without_figures")
def test_the_demo_on_a_machine_twenty_times_slower(step_takes, make_gaussian_jets, tmp_path):
    """Its commands as the Makefile has them, on fewer and smaller jets, with a small network."""
    jets, run = tmp_path / "jets.h5", tmp_path / "demo"
    jetgen.write(make_gaussian_jets(1_000, seed=1), jets)
    dry = ["make", "--dry-run", "--no-print-directory", "demo", f"RUN={run}"]
    lines = subprocess.run(dry, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    steps = [line.partition("/bin/jetgen ")[2] for line in lines.splitlines()]
    training, generation, report = (shlex.split(step) for step in steps if step)
    step_takes(autoencoder=1.88, prior=0.92)  # on a free machine 0.094 and 0.046
    small = ["--hidden", "16", "--flow-hidden", "16", "--device", "cpu"]
    assert main([*training, "--data", str(jets), *small]) == 0
    folder = RunFolder(run)
    for stage, epochs in (("autoencoder", 22), ("prior", 15)):
        done = steps_of(folder, stage)
        assert done[-1] >= loop.MINIMUM_STEPS and len(done) < epochs
    assert "unfinished" not in [finding.kind for finding in read_health(folder.health_file)]
    assert main([*generation, "--jets", "150"]) == 0
    assert main(report) == 0
    assert (run / "report" / "report.html").exists()
