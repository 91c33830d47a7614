"""Time limits keep their word, by a clock that only training steps move."""

import sys
from types import SimpleNamespace

import pytest

import jetgen
from jetgen.cli.main import main
from jetgen.config.train import TrainConfig
from jetgen.errors import InputError, UnfinishedError
from jetgen.files.checkpoint import Checkpoint
from jetgen.runs.folder import RunFolder
from jetgen.runs.health import read_health
from jetgen.training import loop
from jetgen.training.command import train

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
def step_takes(monkeypatch):
    """Sets how many seconds a step of each stage takes; nothing else takes any time."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: clock.now))
    step = loop.Loop._step

    def slow(**seconds):
        def slowly(self, run, *arguments):
            clock.now += seconds[run.stage.name]
            step(self, run, *arguments)

        monkeypatch.setattr(loop.Loop, "_step", slowly)

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
def test_a_slow_machine_does_fewer_epochs_of_each_stage(config, step_takes):
    step_takes(autoencoder=1, prior=0.5)
    folder = RunFolder(train(config(time_limit=4.0)))
    assert steps_of(folder, "autoencoder")[-1] == 180
    assert steps_of(folder, "prior")[-1] == 120


def test_epochs_that_are_done_are_enough(config, step_takes):
    step_takes(autoencoder=1, prior=1)
    folder = RunFolder(train(config(epochs=2, prior_epochs=2)))
    assert steps_of(folder, "prior") == [EPOCH, 2 * EPOCH]


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
