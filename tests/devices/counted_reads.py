"""How often a training waits for its device; run with the plugin of this folder."""

import pretended_device
import pytest

from jetgen.config.train import TrainConfig
from jetgen.training.command import train


@pytest.mark.device
@pytest.mark.parametrize("objective", ["vae", "gan", "flow-matching"])
def test_an_epoch_reads_as_often_whatever_its_number_of_batches(tmp_path, gaussian_file, objective):
    def reads_of(batch: int) -> int:
        before = pretended_device.reads
        train(
            TrainConfig(
                data=[str(gaussian_file)], run=str(tmp_path / f"run-{batch}"),
                objective=objective, particles=12, hidden=8, layers=1, latent=3, epochs=2,
                batch=batch, solver_steps=2, prior="gaussian",
            )
        )  # fmt: skip
        return pretended_device.reads - before

    many, few = reads_of(20), reads_of(140)
    assert many == few
