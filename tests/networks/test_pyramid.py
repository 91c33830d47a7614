"""The pyramid in training: what batch normalisation and dropout may see, and what they keep."""

import pytest
import torch
from torch import nn

from jetgen.config.train import TrainConfig
from jetgen.datasets.writing import set_writer
from jetgen.networks.pyramid import BatchNormalisation, PyramidDecoder, PyramidEncoder
from jetgen.runs.folder import RunFolder
from jetgen.training.averaging import Average

SIZE = {"particles": 4, "hidden": 8, "layers": 3}


def decoder() -> PyramidDecoder:
    torch.manual_seed(0)
    return PyramidDecoder(5, 2, 3, **SIZE).double()


def batch(*counts: int):
    """Codes, mask and context of sets with these numbers of particles."""
    generator = torch.Generator().manual_seed(1)
    z = torch.randn(len(counts), 5, generator=generator, dtype=torch.float64)
    context = torch.randn(len(counts), 2, generator=generator, dtype=torch.float64)
    return z, torch.arange(4) < torch.tensor(counts).unsqueeze(1), context


def linear_widths(network: nn.Module) -> list[int]:
    return [part.out_features for part in network.modules() if isinstance(part, nn.Linear)]


def test_widths_double_from_the_code_on_and_the_encoder_mirrors_them():
    assert linear_widths(decoder()) == [8, 16, 32, 12]
    assert linear_widths(PyramidEncoder(3, 2, 1, **SIZE)) == [32, 16, 8, 1]


def test_in_training_neither_padding_nor_empty_sets_enter_the_normalisation():
    z, mask, context = batch(1, 4, 0, 2)
    network, other = decoder(), decoder()
    made = network(z, mask, context)
    filled = mask.any(1)
    junk = torch.where(filled.unsqueeze(1), z, torch.nan)
    torch.testing.assert_close(other(junk, mask, context), made)
    for one, two in zip(network.buffers(), other.buffers(), strict=True):
        assert one.isfinite().all() and torch.equal(one, two)
    torch.testing.assert_close(decoder()(z[filled], mask[filled], context[filled]), made[filled])
    assert not made[~mask].any() and made[mask].isfinite().all()


@pytest.mark.parametrize("counts", [(3,), (3, 0), (0, 0)])
def test_a_batch_of_one_set_is_normalised_as_in_evaluation(counts):
    network, inputs = decoder(), batch(*counts)
    trained = network.train()(*inputs)
    assert trained.isfinite().all()
    torch.testing.assert_close(network.eval()(*inputs), trained)


def test_the_encoder_drops_a_quarter_in_training_by_torchs_own_numbers():
    network = PyramidEncoder(3, 2, 1, **SIZE)
    inputs = torch.randn(6, 4, 3), torch.ones(6, 4, dtype=torch.bool), torch.randn(6, 2)
    torch.manual_seed(3)
    first, second = network(*inputs), network(*inputs)
    torch.manual_seed(3)
    assert torch.equal(network(*inputs), first) and not torch.equal(first, second)
    assert torch.equal(network.eval()(*inputs), network(*inputs))


def test_averaged_weights_have_averaged_statistics():
    norm = BatchNormalisation(2)
    average = Average(norm, 0.5)
    for step in (1, 2):
        norm(torch.randn(50, 2) * step)
        average.update(step)
    raw = norm.running_var.clone()
    with average.applied():
        assert torch.equal(norm.running_var, average.weights["running_var"])
        assert not torch.equal(norm.running_var, raw)
    assert torch.equal(norm.running_var, raw)
    assert "num_batches_tracked" not in average.weights


@pytest.mark.parametrize("objective", ["gan", "vae"])
def test_a_resumed_run_has_the_numbers_of_an_uninterrupted_one(
    tmp_path, make_muons, trained_and_resumed, objective
):
    cloud = make_muons(300)
    with set_writer(tmp_path / "x.h5", cloud.features, slots=1, attributes={}) as append:
        append(cloud)
    config = TrainConfig(
        data=[str(tmp_path / "x.h5")], representation="features", objective=objective,
        encoder="pyramid", decoder="pyramid", hidden=8, layers=2, latent=3, epochs=4, batch=64,
        prior="gaussian",
        device="cpu", average=0.9, run=str(tmp_path / "whole"),
    )  # fmt: skip
    whole = trained_and_resumed(config, 2)
    kept = RunFolder(whole).load_model()
    assert any("running_var" in name for name in kept.part("model"))
    assert objective == "vae" or any("running_var" in name for name in kept.part("average"))
