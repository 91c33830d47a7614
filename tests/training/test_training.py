"""Training end to end on jets of a known law, small enough for seconds."""

import csv
import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import torch

import jetgen
from jetgen.cli.main import main
from jetgen.config.train import TrainConfig
from jetgen.configs import preset
from jetgen.errors import InputError, TrainingError
from jetgen.files.checkpoint import Checkpoint
from jetgen.losses.search import may_compile
from jetgen.objectives.preparation import represent
from jetgen.physics.fourvectors import to_relative
from jetgen.runs.folder import RunFolder
from jetgen.training.command import train

SMALL = preset("classic") | {
    "particles": 12,
    "hidden": 16,
    "layers": 1,
    "latent": 4,
    "neighbours": 4,
    "batch": 64,
    "epochs": 2,
    "prior_epochs": 2,
    "flow_transforms": 2,
    "flow_hidden": 16,
    "device": "cpu",
    "constraint": ["mass", "pt=2"],
}


@pytest.fixture
def config(tmp_path, gaussian_file):
    def make(name="run", **options):
        run = str(tmp_path / name)
        return TrainConfig(**{**SMALL, "data": [str(gaussian_file)], "run": run, **options})

    return make


VARIANTS = {
    "gaussian": {},
    "flow after": {"prior": "flow"},
    "flow joint": {"prior": "flow", "prior_training": "joint"},
    "latent multiplicity": {"prior": "flow", "multiplicity": "latent"},
    "edgeconv": {"encoder": "edgeconv"},
    "noise queries": {"queries": "noise"},
    "epic": {"encoder": "epic", "decoder": "epic"},
    "attention": {"encoder": "attention", "decoder": "attention"},
    "message passing": {"encoder": "message-passing", "decoder": "message-passing"},
    "transformer": {"encoder": "transformer", "decoder": "transformer", "queries": "noise"},
    "conv mse": {"encoder": "conv", "decoder": "conv", "loss": "mse"},
    "edgeconv of torch-geometric": {"encoder": "edgeconv", "edgeconv_backend": "pyg"},
    "emd": {"loss": "emd"},
    "entropic emd": {"loss": "emd", "emd_backend": "sinkhorn"},
    "efp": {"constraint": ["efp=0.1"]},
    "multiplicity terms": {
        "constraint": ["multiplicity"],
        "constraint_difference": "relative",
        "multiplicity": "latent",
    },
    "drawn particles": {"likelihood_weight": 9.0},
    "dense mse cartesian": {
        "encoder": "dense",
        "decoder": "dense",
        "loss": "mse",
        "representation": "cartesian",
        "constraint_difference": "relative",
    },
}


@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.device
def test_every_kind_of_run_trains_and_generates(config, options):
    run = jetgen.train(config(**{"batch": 140, "epochs": 1, "prior_epochs": 1, **options}))
    model = jetgen.load(run)
    jets = model.generate(50)
    assert len(jets) == 50 and torch.isfinite(jets.particles).all()
    assert jets.multiplicity.max() <= 12
    reconstructed = model.reconstruct(model.held_out())
    assert torch.equal(reconstructed.multiplicity, model.held_out().multiplicity)


@pytest.mark.parametrize("representation", ["relative", "cartesian"])
def test_jets_of_another_representation_are_converted_before_they_are_encoded(
    config, gaussian_file, representation
):
    run = train(config(epochs=1, prior="gaussian", representation=representation))
    model, jets = jetgen.load(run), jetgen.read(gaussian_file, jets=20)
    other = {"relative": jetgen.physics.to_cartesian, "cartesian": jetgen.physics.to_relative}
    known = represent(jets, model.config)
    for cloud in (jets, other[representation](known)):
        torch.testing.assert_close(
            model.reconstruct(cloud).particles, model.reconstruct(known).particles
        )
        torch.testing.assert_close(model.codes(cloud).mean, model.codes(known).mean)
    names = [f"c{i}" for i in range(len(jets.features))]
    columns = jetgen.ParticleCloud(jets.particles, jets.mask, tuple(map(jetgen.Feature, names)))
    with pytest.raises(InputError, match="expected jets of px, py, pz"):
        model.codes(columns)


def test_run_folder_holds_what_it_promises(config):
    run = train(config(prior="flow"))
    folder = RunFolder(run)
    # the data decide whether jets are drawn by weight, and whether they stay in their files
    assert folder.read_config() == dataclasses.replace(
        config(prior="flow"), weighted=False, streamed=False
    )
    with folder.metrics_file.open() as handle:
        rows = list(csv.DictReader(handle))
    assert [(row["stage"], row["epoch"]) for row in rows] == [
        ("autoencoder", "1"),
        ("autoencoder", "2"),
        ("prior", "1"),
        ("prior", "2"),
    ]
    assert {"train_reconstruction", "train_kl", "train_mass", "validation_total"} <= set(rows[0])
    environment = json.loads(folder.environment_file.read_text())
    assert environment["split"] == {
        "seed": 1,
        "training": 280,
        "validation": 60,
        "test": 60,
        "copies_together": True,
    }
    assert set(environment["libraries"]) >= {"torch", "jetgen"}
    assert len(next(iter(environment["data"].values()))) == 64
    assert not list(run.rglob("*.partial"))


def test_interrupted_run_resumes_to_the_same_numbers(config, trained_and_resumed):
    within = {"the autoencoder": 2, "the prior": 4}
    trained_and_resumed(config(prior="flow", epochs=3, prior_epochs=3), *within.values())


@pytest.mark.slow
def test_a_run_resumes_to_the_same_numbers_after_a_kill_before_any_rename(
    config, monkeypatch, same_runs
):
    """Renames are the only moments that count: between two of them the files stay as they are."""
    replace = Path.replace
    renames = []

    def counted(path, target):
        renames.append(Path(target).name)
        if len(renames) == killed:
            raise KeyboardInterrupt
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", counted)
    killed = None
    small = {"prior": "flow", "hidden": 8}
    whole = train(config("whole", **small))
    assert renames.count("best.safetensors") >= 3, "one of each stage, and the end"
    for number, name in enumerate(list(renames), 1):
        killed, run = number, f"{number}-{name}"
        renames.clear()
        with pytest.raises(KeyboardInterrupt):
            train(config(run, **small))
        killed = None
        resume = RunFolder(config(run).run).exists()
        same_runs(train(config(run, **small, resume=resume)), whole)


def test_same_seed_same_jets_other_seed_other_jets(config):
    first, again = (jetgen.load(train(config(name))) for name in ("one", "two"))
    assert torch.equal(first.generate(20).particles, again.generate(20).particles)
    assert not torch.equal(first.generate(20).particles, first.generate(20, seed=2).particles)


def test_generated_relative_jets_add_up_to_their_jet(config):
    jets = jetgen.load(train(config())).generate(200)
    measured = to_relative(jets)
    for name in ("pt", "eta", "phi"):
        torch.testing.assert_close(
            measured.condition(name), jets.condition(name), rtol=1e-4, atol=1e-4
        )


def test_existing_run_is_not_overwritten(config):
    run = train(config())
    before = (run / "metrics.csv").read_text()
    with pytest.raises(InputError, match="expected a new folder, found a run"):
        train(config())
    assert (run / "metrics.csv").read_text() == before


def test_a_start_that_fails_does_not_block_the_same_command(config, monkeypatch):
    from jetgen.training import command

    def failing(*arguments):
        raise InputError("planted")

    with monkeypatch.context() as patched, pytest.raises(InputError, match="planted"):
        patched.setattr(command, "Loop", failing)
        train(config())
    assert RunFolder(config().run).exists()
    assert RunFolder(train(config())).load_model()


def test_a_folder_belongs_to_one_training(config):
    first = []

    def observe(row):
        if not first:
            first.append(row)
            with pytest.raises(InputError, match="run: expected to be the only process"):
                train(config(epochs=3))

    run = train(config(), observe)
    assert RunFolder(run).read_config().epochs == 2
    assert not list(run.parent.glob(".*"))


def test_a_folder_that_is_removed_during_training_is_an_error(config):
    def observe(row):
        shutil.rmtree(config().run)

    with pytest.raises(InputError, match="removed during the training"):
        train(config(), observe)


def test_resume_refuses_other_options_and_finished_runs(config):
    train(config())
    with pytest.raises(InputError, match=r"^latent: expected 4 as in"):
        train(config(resume=True, latent=5))
    with pytest.raises(InputError, match="nothing to resume"):
        train(config(resume=True))


def test_resume_uses_as_many_threads_as_the_run_did(config):
    before = torch.get_num_threads()
    used = []

    def stop(row):
        used.append(torch.get_num_threads())
        raise KeyboardInterrupt

    try:
        for threads in (3, 1):
            torch.set_num_threads(threads)
            with pytest.raises(KeyboardInterrupt):
                train(config(resume=threads == 1), stop)
        chosen = config("chosen", threads=2)
        with pytest.raises(KeyboardInterrupt):
            train(chosen, stop)
    finally:
        torch.set_num_threads(before)
    assert used == [3, 3, 2]
    assert RunFolder(config().run).read_environment()["threads"] == 3
    assert RunFolder(chosen.run).read_environment()["threads"] == 2


def test_resume_heeds_an_option_written_with_its_default(config, capsys):
    run = str(train(config(latent=4)))
    words = ["train", "--run", run, "--resume", "--latent"]
    assert TrainConfig().latent == 20
    assert main([*words, "20"]) == 2
    assert "--latent: expected 4 as in" in capsys.readouterr().err
    assert main([*words, "4"]) == 2
    assert "nothing to resume" in capsys.readouterr().err


@pytest.mark.device
def test_diverging_training_names_the_cause_and_keeps_the_last_checkpoint(config, monkeypatch):
    from jetgen.losses import constraints

    calls = 0

    def poisoned(generated, real, kind):
        nonlocal calls
        calls += 1
        return torch.zeros_like(real.weights) + (float("nan") if calls > 12 else 0.0)

    monkeypatch.setattr(constraints, "MASS", poisoned)
    with pytest.raises(TrainingError, match=r"diverged in epoch 3: mass is not finite"):
        train(config(epochs=5))
    assert Checkpoint.load(RunFolder(config().run).last).state["epoch"] == 2


def test_patience_stops_a_training_that_does_not_improve(config, capsys):
    run = train(config(epochs=200, patience=2, learning_rate=1e-12))
    assert len(RunFolder(run).read_metrics()) < 50
    assert "of 200 epochs, as the last 2 were no better" in capsys.readouterr().err


def test_load_of_no_run_and_of_a_broken_checkpoint(config, tmp_path):
    with pytest.raises(InputError, match="expected the folder of a run"):
        jetgen.load(tmp_path)
    run = train(config())
    folder = RunFolder(run)
    folder.write_config(dataclasses.replace(folder.read_config(), hidden=7))
    with pytest.raises(InputError, match="made by another version"):
        jetgen.load(run)
    folder.best.write_bytes(b"not a checkpoint")
    with pytest.raises(InputError, match="expected a jetgen checkpoint"):
        jetgen.load(run)


def test_missing_cuda_is_one_clear_line(config):
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(InputError, match="expected a CUDA device, found none"):
        train(config(device="cuda"))


def test_full_disk_is_an_os_error_and_leaves_no_half_checkpoint(config, monkeypatch):
    from safetensors import SafetensorError

    from jetgen.files import checkpoint

    def full(tensors, path, metadata):
        path.write_bytes(b"half")
        raise SafetensorError("I/O error: No space left on device")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space left on device"):
        patched.setattr(checkpoint, "save_file", full)
        train(config())
    assert list((RunFolder(config().run).path / "checkpoints").iterdir()) == []
    resumed = train(TrainConfig(run=config().run, resume=True))
    assert len(jetgen.load(resumed).generate(3)) == 3


@pytest.mark.slow
def test_the_random_state_and_the_threads_are_those_of_before(config):
    torch.manual_seed(123)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    train(config(threads=threads + 1))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:The .grad attribute")  # torch's
def test_compiled_networks_train_the_same_and_resume_to_the_same_numbers(
    config, tmp_path, monkeypatch, trained_and_resumed
):
    if not may_compile():
        pytest.skip("no C++ compiler")
    monkeypatch.setenv("JETGEN_CACHE", str(tmp_path / "cache"))
    dense = {"encoder": "dense", "decoder": "dense"}  # little to compile
    plain = RunFolder(train(config("plain", **dense)))
    found = RunFolder(trained_and_resumed(config("compiled", compile=True, **dense)))
    for one, other in zip(plain.read_metrics(), found.read_metrics(), strict=True):
        assert float(other["train_total"]) == pytest.approx(float(one["train_total"]), rel=1e-3)
    assert Checkpoint.load(found.best).tensors.keys() == Checkpoint.load(plain.best).tensors.keys()


def test_compiling_is_refused_where_it_cannot_work(config, monkeypatch):
    with pytest.raises(InputError, match="compile: expected false with gan_loss wgan-gp"):
        config(objective="gan", gan_loss="wgan-gp", compile=True)
    monkeypatch.setattr("jetgen.training.compiling.may_compile", lambda: False)
    with pytest.raises(InputError, match=r"compile: expected a C\+\+ compiler"):
        train(config(compile=True))
