"""Weights of single epochs are kept, and loaded in place of the best ones."""

import pytest
import torch

import jetgen
from jetgen.config.train import TrainConfig
from jetgen.errors import InputError
from jetgen.runs.folder import RunFolder
from jetgen.training.command import train


def test_the_weights_after_some_epochs_can_be_loaded(tmp_path, gaussian_file):
    run = train(
        TrainConfig(
            data=[str(gaussian_file)], run=str(tmp_path / "run"), objective="gan", particles=12,
            hidden=4, layers=1, epochs=5, keep_every=2, average=0.5, device="cpu",
        )
    )  # fmt: skip
    assert RunFolder(run).kept_epochs() == [2, 4]
    early, late = (jetgen.load(run, epoch=epoch) for epoch in (2, 4))
    moved = [
        not torch.equal(a, b)
        for a, b in zip(early.model.parameters(), late.model.parameters(), strict=True)
    ]
    assert any(moved) and len(early.generate(20)) == 20
    with pytest.raises(InputError, match=r"^epoch: expected an epoch that .* has kept \(2, 4\)"):
        jetgen.load(run, epoch=3)
