"""Several processes, and pieces of a batch, train as one process does with the whole batch."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from jetgen import processes
from jetgen.components import OBJECTIVES
from jetgen.config.train import TrainConfig
from jetgen.configs import preset
from jetgen.errors import InputError
from jetgen.files.checkpoint import Checkpoint
from jetgen.runs.folder import RunFolder
from jetgen.sharing import drawn, shared
from jetgen.testing.objectives import toy_jets
from jetgen.training.command import train
from jetgen.training.launch import launch

JETS = 118  # 82 of them for training: three batches of 27, and one of a single jet

SMALL = preset("classic") | {
    "particles": 12,
    "hidden": 8,
    "layers": 1,
    "latent": 4,
    "batch": 27,
    "epochs": 2,
    "prior_epochs": 2,
    "flow_transforms": 1,
    "flow_hidden": 8,
    "projections": 8,
    "solver_steps": 2,
    "device": "cpu",
}

VARIANTS = {
    "ae flow-matching joint": {
        "objective": "ae",
        "prior": "flow-matching",
        "prior_training": "joint",
    },
    "vae free bits": {"free_bits": 0.1, "queries": "noise"},
    "vae mixture": {"prior": "mixture", "likelihood_weight": 9.0},
    "vae flow joint": {"prior": "flow", "prior_training": "joint"},
    "wae": {"objective": "wae", "prior": "discrete", "components": 3},
    "swae": {"objective": "swae", "time_limit": 60.0},
    "aae latent multiplicity": {"objective": "aae", "multiplicity": "latent"},
    "gan wgan-gp": {"objective": "gan", "gan_loss": "wgan-gp", "critic_steps": 2},
    "gan pyramid": {
        "objective": "gan",
        "encoder": "pyramid",  # dropout
        "decoder": "pyramid",  # batch normalisation
        "optimiser": "sgd",  # Adam divides by small gradients, and so by their rounding
        "learning_rate": 0.05,
    },
    "flow-matching": {"objective": "flow-matching", "patience": 1},
    "vae flow after": {"prior": "flow"},
}
"""Options of the runs; the last one is killed and resumed in its second epoch."""


TIMED = {"seconds", "jets_per_second"}


def train_all(folder: Path, killed: bool = False) -> None:
    for name, options in VARIANTS.items():
        config = TrainConfig(**{**SMALL, "run": str(folder / name), **options})
        if killed and name == list(VARIANTS)[-1]:
            train(config, lambda row: os.kill(os.getpid(), signal.SIGKILL), data=toy_jets(JETS))
        train(config, data=toy_jets(JETS))


def assert_same_to_rounding(one: Path, other: Path) -> None:
    """All figures of all epochs, and the weights."""
    expected, found = RunFolder(one).read_metrics(), RunFolder(other).read_metrics()
    assert [row["stage"] for row in found] == [row["stage"] for row in expected]
    for row, wanted in zip(found, expected, strict=True):
        assert row.keys() == wanted.keys()
        for name in row.keys() - TIMED - {"stage"}:
            assert float(row[name]) == pytest.approx(float(wanted[name]), rel=1e-4, abs=1e-6), name
    weights, wanted = (Checkpoint.load(RunFolder(run).last).part("model") for run in (other, one))
    assert weights.keys() == wanted.keys()
    for name, values in wanted.items():
        torch.testing.assert_close(weights[name], values, rtol=1e-3, atol=1e-4, msg=name)


@pytest.mark.slow
@pytest.mark.recorded
def test_two_processes_train_as_one_and_one_resumes_what_two_began(tmp_path):
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    together = subprocess.run(
        [*start, __file__, str(tmp_path / "two"), "--killed"],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    last = list(VARIANTS)[-1]
    assert RunFolder(tmp_path / "two" / last).last.exists(), together.stderr[-3000:]
    assert "-9" in together.stderr  # killed, as planted
    train_all(tmp_path / "one")
    killed = RunFolder(tmp_path / "two" / last)
    assert len(killed.read_metrics()) == 1
    train(TrainConfig(run=str(killed.path), resume=True), data=toy_jets(JETS))
    for name in VARIANTS:
        assert_same_to_rounding(tmp_path / "one" / name, tmp_path / "two" / name)


def test_every_objective_is_tested():
    tested = {options.get("objective", "vae") for options in VARIANTS.values()}
    assert tested == set(OBJECTIVES) - {"distillation"}  # its pieces: tests/distillation


def test_pieces_of_a_batch_give_the_step_of_the_whole(tmp_path):
    config = TrainConfig(
        **{**SMALL, "likelihood_weight": 9.0, "queries": "noise", "run": str(tmp_path / "whole")}
    )
    whole = train(config, data=toy_jets(JETS))
    pieces = replace(config, accumulate=4, run=str(tmp_path / "pieces"))
    assert_same_to_rounding(whole, train(pieces, data=toy_jets(JETS)))


@pytest.mark.parametrize("jets, pieces", [(10, 3), (4, 4), (7, 1)])
def test_pieces_are_a_partition_with_the_noise_of_the_whole(jets, pieces):
    batch = torch.arange(jets)
    noise = torch.randn(jets, 2, generator=torch.Generator().manual_seed(1))
    for piece in range(pieces):
        with shared(batch, piece, pieces) as (rows, share):
            generator = torch.Generator().manual_seed(1)
            own = drawn(torch.randn, (len(rows), 2), generator=generator)
        assert torch.equal(own, noise[rows]) and share.counted == len(rows)


def test_noise_must_have_one_row_per_jet_of_the_share():
    with shared(torch.arange(8), 0, 2), pytest.raises(ValueError, match="expected 4 in dimension"):
        drawn(torch.randn, (8, 2))


def test_torchrun_and_options_must_agree(monkeypatch):
    for name, value in {
        "TORCHELASTIC_RUN_ID": "x",
        "LOCAL_WORLD_SIZE": "2",
        "WORLD_SIZE": "4",
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match="nodes: expected 2, as torchrun started, received 3"):
        launch(TrainConfig(data=["x"], devices=2, nodes=3))


def test_every_process_needs_a_jet(monkeypatch):
    with pytest.raises(InputError, match="batch: expected at least one jet for each of the 8"):
        launch(TrainConfig(data=["x"], device="cpu", devices=8, batch=4))


def test_one_process_is_the_first_of_one():
    assert (processes.count(), processes.index(), processes.first()) == (1, 0, True)
    assert processes.agreed(2.5) == 2.5 and processes.all_of("a") == ["a"]
    assert processes.by_first(lambda: 3) == processes.by_all(lambda: 3) == 3


if __name__ == "__main__":  # in each process of torchrun
    train_all(Path(sys.argv[1]), killed="--killed" in sys.argv)
